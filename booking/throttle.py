"""How often something was tried lately: an UNLOGGED table, shared by all processes (ADR 0006).

Redis is not asked, so a booking never waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from django.db import connection

COUNT = """
INSERT INTO booking_ratecounter (key, "window", count) VALUES (%(key)s, %(window)s, %(more)s)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN booking_ratecounter."window" = excluded."window"
                 THEN booking_ratecounter.count + excluded.count ELSE excluded.count END,
    "window" = excluded."window"
RETURNING count + COALESCE((
    SELECT earlier.count FROM booking_ratecounter earlier
    WHERE earlier.key = %(before)s AND earlier."window" = %(window)s - 1), 0)
"""
SEEN = """SELECT count FROM booking_ratecounter WHERE key = %(key)s AND "window" = %(window)s"""
# A process keeps up to this many tries of a key to itself before it tells the others, so a family's
# few posts cost no statement, and a limit is met that many too late by each process at most.
KEPT = 3
MOST_KEYS = 50_000


@dataclass(slots=True)
class _Tally:
    """Tries of a key in a window: all that were told when last asked, and our own since."""

    window: int
    told: int = 0
    own: int = 0


_tallies: dict[str, _Tally] = {}
_lock = Lock()


def tries(
    *, key: str, seconds: int, now: datetime, kept: int = KEPT, is_lasting: bool = False
) -> int:
    """Count one more try of `key`; about how many this window of `seconds` has seen.

    What is tried may last up to a whole window: `is_lasting` counts those of the window before too,
    so that no more can ever be alive at once, not even around the minute a window ends.
    """
    window = int(now.timestamp()) // seconds
    with _lock:
        tally = _tallies.get(key)
        if tally is None or tally.window != window:
            if len(_tallies) >= MOST_KEYS:
                _tallies.clear()
            is_next = is_lasting and tally is not None and tally.window == window - 1
            told = tally.told + tally.own if is_next and tally is not None else 0
            tally = _tallies[key] = _Tally(window, told)
        tally.own += 1
        if tally.own <= kept:
            return tally.told + tally.own
        more, tally.own = tally.own, 0
    tally.told = _count(key, window, more, is_lasting=is_lasting)
    return tally.told


def allow(*, key: str, limit: int, seconds: int, now: datetime) -> bool:
    """Whether one more try of `key` stays within `limit` per window of `seconds`: exact."""
    return _count(key, int(now.timestamp()) // seconds, 1) <= limit


def seen(*, key: str, seconds: int, now: datetime) -> int:
    """How many tries of `key` this window has been told of; asking counts none."""
    window = int(now.timestamp()) // seconds
    with connection.cursor() as cursor:
        cursor.execute(SEEN, {"key": key[:120], "window": window})
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _count(key: str, window: int, more: int, *, is_lasting: bool = False) -> int:
    """Two rows take turns where the window before counts too; elsewhere there is none before."""
    own, before = (f"{window % 2}:{key}", f"{1 - window % 2}:{key}") if is_lasting else (key, "")
    values: dict[str, Any] = {"key": own[:120], "before": before[:120]}
    values |= {"window": window, "more": more}
    with connection.cursor() as cursor:
        cursor.execute(COUNT, values)
        row = cursor.fetchone()
    return int(row[0])


def forget() -> None:
    """Forget what this process has not told yet."""
    with _lock:
        _tallies.clear()

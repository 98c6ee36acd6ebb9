"""How often something was tried lately: an UNLOGGED table, shared by all processes (ADR 0006).

Redis is not asked, so a booking never waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from django.db import connection

from booking.models import RateCounter

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
GIVE_BACK = """
UPDATE booking_ratecounter SET count = count - 1
WHERE key = %(key)s AND "window" = %(window)s AND count > 0
"""
SEEN_OF = """
SELECT key, count FROM booking_ratecounter WHERE key = ANY (%(keys)s) AND "window" = %(window)s
"""
# A process keeps up to this many tries of a key to itself before it tells the others, so a family's
# few posts cost no statement, and a limit is met that many too late by each process at most.
KEPT = 3
MOST_KEYS = 50_000
DAY = 86_400


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
        tally = _tally(key, window, is_lasting=is_lasting)
        tally.own += 1
        if tally.own <= kept:
            return tally.told + tally.own
        more, tally.own = tally.own, 0
    tally.told = _count(key, window, more, is_lasting=is_lasting)
    return tally.told


def _tally(key: str, window: int, *, is_lasting: bool) -> _Tally:
    """What this process knows of the key in the window; begun anew when it was of another."""
    tally = _tallies.get(key)
    if tally is not None and tally.window == window:
        return tally
    if len(_tallies) >= MOST_KEYS:
        _tallies.clear()
    is_next = is_lasting and tally is not None and tally.window == window - 1
    told = tally.told + tally.own if is_next and tally is not None else 0
    _tallies[key] = _Tally(window, told)
    return _tallies[key]


def give_back(*, key: str, seconds: int, tried_at: datetime, now: datetime) -> None:
    """Of tries that last (`is_lasting`), one has come to its good end and counts no more.

    Within one window this costs no statement: the process tells it with its next tries.
    """
    window = int(tried_at.timestamp()) // seconds
    if window == int(now.timestamp()) // seconds:
        with _lock:
            _tally(key, window, is_lasting=True).own -= 1
        return
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, {"key": _row(key, window)[:120], "window": window})


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


def is_spent(limits: Mapping[str, int], *, seconds: int, now: datetime) -> bool:
    """Whether any of these keys has had as many tries as its limit allows in this window; asking
    counts none. One statement."""
    values: dict[str, Any] = {
        "keys": [key[:120] for key in limits],
        "window": int(now.timestamp()) // seconds,
    }
    with connection.cursor() as cursor:
        cursor.execute(SEEN_OF, values)
        counts = dict(cursor.fetchall())
    return any(counts.get(key[:120], 0) >= limit for key, limit in limits.items())


def forget_finished(*, now: datetime) -> None:
    """Forget what was counted, but for the day (UTC) that is not over: tidying at any hour gives
    nobody another ration. Shorter windows have higher numbers, so none has that of a day."""
    RateCounter.objects.exclude(window=int(now.timestamp()) // DAY).delete()


def window_ends(*, seconds: int, now: datetime) -> datetime:
    """When the window of that instant is over and counts begin anew."""
    left = seconds - int(now.timestamp()) % seconds
    return now.replace(microsecond=0) + timedelta(seconds=left)


def free_at(*, key: str, limit: int, seconds: int, now: datetime, is_lasting: bool) -> datetime:
    """When one more try of a key that is beyond its limit would be within it, if none is made
    before: at the end of this window or, where those of the window before count too, of the next
    one if this one alone has seen as many."""
    ends = window_ends(seconds=seconds, now=now)
    if not is_lasting:
        return ends
    row = _row(key, int(now.timestamp()) // seconds)
    is_full = seen(key=row, seconds=seconds, now=now) >= limit
    return ends + timedelta(seconds=seconds) if is_full else ends


def _row(key: str, window: int) -> str:
    """Two rows take turns where the window before counts too; elsewhere there is none before."""
    return f"{window % 2}:{key}"


def _count(key: str, window: int, more: int, *, is_lasting: bool = False) -> int:
    own, before = (_row(key, window), _row(key, window - 1)) if is_lasting else (key, "")
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

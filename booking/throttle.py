"""How often something was tried lately: one upsert into an UNLOGGED table, shared by all processes.

Redis is not asked, so a booking never waits for it (ADR 0006).
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

COUNT = """
INSERT INTO booking_ratecounter (key, "window", count) VALUES (%s, %s, 1)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN booking_ratecounter."window" = excluded."window"
                 THEN booking_ratecounter.count + 1 ELSE 1 END,
    "window" = excluded."window"
RETURNING count
"""


def tries(*, key: str, seconds: int, now: datetime) -> int:
    """Count one more try of `key` and return how many this window of `seconds` has seen."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [key[:120], int(now.timestamp()) // seconds])
        row = cursor.fetchone()
    return int(row[0])


def allow(*, key: str, limit: int, seconds: int, now: datetime) -> bool:
    """Whether one more try of `key` stays within `limit` per window of `seconds`."""
    return tries(key=key, seconds=seconds, now=now) <= limit

"""The lock that changes of people's timetables take first, before any half-day of theirs.

Settling who is where is done in memory: two writers for one practitioner take turns.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection

# Weaker than what deleting them takes: bookings, which only name them, are not kept waiting.
LOCK_PEOPLE = "SELECT id FROM centres_practitioner WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"


def lock_people(ids: Collection[int]) -> None:
    """Let one transaction at a time change when these practitioners work, until it ends."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_PEOPLE, [list(ids)])

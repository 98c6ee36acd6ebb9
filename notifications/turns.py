"""Turns: of all processes on all hosts, only so many do a thing at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import InterfaceError, OperationalError, connection

# Held by the session: gone when its process is, however it ended.
TAKE = "SELECT pg_try_advisory_lock(%s, %s)"
GIVE = "SELECT pg_advisory_unlock(%s, %s)"


@contextmanager
def turn(what: int, *, places: int = 1) -> Iterator[int | None]:
    """The number of the place that was free, None if none was."""
    place = next((number for number in range(places) if _ask(TAKE, what, number)), None)
    try:
        yield place
    finally:
        if place is not None:
            # With the connection the place is gone too.
            with suppress(OperationalError, InterfaceError):
                _ask(GIVE, what, place)


def _ask(question: str, what: int, number: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(question, [what, number])
        return bool(cursor.fetchone()[0])

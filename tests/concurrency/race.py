"""Clients that act at once, each on a database connection of its own, and what SQL says after."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from booking import candidates
from booking.actions import holding
from booking.errors import Refusal
from booking.models import Appointment

# PostgreSQL allows 100 connections, and two workers run tests side by side.
CONNECTIONS = threading.BoundedSemaphore(30)
# Asked of the rows alone, not of the code that is under test.
OVERLAPS = """
SELECT count(*) FROM booking_appointment a JOIN booking_appointment b
ON a.id < b.id AND a.practitioner_id = b.practitioner_id
   AND a.busy_from < b.busy_until AND b.busy_from < a.busy_until
   AND (a.seat = b.seat OR a.seat = 0 OR b.seat = 0)
WHERE a.state NOT IN ('cancelled', 'lapsed') AND b.state NOT IN ('cancelled', 'lapsed')
"""
OVER_FULL = """
SELECT count(*) FROM centres_shift s WHERE s.seats > 1 AND s.seats < (
    SELECT count(*) FROM booking_appointment a
    WHERE a.shift_id = s.id AND a.state NOT IN ('cancelled', 'lapsed'))
"""
# Sessions of this database, by the locks that each of them has there. Not by pg_stat_activity: a
# transaction keeps that list as it has read it once, and whoever comes later is not on it.
WAITING = """
SELECT count(*) FROM pg_locks waits WHERE NOT granted AND EXISTS (
    SELECT FROM pg_locks here JOIN pg_database d ON d.oid = here.database
    WHERE here.pid = waits.pid AND d.datname = current_database())
"""
SECONDS = 25


def count(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def until_somebody_waits(*, unless: Callable[[], bool] = lambda: False) -> None:
    """For a lock that the caller's transaction holds; nobody will once `unless` is so."""
    ends = time.monotonic() + SECONDS
    while not unless() and not count(WAITING):
        assert time.monotonic() < ends


def at_once(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each task returned, or the refusal it met; anything else it raised is raised here."""
    together = threading.Barrier(len(tasks))

    def run(task: Callable[[], Any]) -> Any:
        together.wait(timeout=30)
        with CONNECTIONS:
            try:
                return task()
            except Refusal as refusal:
                return refusal
            finally:
                connection.close()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def refusals(answers: Sequence[Any]) -> list[Refusal]:
    return [answer for answer in answers if isinstance(answer, Refusal)]


def pause_in(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, *, seconds: float = 0.03
) -> None:
    """Widen the gap between looking and leaping: what is guarded must bear it."""
    _then(monkeypatch, module, name, lambda: time.sleep(seconds))


def meet_in(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, *, many: int) -> None:
    """Nobody leaps before so many have looked: what is not guarded surely goes wrong."""
    arrivals, company = itertools.count(1), threading.Event()

    def wait() -> None:
        if next(arrivals) >= many:
            company.set()
        company.wait(timeout=20)

    _then(monkeypatch, module, name, wait)


def _then(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, wait: Callable[[], None]
) -> None:
    original = getattr(module, name)

    def slowly(*given: Any, **named: Any) -> Any:
        answer = original(*given, **named)
        wait()
        return answer

    monkeypatch.setattr(module, name, slowly)


def unlock_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the half-days as ever, but lock none of them: by a twin of the function that locks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('booking_lock_candidates'::regproc)")
        locking = str(cursor.fetchone()[0])
        unlocked = locking.replace("FOR NO KEY UPDATE OF s", "")
        assert unlocked != locking
        cursor.execute(unlocked.replace("booking_lock_candidates", "unlocked_candidates"))
    twin = candidates.LOCK.replace("booking_lock_candidates", "unlocked_candidates")
    monkeypatch.setattr(candidates, "LOCK", twin)
    monkeypatch.setattr(holding, "take_seen", lambda _: None)


@contextmanager
def without_constraint() -> Iterator[None]:
    """The exclusion constraint is dropped, and comes back once what it would refuse is gone."""
    (constraint,) = (
        one for one in Appointment._meta.constraints if one.name == "appointment_no_double_booking"
    )
    with connection.schema_editor() as editor:
        editor.remove_constraint(Appointment, constraint)
    try:
        yield
    finally:
        Appointment.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(Appointment, constraint)

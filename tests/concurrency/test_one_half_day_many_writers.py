"""Several transactions on one half-day: what it counts is never one of them short."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction

from centres.actions import closing, declare_absence
from centres.models import Absence, Shift
from tests.booking.scene import clock, open_morning, open_session
from tests.booking.test_shift_bookkeeping import check_books
from tests.concurrency.race import at_once, pause_in
from tests.factories import make_appointment, make_guardian

pytestmark = pytest.mark.django_db(transaction=True)


def declare(shift: Shift, number: int) -> None:
    """Ten minutes away, in a transaction that takes a moment to end."""
    starts_at = clock("09:00") + timedelta(minutes=20 * number)
    period = {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=10)}
    with transaction.atomic():
        declare_absence(absence=Absence(practitioner=shift.practitioner, **period))


def test_appointments_written_together_past_every_action_are_all_counted() -> None:
    scene, guardians = open_morning(), [make_guardian() for _ in range(6)]
    at_once(
        [
            partial(
                make_appointment,
                scene.shift,
                starts_at=clock("09:00") + timedelta(minutes=30 * number),
                guardian=guardian,
            )
            for number, guardian in enumerate(guardians)
        ]
    )
    scene.shift.refresh_from_db()
    assert (len(scene.shift.busy), scene.shift.room) == (12, 0)
    check_books()


def test_seats_written_together_past_every_action_are_all_counted() -> None:
    scene, guardians = open_session(seats=6), [make_guardian() for _ in range(6)]
    at_once(
        [
            partial(make_appointment, scene.shift, seat=seat, guardian=guardian)
            for seat, guardian in enumerate(guardians, 1)
        ]
    )
    scene.shift.refresh_from_db()
    assert (scene.shift.taken, scene.shift.room) == (6, 0)


def test_absences_declared_together_are_all_subtracted(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = open_morning()
    pause_in(monkeypatch, closing, "refresh_closed")
    at_once([partial(declare, scene.shift, number) for number in range(6)])
    scene.shift.refresh_from_db()
    assert len(scene.shift.closed) == 12


def test_without_their_lock_the_same_race_loses_absences(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = open_morning()
    pause_in(monkeypatch, closing, "refresh_closed", seconds=0.4)
    monkeypatch.setattr(closing, "LOCK_SHIFTS", "SELECT %s")
    at_once([partial(declare, scene.shift, number) for number in range(6)])
    scene.shift.refresh_from_db()
    assert len(scene.shift.closed) < 12

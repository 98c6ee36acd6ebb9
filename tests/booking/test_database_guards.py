"""What the database refuses by itself, whoever writes: no action is called to break a promise."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from booking.constraints import broken_constraint
from booking.models import Appointment
from centres.models import Shift, ShiftType
from tests.booking.scene import Scene, after, clock, open_morning, open_session
from tests.factories import make_appointment, make_practitioner

pytestmark = pytest.mark.django_db
NO_DOUBLE = "appointment_no_double_booking"
SEAT_EXISTS = "appointment_seat_exists"
SEAT_SPANS = "appointment_seat_spans_session"


def refused_by(scene: Scene, **fields: Any) -> str:
    """The name of the constraint that refuses this appointment, or '' when none does."""
    try:
        with transaction.atomic():
            make_appointment(scene.shift, **fields)
    except IntegrityError as error:
        return broken_constraint(error)
    return ""


@pytest.mark.parametrize(
    "state", ["held", "booked", "arrived", "in_progress", "fulfilled", "noshow"]
)
@pytest.mark.parametrize(
    ("at", "refusal"),
    [
        ("09:00", NO_DOUBLE),
        ("08:31", NO_DOUBLE),
        ("09:29", NO_DOUBLE),
        ("09:30", ""),
        ("08:30", ""),
    ],
)
def test_no_practitioner_has_two_live_appointments_at_once(
    state: str, at: str, refusal: str
) -> None:
    scene = open_morning()
    make_appointment(scene.shift, state=state, expires_at=after(15))
    assert refused_by(scene, starts_at=clock(at)) == refusal


@pytest.mark.parametrize(
    "fields",
    [{"state": "cancelled"}, {"state": "lapsed"}, {"is_overbooked": True, "note": "Urgence"}],
)
def test_what_is_over_or_overbooked_takes_nothing(fields: dict) -> None:
    scene = open_morning()
    make_appointment(scene.shift)
    assert refused_by(scene, **fields) == ""


def test_buffers_are_guarded_too() -> None:
    scene = open_morning(buffer_after_min=10)
    make_appointment(scene.shift)
    assert refused_by(scene, starts_at=clock("09:35")) == NO_DOUBLE


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"seat": 1}, NO_DOUBLE),
        ({"seat": 2}, ""),
        ({"seat": 3}, ""),
        ({"seat": 4}, SEAT_EXISTS),
        ({"seat": 0}, SEAT_EXISTS),  # the practitioner whole, in a session of others
        ({"seat": 2, "busy_from": clock("08:45")}, SEAT_SPANS),
        ({"seat": 2, "busy_until": clock("11:30")}, SEAT_SPANS),
    ],
)
def test_a_session_has_no_seat_twice_and_none_too_many(fields: dict, refusal: str) -> None:
    scene = open_session(seats=3)
    make_appointment(scene.shift, seat=1)
    assert refused_by(scene, **fields) == refusal


def test_a_seat_belongs_to_the_sessions_own_practitioner() -> None:
    scene = open_session(seats=3)
    assert refused_by(scene, seat=1, practitioner=make_practitioner()) == SEAT_SPANS


def test_an_ordinary_half_day_has_no_seats() -> None:
    assert refused_by(open_morning(), seat=1) == SEAT_EXISTS


@pytest.mark.parametrize(("seats", "is_refused"), [(1, True), (2, True), (3, False), (9, False)])
def test_a_session_does_not_shrink_below_the_seats_taken(seats: int, is_refused: bool) -> None:
    scene = open_session(seats=4)
    make_appointment(scene.shift, seat=3)
    shifts = Shift.objects.filter(pk=scene.shift.pk)
    if is_refused:
        with pytest.raises(IntegrityError, match="seats above"), transaction.atomic():
            shifts.update(seats=seats)
    else:
        assert shifts.update(seats=seats) == 1


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"ends_at": clock("09:00")}, "appointment_times_in_order"),
        ({"busy_until": clock("09:10")}, "appointment_times_in_order"),
        ({"busy_from": clock("09:10")}, "appointment_times_in_order"),
        ({"state": "held"}, "appointment_hold_expires"),
        ({"is_overbooked": True}, "appointment_overbooking_explained"),
    ],
)
def test_an_appointment_makes_sense(fields: dict, refusal: str) -> None:
    assert refused_by(open_morning(), starts_at=clock("09:00"), **fields) == refusal


def test_an_appointment_has_a_guardian() -> None:
    appointment = make_appointment(open_morning().shift)
    with pytest.raises(IntegrityError, match="appointment_has_guardian"), transaction.atomic():
        Appointment.objects.filter(pk=appointment.pk).update(guardian=None)


def test_a_practitioner_is_in_one_place_at_a_time() -> None:
    scene = open_morning()
    details = {"practitioner": scene.shift.practitioner}
    with pytest.raises(IntegrityError, match="one_place"), transaction.atomic():
        open_morning(shift=details)
    Shift.objects.update(status=Shift.Status.CANCELLED)
    assert open_morning(shift=details).shift.pk


def test_an_offer_follows_its_half_day() -> None:
    scene = open_morning()
    Shift.objects.filter(pk=scene.shift.pk).update(starts_at=clock("09:30"))
    assert ShiftType.objects.get().starts_at == clock("09:30")
    with pytest.raises(IntegrityError, match="offer_of_shift"), transaction.atomic():
        ShiftType.objects.update(starts_at=clock("09:30") + timedelta(days=1))
    scene.shift.delete()
    assert not ShiftType.objects.exists()

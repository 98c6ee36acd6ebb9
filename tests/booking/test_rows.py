"""Instances read from rows are what the ORM would have made, and a copy stays its own."""

from __future__ import annotations

import pytest

from booking.models import Appointment
from booking.rows import Reader, Table, twin
from centres.models import Shift
from tests.booking.scene import open_morning

pytestmark = pytest.mark.django_db
READER = Reader(Table(Appointment, "a"), Table(Shift, "shift"))
SQL = f"""
SELECT {READER.columns}, 7 FROM booking_appointment a
LEFT JOIN centres_shift shift ON shift.id = a.shift_id AND a.id <> %(alone)s
ORDER BY a.id
"""  # noqa: S608 - made of our own column names


def read(*, alone: int = 0) -> list[list[object]]:
    return READER.fetch(SQL, {"alone": alone})


def test_a_row_is_read_as_the_orm_reads_it() -> None:
    booked = open_morning().book()
    ((appointment, shift, rest),) = read()
    assert rest == 7
    for found, other in (
        (appointment, Appointment.objects.get(pk=booked.pk)),
        (shift, Shift.objects.get(pk=booked.shift_id)),
    ):
        assert isinstance(found, Appointment | Shift)
        known = {**other.__dict__, "_state": None}
        assert {**found.__dict__, "_state": None} == known
        assert not found.get_deferred_fields()
        state = found._state
        assert (state.adding, state.db) == (False, "default")


def test_what_an_outer_join_did_not_find_is_none() -> None:
    booked = open_morning().book()
    ((appointment, shift, _),) = read(alone=booked.pk)
    assert appointment == booked
    assert shift is None


def test_what_was_read_can_be_saved() -> None:
    open_morning().book()
    ((appointment, _, _),) = read()
    assert isinstance(appointment, Appointment)
    appointment.note = "rappelé"
    appointment.save(update_fields=["note"])
    assert Appointment.objects.get().note == "rappelé"


def test_a_twin_takes_what_was_loaded_and_gives_nothing_back() -> None:
    first = open_morning().book()
    second = twin(first)
    assert second == first
    assert second.centre is first.centre
    second.note, second.guardian = "autre", None
    assert first.note == ""
    assert first.guardian is not None
    assert first._state is not second._state

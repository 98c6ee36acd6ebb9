"""Two passes look at the same new times at once, or one dies half-way."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection

from booking import actions, offer_messages
from booking.models import Appointment, NewTime, WaitingListOffer
from centres.models import Shift
from tests.booking.scene import after
from tests.booking.waiting_room import Centre, waiting_centre
from tests.concurrency.race import OVERLAPS, at_once, count

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def room() -> Centre:
    """A morning comes back that three families wait for; it has room for two."""
    room = waiting_centre()
    near = Shift.objects.filter(pk=room.near.shift.pk)
    near.update(status="cancelled", ends_at=room.near.shift.starts_at + timedelta(hours=1))
    for number, at in enumerate(("09:00", "09:30", "10:00"), 1):
        room.wait(number, at)
    near.update(status="open")
    NewTime.objects.update(at=after(9))
    return room


def test_many_passes_at_once_offer_each_time_once(room: Centre) -> None:
    look = partial(actions.offer_new_times, now=after(10))
    made = [offer for offers in at_once([look] * 4) for offer in offers]
    offers = WaitingListOffer.objects.all()
    assert len(made) == offers.count()
    assert len({each.household_id for each in offers}) == len({each.starts_at for each in offers})
    assert offers.count() == 2
    assert count(OVERLAPS) == 0


def test_a_pass_that_dies_leaves_nothing_half_done_and_the_next_one_goes_on(
    room: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first offer stands, the second is undone by the database and made by the next pass."""
    original, told = offer_messages.offered, []

    def dies(offer: WaitingListOffer, *given: Any, **named: Any) -> None:
        told.append(offer)
        if len(told) == 2:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        original(offer, *given, **named)

    monkeypatch.setattr(offer_messages, "offered", dies)
    with pytest.raises(OperationalError):
        actions.offer_new_times(now=after(10))
    connection.close()
    assert WaitingListOffer.objects.count() == 1
    assert Appointment.objects.filter(state="held").count() == 1
    monkeypatch.setattr(offer_messages, "offered", original)
    assert len(actions.offer_new_times(now=after(11))) == 1
    assert WaitingListOffer.objects.count() == 2

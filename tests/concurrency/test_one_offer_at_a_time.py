"""Two clocks tick at once, a family answers as its time is up, a connection dies half-way."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection

from booking import actions, offer_messages, waitlist
from booking.errors import OfferOver, SlotTaken
from booking.models import Appointment, WaitingListOffer
from tests.booking.scene import after
from tests.booking.waiting_room import Centre, give_back, tend, waiting_centre
from tests.concurrency.race import OVERLAPS, at_once, count, refusals

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def centre() -> Centre:
    return waiting_centre()


def states() -> list[str]:
    return list(WaitingListOffer.objects.order_by("pk").values_list("state", flat=True))


def test_many_ticks_at_once_make_one_offer(centre: Centre) -> None:
    for number, at in enumerate(("09:00", "09:30", "10:00", "10:30"), 1):
        centre.wait(number, at)
    freed = give_back(centre)
    tick = partial(actions.offer_freed, appointment_id=freed.pk, now=after(1))
    offers = [each for each in at_once([tick] * 6) if each is not None]
    assert (len(offers), states()) == (1, ["open"])
    assert count(OVERLAPS) == 0


def test_without_looking_again_under_the_lock_the_database_would_refuse(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The constraint is behind: the second tick fails, it does not offer twice."""
    centre.wait(1)
    centre.wait(2, "10:00")
    freed = give_back(centre)
    monkeypatch.setattr(waitlist, "freed_times", lambda **_: [freed.pk])
    tick = partial(actions.offer_freed, appointment_id=freed.pk, now=after(1))
    assert [type(each) for each in refusals(at_once([tick] * 2))] == [SlotTaken]
    assert states() == ["open"]


def test_many_ticks_at_once_pass_a_time_on_once(centre: Centre) -> None:
    for number, at in enumerate(("09:00", "09:30", "10:00"), 1):
        centre.wait(number, at)
    give_back(centre)
    (offer,) = tend(after(1))
    tick = partial(actions.end_offer, uid=offer.uid, now=after(180))
    followers = [each for each in at_once([tick] * 5) if each is not None]
    assert (len(followers), states()) == (1, ["expired", "open"])


def test_a_yes_as_the_time_is_up_is_a_yes_or_a_no_never_both(centre: Centre) -> None:
    first = centre.wait(1)
    centre.wait(2, "10:00")
    give_back(centre)
    (offer,) = tend(after(1))
    answers = at_once(
        [
            partial(actions.accept_offer, uid=offer.uid, now=after(121)),
            partial(actions.end_offer, uid=offer.uid, now=after(121)),
        ]
    )
    assert [type(each) for each in refusals(answers)] == [OfferOver]
    assert first.appointment is not None
    moved = Appointment.objects.get(pk=first.appointment.pk).starts_at == offer.starts_at
    assert states() == (["accepted"] if moved else ["expired", "open"])
    assert count(OVERLAPS) == 0


def test_two_presses_of_yes_are_one_move(centre: Centre) -> None:
    centre.wait(1)
    give_back(centre)
    (offer,) = tend(after(1))
    taken = at_once([partial(actions.accept_offer, uid=offer.uid, now=after(5))] * 3)
    assert refusals(taken) == []
    assert {each.pk for each in taken} == {taken[0].pk}
    assert Appointment.objects.get(pk=taken[0].pk).sequence == 1


def test_one_household_is_asked_about_one_of_two_times_given_back_at_once(centre: Centre) -> None:
    centre.wait(1)
    freed = [give_back(centre).pk]
    other = centre.book(98, "10:00", is_near=True)
    actions.cancel(uid=other.uid, now=after(0))
    freed.append(other.pk)
    ticks = [partial(actions.offer_freed, appointment_id=pk, now=after(1)) for pk in freed]
    assert refusals(at_once(ticks)) == []
    assert states() == ["open"]


@pytest.mark.parametrize("step", ["taken_back", "offered"])
def test_a_connection_that_dies_half_way_changes_nothing(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """As when the process is killed: the database undoes what was not committed, and the next tick
    finds all of it again."""
    centre.wait(1)
    centre.wait(2, "10:00")
    give_back(centre)
    (offer,) = tend(after(1))
    before = _all()
    original = getattr(offer_messages, step)
    monkeypatch.setattr(offer_messages, step, _die)
    with pytest.raises(OperationalError):
        actions.end_offer(uid=offer.uid, now=after(180))
    connection.close()
    monkeypatch.setattr(offer_messages, step, original)
    assert _all() == before
    (following,) = tend(after(181))
    assert (states(), following.state) == (["expired", "open"], "open")


def _die(*_given: Any, **_named: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def _all() -> list[Any]:
    rows = Appointment.objects.order_by("pk").values_list("pk", "state", "starts_at", "expires_at")
    offers = WaitingListOffer.objects.order_by("pk").values_list("pk", "state", "hold")
    return [*rows, *offers]

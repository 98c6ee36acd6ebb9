"""A time given back is held for one family after the other, and moves or books whoever says yes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from booking import actions, waitlist
from booking.actions.waiting import Wishes
from booking.actors import FAMILY
from booking.errors import OfferOver, SlotTaken, WrongState
from booking.models import Appointment, Guardian, Household, WaitingListEntry, WaitingListOffer
from booking.tasks import forget_leftovers
from centres.models import AppointmentType, Shift
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, NOW, after, clock
from tests.booking.waiting_room import Centre, give_back, minute, public, tend, waiting_centre
from tests.factories import make_child, make_guardian
from tests.messages import become, content, rendered

pytestmark = pytest.mark.django_db


@pytest.fixture
def centre() -> Centre:
    return waiting_centre()


def test_a_time_given_back_is_held_for_who_waits_longest(centre: Centre) -> None:
    first, second = centre.wait(1), centre.wait(2, "10:00")
    freed = give_back(centre)
    (offer,) = tend(after(5))
    assert (offer.entry, offer.starts_at) == (first, freed.starts_at)
    assert (offer.told_at, offer.answer_by) == (after(5), after(125))
    assert offer.hold is not None
    assert offer.hold.is_live_hold(now=after(125))
    assert 0 not in public(centre, after(60)), "held, also once the centre's delay is over"
    assert tend(after(6)) == [], "one family at a time"
    message = OutboxMessage.objects.get(kind="offer")
    assert (message.recipient, message.state) == ("parent1@example.org", "planned")
    assert second.offers.count() == 0


def test_yes_moves_the_appointment_and_its_old_time_goes_round(centre: Centre) -> None:
    entry, other = centre.wait(1), centre.wait(2, "10:00", until_on=None)
    later = centre.book(3, "11:00")
    old = entry.appointment
    assert old is not None
    give_back(centre)
    (offer,) = tend(after(5))
    moved = actions.accept_offer(uid=offer.uid, now=after(20))
    assert (moved.pk, moved.starts_at, moved.sequence) == (old.pk, offer.starts_at, 1)
    offer.refresh_from_db()
    entry.refresh_from_db()
    assert (offer.state, entry.state, entry.ending) == ("accepted", "closed", "served")
    assert later.state == "booked"
    assert old.starts_at == centre.far.starts_at
    assert waitlist.freed_times(now=after(21)) != [], "the time it left is given back in turn"
    assert tend(after(21)) == [], "but it is no earlier for who waits"
    assert other.offers.count() == 0
    assert actions.accept_offer(uid=offer.uid, now=after(22)).sequence == 1, "twice is once"


def test_no_goes_to_the_next_and_at_the_end_to_everybody(centre: Centre) -> None:
    centre.wait(1)
    second = centre.wait(2, "10:00")
    give_back(centre)
    (offer,) = tend(after(5))
    following = actions.end_offer(uid=offer.uid, now=after(40), actor=FAMILY, is_refused=True)
    assert following is not None
    assert following.entry == second
    assert 0 not in public(centre, after(41)), "no gap between the two"
    assert actions.end_offer(uid=following.uid, now=after(50), is_refused=True) is None
    assert 0 in public(centre, after(51))
    assert tend(after(52)) == [], "nobody is asked twice about one time"


def test_silence_goes_to_the_next_when_the_time_is_up(centre: Centre) -> None:
    centre.wait(1)
    second = centre.wait(2, "10:00")
    give_back(centre)
    (offer,) = tend(after(5))
    assert tend(after(124)) == []
    (following,) = tend(after(126))
    offer.refresh_from_db()
    assert (offer.state, following.entry) == ("expired", second)
    with pytest.raises(OfferOver):
        actions.accept_offer(uid=offer.uid, now=after(127))


def test_who_never_answers_is_asked_no_more(centre: Centre) -> None:
    entry = centre.wait(1)
    for day, at in enumerate(("09:00", "09:30", "10:00")):
        freed = centre.book(90 + day, at, is_near=True)
        actions.cancel(uid=freed.uid, now=after(days=day))
        assert len(tend(after(1, days=day))) == 1
        tend(after(150, days=day))
    entry.refresh_from_db()
    assert (entry.state, entry.ending) == ("closed", "silent")


def test_a_time_too_near_is_everybodys(centre: Centre) -> None:
    centre.wait(1)
    freed = centre.book(99, is_near=True)
    now = freed.starts_at - timedelta(hours=4, minutes=50)
    actions.cancel(uid=freed.uid, now=now)
    assert tend(now) == []


def test_a_time_of_tomorrow_is_offered_to_who_wants_to_know_the_day_before(
    centre: Centre,
) -> None:
    entry = centre.wait(1, notice_min=1440)
    freed = centre.book(99, is_near=True)
    now = freed.starts_at - timedelta(hours=18)
    actions.cancel(uid=freed.uid, now=now)
    assert [each.entry for each in tend(now)] == [entry]


def test_who_gave_a_time_up_is_not_offered_it(centre: Centre) -> None:
    booked = centre.book(1, is_near=True)
    held = actions.hold(
        kind=centre.near.kind,
        centre=centre.near.centre,
        start=minute(centre.far.starts_at),
        now=NOW,
        moving=booked.uid,
    )
    moved = actions.move(uid=booked.uid, hold_uid=held.uid, now=NOW)
    centre.ask(moved)
    assert tend(after(1)) == []
    assert len(waitlist.freed_times(now=after(1))) == 1


def test_a_household_thinks_of_one_time_at_once(centre: Centre) -> None:
    centre.wait(1)
    give_back(centre)
    freed = centre.book(98, "10:00", is_near=True)
    actions.cancel(uid=freed.uid, now=NOW)
    (offer,) = tend(after(1))
    with pytest.raises(IntegrityError, match="offer_one_a_household"), transaction.atomic():
        WaitingListOffer.objects.create(
            **{
                name: getattr(offer, name)
                for name in ("entry", "household", "centre", "site", "practitioner", "way")
            },
            starts_at=freed.starts_at,
            offered_at=NOW,
            told_at=NOW,
            answer_by=NOW,
        )


def test_without_any_appointment_yes_books_one(centre: Centre) -> None:
    guardian = make_guardian(first_name="Awa", last_name="Diallo", phone="+33639981234")
    child = guardian.household.children.create(
        first_name="Sékou", born_on=clock("09:00").date() - timedelta(days=200)
    )
    wishes = Wishes(sites=(centre.near.shift.site_id,))
    ask = {"guardian": guardian, "child": child, "kind": centre.near.kind, "wishes": wishes}
    entry = actions.ask_for_any(centre=centre.near.centre, now=NOW, **ask)
    again = actions.ask_for_any(centre=centre.near.centre, now=NOW, **ask)
    assert again.pk == entry.pk
    told = OutboxMessage.objects.get(kind="waiting")
    assert "liste d’attente" in rendered(told).subject
    give_back(centre)
    (offer,) = tend(after(5))
    booked = actions.accept_offer(uid=offer.uid, now=after(10))
    assert (booked.state, booked.child, booked.guardian) == ("booked", child, guardian)
    assert OutboxMessage.objects.filter(kind="confirmation", subject_ref=booked.uid).exists()


@pytest.mark.parametrize("is_adult", [False, True])
def test_who_got_an_appointment_otherwise_waits_no_more(centre: Centre, is_adult: bool) -> None:
    if is_adult:
        AppointmentType.objects.update(audience="adult")
        centre.near.kind.refresh_from_db()
    born_on = clock("09:00").date() - timedelta(days=200)
    guardian = make_guardian(first_name="Awa", phone="+33639981234")
    children = [
        guardian.household.children.create(first_name=name, born_on=born_on)
        for name in ("Sékou", "Fanta")
    ]
    child = None if is_adult else children[0]
    wishes = Wishes(sites=(centre.near.shift.site_id,))
    asked = {"guardian": guardian, "child": child, "kind": centre.near.kind}
    entry = actions.ask_for_any(centre=centre.near.centre, wishes=wishes, now=NOW, **asked)
    give_back(centre)
    (offer,) = tend(after(5))
    if not is_adult:
        sister = {**asked, "child": children[1]}
        book_far(centre, "10:00", **sister)
        assert waitlist.useless_entries(now=after(6)) == [], "her sister has one, she has not"
    booked = book_far(centre, "09:00", **asked)
    with pytest.raises(OfferOver):
        actions.accept_offer(uid=offer.uid, now=after(6))
    tend(after(7))
    for row in (entry, offer, booked):
        row.refresh_from_db()
    assert (entry.ending, offer.state, booked.state) == ("useless", "withdrawn", "booked")


def test_a_time_is_not_for_who_got_an_appointment_a_moment_ago(centre: Centre) -> None:
    guardian = make_guardian(phone="+33639981234")
    child = make_child(guardian, born_on=clock("09:00").date() - timedelta(days=200))
    wishes = Wishes(sites=(centre.near.shift.site_id,))
    asked = {"guardian": guardian, "child": child, "kind": centre.near.kind}
    entry = actions.ask_for_any(centre=centre.near.centre, wishes=wishes, now=NOW, **asked)
    freed = give_back(centre)
    assert list(waitlist.waiting_for(freed, now=after(1))) == [entry.pk]
    book_far(centre, "09:00", **asked)
    assert waitlist.waiting_for(freed, now=after(1)) == {}


def book_far(centre: Centre, at: str, **asked: Any) -> Appointment:
    """What an agent books for a family on the phone, in a month."""
    start = minute(clock(at, centre.far.starts_at.date()))
    place = {"centre": centre.near.centre, "start": start, "now": after(1), "actor": AGENT}
    return actions.book_for(**asked, **place)


@pytest.mark.parametrize("is_lost", [False, True])
def test_who_was_never_told_has_not_been_silent(centre: Centre, is_lost: bool) -> None:
    entry, second = centre.wait(1), centre.wait(2, "10:00")
    if not is_lost:
        Household.objects.filter(pk=entry.household_id).update(contact_by="none")
    give_back(centre)
    (offer,) = tend(after(5))
    if is_lost:
        become("failed", kind="offer")
    (following,) = tend(offer.answer_by)
    offer.refresh_from_db()
    assert (offer.entry, offer.state, following.entry) == (entry, "withdrawn", second)
    actions.end_offer(uid=following.uid, now=offer.answer_by, is_refused=True)
    freed = centre.book(98, "10:00", is_near=True)
    actions.cancel(uid=freed.uid, now=after(days=1))
    assert [each.entry for each in tend(after(1, days=1))] == [entry], "it keeps its turn"


def test_whom_no_message_reaches_is_left_to_the_desk(centre: Centre) -> None:
    entry = centre.wait(1)
    Household.objects.update(contact_by="none")
    give_back(centre)
    (offer,) = tend(after(5))
    assert (offer.entry, offer.way) == (entry, "call")
    assert offer.answer_by == clock("12:05", NOW.date())
    assert not OutboxMessage.objects.filter(kind="offer").exists()
    moved = actions.accept_offer(uid=offer.uid, now=after(30), actor=AGENT)
    assert moved.actor == AGENT.label


def test_an_offer_answered_before_it_left_does_not_leave(centre: Centre) -> None:
    centre.wait(1)
    give_back(centre)
    (offer,) = tend(after(5))
    message = OutboxMessage.objects.get(kind="offer")
    assert "until_short" in content(message).context
    actions.end_offer(uid=offer.uid, now=after(6), is_refused=True)
    message.refresh_from_db()
    assert message.state == "superseded"


def test_an_offer_sent_says_when_where_and_until_when(centre: Centre) -> None:
    entry = centre.wait(1)
    Guardian.objects.filter(pk=entry.guardian_id).update(
        phone="+33639981234", phone_verified_at=NOW
    )
    give_back(centre)
    tend(after(5))
    message = OutboxMessage.objects.get(kind="offer")
    text = rendered(message).text
    for said in ("12/03", "/o/") if message.channel == "sms" else ("12 mars", "/proposition/"):
        assert said in text


def test_a_cancelled_appointment_waits_for_nothing(centre: Centre) -> None:
    entry = centre.wait(1)
    second = centre.wait(2, "10:00")
    give_back(centre)
    (offer,) = tend(after(5))
    assert entry.appointment is not None
    actions.cancel(uid=entry.appointment.uid, now=after(6))
    (following,) = tend(after(7))
    for row in (entry, offer):
        row.refresh_from_db()
    assert (entry.ending, offer.state) == ("useless", "withdrawn")
    assert following.entry == second
    with pytest.raises(WrongState):
        centre.ask(entry.appointment)


def test_a_cancelled_half_day_is_offered_to_nobody(centre: Centre) -> None:
    centre.wait(1)
    centre.wait(2, "10:00")
    give_back(centre)
    (offer,) = tend(after(5))
    Shift.objects.filter(pk=centre.near.shift.pk).update(status="cancelled")
    with pytest.raises(Exception, match="not_offered"):
        actions.accept_offer(uid=offer.uid, now=after(6))
    assert tend(after(7)) == []
    offer.refresh_from_db()
    assert offer.state == "withdrawn"


def test_a_time_that_the_centre_called_off_is_offered_to_nobody_whoever_gave_it_up_before(
    centre: Centre,
) -> None:
    freed = give_back(centre)
    assert freed.reoffer_at is not None
    again = Appointment.objects.create(
        **{
            field.attname: getattr(freed, field.attname)
            for field in Appointment._meta.concrete_fields
            if field.name not in ("id", "uid", "reference")
        }
        | {"state": "booked", "reoffer_at": None}
    )
    actions.cancel(uid=again.uid, now=after(4), actor=AGENT)
    centre.wait(1)
    assert waitlist.freed_times(now=after(5)) == []
    # Without its mark the time would go to who waits, where nobody receives.
    Appointment.objects.filter(pk=again.pk).update(last_action="cancel", reoffer_at=None)
    assert waitlist.freed_times(now=after(5)) == [freed.pk]


def test_a_hold_for_the_waiting_list_is_under_the_same_constraint(centre: Centre) -> None:
    centre.wait(1)
    give_back(centre)
    (offer,) = tend(after(5))
    with pytest.raises(SlotTaken):
        centre.book(50, is_near=True)
    assert offer.hold is not None
    twin = Appointment.objects.get(pk=offer.hold.pk)
    twin.pk, twin.uid, twin.reference = None, "0" * 32, "BCDFGHJK"
    with (
        pytest.raises(IntegrityError, match="appointment_no_double_booking"),
        transaction.atomic(),
    ):
        twin.save(force_insert=True)


def test_asking_again_keeps_the_place_and_changes_the_wishes(centre: Centre) -> None:
    entry = centre.wait(1)
    assert entry.appointment is not None
    again = centre.ask(entry.appointment, now=after(60), days=(3,))
    assert (again.pk, again.asked_at, again.days) == (entry.pk, entry.asked_at, [3])


def test_closed_requests_are_forgotten_after_three_months(centre: Centre) -> None:
    entry, other = centre.wait(1), centre.wait(2, "10:00")
    actions.stop_waiting(uid=entry.uid, now=after(days=-2000))
    forget_leftovers()
    assert list(WaitingListEntry.objects.all()) == [other]


def test_a_sent_offer_is_not_withdrawn_but_its_answer_is_refused(centre: Centre) -> None:
    centre.wait(1)
    give_back(centre)
    (offer,) = tend(after(5))
    become("sent", kind="offer")
    tend(after(126))
    with pytest.raises(OfferOver):
        actions.accept_offer(uid=offer.uid, now=after(130))

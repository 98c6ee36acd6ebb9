"""An SMS that answers a time that was offered: taken, declined, or, when in doubt, shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from booking.models import Appointment, Case, WaitingListEntry, WaitingListOffer
from notifications.models import OutboxMessage
from notifications.words.compose import compose_sms
from tests.booking.proposing import propose
from tests.booking.test_replies import NINE, leave, remind, reply, state_of, told, visit
from tests.factories import make_appointment, make_shift
from tests.notifications.posted import NUMBER, posted

pytestmark = pytest.mark.django_db


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def offer(current: Appointment, *, answer_by: datetime | None = None) -> WaitingListOffer:
    """A time of the day before, held for the family of this appointment."""
    shift = make_shift(
        site=current.site, types=[current.type], starts_at=current.starts_at - timedelta(days=1)
    )
    answer_by = answer_by or datetime.now(UTC) + timedelta(hours=2)
    hold = make_appointment(
        shift,
        state="held",
        guardian=None,
        moves=current,
        actor="waiting-list",
        expires_at=answer_by + timedelta(minutes=10),
    )
    entry = WaitingListEntry.objects.create(
        appointment=current,
        household=current.household,
        guardian=current.guardian,
        child=current.child,
        type=current.type,
        centre=current.centre,
        sites=[current.site_id],
        days=[1, 2, 3, 4, 5, 6, 7],
        notice_min=60,
        asked_at=ago(600),
        asked_by="family",
    )
    return WaitingListOffer.objects.create(
        entry=entry,
        household=current.household,
        hold=hold,
        centre=current.centre,
        site=current.site,
        practitioner=hold.practitioner,
        starts_at=hold.starts_at,
        way="message",
        offered_at=ago(60),
        told_at=ago(60),
        answer_by=answer_by,
    )


def tell(made: WaitingListOffer, **fields: Any) -> OutboxMessage:
    """The SMS about it has arrived."""
    defaults = {
        "kind": "offer",
        "subject_ref": made.subject_ref,
        "person_ref": f"guardian:{made.entry.guardian_id}",
        "scope": made.centre.slug,
        "sender": "36035",
    }
    return posted(**defaults | fields)


def proposed(appointment: Appointment, **fields: Any) -> Case:
    propose(appointment)
    defaults = {
        "kind": "proposed",
        "subject_ref": str(appointment.uid),
        "scope": appointment.centre.slug,
        "sender": "36035",
    }
    posted(**defaults | fields)
    return Case.objects.get(appointment=appointment)


@pytest.mark.parametrize("text", ["1", "Oui merci", "ok"])
def test_yes_takes_the_time_and_one_sms_says_so(text: str) -> None:
    current = visit()
    made = offer(current)
    tell(made)
    inbound = reply(text)
    assert (inbound.outcome, inbound.needs_person) == ("accepted", False)
    current.refresh_from_db()
    assert (current.starts_at, current.state) == (made.starts_at, "booked")
    assert told() == ["reply_kept"]
    assert inbound.answers is not None
    assert inbound.answers.kind == "offer"


def test_no_declines_and_the_appointment_stays() -> None:
    current = visit()
    made = offer(current)
    tell(made)
    assert reply("2").outcome == "declined"
    made.refresh_from_db()
    assert (made.state, made.answered_by) == ("refused", "family:sms")
    assert (told(), state_of(current)) == (["reply_declined"], "booked")


def test_another_time_proposed_by_the_centre_is_taken_or_declined() -> None:
    first = visit()
    case = proposed(first)
    assert reply("1").outcome == "accepted"
    case.refresh_from_db()
    first.refresh_from_db()
    assert (case.answer, first.starts_at) == ("accepted", NINE + timedelta(days=1))


def test_a_proposal_declined_leaves_the_family_to_a_call() -> None:
    first = visit()
    case = proposed(first)
    assert reply("non").outcome == "declined"
    case.refresh_from_db()
    assert case.answer == "refused"
    assert OutboxMessage.objects.filter(kind="proposal_refused", state="failed").exists()
    assert told() == ["reply_declined"]


def shown(text: str) -> None:
    """It was answered by a link, and nothing else has happened."""
    before = list(Appointment.objects.order_by("pk").values_list("state", "starts_at"))
    assert reply(text).outcome == "shown"
    assert told() == ["reply_link"]
    (answer,) = OutboxMessage.objects.filter(kind="reply_link")
    assert "/o/" in compose_sms("reply_link", "fr", answer.context)
    assert list(Appointment.objects.order_by("pk").values_list("state", "starts_at")) == before


@pytest.mark.parametrize("text", ["1", "2"])
def test_two_open_offers_are_answered_by_a_link(text: str) -> None:
    tell(offer(visit()))
    tell(offer(visit(hours=24 * 14)), sent_at=ago(5))
    shown(text)


@pytest.mark.parametrize("text", ["1", "2"])
def test_too_late_changes_nothing_and_says_where_to_look(text: str) -> None:
    tell(offer(visit(), answer_by=ago(1)))
    shown(text)


def test_an_offer_taken_back_is_not_taken() -> None:
    made = offer(visit())
    tell(made)
    WaitingListOffer.objects.update(state="withdrawn", answered_at=ago(1))
    shown("1")


def test_a_time_that_is_not_held_any_more_is_not_taken() -> None:
    made = offer(visit())
    tell(made)
    Appointment.objects.filter(pk=made.hold_id).update(state="lapsed")
    shown("1")


def test_a_reminder_sent_since_makes_it_a_question_too_many() -> None:
    current = visit()
    tell(offer(current), sent_at=ago(60))
    remind(current)
    shown("1")


def test_a_reminder_sent_before_is_not_meant() -> None:
    current = visit()
    remind(current)
    tell(offer(current), sent_at=ago(5))
    assert reply("1").outcome == "accepted"


def test_what_answers_whether_to_cancel_is_said_to_that_alone() -> None:
    current = visit()
    made = offer(current)
    tell(made, sent_at=ago(60))
    remind(current, kind="reply_ask", sent_at=ago(2))
    assert reply("2").outcome == "cancelled"


def test_an_offer_that_crosses_the_question_whether_to_cancel_is_not_answered_by_chance() -> None:
    current = visit()
    remind(current, kind="reply_ask", sent_at=ago(3))
    tell(offer(current), sent_at=ago(2))
    shown("1")


def test_an_offer_that_came_in_the_same_seconds_is_not_what_was_read() -> None:
    current = visit()
    remind(current)
    tell(offer(current), sent_at=ago(0.5) - timedelta(seconds=1))
    assert reply("1").outcome == "kept"


def test_yes_twice_is_yes_once() -> None:
    current = visit()
    tell(offer(current))
    assert reply("1").outcome == "accepted"
    leave()
    assert reply("1").outcome == "accepted"
    current.refresh_from_db()
    assert current.sequence == 1
    assert told() == ["reply_kept"]


def declined_after_a_reminder(minutes: float) -> Appointment:
    """The offer that came after the reminder was declined by SMS so long ago."""
    current = visit()
    remind(current, sent_at=ago(300))
    tell(offer(current), sent_at=ago(200))
    assert reply("2").outcome == "declined"
    leave()
    WaitingListOffer.objects.update(answered_at=ago(minutes))
    return current


def test_no_twice_within_minutes_is_no_once() -> None:
    current = declined_after_a_reminder(8)
    assert reply("2").outcome == "declined"
    assert (told(), state_of(current)) == (["reply_declined"], "booked")


def test_no_long_after_an_offer_was_declined_is_about_the_day() -> None:
    current = declined_after_a_reminder(11)
    assert reply("2").outcome == "asked"
    assert told() == ["reply_ask"]
    leave()
    assert reply("2").outcome == "cancelled"
    assert state_of(current) == "cancelled"


def test_no_long_after_an_offer_was_declined_that_answers_nothing_else_is_shown() -> None:
    tell(offer(visit()))
    assert reply("2").outcome == "declined"
    leave()
    WaitingListOffer.objects.update(answered_at=ago(11))
    shown("2")


def test_no_to_cancel_and_to_an_offer_declined_elsewhere_cancels_nothing() -> None:
    current = visit()
    remind(current, kind="reply_ask", sent_at=ago(30))
    made = offer(current)
    tell(made, sent_at=ago(29))
    WaitingListOffer.objects.update(state="refused", answered_at=ago(20))
    shown("2")


def test_yes_to_what_was_taken_and_then_cancelled_is_for_somebody_to_read() -> None:
    current = visit()
    tell(offer(current))
    reply("1")
    Appointment.objects.filter(pk=current.pk).update(state="cancelled")
    leave()
    inbound = reply("1")
    assert (inbound.outcome, inbound.needs_person) == ("shown", True)


def test_what_is_not_understood_is_shown_and_read() -> None:
    tell(offer(visit()))
    inbound = reply("On peut venir à 11 h plutôt que 9 h ?")
    assert (inbound.outcome, inbound.needs_person) == ("shown", True)


ILL = "Mon fils est malade, pouvez-vous me rappeler ?"


@pytest.mark.parametrize("state", ["accepted", "refused", "expired", "withdrawn"])
def test_words_that_come_after_an_offer_is_over_are_read_at_the_desk(state: str) -> None:
    made = offer(visit())
    tell(made, sent_at=ago(60 * 24 * 3))
    WaitingListOffer.objects.update(state=state, answered_at=ago(60 * 24 * 2))
    inbound = reply(ILL)
    assert (inbound.outcome, inbound.needs_person) == ("not_understood", True)
    assert (inbound.scope, told()) == (made.centre.slug, ["reply_unknown"])


def test_words_that_answer_two_open_offers_are_read_at_the_desk() -> None:
    tell(offer(visit()))
    tell(offer(visit(hours=24 * 14)), sent_at=ago(5))
    inbound = reply(ILL)
    assert (inbound.outcome, inbound.needs_person) == ("shown", True)


def test_words_that_answer_a_reminder_while_an_offer_is_open_are_read_at_the_desk() -> None:
    current = visit()
    tell(offer(current), sent_at=ago(60))
    remind(current)
    inbound = reply(ILL)
    assert (inbound.outcome, inbound.needs_person) == ("shown", True)
    assert inbound.scope == current.centre.slug


def test_another_number_s_offer_is_nobody_s() -> None:
    made = offer(visit())
    tell(made, recipient="+33699999998")
    assert reply("1").outcome == "not_understood"
    made.refresh_from_db()
    assert made.state == "open"
    assert NUMBER not in OutboxMessage.objects.get(kind="offer").recipient

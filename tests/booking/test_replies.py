"""What a family's SMS does: kept, cancelled after one more question, called back, left in peace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from booking import desk, queries
from booking.models import Appointment, AppointmentEvent, CallbackRequest, Household
from booking.reminders import LAST_USE
from notifications import fallback, replies
from notifications.models import ContactProblem, Inbound, OutboxMessage, Receipt
from notifications.segments import segments
from notifications.words.compose import compose_sms
from tests.factories import (
    PARIS,
    make_appointment,
    make_guardian,
    make_household,
    make_shift,
    next_tuesday,
)
from tests.notifications.posted import NUMBER, posted, wrote

pytestmark = pytest.mark.django_db
OTHER = "+33699999999"
NINE = next_tuesday()


def visit(household: Household | None = None, *, hours: float = 0, **fields: Any) -> Appointment:
    """An appointment next Tuesday of a family with a mobile phone."""
    household = household or make_household()
    guardian = household.guardians.first() or make_guardian(
        household,
        first_name="Nadia",
        last_name="Benali",
        phone=NUMBER,
        phone_verified_at=NINE,
    )
    at = NINE + timedelta(hours=hours)
    return make_appointment(make_shift(starts_at=at), guardian=guardian, **fields)


def remind(appointment: Appointment, **fields: Any) -> OutboxMessage:
    """The reminder of that day, sent to the family's number."""
    on = appointment.starts_at.astimezone(PARIS).date()
    defaults: dict[str, Any] = {
        "subject_ref": f"day:{appointment.household_id}:{on}",
        "person_ref": f"household:{appointment.household_id}",
        "scope": appointment.centre.slug,
        "sender": "36035",
        "language": "fr",
        # As planned: of use until shortly before, though it had to leave by the evening.
        "valid_until": appointment.starts_at - LAST_USE,
        "leave_by": datetime.now(UTC) - timedelta(minutes=5),
    }
    return posted(**defaults | fields)


def reply(text: str, **fields: Any) -> Inbound:
    """What became of this answer."""
    receipt = wrote(text, **fields)
    replies.answer_waiting()
    return Inbound.objects.get(receipt=receipt)


def told() -> list[str]:
    """The kinds of SMS that go to that number, in order."""
    waiting = OutboxMessage.objects.filter(recipient=NUMBER, state="planned", channel="sms")
    return list(waiting.order_by("pk").values_list("kind", flat=True))


def leave() -> None:
    """What waits is sent."""
    for state in ("claimed", "sending", "sent"):
        before = {"claimed": "planned", "sending": "claimed", "sent": "sending"}[state]
        OutboxMessage.objects.filter(state=before, channel="sms").update(
            state=state, sent_at=datetime.now(UTC) - timedelta(minutes=2)
        )


def state_of(appointment: Appointment) -> str:
    return Appointment.objects.values_list("state", flat=True).get(pk=appointment.pk)


def test_one_keeps_and_is_thanked() -> None:
    appointment = visit()
    remind(appointment)
    inbound = reply("1")
    assert (inbound.outcome, inbound.needs_person) == ("kept", False)
    assert inbound.scope == appointment.centre.slug
    assert told() == ["reply_kept"]
    assert state_of(appointment) == "booked"


def test_two_asks_once_more_and_changes_nothing() -> None:
    appointment = visit()
    remind(appointment)
    assert reply("2").outcome == "asked"
    assert (told(), state_of(appointment)) == (["reply_ask"], "booked")


def test_two_twice_cancels_and_one_sms_says_so() -> None:
    appointment = visit()
    remind(appointment)
    reply("2")
    leave()
    inbound = reply("2")
    assert (inbound.outcome, inbound.needs_person) == ("cancelled", False)
    assert state_of(appointment) == "cancelled"
    assert told() == ["reply_cancelled"]
    event = AppointmentEvent.objects.filter(action="cancel").get()
    assert event.actor == "family:sms"


def test_the_usual_sms_about_a_cancellation_does_not_go_to_that_number_too() -> None:
    appointment = visit(make_household(contact_by="sms"))
    remind(appointment)
    reply("2")
    leave()
    reply("2")
    assert OutboxMessage.objects.get(kind="cancelled").state == "superseded"
    assert told() == ["reply_cancelled"]


def test_whoever_else_is_told_of_a_cancellation_still_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def cancelled(appointment: Appointment, **_how: Any) -> None:
        about = {"kind": "cancelled", "subject_ref": str(appointment.uid), "sent_at": None}
        posted("planned", **about)
        posted("planned", **about, recipient=OTHER)
        posted("planned", **about, channel="email", recipient="nadia@example.org")

    monkeypatch.setattr("booking.messages.cancelled", cancelled)
    remind(visit())
    reply("2")
    leave()
    reply("2")
    assert told() == ["reply_cancelled"]
    others = OutboxMessage.objects.filter(kind="cancelled", state="planned").order_by("pk")
    assert [one.recipient for one in others] == [OTHER, "nadia@example.org"]


def test_two_twice_before_the_question_has_left_is_one_question() -> None:
    appointment = visit()
    remind(appointment)
    assert [reply("2").outcome, reply("2").outcome] == ["asked", "asked"]
    assert (told(), state_of(appointment)) == (["reply_ask"], "booked")


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"state": "sending", "sent_at": None}, "asked"),
        ({"sent_at": 2}, "asked"),
        ({"sent_at": 7}, "cancelled"),
        ({"state": "uncertain", "sent_at": None}, "cancelled"),
        ({"state": "delivered"}, "cancelled"),
    ],
)
def test_a_question_is_answered_once_it_can_have_been_read(
    fields: dict[str, Any], outcome: str
) -> None:
    arrived = datetime.now(UTC)
    if seconds := fields.get("sent_at"):
        fields = {"sent_at": arrived - timedelta(seconds=seconds)}
    remind(visit(), kind="reply_ask", **fields)
    assert reply("2", received_at=arrived).outcome == outcome
    assert told() == (["reply_cancelled"] if outcome == "cancelled" else [])


def test_a_question_has_one_answer() -> None:
    appointment = visit()
    remind(appointment)
    reply("2")
    leave()
    assert reply("1").outcome == "kept"
    assert reply("2").outcome == "asked"
    assert (told(), state_of(appointment)) == (["reply_kept", "reply_ask"], "booked")


def test_a_question_waits_a_day_no_more() -> None:
    appointment = visit()
    remind(appointment)
    reply("2")
    (question,) = OutboxMessage.objects.filter(kind="reply_ask")
    assert question.valid_until - question.send_at <= timedelta(hours=24)
    leave()
    now = datetime.now(UTC)
    OutboxMessage.objects.filter(kind="reply_ask").update(
        send_at=now - timedelta(hours=25), valid_until=now - timedelta(hours=1)
    )
    assert reply("2").outcome == "asked"
    assert state_of(appointment) == "booked"


def test_all_of_that_day_and_nothing_else_is_cancelled() -> None:
    household = make_household()
    first, second = visit(household), visit(household, hours=2)
    next_day = visit(household, hours=24)
    others = visit(make_household())
    remind(first)
    reply("2")
    leave()
    assert reply("2").outcome == "cancelled"
    assert [state_of(one) for one in (first, second)] == ["cancelled"] * 2
    assert [state_of(one) for one in (next_day, others)] == ["booked"] * 2
    (answer,) = OutboxMessage.objects.filter(kind="reply_cancelled")
    assert answer.context["times"] == "9h et 11h"


def too_late(appointment: Appointment) -> None:
    appointment.type.cancel_notice_min = 60 * 24 * 30
    appointment.type.save()


def test_too_late_to_cancel_is_a_call_from_the_centre() -> None:
    appointment = visit()
    too_late(appointment)
    remind(appointment)
    reply("2")
    leave()
    inbound = reply("2")
    assert (inbound.outcome, inbound.needs_person) == ("too_late", True)
    assert (told(), state_of(appointment)) == (["reply_callback"], "booked")
    assert CallbackRequest.objects.get().phone == NUMBER


def test_what_may_still_be_cancelled_is_and_the_rest_is_talked_over() -> None:
    household = make_household()
    late, early = visit(household), visit(household, hours=3)
    too_late(late)
    remind(late)
    reply("2")
    leave()
    inbound = reply("2")
    assert (inbound.outcome, inbound.needs_person) == ("partly_cancelled", True)
    assert (state_of(late), state_of(early)) == ("booked", "cancelled")
    assert told() == ["reply_cancelled"]
    assert OutboxMessage.objects.get(kind="reply_cancelled").context["times"] == "12h"
    assert CallbackRequest.objects.get().type == late.type


def test_three_has_the_family_called_back() -> None:
    appointment = visit()
    remind(appointment)
    assert reply("3").outcome == "callback"
    asked = CallbackRequest.objects.get()
    assert (asked.first_name, asked.last_name, asked.phone) == ("Nadia", "Benali", NUMBER)
    assert (asked.centre, asked.type) == (appointment.centre, appointment.type)
    assert told() == ["reply_callback"]
    reply("3")
    assert CallbackRequest.objects.count() == 1


def test_the_parent_whose_number_it_is_is_called() -> None:
    appointment = visit()
    make_guardian(appointment.household, first_name="Karim", phone=OTHER)
    remind(appointment, recipient=OTHER)
    reply("3", sender=OTHER)
    assert CallbackRequest.objects.get().first_name == "Karim"


@pytest.mark.parametrize("text", ["1", "2", "3"])
def test_when_nothing_is_left_of_that_day_a_person_reads_it(text: str) -> None:
    appointment = visit(state="cancelled")
    remind(appointment)
    inbound = reply(text)
    assert (inbound.outcome, inbound.needs_person) == ("nothing_left", True)
    assert told() == []
    assert not CallbackRequest.objects.exists()


def test_stop_is_the_last_sms_and_the_rest_takes_another_way() -> None:
    appointment = visit()
    remind(appointment)
    assert appointment.guardian is not None
    email = {"channel": "email", "recipient": appointment.guardian.email}
    planned = remind(appointment, state="planned", sent_at=None, alternatives=[email])
    inbound = reply("STOP")
    assert (inbound.outcome, inbound.needs_person) == ("stopped", False)
    assert inbound.scope == appointment.centre.slug
    assert told() == ["reply_stop"]
    planned.refresh_from_db()
    assert planned.state == "suppressed"
    fallback.change_channels()
    assert OutboxMessage.objects.get(instead_of=planned).channel == "email"
    assert state_of(appointment) == "booked"


def test_what_a_stop_leaves_without_another_way_is_for_the_desk() -> None:
    appointment = visit()
    planned = remind(appointment, state="planned", sent_at=None)
    now = datetime.now(UTC)
    assert desk.calls([appointment.centre], now=now).found == []
    reply("STOP")
    fallback.change_channels()
    (call,) = desk.calls([appointment.centre], now=now).found
    assert (call.message, call.problem) == (planned, "stop")


def test_stop_is_confirmed_once() -> None:
    remind(visit())
    for _ in range(3):
        assert reply("STOP").outcome == "stopped"
    assert told() == ["reply_stop"]
    Receipt.objects.update(received_at=datetime.now(UTC) - timedelta(days=3))
    ContactProblem.objects.update(since=datetime.now(UTC) - timedelta(days=3))
    reply("STOP")
    assert told() == ["reply_stop"]


def test_the_household_shows_its_number_in_default() -> None:
    appointment = visit()
    remind(appointment)
    reply("STOP")
    other = visit(make_household(), hours=4)
    found = queries.contact_problems([appointment.household_id or 0])
    assert [problem.reason for problem in found[appointment.household_id or 0]] == ["stop"]
    both = queries.contact_problems([appointment.household_id or 0, other.household_id or 0])
    assert set(both) == {appointment.household_id, other.household_id}  # they share the number
    assert queries.contact_problems([make_household().pk]) == {}


def test_what_is_not_understood_is_read_by_the_desk_and_said_once_a_day() -> None:
    appointment = visit()
    remind(appointment)
    inbound = reply("Peut-être")
    assert (inbound.outcome, inbound.needs_person) == ("not_understood", True)
    reply("Je ne sais pas")
    assert told() == ["reply_unknown"]
    assert Inbound.objects.filter(needs_person=True).count() == 2
    Receipt.objects.update(received_at=datetime.now(UTC) - timedelta(days=1, minutes=1))
    reply("Alors ?")
    assert told() == ["reply_unknown"] * 2


@pytest.mark.parametrize("text", ["1", "2", "3", "Bonjour"])
def test_a_number_that_nobody_asked_anything_is_for_the_desk(text: str) -> None:
    appointment = visit()
    inbound = reply(text)
    assert (inbound.outcome, inbound.needs_person) == ("not_understood", True)
    assert inbound.scope == appointment.centre.slug  # known by its number
    assert state_of(appointment) == "booked"
    assert not CallbackRequest.objects.exists()


def test_a_stranger_too() -> None:
    inbound = reply("1", sender=OTHER)
    assert (inbound.needs_person, inbound.scope) == (True, "")
    assert OutboxMessage.objects.get().kind == "reply_unknown"


def test_nobody_is_asked_who_cannot_answer() -> None:
    remind(visit(), sender="CD35INFO")
    inbound = reply("2")
    assert (inbound.outcome, inbound.needs_person, told()) == ("cannot_ask", True, [])


def test_a_call_told_again_does_nothing() -> None:
    appointment = visit()
    remind(appointment)
    receipt = wrote("3")
    replies.answer_waiting()
    before = (CallbackRequest.objects.get(), told())
    replies.answer_waiting()
    Receipt.objects.filter(pk=receipt.pk).update(applied_at=None)  # as if it had not been closed
    replies.answer_waiting()
    assert (CallbackRequest.objects.get(), told()) == before
    assert Inbound.objects.count() == 1


@pytest.mark.parametrize("language", ["fr", "fr-x-facile", "en", "ar", "tr", "pt", "uk"])
def test_every_answer_can_be_written_in_each_language(language: str) -> None:
    remind(visit(), language=language)
    for text in ("1", "2", "3", "?", "STOP"):
        reply(text)
    leave()
    ContactProblem.objects.all().delete()
    remind(visit(make_household(), hours=5), kind="reply_ask", language=language)
    reply("2")
    written = OutboxMessage.objects.filter(
        kind__startswith="reply_", intent_key__startswith="reply:"
    )
    assert {one.kind for one in written} == {
        *("reply_kept", "reply_ask", "reply_callback", "reply_unknown", "reply_stop"),
        "reply_cancelled",
    }
    for one in written:
        assert one.language == language
        text = compose_sms(one.kind, one.language, one.context)
        assert "{" not in text
        assert segments(text) <= 2

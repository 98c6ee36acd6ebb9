"""Claim, begin, close: what each step asks for, and what it leaves behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from notifications import ledger, outbox
from notifications.composing import Content
from notifications.ledger import Begun, Outcome
from notifications.models import ContactProblem, OutboxMessage, Wording
from notifications.rendering import Rendered
from notifications.sms.base import Accepted
from notifications.timing import BACK_OFF
from tests.factories import make_message
from tests.notifications.sending import (
    MINUTE,
    attempts,
    begin,
    begun,
    claim_one,
    make_due,
    only,
    words,
)

pytestmark = pytest.mark.django_db
State = OutboxMessage.State
ANSWER = Accepted("id-1", 2, Decimal("0.0461"))


def minutes(count: float) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=count)


def keys(**how: Any) -> list[str]:
    how = {"channel": "email", "limit": 9} | how
    return [message.intent_key for message in ledger.claim(**how)]


def put_back(opened: Begun, wait: timedelta = MINUTE, at_least: float | None = None) -> str:
    return ledger.not_taken(opened, "451 busy", wait=wait, at_least=at_least)


def about_x(key: str, **fields: Any) -> None:
    defaults = {"subject_ref": "x", "person_ref": "guardian:1"}
    make_message(intent_key=key, **(defaults | fields))


def test_what_is_planned_for_later_or_for_another_channel_is_not_claimed() -> None:
    make_message(send_at=minutes(10))
    make_message(channel="sms", recipient="+33612345678")
    assert ledger.claim(channel="email", limit=5) == []


def test_urgent_messages_go_first_then_the_oldest() -> None:
    for key, priority in [("bulk", 7), ("late", 3), ("later", 3), ("code", 1)]:
        make_message(intent_key=key, priority=priority)
    assert keys(limit=2) == ["code", "late"]
    assert keys(priorities=[outbox.URGENT, outbox.NORMAL]) == ["later"]
    assert keys() == ["bulk"]


def test_a_worker_that_lost_its_lease_sends_nothing() -> None:
    make_message()
    lost = claim_one()
    assert keys() == []
    make_due()
    assert begin(lost) is None
    OutboxMessage.objects.update(state=State.PLANNED)
    found = claim_one()
    assert begin(lost) is None
    assert begin(found) is not None
    assert begin(found) is None, "it is announced once"


def test_what_is_useless_by_now_is_neither_claimed_nor_begun() -> None:
    make_message()
    message = claim_one()
    make_due(send_at=minutes(-20), valid_until=minutes(-5))
    assert begin(message) is None
    OutboxMessage.objects.update(state=State.PLANNED)
    assert keys() == []


def test_what_is_withdrawn_after_its_claim_does_not_leave() -> None:
    about_x("booked")
    message = claim_one()
    outbox.supersede(subject_refs=["x"], kinds=["code"])
    assert begin(message) is None
    assert (only().state, attempts()) == (State.SUPERSEDED, [])


def test_of_several_to_one_person_about_one_thing_the_older_goes_first() -> None:
    about_x("booked")
    about_x("moved")
    about_x("told to the other parent", person_ref="guardian:2")
    about_x("by sms", channel="sms", recipient="+33612345678")
    assert keys() == ["booked", "told to the other parent"]
    assert keys(channel="sms") == ["by sms"]
    assert keys() == [], "the second waits for the first"


@pytest.mark.parametrize("ending", ["accepted", "unknown", "not taken"])
def test_a_later_message_waits_for_one_that_is_leaving(ending: str) -> None:
    about_x("booked")
    opened = begun()
    about_x("cancelled")
    assert keys() == []
    if ending == "unknown":
        assert ledger.unknown(opened, "time-out", wait=MINUTE)
        assert keys() == [], "nobody knows whether it has arrived"
    elif ending == "not taken":
        put_back(opened)
        assert keys() == [], "it would overtake"
    else:
        assert ledger.accepted(opened, ANSWER, None)
        assert keys() == ["cancelled"]


def test_messages_without_a_person_wait_for_those_to_the_same_address() -> None:
    about_x("one", person_ref="", recipient="a@example.org")
    about_x("two", person_ref="", recipient="a@example.org")
    about_x("other", person_ref="", recipient="b@example.org")
    assert keys() == ["one", "other"]


def test_an_address_that_does_not_work_is_not_called() -> None:
    make_message(recipient="dead@example.org")
    ContactProblem.objects.create(
        channel="email", address="dead@example.org", reason="dead", since=minutes(0)
    )
    assert keys() == []
    assert (only().state, attempts()) == (State.SUPPRESSED, [])


def test_what_was_accepted_says_by_whom_in_how_many_parts_and_what_it_said() -> None:
    make_message()
    wording = Wording.objects.create(
        kind="code", channel="email", language="fr", version=1, body="x", created_at=minutes(0)
    )
    rendered = Rendered("fr", "Objet", "Texte", "", wording_id=wording.pk)
    opened = ledger.begin(claim_one(), rendered, route="ovh", deadline=MINUTE)
    assert opened is not None
    said = Content({"place": "Redon"}, [{"name": "a.ics", "type": "text/calendar", "body": ""}])
    assert ledger.accepted(opened, ANSWER, said)
    message = only()
    assert (message.state, message.route, message.provider_id) == (State.SENT, "ovh", "id-1")
    assert (message.segments, message.cost) == (2, ANSWER.cost)
    assert (message.sent_subject, message.sent_body) == ("Objet", "Texte")
    assert (message.wording_id, message.context) == (wording.pk, {"place": "Redon"})
    assert message.attachments[0]["name"] == "a.ics"
    assert message.sent_at is not None
    assert message.lease_until is None
    assert attempts() == [(1, "ovh", "accepted")]
    assert message.ledger.get().provider_id == "id-1"


def test_an_attempt_is_closed_by_the_first_who_knows() -> None:
    make_message()
    opened = begun()
    ledger.unknown(opened, "time-out", wait=MINUTE)
    assert ledger.accepted(opened, ANSWER, None), "its answer came late, but it came"
    assert not ledger.accepted(opened, ANSWER, None, outcome=Outcome.FOUND)
    assert put_back(opened) == ""
    assert not ledger.unknown(opened, "time-out", wait=MINUTE)
    assert (only().state, attempts()) == (State.SENT, [(1, "smtp", "accepted")])


def test_what_was_surely_not_taken_is_planned_again_and_free_to_go_elsewhere() -> None:
    make_message()
    assert put_back(begun(route="one")) == State.PLANNED
    message = only()
    assert (message.route, message.last_error, message.attempts) == ("", "451 busy", 1)
    assert minutes(0.9) < message.send_at < minutes(1.1)
    make_due()
    assert begin(claim_one(), route="two") is not None


def test_a_provider_that_asks_for_time_gets_it() -> None:
    make_message()
    put_back(begun(), timedelta(seconds=1), at_least=300)
    assert only().send_at > minutes(4.9)


def test_a_message_soon_useless_is_tried_a_last_few_times_then_given_up() -> None:
    make_message(valid_until=minutes(4))
    assert put_back(begun(), 60 * MINUTE) == State.PLANNED
    assert minutes(1.8) < only().send_at < minutes(2.1), "half of what is left"
    make_due(valid_until=datetime.now(UTC) + timedelta(seconds=8))
    assert put_back(begun(), 60 * MINUTE) == State.FAILED
    assert only().attempts == 2


@pytest.mark.parametrize(("is_bad", "state"), [(False, State.FAILED), (True, State.UNDELIVERABLE)])
def test_what_is_refused_is_over(is_bad: bool, state: str) -> None:
    make_message()
    assert ledger.refused(begun(), "550 no such person", is_address_bad=is_bad) == state
    assert attempts() == [(1, "smtp", "refused")]


@pytest.mark.parametrize("closing", ["not taken", "refused", "absent", "given up"])
def test_what_was_withdrawn_while_it_was_leaving_is_not_tried_again(closing: str) -> None:
    about_x("booked")
    opened = begun()
    outbox.supersede(subject_refs=["x"], kinds=["code"])
    if closing == "not taken":
        put_back(opened)
    elif closing == "refused":
        ledger.refused(opened, "550", is_address_bad=True)
    elif closing == "absent":
        ledger.absent(opened, "absent")
    else:
        ledger.given_up(opened, "no answer", repeats=True)
    assert only().state == State.SUPERSEDED


def test_what_was_withdrawn_but_taken_was_sent() -> None:
    about_x("booked")
    opened = begun()
    outbox.supersede(subject_refs=["x"], kinds=["code"])
    ledger.accepted(opened, ANSWER, None)
    assert (only().state, only().is_withdrawn) == (State.SENT, True)


def test_what_one_provider_may_have_stays_with_it() -> None:
    make_message()
    ledger.absent(begun(route="one"), "absent")
    assert (only().state, only().route) == (State.PLANNED, "one")
    put_back(begun(route="one"))
    assert only().route == "one", "its look-up may have been wrong"


def test_what_cannot_be_put_into_words_is_tried_three_times_without_a_call() -> None:
    make_message()
    for state in (State.PLANNED, State.PLANNED, State.FAILED):
        ledger.stumble(claim_one(), "KeyError")
        assert only().state == state
        make_due()
    assert attempts() == []


def test_a_message_put_off_has_not_been_tried() -> None:
    make_message()
    ledger.put_off(claim_one(), "no provider may be called now")
    message = only()
    assert (message.state, message.attempts) == (State.PLANNED, 0)
    assert message.send_at > datetime.now(UTC)


def test_a_message_given_back_is_there_for_the_next_at_once() -> None:
    make_message()
    ledger.release([claim_one()])
    assert claim_one().attempts == 0


def test_a_secret_is_forgotten_once_sent_outside_a_demo(settings: Any) -> None:
    settings.DEMO = False
    make_message(context={"code": "042042", "minutes": 15, outbox.SECRET: True})
    opened = ledger.begin(claim_one(), words("042042"), route="smtp", deadline=MINUTE)
    assert opened is not None
    assert (only().sent_body, opened.message.ledger.get().body_hash) == ("", "")
    ledger.accepted(opened, ANSWER, Content(opened.message.context))
    assert (only().context, only().sent_body, only().sent_subject) == ({}, "", "Objet")


def test_pauses_grow_to_an_hour_and_no_two_are_the_same() -> None:
    waits = {tries: [ledger.back_off(tries) for _ in range(50)] for tries in (1, 2, 6, 99)}
    assert all(len(set(found)) > 40 for found in waits.values())
    for tries, longest in ((1, BACK_OFF[0]), (2, BACK_OFF[1]), (99, timedelta(hours=1))):
        assert longest / 2 < max(waits[tries]) <= longest


@pytest.mark.parametrize("absurd", ["1e9", "-1", "NaN", "Infinity"])
def test_absurd_figures_do_not_keep_an_answer_from_being_written(absurd: str) -> None:
    make_message()
    assert ledger.accepted(begun(), Accepted("id-1", 100_000, Decimal(absurd)), None)
    assert (only().state, only().segments, only().cost) == (State.SENT, None, None)

"""A reply finds the message it answers, is acted on once, and never stops the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifications import callers, replies
from notifications.models import ContactProblem, Inbound, OutboxMessage, Receipt
from notifications.replies import Outcome
from notifications.sms import base
from tests.notifications.posted import NUMBER, posted, wrote
from tests.threads import at_once

pytestmark = pytest.mark.django_db
OTHER = "+33699999999"


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Inbound]:
    """Replies as the registered handler gets them; it answers each with `reply_kept`."""
    found: list[Inbound] = []

    def handler(inbound: Inbound, now: datetime) -> Outcome:
        found.append(inbound)
        back(inbound, now=now)
        return Outcome("done", scope="redon")

    monkeypatch.setattr(replies, "_handlers", [handler])
    return found


def back(inbound: Inbound, *, now: datetime) -> None:
    replies.answer(
        inbound,
        "reply_kept",
        {"day_short": "02/03", "times": "9h"},
        language="fr",
        subject_ref="day:1:2027-03-02",
        now=now,
        valid_until=now + timedelta(hours=1),
    )


def ago(**time: float) -> datetime:
    return datetime.now(UTC) - timedelta(**time)


def answers() -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(kind="reply_kept").order_by("pk"))


def test_a_reply_is_acted_on_once_and_kept(heard: list[Inbound]) -> None:
    asked = posted(sender="36035", person_ref="household:1", scope="vitre")
    receipt = wrote("Oui merci")
    assert (replies.answer_waiting(), replies.answer_waiting()) == (1, 0)
    (inbound,) = Inbound.objects.all()
    assert heard == [inbound]
    assert (inbound.meaning, inbound.answers, inbound.outcome) == ("keep", asked, "done")
    assert (inbound.needs_person, inbound.scope) == (False, "redon")
    receipt.refresh_from_db()
    assert receipt.applied_at is not None
    (answer,) = answers()
    assert (answer.intent_key, answer.channel) == (f"reply:{receipt.pk}", "sms")
    assert (answer.recipient, answer.sender) == (NUMBER, "36035")
    assert (answer.person_ref, answer.priority) == ("household:1", 1)


@pytest.mark.parametrize(
    ("fields", "is_found"),
    [
        ({}, True),
        ({"kind": "reply_ask"}, True),
        ({"state": "delivered"}, True),
        ({"state": "uncertain"}, True),
        ({"kind": "confirmation"}, False),
        ({"recipient": OTHER}, False),
        ({"channel": "email"}, False),
        ({"state": "planned"}, False),
        ({"state": "superseded"}, False),
        ({"valid_until": ago(minutes=5)}, False),
        ({"sent_at": ago(minutes=-5)}, False),
    ],
)
def test_which_message_it_answers(
    heard: list[Inbound], fields: dict[str, Any], is_found: bool
) -> None:
    posted(**fields)
    wrote("1")
    replies.answer_waiting()
    assert (heard[0].answers is not None) == is_found


def test_it_answers_the_last_one_sent(heard: list[Inbound]) -> None:
    """Reminders are written long before they leave."""
    last = posted(sent_at=ago(hours=1))
    posted(sent_at=ago(hours=2))
    wrote("1")
    replies.answer_waiting()
    assert heard[0].answers == last


@pytest.mark.parametrize("sender", ["0612345678", "0033612345678", "+33 6 12 34 56 78"])
def test_a_number_is_the_same_however_it_is_told(heard: list[Inbound], sender: str) -> None:
    posted()
    wrote("1", sender=sender)
    replies.answer_waiting()
    assert heard[0].sender == NUMBER
    assert heard[0].answers is not None


def test_a_sender_that_is_no_number_is_heard_too(heard: list[Inbound]) -> None:
    wrote("promo", sender="SHOP")
    replies.answer_waiting()
    assert (heard[0].sender, heard[0].meaning) == ("SHOP", "unknown")


def test_a_robot_is_answered_so_many_times_a_day(heard: list[Inbound]) -> None:
    for _ in range(replies.MOST_ANSWERS + 3):
        wrote("1")
    wrote("1", sender=OTHER)
    replies.answer_waiting()
    assert len(heard) == replies.MOST_ANSWERS + 4
    by_number = [answer.recipient for answer in answers()]
    assert (by_number.count(NUMBER), by_number.count(OTHER)) == (replies.MOST_ANSWERS, 1)
    Receipt.objects.update(received_at=ago(days=1, minutes=1))
    wrote("1")
    replies.answer_waiting()
    assert len(answers()) == replies.MOST_ANSWERS + 2


def test_without_a_handler_a_person_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "_handlers", [])
    wrote("1")
    replies.answer_waiting()
    assert Inbound.objects.get().needs_person


def test_stop_is_honoured_whoever_handles_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "_handlers", [])
    wrote("STOP", sender="06 12 34 56 78")
    replies.answer_waiting()
    problem = ContactProblem.objects.get()
    assert (problem.address, problem.reason) == (NUMBER, "stop")


def test_one_that_cannot_be_acted_on_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def handler(inbound: Inbound, now: datetime) -> Outcome:
        if inbound.sender == OTHER:
            back(inbound, now=now)
            raise ZeroDivisionError
        return Outcome("done")

    monkeypatch.setattr(replies, "_handlers", [handler])
    poison = wrote("STOP", sender=OTHER)
    wrote("1")
    assert replies.answer_waiting() == 1
    assert not answers()
    assert not ContactProblem.objects.exists()
    Receipt.objects.filter(pk=poison.pk).update(received_at=ago(hours=2))
    assert replies.answer_waiting() == 1
    left = Inbound.objects.get(receipt=poison)
    assert (left.outcome, left.needs_person) == ("failed", True)
    assert ContactProblem.objects.get().reason == "stop"


class Provider:
    """What is asked for replies, and how it fails."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.unreadable: set[str] = set()

    def read(self, event_id: str) -> base.Inbound:
        self.asked.append(event_id)
        if event_id in self.unreadable:
            raise base.CannotTell("ovh: HTTP 404")
        return base.Inbound(event_id, NUMBER, "1", None)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    provider = Provider()
    monkeypatch.setattr(callers, "sms_provider", {"ovh": provider}.get)
    return provider


def named(event_id: str, **fields: Any) -> Receipt:
    return wrote("", sender="", route="ovh", event_id=event_id, **fields)


def test_a_reply_that_was_only_named_is_asked_for(heard: list[Inbound], provider: Provider) -> None:
    named("5")
    assert replies.answer_waiting() == 1
    assert (heard[0].sender, heard[0].text) == (NUMBER, "1")
    replies.answer_waiting()
    assert provider.asked == ["5"]


def test_one_that_cannot_be_read_waits_then_is_left_to_a_person(
    heard: list[Inbound], provider: Provider
) -> None:
    provider.unreadable = {"5"}
    receipt = named("5")
    assert replies.answer_waiting() == 0
    assert not Inbound.objects.exists()
    Receipt.objects.filter(pk=receipt.pk).update(received_at=ago(hours=2))
    replies.answer_waiting()
    left = Inbound.objects.get()
    assert (left.outcome, left.needs_person, heard) == ("unread", True, [])


def test_a_provider_that_is_away_is_asked_once_a_time_and_in_any_order(
    heard: list[Inbound], provider: Provider
) -> None:
    provider.unreadable = {"forged"}
    named("forged", received_at=ago(minutes=9))
    for number in range(3):
        named(str(number))
    passes = 0
    while len(heard) < 3 and passes < 60:
        passes += 1
        replies.answer_waiting()
        assert provider.asked.count("forged") <= passes
    assert len(heard) == 3


@pytest.mark.django_db(transaction=True)
def test_four_at_once_act_once_on_each(heard: list[Inbound]) -> None:
    for _ in range(6):
        wrote("1")
    call: Callable[[], int] = replies.answer_waiting
    assert sum(at_once(call, call, call, call)) + replies.answer_waiting() == 6
    assert len(heard) == len(answers()) == 6

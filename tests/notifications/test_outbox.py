"""What the outbox promises: one row per intent, with its transaction, sent once or given up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from pytest_django.fixtures import DjangoAssertNumQueries

from notifications import outbox
from notifications.composing import Content
from notifications.models import OutboxMessage
from tests.factories import make_message

State = OutboxMessage.State


def only() -> OutboxMessage:
    return OutboxMessage.objects.get()


def age(**changes: object) -> None:
    """Rewrite the times of the only message: the database's clock cannot be moved."""
    OutboxMessage.objects.update(**changes)


def one_hour(now: datetime) -> outbox.Intent:
    return outbox.Intent(
        intent_key="k",
        kind="code",
        subject_ref="r",
        recipient="a@example.org",
        language="fr",
        send_at=now,
        valid_until=now + timedelta(hours=1),
    )


def minutes(count: float) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=count)


@pytest.mark.django_db
def test_the_same_intent_is_written_once() -> None:
    first = make_message(intent_key="confirmation:a:0")
    again = make_message(intent_key="confirmation:a:0", recipient="other@example.org")
    assert first is not None
    assert again is None
    assert only().recipient == "karim@example.org"


@pytest.mark.django_db
def test_enqueueing_is_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    now = datetime.now(UTC)
    with transaction.atomic(), django_assert_num_queries(1):
        outbox.enqueue([one_hour(now)], now=now)
    assert only().state == State.PLANNED


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_leaves_no_message() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():  # noqa: PT012
        assert make_message() is not None
        raise IntegrityError
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_message_cannot_be_written_outside_a_transaction() -> None:
    now = datetime.now(UTC)
    with pytest.raises(transaction.TransactionManagementError):
        outbox.enqueue([one_hour(now)], now=now)
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("field", [{"recipient": ""}, {"send_at": minutes(60)}])
def test_what_cannot_be_useful_is_not_written(field: dict[str, object]) -> None:
    assert make_message(**field) is None
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db
def test_now_is_now_even_when_the_web_hosts_clock_runs_ahead() -> None:
    ahead = minutes(120)
    make_message(send_at=ahead, now=ahead, valid_until=ahead + timedelta(hours=1))
    assert [m.state for m in outbox.claim_due(limit=5)] == [State.CLAIMED]


@pytest.mark.django_db
def test_what_is_planned_for_later_is_not_claimed() -> None:
    make_message(send_at=minutes(10))
    assert outbox.claim_due(limit=5) == []


@pytest.mark.django_db
def test_a_claimed_message_is_free_again_when_its_lease_is_over() -> None:
    make_message()
    (lost,) = outbox.claim_due(limit=5)
    assert outbox.claim_due(limit=5) == []
    age(lease_until=minutes(-1))
    (found,) = outbox.claim_due(limit=5)
    assert not outbox.begin(lost), "the worker that lost its lease must not send"
    assert outbox.begin(found)
    assert only().attempts == 1


@pytest.mark.django_db
def test_urgent_messages_go_first_then_the_oldest() -> None:
    for key, priority in [("late", 3), ("later", 3), ("code", 1)]:
        make_message(intent_key=key, priority=priority)
    assert [m.intent_key for m in outbox.claim_due(limit=2)] == ["code", "late"]


@pytest.mark.django_db
def test_an_expired_message_is_never_claimed_and_is_closed() -> None:
    make_message()
    age(send_at=minutes(-20), valid_until=minutes(-5))
    assert outbox.claim_due(limit=5) == []
    assert outbox.expire() == 1
    assert only().state == State.EXPIRED


@pytest.mark.django_db
def test_a_message_that_expires_after_its_claim_does_not_leave() -> None:
    make_message()
    (message,) = outbox.claim_due(limit=5)
    age(send_at=minutes(-20), valid_until=minutes(-5))
    assert not outbox.begin(message)


@pytest.mark.django_db
def test_superseding_withdraws_planned_and_claimed_messages_but_not_sent_ones() -> None:
    for key in ("sent", "claimed", "planned", "other"):
        make_message(intent_key=key, subject_ref="x" if key != "other" else "y")
    OutboxMessage.objects.filter(intent_key="sent").update(state=State.SENT)
    (claimed,) = outbox.claim_due(limit=1)
    assert len(outbox.supersede(subject_refs=["x"], kinds=["code"])) == 2
    assert not outbox.begin(claimed)
    states = dict(OutboxMessage.objects.values_list("intent_key", "state"))
    assert states == {
        "sent": State.SENT,
        "claimed": State.SUPERSEDED,
        "planned": State.SUPERSEDED,
        "other": State.PLANNED,
    }


@pytest.mark.django_db
def test_a_later_message_waits_for_the_one_that_is_just_leaving() -> None:
    make_message(intent_key="booked", subject_ref="x")
    (leaving,) = outbox.claim_due(limit=5)
    assert outbox.begin(leaving)
    outbox.supersede(subject_refs=["x"], kinds=["code"])
    make_message(intent_key="cancelled", subject_ref="x")
    assert outbox.claim_due(limit=5) == []
    outbox.mark_sent(leaving, subject="s", body="b", content=Content({}), keep_secrets=True)
    assert [m.intent_key for m in outbox.claim_due(limit=5)] == ["cancelled"]
    assert OutboxMessage.objects.get(intent_key="booked").state == State.SENT


@pytest.mark.django_db
def test_a_superseded_message_that_fails_is_not_tried_again() -> None:
    make_message(subject_ref="x")
    (message,) = outbox.claim_due(limit=5)
    assert outbox.begin(message)
    outbox.supersede(subject_refs=["x"], kinds=["code"])
    outbox.mark_failed(message, "451")
    assert only().state == State.SUPERSEDED
    assert only().lease_until is None


@pytest.mark.django_db
def test_failures_back_off_further_each_time_until_the_message_is_useless() -> None:
    make_message(valid_until=minutes(6))
    waits = []
    for _ in range(3):
        age(send_at=minutes(-1))
        (message,) = outbox.claim_due(limit=5)
        assert outbox.begin(message)
        outbox.mark_failed(message, "451 busy")
        waits.append((only().send_at - datetime.now(UTC)).total_seconds())
    assert 14 <= waits[0] <= 30
    assert 59 <= waits[1] <= 120
    # The third wait is 150 s at least: whether it still fits is chance, so make it impossible.
    age(send_at=minutes(-1), valid_until=minutes(1), state=State.PLANNED)
    (message,) = outbox.claim_due(limit=5)
    outbox.begin(message)
    outbox.mark_failed(message, "451 busy")
    assert (only().state, only().last_error) == (State.FAILED, "451 busy")


@pytest.mark.django_db
def test_a_message_whose_worker_died_twice_while_sending_is_given_up() -> None:
    make_message(valid_until=minutes(600))
    for _ in range(2):
        (message,) = outbox.claim_due(limit=5)
        assert outbox.begin(message)
        assert outbox.claim_due(limit=5) == [], "not before the server's own time is over"
        age(lease_until=minutes(-1))
    assert outbox.claim_due(limit=5) == []
    assert outbox.expire() == 1
    assert (only().state, only().last_error) == (State.FAILED, outbox.UNCERTAIN_TWICE)


@pytest.mark.django_db
def test_a_secret_is_forgotten_once_sent_outside_a_demo() -> None:
    make_message(context={"code": "042042", "minutes": 15, outbox.SECRET: True})
    (message,) = outbox.claim_due(limit=5)
    told = Content(message.context)
    outbox.mark_sent(message, subject="s", body="042042", content=told, keep_secrets=False)
    assert (only().context, only().sent_body, only().sent_subject) == ({}, "", "s")

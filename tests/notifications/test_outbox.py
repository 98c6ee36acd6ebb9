"""What the outbox promises: one row per intent, written or withdrawn with its transaction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from pytest_django.fixtures import DjangoAssertNumQueries

from notifications import ledger, outbox
from notifications.models import OutboxMessage
from tests.factories import make_message

State = OutboxMessage.State


def only() -> OutboxMessage:
    return OutboxMessage.objects.get()


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
    assert [m.state for m in ledger.claim(channel="email", limit=5)] == [State.CLAIMED]


@pytest.mark.django_db
def test_a_replacement_names_what_it_replaces() -> None:
    first = make_message(intent_key="code:1")
    second = make_message(intent_key="code:1:resend:1", instead_of=first)
    assert OutboxMessage.objects.get(pk=second).instead_of_id == first


@pytest.mark.django_db
def test_a_priority_nobody_looks_at_cannot_be_written() -> None:
    with pytest.raises(IntegrityError, match="message_priority_known"):
        make_message(priority=5)


@pytest.mark.django_db
def test_a_reference_is_the_same_for_all_attempts_and_tells_nothing() -> None:
    make_message(intent_key="confirmation:a:0")
    reference = outbox.reference(only())
    assert (len(reference), reference) == (32, outbox.reference(only()))
    assert "confirmation" not in reference


@pytest.mark.django_db
def test_withdrawing_stops_what_has_not_left_and_says_what_has() -> None:
    for n, kind in enumerate(["moved", "code", "moved"]):
        make_message(intent_key=f"m:{n}", subject_ref=f"s{n}", person_ref="guardian:1", kind=kind)
    OutboxMessage.objects.filter(intent_key="m:0").update(state=State.CLAIMED)
    OutboxMessage.objects.filter(intent_key="m:0").update(state=State.SENDING)
    withdrawn = outbox.supersede(subject_refs=["s0", "s1", "s2"], kinds=["moved"])
    assert sorted(withdrawn, key=lambda one: one.has_left) == [
        outbox.Withdrawn("moved", "guardian:1", "email", has_left=False),
        outbox.Withdrawn("moved", "guardian:1", "email", has_left=True),
    ]
    found = OutboxMessage.objects.order_by("intent_key").values_list("state", "is_withdrawn")
    assert list(found) == [
        (State.SENDING, True),
        (State.PLANNED, False),
        (State.SUPERSEDED, True),
    ]


@pytest.mark.django_db
def test_what_holds_again_is_tried_again_unless_it_is_settled_or_had_not_left(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    states = {"uncertain": "", "told": "told", "withdrawn": "", "other": ""}
    for name in states:
        version = 2 if name == "other" else 1
        make_message(intent_key=name, subject_ref=name, kind="moved", version=version)
    leaving = OutboxMessage.objects.exclude(intent_key="withdrawn")
    for state in (State.CLAIMED, State.SENDING, State.UNCERTAIN):
        leaving.update(state=state)
    OutboxMessage.objects.filter(intent_key="told").update(
        handled_as="told", handled_at=datetime.now(UTC)
    )
    outbox.supersede(subject_refs=states, kinds=["moved"])
    with django_assert_num_queries(1):
        outbox.holds_again(dict.fromkeys(states, (1, 3)), kinds=["moved"])
    found = OutboxMessage.objects.values_list("intent_key", "version", "is_withdrawn")
    assert set(found) == {
        ("uncertain", 3, False),
        ("told", 3, True),
        ("withdrawn", 3, True),
        ("other", 2, True),
    }

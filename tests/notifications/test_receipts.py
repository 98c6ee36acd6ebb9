"""Receipts move messages forward: in any order, any number of times, whoever forges some."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications import health, ledger, outbox, receipts
from notifications.models import Attempt, ContactProblem, OutboxMessage, Receipt
from notifications.receipts import EARLY
from notifications.sms import base
from tests.booking.scene import FEW, undone
from tests.notifications.messages import make_attempt
from tests.notifications.posted import NUMBER, posted, told
from tests.threads import at_once

PARIS = ZoneInfo("Europe/Paris")


def state_of(message: OutboxMessage) -> str:
    return OutboxMessage.objects.values_list("state", flat=True).get(pk=message.pk)


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "said", "then"),
    [
        ("sent", "delivered", "delivered"),
        ("sent", "undeliverable", "undeliverable"),
        ("sent", "pending", "sent"),
        ("sent", "complaint", "delivered"),
        ("uncertain", "pending", "sent"),
        ("uncertain", "delivered", "delivered"),
        ("uncertain", "undeliverable", "undeliverable"),
        ("delivered", "undeliverable", "delivered"),
        ("undeliverable", "delivered", "undeliverable"),
        ("failed", "delivered", "failed"),
        ("expired", "delivered", "expired"),
        ("superseded", "undeliverable", "superseded"),
    ],
)
def test_a_message_only_goes_forward(state: str, said: str, then: str) -> None:
    message = posted(state)
    receipt = told(message, said, reference=outbox.reference(message))
    assert receipts.apply_waiting() == 1
    assert state_of(message) == then
    receipt.refresh_from_db()
    assert receipt.applied_at is not None
    assert receipt.message == message


@pytest.mark.django_db
def test_an_uncertain_message_is_settled_by_the_reference_alone() -> None:
    message = posted("uncertain")
    told(provider_id="found-7", state="pending", reference=outbox.reference(message))
    receipts.apply_waiting()
    message.refresh_from_db()
    assert (message.state, message.provider_id, message.settle_at) == ("sent", "found-7", None)
    assert message.sent_at is not None
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.provider_id) == ("found", "found-7")
    assert attempt.closed_at is not None


@pytest.mark.django_db
def test_the_reference_of_another_provider_settles_nothing() -> None:
    message = posted("uncertain")
    told(route="ovh", reference=outbox.reference(message), received_at=ago(6))
    receipts.apply_waiting()
    assert state_of(message) == "uncertain"
    assert Attempt.objects.get().closed_at is None


@pytest.mark.django_db
@pytest.mark.parametrize("outcome", ["absent", "given_up"])
@pytest.mark.parametrize("waits_as", ["planned", "claimed"])
@pytest.mark.parametrize(
    ("said", "then"),
    [("pending", "sent"), ("delivered", "delivered"), ("undeliverable", "undeliverable")],
)
def test_what_its_provider_had_after_all_is_not_sent_again(
    outcome: str, waits_as: str, said: str, then: str
) -> None:
    message = posted(waits_as, sent_at=None, provider_id="")
    make_attempt(message, outcome, route=message.route)
    told(provider_id="late-1", state=said, reference=outbox.reference(message))
    receipts.apply_waiting()
    message.refresh_from_db()
    assert (message.state, message.provider_id) == (then, "late-1")
    assert message.sent_at is not None
    assert Attempt.objects.get().outcome == outcome, "the ledger keeps what was known then"
    assert ledger.claim(channel="sms", limit=9) == []
    assert health.read(now=datetime.now(UTC), zone=PARIS).unbalanced == 0


@pytest.mark.django_db
@pytest.mark.parametrize("outcome", ["not_taken", "refused"])
def test_but_what_surely_failed_is_moved_by_no_receipt(outcome: str) -> None:
    message = posted("planned", sent_at=None, provider_id="")
    make_attempt(message, outcome, route=message.route)
    told(provider_id="late-1", reference=outbox.reference(message))
    receipts.apply_waiting()
    assert state_of(message) == "planned"


@pytest.mark.django_db
def test_a_receipt_that_comes_before_our_own_commit_waits_for_it() -> None:
    message = posted("sending")
    receipt = told(reference=outbox.reference(message), received_at=ago(30), provider_id="7")
    assert receipts.apply_waiting() == 0
    assert state_of(message) == "sending"
    OutboxMessage.objects.update(state="sent", provider_id="7", sent_at=ago(29))
    assert receipts.apply_waiting() == 1
    assert state_of(message) == "delivered"
    receipt.refresh_from_db()
    assert receipt.message == message


@pytest.mark.django_db
@pytest.mark.parametrize("has_reference", [True, False])
def test_what_matches_nothing_is_kept_unmatched_after_a_while(has_reference: bool) -> None:
    reference = "0" * 32 if has_reference else ""
    young = told(received_at=ago(4), reference=reference)
    old = told(received_at=ago(6), reference=reference)
    assert receipts.apply_waiting() == 1
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.applied_at is None, old.message, young.applied_at) == (False, None, None)


@pytest.mark.django_db
def test_it_waits_longer_while_the_provider_is_asked_which_number_a_message_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A provider that gives back its own number only: the look-up tells it, then this is known."""
    message = posted("uncertain", route="ovh")
    arrived = Attempt.objects.get().opened_at + timedelta(seconds=1)
    late = EARLY + timedelta(minutes=1)
    monkeypatch.setattr(receipts, "database_now", lambda: arrived + late)
    told(route="ovh", provider_id="99", received_at=arrived)
    assert receipts.apply_waiting() == 0
    Attempt.objects.update(closed_at=ago(0), outcome="found")
    OutboxMessage.objects.update(state="sent", provider_id="99", sent_at=ago(1))
    assert receipts.apply_waiting() == 1
    assert state_of(message) == "delivered"


@pytest.mark.django_db
def test_those_that_match_nothing_do_not_stand_before_the_others() -> None:
    for _ in range(7):
        told(received_at=ago(3))
    message = posted()
    told(message, received_at=ago(2))
    assert receipts.apply_waiting(limit=2) == 1
    assert state_of(message) == "delivered"


EVENTS = st.lists(st.sampled_from(["pending", "delivered", "forged"]), min_size=1, max_size=6)


@pytest.mark.django_db
@given(
    events=EVENTS,
    end=st.sampled_from(["delivered", "undeliverable"]),
    begins=st.sampled_from(["sent", "uncertain"]),
    seed=st.integers(0, 999),
    page=st.integers(1, 4),
)
@settings(FEW, max_examples=30)
def test_any_order_and_number_of_receipts_ends_alike(
    events: list[str], end: str, begins: str, seed: int, page: int
) -> None:
    with undone():
        message = posted(begins)
        stored = [end, *(end if event == "delivered" else event for event in events)] * 3
        random.Random(seed).shuffle(stored)
        known = {"reference": outbox.reference(message), "provider_id": message.provider_id or "p"}
        for state in stored:
            if state == "forged":
                told(state="undeliverable", reference="f" * 32, received_at=ago(9))
            else:
                told(message, state, **known)
            receipts.apply_waiting(page)
        receipts.apply_waiting(page)
        assert state_of(message) == end
        assert not Receipt.objects.filter(applied_at=None).exists()
        assert not Attempt.objects.filter(closed_at=None).exists()


@pytest.mark.django_db
def test_a_number_that_does_not_exist_is_remembered() -> None:
    message = posted()
    told(message, "undeliverable", is_number_dead=True, reason="hardbounce")
    receipts.apply_waiting()
    problem = ContactProblem.objects.get()
    assert (problem.channel, problem.address, problem.reason) == ("sms", NUMBER, "dead")
    assert state_of(message) == "undeliverable"


@pytest.mark.django_db
def test_a_number_that_answered_is_not_dead() -> None:
    message = posted("delivered")
    told(message, "undeliverable", is_number_dead=True)
    receipts.apply_waiting()
    assert not ContactProblem.objects.exists()


@pytest.mark.django_db
def test_a_complaint_closes_the_address_whenever_it_comes() -> None:
    message = posted("delivered", channel="email", recipient="Nadia@example.org")
    told(message, "complaint")
    receipts.apply_waiting()
    problem = ContactProblem.objects.get()
    assert (problem.address, problem.reason) == ("nadia@example.org", "complaint")


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "is_believed"), [(5, True), (-60, False), (600, False)])
def test_the_providers_clock_is_believed_where_it_can_be(minutes: int, is_believed: bool) -> None:
    message = posted()
    receipt = told(message, happened_at=ago(minutes))
    receipts.apply_waiting()
    message.refresh_from_db()
    expected = receipt.happened_at if is_believed else receipt.received_at
    assert message.delivered_at == expected


def event(**fields: Any) -> base.Receipt:
    defaults: dict[str, Any] = {
        "provider_id": "1",
        "reference": "",
        "state": "delivered",
        "reason": "",
        "is_number_dead": False,
        "at": None,
        "event_id": "1:delivered",
    }
    return base.Receipt(**defaults | fields)


@pytest.mark.django_db
def test_an_event_is_stored_once_and_many_by_one_statement() -> None:
    events = [event(event_id=str(number)) for number in range(20)] * 2
    with CaptureQueriesContext(
        connection,
    ) as queries:
        receipts.store("brevo", receipts=events)
    assert len(queries) == 1
    receipts.store("brevo", receipts=events)
    assert Receipt.objects.count() == 20
    receipts.store("ovh", receipts=events[:1])
    assert Receipt.objects.count() == 21


@pytest.mark.django_db
def test_what_the_database_cannot_hold_is_made_to_fit() -> None:
    receipts.store(
        "brevo",
        receipts=[
            event(event_id="x" * 300 + "1", reason="a\0b\ud800" * 100),
            event(event_id="x" * 300 + "2"),
        ],
        replies=[base.Inbound("1", "+" * 90, "\0" + "é" * 5000, None)],
    )
    assert Receipt.objects.count() == 3
    assert Receipt.objects.get(kind="inbound").text == "é" * 1600


@pytest.mark.django_db(transaction=True)
def test_a_message_that_somebody_has_locked_is_left_for_the_next_time() -> None:
    message = posted()
    told(message)
    with transaction.atomic():
        OutboxMessage.objects.select_for_update().get(pk=message.pk)
        assert at_once(receipts.apply_waiting) == [0]
    assert receipts.apply_waiting() == 1


@pytest.mark.django_db(transaction=True)
def test_several_at_once_share_the_work() -> None:
    messages = [posted() for _ in range(20)]
    for message in messages * 3:
        told(message)
    done = at_once(*[lambda: receipts.apply_waiting(limit=5)] * 4)
    done.append(receipts.apply_waiting())
    assert sum(done) == 60
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {"delivered"}

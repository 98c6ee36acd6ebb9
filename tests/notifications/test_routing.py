"""Which provider carries the next message: circuits, probes, the other provider, credit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models.functions import Now

from notifications import holding, ledger, reconcile, routing
from notifications.delivery import deliver
from notifications.models import Attempt, OutboxMessage, Route
from tests.concurrency.race import at_once
from tests.factories import make_message
from tests.notifications.conftest import MailServer
from tests.notifications.sending import attempts, make_due, only, words
from tests.notifications.sms.steering import Steering

pytestmark = pytest.mark.django_db
State, Circuit = OutboxMessage.State, Route.Circuit
OVH, SMSMODE = "ovh", "smsmode"


def make_sms(**fields: Any) -> None:
    make_message(**({"channel": "sms", "recipient": "+33612345678"} | fields))


def circuit(name: str) -> tuple[str, bool]:
    found = Route.objects.get(name=name)
    return found.circuit, found.needs_person


def send_due() -> None:
    make_due()
    deliver(seconds=5)


def make_probe_due() -> None:
    Route.objects.filter(circuit=Circuit.OPEN).update(probe_at=Now())
    routing.forget()


@pytest.fixture
def no_fallback(sms: Steering, settings: Any) -> Steering:
    settings.SMS_FALLBACK_URL = ""
    return sms


def test_routes_are_those_of_the_settings_best_first(sms: Steering) -> None:
    assert [carrier.name for carrier in routing.routes("sms")] == [OVH, SMSMODE]
    assert routing.room("sms") is None
    found = Route.objects.filter(channel="sms").values_list("name", "position", "circuit")
    assert list(found) == [(OVH, 0, Circuit.CLOSED), (SMSMODE, 1, Circuit.CLOSED)]


def test_a_route_has_the_place_the_settings_give_it_now(sms: Steering, settings: Any) -> None:
    routing.room("sms")
    settings.SMS_URL, settings.SMS_FALLBACK_URL = settings.SMS_FALLBACK_URL, settings.SMS_URL
    Route.objects.filter(name=OVH).delete()
    routing.forget()
    routing.room("sms")
    assert list(Route.objects.filter(channel="sms").values_list("name", flat=True)) == [
        SMSMODE,
        OVH,
    ]


def test_what_the_first_surely_did_not_take_goes_to_the_second_at_once(sms: Steering) -> None:
    sms.mode("503", times=1)
    make_sms()
    deliver(seconds=5)
    message = only()
    assert (message.state, message.route) == (State.PLANNED, "")
    assert message.send_at < datetime.now(UTC) + timedelta(seconds=2)
    send_due()
    assert attempts() == [(1, OVH, "not_taken"), (2, SMSMODE, "accepted")]
    assert [entry["provider"] for entry in sms.ledger()] == [SMSMODE]


def test_what_the_first_may_have_taken_never_goes_to_the_second(sms: Steering) -> None:
    sms.mode("5xx-after-accept", times=1)
    make_sms()
    deliver(seconds=5)
    assert (only().state, only().route) == (State.UNCERTAIN, OVH)
    send_due()
    assert (attempts(), sms.counts()["accepted"]) == ([(1, OVH, "")], 1)
    carrier = routing.pick("sms", tries=1, bound_to=OVH)
    assert carrier is not None
    assert carrier.name == OVH, "not even when it is the other one's turn"


def test_five_failures_open_the_circuit_and_the_other_carries_on(sms: Steering) -> None:
    sms.mode("503")
    for n in range(5):
        make_sms(intent_key=f"m:{n}")
        deliver(seconds=5)
        OutboxMessage.objects.update(send_at=datetime.now(UTC) + timedelta(minutes=9))
    assert circuit(OVH) == (Circuit.OPEN, False)
    assert circuit(SMSMODE)[0] == Circuit.CLOSED
    sms.mode("ok")
    make_sms(intent_key="next")
    deliver(seconds=5)
    assert OutboxMessage.objects.get(intent_key="next").route == SMSMODE


def test_few_failures_among_many_sends_open_nothing(no_fallback: Steering) -> None:
    for n in range(12):
        make_sms(intent_key=f"good:{n}")
    deliver(seconds=5)
    no_fallback.mode("503")
    for n in range(5):
        make_sms(intent_key=f"bad:{n}")
    deliver(seconds=5)
    failed = Attempt.objects.filter(outcome="not_taken").count()
    assert (failed, circuit(OVH)[0]) == (5, Circuit.CLOSED), "five of seventeen"
    for n in range(3):
        make_sms(intent_key=f"worse:{n}")
    deliver(seconds=5)
    assert circuit(OVH)[0] == Circuit.OPEN


def test_a_refusal_says_nothing_against_the_provider(no_fallback: Steering) -> None:
    no_fallback.mode("bad-number")
    for n in range(6):
        make_sms(intent_key=f"m:{n}")
    deliver(seconds=5)
    assert circuit(OVH)[0] == Circuit.CLOSED
    assert set(OutboxMessage.objects.values_list("state", flat=True)) <= {
        State.UNDELIVERABLE,
        State.FAILED,
    }


@pytest.mark.parametrize(
    ("mode", "then"), [("greylist", Circuit.CLOSED), ("crowded", Circuit.OPEN)]
)
def test_mail_to_one_is_put_off_without_suspending_mail_to_all(
    mail_server: MailServer, mode: str, then: str
) -> None:
    mail_server.mode = mode
    for n in range(6):
        make_message(intent_key=f"m:{n}", recipient=f"lea{n}@example.org")
    deliver(seconds=5)
    routing.record_failure("smtp", "as if another call had failed")
    assert circuit("smtp")[0] == then
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {State.PLANNED}


def open_by_failures(gateway: Steering, mode: str = "503") -> None:
    gateway.mode(mode)
    for n in range(5):
        make_sms(intent_key=f"open:{n}")
    deliver(seconds=5)
    assert circuit(OVH)[0] == Circuit.OPEN


def test_while_no_provider_works_messages_wait_untouched(no_fallback: Steering) -> None:
    open_by_failures(no_fallback)
    make_sms(intent_key="waiting")
    send_due()
    waiting = OutboxMessage.objects.get(intent_key="waiting")
    assert (waiting.state, waiting.attempts, waiting.lease_until) == (State.PLANNED, 0, None)
    assert routing.room("sms") == 0


def test_one_message_tries_a_provider_that_failed(no_fallback: Steering) -> None:
    open_by_failures(no_fallback)
    calls = no_fallback.counts()["requests"]
    make_probe_due()
    assert routing.room("sms") == 1
    send_due()
    assert no_fallback.counts()["requests"] == calls + 1
    assert circuit(OVH)[0] == Circuit.OPEN, "it failed again"
    no_fallback.mode("ok")
    make_probe_due()
    send_due()
    assert circuit(OVH)[0] == Circuit.CLOSED
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {State.SENT}


@pytest.mark.django_db(transaction=True)
def test_of_all_who_would_probe_one_does(no_fallback: Steering) -> None:
    open_by_failures(no_fallback)
    make_probe_due()
    picked = at_once([lambda: routing.pick("sms", tries=0)] * 6)
    assert sum(carrier is not None for carrier in picked) == 1
    assert circuit(OVH)[0] == Circuit.HALF_OPEN


def test_a_probe_that_died_does_not_keep_the_circuit_for_ever(no_fallback: Steering) -> None:
    open_by_failures(no_fallback)
    make_probe_due()
    assert routing.pick("sms", tries=0) is not None
    assert routing.pick("sms", tries=0) is None
    Route.objects.update(probe_at=Now())
    routing.forget()
    assert routing.pick("sms", tries=0) is not None


@pytest.mark.parametrize("status", ["401", "402", "403"])
def test_a_problem_of_the_account_waits_for_a_person(no_fallback: Steering, status: str) -> None:
    no_fallback.mode(status)
    make_sms()
    deliver(seconds=5)
    assert circuit(OVH) == (Circuit.OPEN, True)
    assert only().state == State.PLANNED
    no_fallback.mode("ok")
    make_probe_due()
    send_due()
    assert only().state == State.PLANNED, "nobody has seen to it"
    assert routing.resume(name=OVH, actor="Claire", now=datetime.now(UTC))
    send_due()
    assert only().state == State.SENT
    assert Route.objects.get(name=OVH).changed_by == "Claire"


def test_a_provider_that_is_not_to_be_used_is_not(sms: Steering) -> None:
    routing.room("sms")
    now = datetime.now(UTC)
    holding.set_enabled(name=OVH, is_enabled=False, by="Claire", now=now)
    routing.forget()
    make_sms()
    deliver(seconds=5)
    assert only().route == SMSMODE


def test_a_call_whose_process_died_says_nothing_of_the_provider(no_fallback: Steering) -> None:
    routing.room("sms")
    for n in range(6):
        make_sms(intent_key=f"m:{n}")
    for message in ledger.claim(channel="sms", limit=6):
        ledger.begin(message, words(), route=OVH, deadline=timedelta())
    # The clock of the ledger cannot be moved: these attempts are over their deadline at once.
    assert Attempt.objects.filter(deadline_at__lte=Now()).count() == 6
    make_due()
    reconcile.doubt_overdue()
    routing.record_failure(OVH, "one that is the provider's own")
    assert circuit(OVH)[0] == Circuit.CLOSED


def test_credit_is_asked_for_and_kept(sms: Steering) -> None:
    sms.world(credit=1234)
    routing.poll_credit()
    found = Route.objects.get(name=OVH)
    assert found.credit == Decimal(1234)
    assert found.credit_unit
    assert found.credit_at is not None
    sms.world(trouble=500)
    routing.poll_credit()
    assert Route.objects.get(name=OVH).credit == Decimal(1234)

"""Lost workers, lost answers, lost time: what becomes of each message in the end."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections, transaction

from notifications import heartbeats, ledger, lost_answers, outbox, reconcile, routing
from notifications.delivery import deliver
from notifications.models import Heartbeat, OutboxMessage
from notifications.rendering import Rendered
from notifications.sms.base import Accepted, CannotTell
from notifications.turns import turn
from tests import threads
from tests.concurrency.race import at_once
from tests.factories import make_message
from tests.notifications.conftest import MailServer
from tests.notifications.messages import make_unsure
from tests.notifications.sending import attempts, begun, claim_one, make_due, only
from tests.notifications.sms.steering import Steering

pytestmark = pytest.mark.django_db
State = OutboxMessage.State


def make_sms(**fields: Any) -> None:
    make_message(**({"channel": "sms", "recipient": "+33612345678"} | fields))


def lose_answer(gateway: Steering, mode: str) -> None:
    gateway.mode(mode, times=1)
    make_sms()
    deliver(seconds=5)
    assert only().state == State.UNCERTAIN
    assert only().settle_at is not None


def put_right() -> None:
    """As if everything that waits had waited long enough."""
    make_due()
    assert reconcile.reconcile()


def ago(**how: float) -> datetime:
    return datetime.now(UTC) - timedelta(**how)


@dataclass
class Mute:
    """A carrier of SMS that nobody can ask."""

    name: str = "mute"
    channel: str = "sms"
    can_look_up: bool = False
    repeats_for: int = 0
    calls: int = 0

    def open(self) -> None: ...

    def send(self, message: OutboxMessage, rendered: Rendered, *, reference: str) -> Accepted:
        self.calls += 1
        raise TimeoutError

    def look_up(
        self, message: OutboxMessage, rendered_text: str, *, since: datetime
    ) -> Accepted | None:
        raise CannotTell

    def close(self) -> None: ...


class Confused(Mute):
    """A carrier whose first look-up is answered by something that nobody can write down."""

    can_look_up = True

    def look_up(
        self, message: OutboxMessage, rendered_text: str, *, since: datetime
    ) -> Accepted | None:
        self.calls += 1
        return Accepted(None if self.calls == 1 else "id-2", None, None)  # type: ignore[arg-type]


@pytest.fixture
def mute(monkeypatch: pytest.MonkeyPatch) -> Mute:
    carrier = Mute()
    monkeypatch.setattr(routing, "carriers", lambda channel: [carrier] * (channel == "sms"))
    return carrier


def test_a_claim_whose_worker_was_lost_is_free_again() -> None:
    make_message()
    claim_one()
    reconcile.reconcile()
    assert only().state == State.CLAIMED, "its lease still runs"
    put_right()
    assert (only().state, only().lease_owner) == (State.PLANNED, None)


@pytest.mark.django_db(transaction=True)
def test_one_that_somebody_has_locked_makes_nobody_wait() -> None:
    for name in ("busy", "lost"):
        make_message(intent_key=name)
        claim_one()
    make_due()
    with transaction.atomic():
        OutboxMessage.objects.select_for_update().get(intent_key="busy")
        threads.at_once(reconcile.free_claims)
    states = dict(OutboxMessage.objects.values_list("intent_key", "state"))
    assert states == {"busy": State.CLAIMED, "lost": State.PLANNED}


def test_a_call_whose_worker_was_lost_is_in_doubt_and_nobody_tries_again(sms: Steering) -> None:
    make_sms()
    begun("sms", route="ovh")
    put_right()
    message = only()
    assert (message.state, attempts()) == (State.UNCERTAIN, [(1, "ovh", "")])
    assert message.ledger.get().unknown_since is not None
    assert message.settle_at is not None
    wait = message.settle_at - datetime.now(UTC)
    assert timedelta(seconds=50) < wait < timedelta(seconds=61)
    assert deliver(seconds=5).total() == 0


def test_a_lost_mail_is_not_touched_while_the_server_may_be_at_it() -> None:
    make_message()
    begun(route="smtp")
    put_right()
    settle_at = only().settle_at
    assert settle_at is not None
    assert settle_at > datetime.now(UTC) + timedelta(minutes=11)


def test_what_the_provider_has_was_sent(sms: Steering) -> None:
    lose_answer(sms, "5xx-after-accept")
    put_right()
    message = only()
    assert (message.state, attempts()) == (State.SENT, [(1, "ovh", "found")])
    assert message.sent_body
    assert message.provider_id
    assert sms.counts()["accepted"] == 1


def test_what_it_does_not_have_is_asked_for_twice_and_sent_by_the_same(sms: Steering) -> None:
    lose_answer(sms, "reset-before")
    put_right()
    message = only()
    assert (message.state, message.settle_tries) == (State.UNCERTAIN, 1)
    assert message.settle_at is not None
    assert message.settle_at > datetime.now(UTC) + timedelta(seconds=50)
    put_right()
    assert (only().state, only().route) == (State.PLANNED, "ovh")
    deliver(seconds=5)
    assert attempts() == [(1, "ovh", "absent"), (2, "ovh", "accepted")]
    assert (only().state, sms.counts()["doubled"]) == (State.SENT, 0)


def test_what_was_found_the_second_time_is_not_sent_again(sms: Steering) -> None:
    sms.world(index_lag=3600)
    lose_answer(sms, "5xx-after-accept")
    put_right()
    assert only().settle_tries == 1
    sms.world(index_lag=0)
    put_right()
    assert (only().state, sms.counts()["accepted"]) == (State.SENT, 1)


def test_without_asking_it_would_have_been_sent_twice(sms: Steering) -> None:
    lose_answer(sms, "5xx-after-accept")
    row = only()
    ledger.absent(ledger.Begun(row, 1, ago()), "nobody asked")
    deliver(seconds=5)
    assert sms.counts()["doubled"] == 1


def test_a_provider_that_cannot_tell_is_asked_later_and_in_the_end_given_up(sms: Steering) -> None:
    lose_answer(sms, "5xx-after-accept")
    sms.world(trouble=500)
    for _ in range(3):
        put_right()
        message = only()
        assert (message.state, message.settle_tries) == (State.UNCERTAIN, 0)
        assert message.settle_at is not None
        assert message.settle_at > datetime.now(UTC) + timedelta(seconds=50)
    OutboxMessage.objects.update(send_at=ago(hours=80), valid_until=ago(hours=73))
    put_right()
    assert (only().state, attempts()) == (State.FAILED, [(1, "ovh", "given_up")])


def test_what_turns_out_absent_too_late_or_withdrawn_does_not_leave(sms: Steering) -> None:
    for state, change in [
        (State.EXPIRED, lambda: OutboxMessage.objects.update(valid_until=ago(minutes=1))),
        (State.SUPERSEDED, lambda: outbox.supersede(subject_refs=["x"], kinds=["code"])),
    ]:
        sms.mode("reset-before", times=1)
        make_sms(subject_ref="x")
        deliver(seconds=5)
        OutboxMessage.objects.update(send_at=ago(minutes=5))
        change()
        put_right()
        put_right()
        assert only().state == state
        OutboxMessage.objects.all().delete()


def test_a_mail_whose_answer_was_lost_is_sent_once_more_as_the_same(
    mail_server: MailServer,
) -> None:
    make_message(valid_until=datetime.now(UTC) + timedelta(hours=2))
    mail_server.mode = "vanish"
    deliver(seconds=5)
    assert (only().state, deliver(seconds=5).total()) == (State.UNCERTAIN, 0)
    put_right()
    assert only().state == State.PLANNED
    deliver(seconds=5)
    put_right()
    assert only().state == State.FAILED, "once more, not for ever"
    assert attempts() == [(1, "smtp", "given_up"), (2, "smtp", "given_up")]
    first, second = (mail["Message-ID"] for mail in mail_server.accepted)
    assert first == second


@pytest.mark.parametrize(
    ("kind", "hours", "repeats"),
    [("cancelled", 1, True), ("reminder", 1, False), ("reminder", 3, True)],
)
def test_an_sms_nobody_can_ask_about_is_repeated_only_if_it_is_worth_it(
    mute: Mute, kind: str, hours: int, repeats: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_sms(valid_until=datetime.now(UTC) + timedelta(hours=hours))
    OutboxMessage.objects.update(kind="code")
    deliver(seconds=5)
    OutboxMessage.objects.update(kind=kind)
    put_right()
    assert only().state == (State.PLANNED if repeats else State.FAILED)
    assert mute.calls == 1


def test_one_that_cannot_be_settled_does_not_stand_before_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    carrier = Confused(name="confused", can_look_up=True)
    monkeypatch.setattr(routing, "carriers", lambda channel: [carrier] * (channel == "sms"))
    first = make_unsure(since=ago(minutes=5), channel="sms", route="confused")
    second = make_unsure(since=ago(minutes=5), channel="sms", route="confused")
    lost_answers.settle_due()
    for row in (first, second):
        row.refresh_from_db()
    assert (first.state, second.state) == (State.UNCERTAIN, State.SENT)
    assert first.settle_at is not None
    assert first.settle_at > datetime.now(UTC) + timedelta(minutes=4), "asked again, but later"


def test_a_route_that_is_configured_no_more_is_waited_for() -> None:
    make_sms()
    begun("sms", route="gone")
    put_right()
    put_right()
    assert only().state == State.UNCERTAIN


def test_what_nobody_sent_in_time_expires() -> None:
    make_message()
    make_message(intent_key="later")
    OutboxMessage.objects.exclude(intent_key="later").update(
        send_at=ago(minutes=9), valid_until=ago(minutes=1)
    )
    reconcile.reconcile()
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {
        State.EXPIRED,
        State.PLANNED,
    }


def test_a_step_that_fails_keeps_none_of_the_others_from_its_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []

    def fails() -> None:
        raise ValueError

    monkeypatch.setattr(reconcile, "STEPS", [fails, lambda: done.append("next")])
    assert reconcile.reconcile()
    assert done == ["next"]


@pytest.mark.django_db(transaction=True)
def test_one_process_at_a_time_puts_things_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeats, "_last", {})
    with turn(reconcile.LOCK) as place:
        assert place == 0
        assert at_once([reconcile.reconcile]) == [False]
    assert not Heartbeat.objects.exists()
    assert reconcile.reconcile()
    assert Heartbeat.objects.filter(name=heartbeats.RECONCILER).exists()


@pytest.mark.django_db(transaction=True)
def test_only_so_many_have_their_turn_and_a_lost_one_gives_it_back() -> None:
    all_have_asked = threading.Barrier(3)

    def take() -> int | None:
        with turn(99, places=2) as place:
            all_have_asked.wait(20)
            return place

    assert set(at_once([take] * 3)) == {0, 1, None}
    with turn(99, places=1):
        connections["default"].close()  # its process is lost
        all_have_asked = threading.Barrier(1)
        assert at_once([take]) == [0]

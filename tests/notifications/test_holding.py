"""Holding stops all sending, releasing starts it; a restore doubts what may have left."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from notifications import composing, holding, lost_answers, outbox, routing
from notifications.composing import Content
from notifications.delivery import deliver
from notifications.models import OutboxMessage, Route
from notifications.sms.base import Accepted
from tests.notifications.messages import KIND, make_attempt, make_route, make_row, make_sent

pytestmark = pytest.mark.django_db
CLAIRE = "claire@example.org"


@pytest.fixture(autouse=True)
def _no_provider_but_those_of_the_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(routing, "routes", lambda _channel: [])
    routing.forget()
    yield
    routing.forget()


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("messages", *arguments, stdout=out)
    return out.getvalue()


def enabled() -> list[str]:
    return list(Route.objects.filter(is_enabled=True).values_list("name", flat=True))


def test_all_are_held_and_only_those_are_released() -> None:
    make_route("smtp"), make_route("ovh", "sms")
    make_route("brevo", "sms", is_enabled=False, reason="trop cher")
    assert run("hold") == "held: smtp, ovh\n"
    assert enabled() == []
    assert run("hold") == "held: all were held already\n"
    assert run("release") == "released: smtp, ovh\n"
    assert enabled() == ["smtp", "ovh"]
    held = Route.objects.get(name="ovh")
    assert held.changed_by.startswith("manage.py")
    assert held.changed_at is not None


def test_without_a_provider_there_is_nothing_to_hold() -> None:
    with pytest.raises(CommandError, match="No provider"):
        run("hold")
    with pytest.raises(holding.NoProvider):
        holding.doubt(since=timezone.now())


def test_one_that_a_person_stopped_alone_is_not_released() -> None:
    now = timezone.now()
    make_route("ovh", "sms")
    run("hold")
    for is_enabled in (True, False):
        out = holding.set_enabled(name="ovh", is_enabled=is_enabled, by=CLAIRE, now=now)
        assert (out.is_enabled, out.changed_by, out.changed_at) == (is_enabled, CLAIRE, now)
    later = now + timedelta(minutes=1)
    again = holding.set_enabled(name="ovh", is_enabled=False, by="marc@example.org", now=later)
    assert again.changed_by == CLAIRE, "pressing twice is pressing once"
    assert holding.release(by=CLAIRE, now=later) == []


def test_after_a_restore_what_is_due_or_was_leaving_is_asked_for_not_sent() -> None:
    make_route("smtp", position=0), make_route("brevo", position=1)
    now = timezone.now()
    restored_at = now - timedelta(hours=3)
    since = make_row(state="planned", send_at=now - timedelta(hours=1))
    tried = make_row(state="planned", send_at=now - timedelta(hours=1), attempts=1)
    make_attempt(tried, "absent", route="brevo")
    before = make_row(state="planned", send_at=now - timedelta(hours=5))
    lease = {"lease_until": now + timedelta(minutes=1), "lease_owner": uuid4()}
    claimed = make_row(state="claimed", send_at=now - timedelta(hours=5), **lease)
    leaving = make_row(state="sending", send_at=now - timedelta(hours=5), **lease)
    make_attempt(leaving, "", opened_at=now - timedelta(hours=4))
    ahead = make_row(state="planned", send_at=now + timedelta(hours=1))
    sent = make_sent()
    run("hold")
    assert run("doubt", "--since", restored_at.isoformat()) == "to be asked for: 5\n"
    doubted = (since, tried, before, claimed, leaving)
    for row in (*doubted, ahead, sent):
        row.refresh_from_db()
    assert [row.state for row in (*doubted, ahead, sent)] == [*["uncertain"] * 5, "planned", "sent"]
    assert {row.lease_owner for row in doubted} == {None}
    assert leaving.ledger.get().unknown_since is not None
    # Providers are asked from the moment when it may have left.
    assert before.ledger.get().opened_at == restored_at
    assert since.ledger.get().opened_at == since.send_at
    attempt = since.ledger.get()
    assert (attempt.route, attempt.closed_at, attempt.number) == ("smtp", None, 1)
    assert attempt.unknown_since is not None
    assert since.settle_at is not None
    open_one = tried.ledger.get(closed_at=None)
    assert (open_one.route, open_one.number) == ("brevo", 2), "whoever had it before is asked"
    assert run("doubt", "--since", restored_at.isoformat()) == "to be asked for: 0\n"


def test_doubting_without_a_hold_is_refused() -> None:
    make_route("smtp")
    with pytest.raises(CommandError, match="Hold first"):
        run("doubt", "--since", "2026-11-26T03:00:00+01:00")
    run("hold")
    with pytest.raises(CommandError, match="an instant"):
        run("doubt", "--since", "hier")


def test_the_status_ends_with_1_while_something_is_urgent() -> None:
    make_route("smtp")
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("messages", "status", stdout=out)
    assert ended.value.code == 1
    assert "critical: beat_silent" in out.getvalue()
    assert "docs/runbooks/redis-lost.md" in out.getvalue()


class Provider:
    """A carrier that knows which references it has taken; `sent` is what it is handed now."""

    name, channel, can_look_up, repeats_for = "smtp", "email", True, 0

    def __init__(self, *, has: Collection[str] = ()) -> None:
        self.has = set(has)
        self.sent: list[str] = []

    def open(self) -> None: ...

    def close(self) -> None: ...

    def send(self, message: OutboxMessage, _rendered: object, *, reference: str) -> Accepted:
        self.sent.append(message.intent_key)
        return Accepted(reference, None, None)

    def look_up(self, message: OutboxMessage, _text: str, *, since: datetime) -> Accepted | None:
        known = outbox.reference(message)
        return Accepted(known, None, None) if known in self.has else None


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The one provider of this installation."""
    one = Provider()
    monkeypatch.setattr(routing, "routes", lambda channel: [one] if channel == "email" else [])
    monkeypatch.setitem(composing._composers, KIND, lambda message: Content(message.context))
    return one


def code(**fields: Any) -> OutboxMessage:
    """A message that can be put into words without anybody's help."""
    return make_row(state="planned", kind="code", context={"code": "1", "minutes": 9}, **fields)


def test_a_provider_that_never_sent_is_held_too(provider: Provider) -> None:
    assert run("hold") == "held: smtp\n"


def test_nothing_leaves_while_all_is_held_and_it_does_once_released(provider: Provider) -> None:
    make_route("smtp")
    waiting = code()
    run("hold")
    routing.forget()
    deliver(seconds=5)
    assert provider.sent == []
    run("release")
    routing.forget()
    OutboxMessage.objects.update(send_at=timezone.now() - timedelta(minutes=1))
    deliver(seconds=5)
    assert provider.sent == [waiting.intent_key]


@pytest.mark.parametrize("is_doubted", [True, False])
def test_a_restored_service_sends_nothing_that_had_left(
    provider: Provider, *, is_doubted: bool
) -> None:
    """The twin, which forgets to ask, sends it a second time."""
    make_route("smtp")
    hour = {"send_at": timezone.now() - timedelta(hours=1)}
    left, never = code(**hour), code(**hour)
    provider.has = {outbox.reference(left)}
    run("hold")
    if is_doubted:
        run("doubt", "--since", (timezone.now() - timedelta(hours=3)).isoformat())
        for _ in range(2):  # absent twice is absent
            lost_answers.settle_due()
            OutboxMessage.objects.filter(state="uncertain").update(settle_at=timezone.now())
    run("release")
    routing.forget()
    deliver(seconds=5)
    left.refresh_from_db()
    if is_doubted:
        assert left.ledger.get().outcome == "found"
        assert provider.sent == [never.intent_key]
    else:
        assert sorted(provider.sent) == sorted([left.intent_key, never.intent_key])

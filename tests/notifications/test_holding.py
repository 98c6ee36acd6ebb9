"""Holding stops all sending, releasing starts it; a restore doubts what may have left."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from notifications import holding
from notifications.models import Route
from tests.notifications.messages import make_attempt, make_route, make_row, make_sent

pytestmark = pytest.mark.django_db
CLAIRE = "claire@example.org"


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


def test_a_provider_is_put_back_or_out_of_use_with_a_signature() -> None:
    now = timezone.now()
    make_route("ovh", "sms", circuit="open", needs_person=True, reason="402", opened_at=now)
    back = holding.put_back(name="ovh", by=CLAIRE, now=now)
    assert (back.circuit, back.needs_person, back.reason) == ("closed", False, "")
    assert (back.opened_at, back.probe_at, back.changed_by) == (None, None, CLAIRE)
    later = now + timedelta(minutes=1)
    assert holding.put_back(name="ovh", by="marc@example.org", now=later).changed_by == CLAIRE
    out = holding.set_enabled(name="ovh", is_enabled=False, by="marc@example.org", now=later)
    assert (out.is_enabled, out.changed_by, out.changed_at) == (False, "marc@example.org", later)
    assert holding.release(by=CLAIRE, now=later) == [], "nobody held it: a person stopped it"


def test_after_a_restore_what_was_due_since_is_asked_for_not_sent() -> None:
    make_route("smtp", position=0), make_route("brevo", position=1)
    now = timezone.now()
    restored_at = now - timedelta(hours=3)
    since = make_row(state="planned", send_at=now - timedelta(hours=1))
    tried = make_row(state="planned", send_at=now - timedelta(hours=1), attempts=1)
    make_attempt(tried, "absent", route="brevo")
    before = make_row(state="planned", send_at=now - timedelta(hours=5))
    ahead = make_row(state="planned", send_at=now + timedelta(hours=1))
    sent = make_sent()
    run("hold")
    assert run("doubt", "--since", restored_at.isoformat()) == "to be asked for: 2\n"
    for row in (since, tried, before, ahead, sent):
        row.refresh_from_db()
    states = [row.state for row in (since, tried, before, ahead, sent)]
    assert states == ["uncertain", "uncertain", "planned", "planned", "sent"]
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

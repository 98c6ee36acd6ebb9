"""A message that reached nobody takes another way, once; codes and what was withdrawn never do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from notifications import fallback, hours, outbox, problems
from notifications.models import OutboxMessage
from tests.notifications.posted import NUMBER, posted
from tests.threads import at_once

pytestmark = pytest.mark.django_db
EMAIL = {"channel": "email", "recipient": "nadia@example.org"}
OTHER = {"channel": "sms", "recipient": "+33699999999"}


@pytest.fixture(autouse=True)
def _any_time_of_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Booking's hours have tests of their own."""
    monkeypatch.setattr(hours, "_openers", [])


def lost(state: str = "undeliverable", **fields: Any) -> OutboxMessage:
    return posted(state, **{"alternatives": [EMAIL], **fields})


def hence(**time: float) -> datetime:
    return datetime.now(UTC) + timedelta(**time)


def replacements() -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(state="planned").order_by("pk"))


@pytest.mark.parametrize("state", ["undeliverable", "failed", "suppressed"])
def test_it_is_written_anew_for_the_next_address(state: str) -> None:
    old = lost(
        state, alternatives=[EMAIL, OTHER], scope="redon", person_ref="household:1", version=3
    )
    assert fallback.change_channels() == 1
    (new,) = replacements()
    assert (new.channel, new.recipient, new.alternatives) == (*EMAIL.values(), [OTHER])
    assert new.intent_key == f"{old.intent_key}:email:1"
    assert new.instead_of == old
    same = ("kind", "subject_ref", "person_ref", "scope", "language", "version", "valid_until")
    assert [getattr(new, name) for name in same] == [getattr(old, name) for name in same]
    old.refresh_from_db()
    assert (old.state, old.handled_as, old.handled_by) == (state, "automatic", "system")
    assert old.handled_at is not None
    assert fallback.change_channels() == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "sent"},
        {"state": "uncertain"},
        {"state": "expired", "valid_until": hence(minutes=-5)},
        {"state": "superseded"},
        {"kind": "code"},
        {"is_withdrawn": True},
        {"alternatives": []},
        {"handled_as": "told", "handled_at": hence()},
        {"valid_until": hence(minutes=-1)},
        {"valid_until": hence(hours=1, minutes=50)},
        {"kind": "confirmation", "valid_until": hence(minutes=-1)},
        {"kind": "reply_kept"},  # it has no words for an e-mail
    ],
)
def test_it_is_left_as_it_is(fields: dict[str, Any]) -> None:
    message = lost(**fields)
    before = (message.state, message.handled_as)
    assert fallback.change_channels() == 0
    assert OutboxMessage.objects.count() == 1
    message.refresh_from_db()
    assert (message.state, message.handled_as) == before


def test_news_of_a_change_is_told_until_the_last_minute() -> None:
    lost(kind="cancelled", valid_until=hence(minutes=10))
    lost(kind="reminder", valid_until=hence(hours=2, minutes=10))
    assert fallback.change_channels() == 2


def test_an_address_in_default_is_passed_over() -> None:
    problems.record([problems.Problem("email", "nadia@example.org", "dead")])
    lost(alternatives=[{**EMAIL, "recipient": "Nadia@example.org"}, OTHER])
    assert fallback.change_channels() == 1
    assert [new.recipient for new in replacements()] == [OTHER["recipient"]]


def test_without_a_way_that_works_it_stays_for_a_person_and_is_not_looked_at_again() -> None:
    problems.record([problems.Problem("email", "nadia@example.org", "dead")])
    message = lost()
    assert fallback.change_channels() == 0
    message.refresh_from_db()
    assert (message.handled_as, message.alternatives) == ("", [])


def test_the_second_way_may_fail_too() -> None:
    lost(alternatives=[EMAIL, OTHER])
    fallback.change_channels()
    OutboxMessage.objects.filter(state="planned").update(state="failed")
    fallback.change_channels()
    (new,) = replacements()
    assert (new.recipient, new.alternatives) == (OTHER["recipient"], [])
    assert new.intent_key.endswith(":email:1:sms:1")


def test_many_are_done_page_by_page() -> None:
    for _ in range(7):
        lost()
    assert fallback.change_channels(limit=3) == 7


def test_a_stop_sends_what_was_planned_by_another_way() -> None:
    lost("planned")
    problems.record([problems.Problem("sms", NUMBER, "stop")])
    assert fallback.change_channels() == 1
    assert [new.channel for new in replacements()] == ["email"]


def opening(moment: datetime | None) -> hours.Opener:
    """Mail may leave then, for an hour at most; SMS now."""
    later = hours.Opening(moment, moment + timedelta(hours=1)) if moment else None
    return lambda _message, way, now: (
        later if way["channel"] == "email" else hours.Opening(now, None)
    )


def test_it_leaves_when_it_may() -> None:
    later = hence(hours=3)
    hours.register(opening(later))
    lost()
    fallback.change_channels()
    (new,) = replacements()
    assert (new.send_at, new.leave_by) == (later, later + timedelta(hours=1))


@pytest.mark.parametrize("moment", [None, hence(days=2)])
def test_a_way_that_is_not_open_in_time_is_passed_over(moment: datetime | None) -> None:
    hours.register(opening(moment))
    lost(alternatives=[EMAIL, OTHER])
    fallback.change_channels()
    assert [new.channel for new in replacements()] == ["sms"]


@pytest.mark.django_db(transaction=True)
def test_four_at_once_write_one_each() -> None:
    for _ in range(12):
        lost()
    done = at_once(*[lambda: fallback.change_channels(limit=2)] * 4)
    assert sum(done) == 12
    assert len(replacements()) == 12


@pytest.fixture
def without_the_unique_key() -> None:
    """The database as it would be without its guard, until the test is rolled back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'u'"
            " AND conrelid = 'notifications_outboxmessage'::regclass"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE notifications_outboxmessage DROP CONSTRAINT "{name}"')


def test_a_message_whose_mark_was_lost_is_not_doubled() -> None:
    """As after a restore: the replacement is there, the original does not say so."""
    lost()
    fallback.change_channels()
    OutboxMessage.objects.update(handled_as="", handled_at=None)
    fallback.change_channels()
    assert len(replacements()) == 1


@pytest.mark.usefixtures("without_the_unique_key")
def test_without_the_unique_key_it_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    unguarded = outbox.INSERT.replace("ON CONFLICT (intent_key) DO NOTHING", "")
    monkeypatch.setattr(outbox, "INSERT", unguarded)
    lost()
    fallback.change_channels()
    OutboxMessage.objects.update(handled_as="", handled_at=None)
    fallback.change_channels()
    assert len(replacements()) == 2

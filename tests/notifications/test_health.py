"""The figures say what is in the database, in a fixed number of bounded statements."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from notifications import health
from notifications.alarms import Figures, alarms
from notifications.models import Heartbeat
from tests.notifications.messages import (
    make_attempt,
    make_route,
    make_row,
    make_sent,
    make_unsure,
)

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")


def figures() -> Figures:
    return health.read(now=timezone.now(), zone=PARIS)


def test_nothing_at_all_is_read_as_nothing() -> None:
    found = figures()
    assert (found.due, found.planned, found.uncertain, found.dead, found.unbalanced) == (0,) * 5
    assert found.last_accepted_at is None
    assert abs(found.drift) < 2


def test_what_waits_is_counted_by_what_it_waits_for() -> None:
    now = timezone.now()
    make_row(state="planned", send_at=now - timedelta(seconds=90))
    make_row(state="claimed", send_at=now - timedelta(seconds=10))
    make_row(state="planned", send_at=now + timedelta(hours=1))
    make_row(state="planned", send_at=now - timedelta(days=2), valid_until=now - timedelta(days=1))
    make_unsure(since=now - timedelta(minutes=20))
    make_attempt(make_row(state="sending"), "")
    found = figures()
    assert (found.due, found.planned, found.sending, found.uncertain) == (2, 1, 1, 1)
    assert 89 < found.overdue < 100
    assert 1199 < found.uncertain_for < 1220


def test_lost_messages_are_those_that_wait_for_a_person() -> None:
    now = timezone.now()
    make_row()
    make_row(state="undeliverable")
    make_row(state="suppressed")
    make_row(kind="code")
    make_row(handled_as="told", handled_at=now)
    make_row(send_at=now - timedelta(days=9), valid_until=now - timedelta(days=8))
    assert figures().dead == 3


def test_the_time_to_send_is_told_by_channel_for_the_day_and_the_hour() -> None:
    make_route("smtp"), make_route("ovh", "sms")
    for seconds in (1, 2, 3, 4):
        make_sent(seconds=seconds)
    make_sent(seconds=100, ago=timedelta(hours=5))
    make_sent(seconds=7, channel="sms", route="ovh")
    make_sent(seconds=900, ago=timedelta(hours=30))
    speeds = {(each.channel, each.hours): each for each in figures().speeds}
    assert speeds["email", 1].messages == 4
    assert speeds["email", 1].p50 == pytest.approx(2.5, abs=0.01)
    assert speeds["email", 24].messages == 5
    assert speeds["email", 24].p99 == pytest.approx(96.16, abs=0.1)
    assert speeds["sms", 24].p95 == pytest.approx(7, abs=0.01)


def test_a_message_tried_again_counts_from_its_first_attempt() -> None:
    make_route("smtp")
    message, now = make_row(state="sent", sent_at=timezone.now()), timezone.now()
    began = now - timedelta(seconds=300)
    make_attempt(message, "not_taken", opened_at=began, closed_at=began)
    make_attempt(message)
    type(message).objects.filter(pk=message.pk).update(send_at=now)
    (speed, *_) = figures().speeds
    assert speed.p50 == pytest.approx(300, abs=2)


def test_credit_is_told_in_days_at_the_pace_of_the_week() -> None:
    make_route("ovh", "sms", credit=Decimal(90), credit_unit="sms")
    make_route("brevo", "sms", credit=Decimal(10), credit_unit="euros")
    for _ in range(7):
        make_sent(channel="sms", route="ovh", segments=3)
        make_sent(channel="sms", route="brevo", segments=1, cost=Decimal("0.05"))
    make_sent(channel="sms", route="ovh", segments=99, ago=timedelta(days=8))
    found = {each.name: each for each in figures().providers}
    assert found["ovh"].days_left == 30
    assert found["brevo"].days_left == 200
    assert found["ovh"].last_accepted_at is not None


def test_sms_are_told_by_centre_and_month() -> None:
    make_route("ovh", "sms"), make_route("smtp")
    for scope in ("redon", "redon", "vitre"):
        make_sent(channel="sms", route="ovh", scope=scope, segments=2, cost=Decimal("0.06"))
    make_sent(scope="redon")
    month = timezone.localtime().strftime("%Y-%m")
    rows = [(row.centre, row.month, row.segments, row.cost) for row in figures().spending]
    assert rows == [
        ("redon", month, 4, Decimal("0.1200")),
        ("vitre", month, 2, Decimal("0.0600")),
    ]


def test_as_many_months_are_told_as_are_asked_for() -> None:
    make_route("ovh", "sms")
    last = timezone.localtime().replace(day=1) - timedelta(days=2)
    make_sent(channel="sms", route="ovh", segments=1, ago=timezone.now() - last)
    make_sent(channel="sms", route="ovh", segments=1)
    month = timezone.localtime().strftime("%Y-%m")
    assert [row.month for row in figures().spending] == [month]
    both = health.read(now=timezone.now(), zone=PARIS, months=2).spending
    assert [row.month for row in both] == [month, last.strftime("%Y-%m")]


def test_a_ledger_that_contradicts_its_messages_is_found() -> None:
    make_route("smtp")
    make_sent()
    assert figures().unbalanced == 0
    make_row(state="sent", sent_at=timezone.now())
    make_attempt(make_row(state="planned", sent_at=None))
    twice = make_sent()
    make_attempt(twice, "found")
    assert figures().unbalanced == 3
    assert "unbalanced" in {alarm.name for alarm in alarms(figures())}


def test_signs_of_life_age_on_the_clock_of_the_database() -> None:
    Heartbeat.objects.create(name="beat", at=timezone.now() - timedelta(seconds=40))
    assert 39 < figures().silent["beat"] < 50


def test_it_reads_as_often_with_ten_rows_as_with_none(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for rows in (0, 10):
        for number in range(rows):
            make_route(f"sms{number}", "sms", credit=Decimal(9))
            make_sent(channel="sms", route=f"sms{number}", scope=f"centre-{number}")
            make_unsure(since=timezone.now())
            make_row()
        with django_assert_num_queries(7):
            figures()


@pytest.mark.parametrize(
    ("name", "indexes"),
    [
        ("OPEN", ["message_due", "message_lost", "attempt_o"]),
        ("SPEEDS", ["attempt_of_route"]),
        ("PACE", ["attempt_of_route"]),
        ("SPENT", ["attempt_of_route"]),
        ("UNBALANCED", ["attempt_of_route", "notifications_outboxmessage_pkey"]),
    ],
)
def test_no_statement_reads_the_history(name: str, indexes: list[str]) -> None:
    """Where a table could only be read whole, the planner says so when that is made dear."""
    values = {
        "routes": ["smtp"],
        "newest": health.NEWEST,
        "since": timezone.now() - timedelta(days=40),
        "zone": "Europe/Paris",
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {getattr(health, name)}", values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan on notifications_attempt" not in plan
    assert "Seq Scan on notifications_outboxmessage" not in plan
    assert [index for index in indexes if index not in plan] == []

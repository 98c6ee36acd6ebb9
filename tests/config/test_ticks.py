"""Ticks outlive a clock that is ahead, and those that pile up meanwhile are soon through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.celery import SECOND, SHORTEST_LIFE, app
from notifications import pool, tasks
from notifications.turns import turn
from tests.threads import at_once


@pytest.mark.parametrize("name", sorted(app.conf.beat_schedule))
def test_a_worker_whose_clock_is_minutes_ahead_drops_no_tick(name: str) -> None:
    entry = app.conf.beat_schedule[name]
    message = app.amqp.as_task_v2("id", entry["task"], **entry["options"])
    there = datetime.now(UTC) + timedelta(minutes=4)
    assert datetime.fromisoformat(message.headers["expires"]) > there


@pytest.mark.django_db(transaction=True)
def test_ticks_that_have_piled_up_cost_a_question_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "run", lambda **_how: pytest.fail("all places are taken"))
    monkeypatch.setattr(settings, "SENDERS", 1)

    def drain() -> int:
        with CaptureQueriesContext(connection) as queries:
            for _ in range(int(SHORTEST_LIFE / SECOND)):
                tasks.deliver_due()
        return len(queries)

    with turn(tasks.SENDING):
        assert at_once(drain) == [SHORTEST_LIFE / SECOND]

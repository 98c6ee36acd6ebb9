"""Many threads: nobody waits behind a backlog or a provider that hangs, and an end is orderly."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections

from notifications import delivery, heartbeats, ledger, outbox, pool, tasks
from notifications.delivery import What
from notifications.models import Attempt, Heartbeat, OutboxMessage
from notifications.turns import turn
from tests.factories import make_message
from tests.notifications.conftest import MailServer
from tests.notifications.sms.steering import Steering

pytestmark = pytest.mark.django_db(transaction=True)
State = OutboxMessage.State


def make_sms(many: int = 1, **fields: Any) -> None:
    for n in range(many):
        defaults = {
            "intent_key": f"{fields.get('priority', 3)}:{n}",
            "channel": "sms",
            "recipient": f"+336123{n:05}",
        }
        make_message(**(defaults | fields))


def until(is_so: Callable[[], bool], *, seconds: float = 10) -> float:
    """How long it took."""
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < seconds, "it never came"
        time.sleep(0.01)
    return time.monotonic() - started


def is_sent(**which: Any) -> bool:
    return not OutboxMessage.objects.filter(**which).exclude(state=State.SENT).exists()


@contextmanager
def running(**how: Any) -> Iterator[Counter[What]]:
    """A pool that sends meanwhile; afterwards, what it did."""
    stop, tally = threading.Event(), Counter[What]()

    def run() -> None:
        try:
            tally.update(pool.run(seconds=60, must_stop=stop.is_set, **how))
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield tally
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def sessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def test_what_becomes_due_while_it_runs_leaves_soon(sms: Steering) -> None:
    with running() as tally:
        make_sms()
        assert until(is_sent) < 5
        make_sms(intent_key="another")
        assert until(is_sent) < 5
    assert tally == Counter(sent=2)
    assert Heartbeat.objects.filter(name=heartbeats.WORKER).exists()


def test_many_leave_each_once_and_all_connections_are_closed(sms: Steering) -> None:
    make_sms(150, priority=outbox.BULK)
    before = sessions()
    with running():
        until(is_sent)
    assert sms.counts()["accepted"] == 150
    assert sms.counts()["doubled"] == 0
    assert Attempt.objects.count() == 150
    until(lambda: sessions() <= before)


def test_a_confirmation_does_not_wait_behind_a_backlog(sms: Steering) -> None:
    sms.mode("latency", seconds=0.5)
    make_sms(120, priority=outbox.BULK)
    with running():
        until(lambda: sms.counts()["accepted"] > 5)
        make_sms(priority=outbox.NORMAL)
        until(lambda: is_sent(priority=outbox.NORMAL))
        assert not is_sent(), "the backlog is still there"


def test_without_threads_of_its_own_it_would_wait(sms: Steering) -> None:
    sms.mode("latency", seconds=0.3)
    make_sms(8, priority=outbox.BULK)
    with running(threads=1, reserved=0):
        until(lambda: sms.counts()["accepted"] > 0)
        make_sms(priority=outbox.NORMAL)
        assert until(lambda: is_sent(priority=outbox.NORMAL)) > 1


def test_a_provider_of_sms_that_hangs_delays_no_mail(
    sms: Steering, mail_server: MailServer
) -> None:
    sms.mode("latency", seconds=2)
    make_sms(26)
    with running():
        until(lambda: sms.counts()["accepted"] > 5)
        make_message(intent_key="mail")
        until(lambda: is_sent(channel="email"))
        assert not is_sent(channel="sms"), "they still hang"


def test_told_to_end_it_finishes_what_is_in_hand_and_gives_the_rest_back(sms: Steering) -> None:
    sms.mode("latency", seconds=0.5)
    make_sms(60)
    with running():
        until(lambda: sms.counts()["accepted"] > 5)
    found = Counter(OutboxMessage.objects.values_list("state", flat=True))
    assert set(found) == {State.SENT, State.PLANNED}
    assert found[State.SENT] == sms.counts()["accepted"]


def test_the_answer_of_a_provider_outlives_an_absence_of_the_database(
    sms: Steering, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted, absences = ledger.accepted, iter([OperationalError, OperationalError])

    def away_twice(*given: Any, **named: Any) -> bool:
        for error in absences:
            raise error
        return accepted(*given, **named)

    monkeypatch.setattr(ledger, "accepted", away_twice)
    make_sms()
    assert delivery.deliver(seconds=5)["sent"] == 1
    assert is_sent()


def test_a_run_ends_when_the_database_goes_away(
    sms: Steering, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_given: Any, **_named: Any) -> list[OutboxMessage]:
        raise OperationalError("gone")

    monkeypatch.setattr(ledger, "claim", away)
    started = time.monotonic()
    assert pool.run(seconds=30) == Counter()
    assert time.monotonic() - started < 5


def test_enough_run_already_so_this_child_stays_free(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[float] = []
    monkeypatch.setattr(pool, "run", lambda **how: runs.append(how["seconds"]))
    settings.SENDERS = 1
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with turn(tasks.SENDING, places=1):
            held.set()
            done.wait(10)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    tasks.deliver_due()
    done.set()
    thread.join()
    assert runs == []
    tasks.deliver_due()
    assert len(runs) == 1


def test_late_reminders_are_not_sent_first(sms: Steering) -> None:
    make_sms(priority=outbox.BULK, send_at=datetime.now(UTC) - timedelta(hours=1))
    make_sms(priority=outbox.URGENT)
    assert [m.priority for m in ledger.claim(channel="sms", limit=2)] == [1, 7]


def test_children_of_a_worker_that_is_told_to_end_claim_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(pool, "run", lambda **how: asked.append(how["must_stop"]()))
    tasks.deliver_due()
    child = os.fork()
    if not child:
        tasks._end()  # the other way round: what one process writes the other reads
        os._exit(0)
    os.waitpid(child, 0)
    tasks.deliver_due()
    tasks._is_ending[0] = 0
    assert asked == [False, True]

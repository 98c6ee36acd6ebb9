"""`manage.py deliver --forever`: no error ends half of it; told to end, all of it ends."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from django.core.management import call_command
from django.db import InternalError, connection

from notifications import pool
from notifications.management.commands import deliver
from tests.factories import make_message
from tests.notifications.sending import run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _as_fast_as_can_be(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(deliver, "PAUSE_SECONDS", 0.01)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def write_in_a_read_only_database() -> None:
    run("SET default_transaction_read_only = on")
    make_message()


def send_by(monkeypatch: pytest.MonkeyPatch, *passes: Callable[[], object]) -> None:
    """Each pass does this, one after the other."""
    left = list(passes)

    def run_pass(**_how: object) -> Counter[str]:
        left.pop(0)()
        return Counter()

    monkeypatch.setattr(pool, "run", run_pass)


def reconcilers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "reconciler"]


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_that_a_read_only_database_is_no_lost_connection() -> None:
    with pytest.raises(InternalError):
        write_in_a_read_only_database()
    connection.close()


def test_it_goes_on_after_whatever_a_pass_meets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    send_by(monkeypatch, write_in_a_read_only_database, lambda: {}["gone"], terminate)
    call_command("deliver", "--forever")
    assert "read-only" in capsys.readouterr().err
    assert reconcilers() == []


def test_whatever_ends_it_ends_the_reconciler_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a process that sends nothing would look alive."""

    def end() -> None:
        raise SystemExit

    send_by(monkeypatch, end)
    with pytest.raises(SystemExit):
        call_command("deliver", "--forever")
    assert reconcilers() == []

"""Families race over HTTP against the real web server: nothing is booked twice, whatever dies."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from bench import race
from bench.client import Broken, Client
from bench.web import WORKERS, running
from centres.models import Shift
from tests.factories import make_appointment

pytestmark = pytest.mark.faults

ROUNDS = 3
Web = tuple[int, int]


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """The test database, as another process reaches it."""
    address = urlsplit(os.environ["DATABASE_URL"])
    return address._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


@pytest.fixture
def web(tmp_path: Path, database_url: str) -> Iterator[Web]:
    """Two web processes on the test database: their port, and the id of their parent."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url,
        "TRUSTED_PROXIES": "127.0.0.1/32",
    }
    with running(tmp_path, environment) as started:
        yield started


def test_a_thousand_attempts_and_no_double_booking(web: Web) -> None:
    course = race.lay_course(ROUNDS, now=datetime.now(UTC))
    tallies = [
        race.run_round(web[0], this, clients=50, tries=8, seed=number)
        for number, this in enumerate(course)
    ]
    assert race.failures(race.judge(), tallies) == []
    assert sum(tally.broken for tally in tallies) == 0
    assert sum(tally.attempts for tally in tallies) >= 1000
    asked_for = {what for tally in tallies for what, _ in tally.answers}
    assert asked_for >= {"hold", "confirm", "give back", "cancel", "move", "confirm move"}
    # Each time and each seat found its family, but for those given back or cancelled at the end.
    assert race.winners() >= ROUNDS * (race.SLOTS + race.SEATS) // 2


def test_killed_web_processes_leave_nothing_half_done(web: Web) -> None:
    port, parent = web
    course = race.lay_course(1, now=datetime.now(UTC))
    stop, killed = threading.Event(), list[int]()
    killer = threading.Thread(target=_kill_now_and_then, args=(parent, stop, killed))
    killer.start()
    try:
        tally = race.run_round(port, course[0], clients=20, tries=40, seed=7)
    finally:
        stop.set()
        killer.join()
    assert len(killed) == WORKERS
    assert tally.broken
    assert race.failures(race.judge(), [tally]) == []
    assert _answers_again(port)


@pytest.mark.django_db
def test_the_judge_sees_what_the_database_would_refuse() -> None:
    """Without its constraints, rows like these are found guilty: the verdict means something."""
    race.lay_course(1, now=datetime.now(UTC))
    with connection.cursor() as cursor:
        for change in (
            "DROP CONSTRAINT appointment_no_double_booking",
            "DISABLE TRIGGER appointment_seat",
        ):
            cursor.execute(f"ALTER TABLE booking_appointment {change}")
    single, session = Shift.objects.filter(centre__slug=race.CENTRE).order_by("seats")
    for _ in range(2):
        make_appointment(single)
    for seat in range(race.SEATS + 1):
        make_appointment(session, seat=seat + 1)
    verdict = race.judge()
    assert (verdict.overlaps, verdict.too_full, verdict.half_done) == (1, 1, race.SEATS + 3)


def _kill_now_and_then(parent: int, stop: threading.Event, killed: list[int]) -> None:
    """Each web process once, while the families go on; its parent starts another in its place."""
    for worker in _children(parent):
        if stop.wait(0.7):
            return
        os.kill(worker, signal.SIGKILL)
        killed.append(worker)


def _children(parent: int) -> list[int]:
    """The web processes themselves, not Python's helper beside them."""
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [pid for pid in map(int, found) if b"resource_tracker" not in _command(pid)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b"resource_tracker"


def _answers_again(port: int) -> bool:
    pause = threading.Event()
    for _ in range(160):
        try:
            with Client(port) as client:
                return client.get("/healthz").status == 200
        except Broken:
            pause.wait(0.25)
    return False

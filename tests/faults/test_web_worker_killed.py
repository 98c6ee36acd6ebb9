"""kill -9 of web processes, again and again, while families book: nothing is ever half done.

Each kill waits until the service works again, so that it falls into requests, not into silence.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection

from bench.client import Answer, Broken, Client
from bench.family import Family
from booking.access import appointment_for_link
from centres.calendar import to_minute
from centres.models import Shift
from tests.factories import (
    make_appointment,
    make_centre,
    make_guardian,
    make_message,
    make_practitioner,
    make_shift,
    make_site,
    make_type,
)
from tests.faults.aftermath import broken_promises
from tests.journeys.website import Website, website

pytestmark = pytest.mark.faults
# Twelve seconds are enough on a quiet machine; a busy one gets longer, until it had enough kills.
SECONDS, LONGEST = 12, 90
FEWEST_KILLS, MOST_KILLS = 12, 40
CLIENTS, WORKERS, PRACTITIONERS = 8, 4, 5
YESES_BETWEEN_KILLS = 20
STEP = 20
NAME = "fault"


@dataclass
class Story:
    """What the families were told: the state of each appointment after the last clear yes.

    An answer that never came promises nothing, so it takes the appointment off the list.
    """

    answers: Counter[str] = field(default_factory=Counter)
    promised: dict[str, str] = field(default_factory=dict)

    @property
    def yeses(self) -> int:
        return sum(n for name, n in self.answers.items() if name.endswith("302"))

    def ask(self, what: str, answer: Answer) -> bool:
        """Note a clear answer, yes or no; there is no other kind."""
        self.answers[f"{what} {answer.status}"] += 1
        assert answer.status in (302, 409, 410), f"{what}: {answer.head}"
        return answer.status == 302


@pytest.fixture
def site(django_db_setup: None) -> Iterator[Website]:
    with website(workers=WORKERS, TRUSTED_PROXIES="127.0.0.1/32") as running:
        yield running


def test_kills_in_the_middle_of_everything_leave_nothing_half_done(
    transactional_db: None, site: Website
) -> None:
    *choices, spare = _open_centre()
    stories = [Story() for _ in range(CLIENTS)]
    with _families(site.port, choices, stories):
        kills = _kill_often(site.parent, stories)
    told = sum((story.answers for story in stories), Counter())
    print(f"{kills} kills; {dict(told)}")  # noqa: T201  figures for who runs it with -s
    assert kills >= FEWEST_KILLS
    assert told["lost"] >= kills, "the kills fell between the requests"
    assert min(told[f"{what} 302"] for what in ("hold", "confirm", "move", "cancel")) >= 3
    assert broken_promises() == []
    for story in stories:
        assert {token: _state(token) for token in story.promised} == story.promised
    _one_more_booking(site.port, spare)


def test_what_is_half_done_would_be_seen(db: None) -> None:
    """Rows such as a crash might leave, were it not for transactions: each is found guilty."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE booking_appointment DROP CONSTRAINT appointment_no_double_booking"
        )
    shift = make_shift()
    booked = [make_appointment(shift) for _ in range(2)]
    make_guardian()
    make_message(kind="confirmation", intent_key=f"confirmation:{booked[0].uid}:7")
    booked[1].child, booked[1].sequence = None, 1
    booked[1].save()
    Shift.objects.update(busy=[1, 2])
    found = {line.partition(":")[0] for line in broken_promises()}
    assert found == {
        "a booking without its family",
        "a family without a booking",
        "a version without exactly one message",
        "a message without its change",
        "two at once",
        "a shift counted wrongly",
    }


def _open_centre() -> list[str]:
    """A day of several practitioners; every time of it, as the buttons send it."""
    place = make_site(make_centre(slug=NAME, max_open_per_contact=50, reoffer_delay_min=0))
    kind = make_type(slug=NAME, duration_min=STEP, step_min=STEP, age_max_months=None)
    shifts = [
        make_shift(site=place, types=[kind], practitioner=make_practitioner(), hours=10)
        for _ in range(PRACTITIONERS)
    ]
    first = to_minute(shifts[0].starts_at)
    return [f"{first + STEP * k}-{place.pk}" for k in range(10 * 60 // STEP)]


@contextmanager
def _families(port: int, choices: list[str], stories: list[Story]) -> Iterator[None]:
    """Several at a time, one after the other; when the server dies under one, the next comes."""
    over = threading.Event()

    def come(number: int, story: Story) -> None:
        dice = random.Random(number)
        with Client(port) as browser:
            while not over.is_set():
                try:
                    _one_family(browser, choices, story, dice)
                except Broken:
                    story.answers["lost"] += 1
                    time.sleep(0.05)

    threads = [threading.Thread(target=come, args=each) for each in enumerate(stories)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _one_family(browser: Client, choices: list[str], story: Story, dice: random.Random) -> None:
    """Hold and confirm; then move, cancel, or both."""
    family = Family(browser, NAME, NAME)
    if not story.ask("hold", family.hold(dice.choice(choices))):
        return
    if not story.ask("confirm", family.confirm(family.token)):
        return
    story.promised[family.token] = "booked"
    if dice.random() < 0.6:
        held = family.hold_move(family.token, dice.choice(choices))
        if story.ask("hold a new time", held):
            story.ask("move", family.confirm_move(held.location))
    if dice.random() < 0.8:
        del story.promised[family.token]
        if story.ask("cancel", family.cancel(family.token)):
            story.promised[family.token] = "cancelled"


def _kill_often(parent: int, stories: list[Story]) -> int:
    """Each process in turn, a moment after the service has worked again; how many were killed.

    In turn, because granian gives up when one process dies twice within seconds.
    """
    dice, kills, began = random.Random(7), 0, time.monotonic()

    def has_time() -> bool:
        return time.monotonic() - began < (SECONDS if kills >= FEWEST_KILLS else LONGEST)

    while kills < MOST_KILLS and has_time():
        enough = _yeses(stories) + YESES_BETWEEN_KILLS
        while _yeses(stories) < enough and has_time():
            time.sleep(0.01)
        time.sleep(dice.uniform(0, 0.05))
        os.kill(_web_processes(parent)[0], signal.SIGKILL)
        kills += 1
    return kills


def _yeses(stories: list[Story]) -> int:
    return sum(story.yeses for story in stories)


def _web_processes(parent: int) -> list[int]:
    """The web processes themselves, oldest first, not Python's helper beside them."""
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="utf-8").split()
    return sorted(pid for pid in map(int, found) if b"resource_tracker" not in _command(pid))


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b"resource_tracker"


def _state(token: str) -> str:
    return appointment_for_link(token, now=datetime.now(UTC)).state


def _one_more_booking(port: int, spare: str) -> None:
    """The service answers again: one more family gets a time nobody else wanted, and keeps it."""
    story, deadline = Story(), time.monotonic() + 20
    while not story.promised:
        assert time.monotonic() < deadline, "nobody can book any more"
        with Client(port) as browser, suppress(Broken):
            _one_family(browser, [spare], story, random.Random(0))

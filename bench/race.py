"""contention.double_bookings: many families fight over HTTP for few times; nobody may win twice.

Holds, confirmations, moves, cancellations and holds given back, mixed, on ten half-hours' worth of
one practitioner and on one group session. The verdict is SQL's, on the rows alone.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from bench.client import Answer, Broken, Client
from bench.family import Family
from bench.ground import Ground
from bench.measure import Result
from bench.web import WORKERS, serve
from booking.models import Appointment
from centres.calendar import to_minute
from centres.models import AppointmentType, Centre, Department, Practitioner, Shift, ShiftType, Site
from centres.rollout import Stage

CENTRE, SINGLE, GROUP = "bench-race", "bench-race-single", "bench-race-group"
CLIENTS, SLOTS, SEATS, ROUNDS, TRIES = 50, 10, 10, 5, 8
STEP = 20

# Appointments that take a time now. An expired hold takes nothing.
LIVE = """
WITH live AS (
    SELECT * FROM booking_appointment
    WHERE centre_id = %(centre)s AND state NOT IN ('cancelled', 'lapsed') AND NOT is_overbooked
      AND (state <> 'held' OR expires_at > now())
)
"""
# Two of them that share a practitioner, a moment and a seat.
OVERLAPS = f"""{LIVE}
SELECT count(*) FROM live a JOIN live b
    ON a.id < b.id AND a.practitioner_id = b.practitioner_id
   AND a.busy_from < b.busy_until AND b.busy_from < a.busy_until
   AND (a.seat = b.seat OR a.seat = 0 OR b.seat = 0)
"""  # noqa: S608 - made of constants
# Sessions with more of them than seats, and half-days with more than fit.
TOO_FULL = f"""{LIVE}
SELECT count(*) FROM (
    SELECT s.id FROM centres_shift s JOIN live ON live.shift_id = s.id
    GROUP BY s.id
    HAVING count(*) > CASE WHEN s.seats > 1 THEN s.seats
                      ELSE extract(epoch FROM s.ends_at - s.starts_at) / 60 / {STEP} END) too_full
"""  # noqa: S608 - made of constants
# Changes without their history or their message, and counts the triggers got wrong.
HALF_DONE = """
SELECT count(*) FROM booking_appointment a
WHERE a.centre_id = %(centre)s AND a.state IN ('booked', 'cancelled')
  AND (a.guardian_id IS NULL
       OR NOT EXISTS (SELECT 1 FROM booking_appointmentevent e WHERE e.appointment_id = a.id
                      AND e.sequence = a.sequence AND e.state = a.state)
       OR NOT EXISTS (SELECT 1 FROM notifications_outboxmessage m
                      WHERE m.intent_key LIKE '%%:' || a.uid || ':' || a.sequence)
          -- Cancelled before anything has left, nothing is told.
          AND (a.state = 'booked' OR EXISTS (
              SELECT 1 FROM notifications_outboxmessage m
              WHERE m.subject_ref = a.uid::text AND m.state <> 'superseded')))
"""
MISCOUNTED = """
SELECT count(*) FROM centres_shift s, booking_refresh_shift(s) r
WHERE s.centre_id = %(centre)s AND (r.busy <> s.busy OR r.taken <> s.taken)
"""


class Verdict(NamedTuple):
    """All zero, or something is wrong."""

    overlaps: int
    too_full: int
    half_done: int
    miscounted: int


class Round(NamedTuple):
    """What a round is about: ten times of one practitioner and a session, as forms name them."""

    singles: list[str]
    group: str


@dataclass(slots=True)
class Tally:
    """What happened, by what was tried and how it was answered."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    unclear: list[str] = field(default_factory=list)
    broken: int = 0

    def count(self, what: str, answer: Answer) -> bool:
        """Count an answer; whether it was a yes. A no must be a page of ours with a 4xx."""
        self.answers[what, answer.status] += 1
        if answer.status == 302:
            return True
        if not 400 <= answer.status < 500 or b"<h1" not in answer.body:
            self.unclear.append(f"{what}: {answer.head.splitlines()[0]}")
        return False

    def add(self, other: Tally) -> None:
        self.answers += other.answers
        self.unclear += other.unclear
        self.broken += other.broken

    @property
    def attempts(self) -> int:
        """How often a time was asked for."""
        return sum(n for (what, _), n in self.answers.items() if what in {"hold", "move"})

    @property
    def told(self) -> str:
        return ", ".join(f"{what} {code}: {n}" for (what, code), n in sorted(self.answers.items()))


def lay_course(rounds: int, *, now: datetime) -> list[Round]:
    """A centre of its own: each round a morning of ten times, and a session of ten seats."""
    department = Department.objects.first() or Department.objects.create(code="35", phone="15")
    Centre.objects.filter(slug=CENTRE).update(slug=f"{CENTRE}-{now:%Y%m%d%H%M%S%f}")
    centre = Centre.objects.create(
        department=department, slug=CENTRE, name=CENTRE, town="Redon", insee="35236",
        postal_code="35600", phone="02 99 71 00 00", latitude=47.65, longitude=-2.08,
        stage=Stage.OPEN, reoffer_delay_min=0, max_open_per_contact=50,
    )  # fmt: skip
    site = Site.objects.create(
        centre=centre, slug="race", name="Race", latitude=47.65, longitude=-2.08, is_main=True
    )
    kinds = {slug: _kind(slug) for slug in (SINGLE, GROUP)}
    people = {
        slug: Practitioner.objects.create(department=department, last_name=slug) for slug in kinds
    }
    laid = []
    for number in range(rounds):
        day = now.date() + timedelta(days=2 + number)
        start = datetime.combine(day, time(9), ZoneInfo(centre.time_zone)).astimezone(UTC)
        for slug, minutes, seats in ((SINGLE, STEP * SLOTS, 1), (GROUP, 60, SEATS)):
            shift = Shift.objects.create(
                centre=centre, site=site, practitioner=people[slug], occurs_on=day,
                starts_at=start, ends_at=start + timedelta(minutes=minutes), seats=seats,
            )  # fmt: skip
            ShiftType.objects.create(shift=shift, type=kinds[slug], centre=centre, starts_at=start)
        first = to_minute(start)
        singles = [f"{first + STEP * k}-{site.pk}" for k in range(SLOTS)]
        laid.append(Round(singles, f"{first}-{site.pk}"))
    return laid


def _kind(slug: str) -> AppointmentType:
    is_group = slug == GROUP
    return AppointmentType.objects.update_or_create(
        slug=slug,
        defaults={
            "label": slug, "professions": "médecin", "need": "child", "audience": "child",
            "mode": "group" if is_group else "centre", "booking": "online",
            "duration_min": 60 if is_group else STEP, "step_min": STEP, "notice_min": 0,
            "capacity": SEATS if is_group else 1,
        },
    )[0]  # fmt: skip


def run_round(port: int, this: Round, *, clients: int, tries: int, seed: int) -> Tally:
    """All clients at once; each tries again and again as one family after the other."""
    start = threading.Barrier(clients)

    def client(number: int) -> Tally:
        tally, dice = Tally(), random.Random(seed * 1000 + number)
        with Client(port) as browser:
            start.wait(30)
            for _ in range(tries):
                try:
                    _one_family(browser, this, tally, dice)
                except Broken:
                    tally.broken += 1
        return tally

    total = Tally()
    with ThreadPoolExecutor(clients) as pool:
        for tally in pool.map(client, range(clients)):
            total.add(tally)
    return total


def _one_family(browser: Client, this: Round, tally: Tally, dice: random.Random) -> None:
    """Hold; then mostly confirm, sometimes give it back, cancel, or move on to another time."""
    is_group = dice.random() < 0.2
    family = Family(browser, GROUP if is_group else SINGLE, CENTRE)
    choice = this.group if is_group else dice.choice(this.singles)
    if not tally.count("hold", family.hold(choice)):
        return
    if dice.random() < 0.2:
        tally.count("give back", family.release(family.token))
        return
    if not tally.count("confirm", family.confirm(family.token)):
        return
    if dice.random() < 0.4:
        tally.count("cancel", family.cancel(family.token))
    elif not is_group:
        _move_on(family, dice.sample(this.singles, 4), tally)


def _move_on(family: Family, choices: list[str], tally: Tally) -> None:
    """Try to move the appointment to one of these times, as people do: until one is free."""
    for choice in choices:
        held = family.hold_move(family.token, choice)
        if tally.count("move", held):
            tally.count("confirm move", family.confirm_move(held.location))
            return


def judge() -> Verdict:
    """By SQL on the rows alone, whatever the application believes."""
    centre = Centre.objects.values_list("pk", flat=True).get(slug=CENTRE)
    counts = []
    with connection.cursor() as cursor:
        for query in (OVERLAPS, TOO_FULL, HALF_DONE, MISCOUNTED):
            cursor.execute(query, {"centre": centre})
            counts.append(int(cursor.fetchone()[0]))
    return Verdict(*counts)


def winners() -> int:
    return Appointment.objects.filter(centre__slug=CENTRE, state="booked").count()


def contention(ground: Ground) -> Iterator[Result]:
    """contention.double_bookings: several rounds of 50 clients on 10 times and 10 seats."""
    ground.small  # noqa: B018  loaded before the course is laid in it
    rounds, tries = ground.rounds(ROUNDS), ground.rounds(TRIES)
    course = lay_course(rounds, now=ground.now)
    total = Tally()
    with serve(ground) as port:
        for number, this in enumerate(course):
            total.add(run_round(port, this, clients=CLIENTS, tries=tries, seed=number))
    verdict = judge()
    if total.unclear or total.broken:
        raise RuntimeError(f"{total.broken} broken, unclear answers: {total.unclear[:5]}")
    yield Result(
        name="contention.double_bookings",
        value=verdict.overlaps + verdict.too_full,
        unit="bookings",
        baseline=0,
        note=f"{total.attempts} attempts to take a time by {CLIENTS} clients in {rounds} rounds of "
        f"{SLOTS} times and {SEATS} seats, {WORKERS} web processes: {winners()} booked in the end; "
        f"{_words(verdict)}; answers {total.told}",
    )


def _words(verdict: Verdict) -> str:
    return ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in verdict._asdict().items())


def failures(verdict: Verdict, tallies: Iterable[Tally]) -> list[str]:
    """What a test complains about; empty when all is well."""
    found = [name for name, n in verdict._asdict().items() if n]
    return found + [line for tally in tallies for line in tally.unclear]

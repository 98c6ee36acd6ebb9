"""booking.rate and booking.latency: hold and confirm over HTTP, beside one bare INSERT."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import psycopg

from bench.client import Client
from bench.family import Family
from bench.ground import Ground
from bench.measure import Result, Times
from bench.searching import Place, places
from bench.urls import TABLE
from bench.web import WORKERS, serve
from booking.availability import Window

CLIENTS = 8
# A time found at the beginning of a run is asked for minutes later.
AHEAD_MIN = 60
# Short turns, many: what slows the machine for a while slows all kinds alike.
TURNS, SECONDS = 10, 2.0
Step = Callable[[Client], None]


class Target(NamedTuple):
    """A free start nobody else is sent to."""

    centre: str
    choice: str


class Rate(NamedTuple):
    """How many a second, and how long each took."""

    per_second: float
    times: Times


def bookings(ground: Ground) -> Iterator[Result]:
    """Turns of bare INSERTs, bookings and empty views by the same clients on the same server."""
    with places(ground, ground.small) as [here]:
        targets = iter(free_targets(here))
    before, counted = _booked(ground), itertools.count()
    with psycopg.connect(ground.small, autocommit=True) as link:
        link.execute(TABLE)
    with serve(ground) as port:
        rates = _in_turns(
            port,
            {"insert": _insert(), "booking": _book(targets, counted), "nothing": _nothing},
            seconds=SECONDS * min(1.0, 0.1 + ground.scale),
            turns=ground.rounds(TURNS),
        )
    kept, answered = _booked(ground) - before, next(counted)
    if kept != answered:
        raise RuntimeError(f"{answered} bookings were answered, {kept} are kept")
    yield from _results(rates)


def _results(rates: dict[str, Rate]) -> Iterator[Result]:
    ours, limit, nothing = rates["booking"], rates["insert"], rates["nothing"]
    setting = f"{WORKERS} web processes and {CLIENTS} clients on the same 2 cores"
    yield Result(
        name="booking.rate",
        value=ours.per_second,
        unit="/s",
        baseline=limit.per_second,
        ratio=ours.per_second / limit.per_second,
        note=f"hold + confirm over HTTP, {len(ours.times.samples)} new families, {setting}, worker "
        "and beat not running; limit: a view with one INSERT under the same constraint, "
        f"{limit.times}; "
        f"a view that does nothing: {nothing.per_second:.0f}/s",
    )
    yield Result(
        name="booking.latency",
        value=ours.times.p50,
        unit="ms",
        baseline=limit.times.p50,
        ratio=ours.times.p50 / limit.times.p50,
        note=f"both requests of a booking together, {ours.times}, with {setting}",
    )


def free_targets(here: Place) -> list[Target]:
    """Free starts of each centre, none in the way of another, in an order that spreads them; none
    that is too soon for anybody by the time it is asked for."""
    found: list[Target] = []
    for centre in here.centres:
        here.centre = centre
        until: dict[int, int] = {}
        soonest, latest = here.window(90)
        for slot in here.search(Window(soonest + AHEAD_MIN, latest)):
            # A start beside a busy end can overlap its neighbour: taking one takes both away.
            if slot.start >= until.get(slot.site, 0):
                until[slot.site] = slot.start + here.timing.occupied
                found.append(Target(centre.slug, f"{slot.start}-{slot.site}"))
    return random.Random(35).sample(found, len(found))


def _book(targets: Iterator[Target], counted: Iterator[int]) -> Step:
    def book(client: Client) -> None:
        target = next(targets)
        family = Family(client, "bench-20", target.centre)
        family.hold(target.choice).expect(302)
        family.confirm(family.token).expect(302)
        next(counted)

    return book


def _insert() -> Step:
    numbers = itertools.count(1)

    def insert(client: Client) -> None:
        number = next(numbers)
        fields = {"practitioner": number % 176 + 1, "minute": 30_000_000 + number // 176 * 20}
        client.post("/bench/insert", fields).expect(200)

    return insert


def _nothing(client: Client) -> None:
    client.get("/bench/nothing").expect(200)


def _in_turns(port: int, steps: dict[str, Step], *, seconds: float, turns: int) -> dict[str, Rate]:
    """Every kind of request for some seconds, again and again, so that drift hits all alike."""
    taken: dict[str, list[float]] = {name: [] for name in steps}
    spent: dict[str, float] = dict.fromkeys(steps, 0.0)
    with ThreadPoolExecutor(CLIENTS) as pool:
        for step in steps.values():
            _together(pool, port, step, 0.5)  # warm: connections, statements, templates
        for _ in range(turns):
            for name, step in steps.items():
                began = time.perf_counter()
                taken[name] += _together(pool, port, step, seconds)
                spent[name] += time.perf_counter() - began
    return {
        name: Rate(len(samples) / spent[name], Times(sorted(samples)))
        for name, samples in taken.items()
    }


def _together(pool: ThreadPoolExecutor, port: int, step: Step, seconds: float) -> list[float]:
    until = time.perf_counter() + seconds
    running = [pool.submit(_one_client, port, step, until) for _ in range(CLIENTS)]
    return [sample for each in running for sample in each.result()]


def _one_client(port: int, step: Step, until: float) -> list[float]:
    taken = []
    with Client(port) as client:
        while (began := time.perf_counter()) < until:
            step(client)
            taken.append((time.perf_counter() - began) * 1000)
    return taken


def _booked(ground: Ground) -> int:
    with psycopg.connect(ground.small) as link:
        row = link.execute(
            "SELECT count(*) FROM booking_appointment WHERE state = 'booked' AND actor = 'family'"
        ).fetchone()
    return int(row[0]) if row else 0

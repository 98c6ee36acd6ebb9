"""board.poll and board.core: what fifty open boards and calendars cost, that ask every three
seconds whether anything has changed, beside as many requests of a view that does nothing.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench.client import Client
from bench.ground import Ground
from bench.measure import Result, Times
from bench.searching import Place, places
from bench.web import running
from booking import daybook
from booking.models import Appointment
from centres.models import Centre
from frontend.views.staff import today

BOARDS, PERIOD = 50, 3.0
# Of each kind in turn, so that whatever else the machine does hits both.
TURNS, SECONDS = 4, 6.0
TICKS = os.sysconf("SC_CLK_TCK")
Poll = Callable[[Client, int], None]


class Board(NamedTuple):
    """What a board asks, which version it was drawn from, and of how many appointments."""

    path: str
    version: str
    rows: int


class Turn(NamedTuple):
    """How long the polls took (ms), and which share of a core the web processes used."""

    samples: list[float]
    core: float


def polling(ground: Ground) -> Iterator[Result]:
    """Boards of a working day, all of them already drawn: nothing changes, as at most times."""
    with places(ground, ground.small) as [here]:
        boards = [_board(centre, here) for centre in here.centres]
        queries = _queries(boards[0])
    kinds: dict[str, Poll] = {
        "ours": lambda client, number: _ask(client, boards[number % len(boards)]),
        "nothing": lambda client, _number: _expect(client.get("/bench/nothing").status, 200),
    }
    seconds = SECONDS * min(1.0, 0.2 + ground.scale)
    turns: dict[str, list[Turn]] = {kind: [] for kind in kinds}
    with running(ground.folder, ground.environment) as (port, parent):
        for number in range(ground.rounds(TURNS)):
            for kind in kinds if number % 2 else reversed(kinds):
                turns[kind].append(_turn(port, parent, kinds[kind], seconds=seconds))
    rows = sum(board.rows for board in boards) // len(boards)
    yield from _results(turns, queries=queries, rows=rows)


def _results(turns: dict[str, list[Turn]], *, queries: int, rows: int) -> Iterator[Result]:
    times = {
        kind: Times(sorted(x for each in found for x in each.samples))
        for kind, found in turns.items()
    }
    core = {kind: sum(each.core for each in found) / len(found) for kind, found in turns.items()}
    ours, nothing = times["ours"], times["nothing"]
    setting = f"{BOARDS} boards of a day of {rows} appointments, each every {PERIOD:.0f} s"
    yield Result(
        name="board.poll",
        value=ours.at(0.95),
        unit="ms",
        baseline=nothing.at(0.95),
        ratio=ours.at(0.95) / nothing.at(0.95),
        note=f"p95 of {len(ours.samples)} polls, {setting}; {queries} query a poll, answered 304; "
        f"{ours}; limit: a view that does nothing, as often, {nothing}",
    )
    yield Result(
        name="board.core",
        value=core["ours"] * 100,
        unit="% core",
        baseline=core["nothing"] * 100,
        ratio=core["ours"] / core["nothing"] if core["nothing"] else 1.0,
        note=f"of one core, both web processes together, {setting}; limit: the same requests of a "
        "view that does nothing",
    )


def _board(centre: Centre, here: Place) -> Board:
    """The next day on which the centre receives anybody."""
    on = daybook.next_day(centre, after=here.now.date()) or here.now.date()
    span = daybook.span_of(centre, on)
    rows = Appointment.objects.filter(
        centre=centre, starts_at__gte=span.since, starts_at__lt=span.until
    )
    path = reverse("board-version", args=[daybook.watch_token(span)])
    return Board(path, f'"{daybook.version(span, now=here.now)}"', rows.count())


def _queries(board: Board) -> int:
    token = board.path.rstrip("/").rpartition("/")[2]
    with CaptureQueriesContext(connection) as done:
        today.version(RequestFactory().get(board.path), token=token)
    return len(done)


def _ask(client: Client, board: Board) -> None:
    _expect(client.get(board.path, known=board.version).status, 304)


def _expect(status: int, wanted: int) -> None:
    if status != wanted:
        raise RuntimeError(f"expected {wanted}, got {status}")


def _turn(port: int, parent: int, poll: Poll, *, seconds: float) -> Turn:
    """All boards ask in their own rhythm, spread over the period, for some seconds."""
    ended = threading.Event()

    def watch(number: int) -> list[float]:
        samples: list[float] = []
        with Client(port) as client:
            wait = PERIOD * number / BOARDS
            while not ended.wait(wait):
                began = time.perf_counter()
                poll(client, number)
                samples.append((time.perf_counter() - began) * 1000)
                wait = max(0.0, PERIOD - samples[-1] / 1000)
        return samples

    with ThreadPoolExecutor(BOARDS) as pool:
        before, began = _used(parent), time.monotonic()
        boards = [pool.submit(watch, number) for number in range(BOARDS)]
        ended.wait(seconds)
        used, lasted = _used(parent) - before, time.monotonic() - began
        ended.set()
    return Turn([x for board in boards for x in board.result()], used / lasted)


def _used(parent: int) -> float:
    """Seconds of processor time of the web processes so far."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return sum(map(_seconds, children))


def _seconds(pid: str) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS

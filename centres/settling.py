"""Who gets which time when rules want half-days moved and made, all at once (pure).

Moves that make room for each other — two rules that swap their days — are all possible at once;
made one after the other, the first would find the second in its way.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple


class Place(NamedTuple):
    """A practitioner's time."""

    who: int
    starts_at: datetime
    ends_at: datetime


class Move(NamedTuple):
    """The half-day of a rule on a day: where it is to go, and what it leaves (if anything)."""

    rule: int
    on: date
    to: Place
    leaves: Place | None

    @property
    def key(self) -> tuple[int, date]:
        return self.rule, self.on


class Diary:
    """When people already work. Nobody is in two places."""

    def __init__(self, times: dict[int, list[tuple[datetime, datetime]]] | None = None) -> None:
        self._times = times or {}

    def copy(self) -> Diary:
        return Diary({who: list(times) for who, times in self._times.items()})

    def add(self, place: Place) -> None:
        insort(self._times.setdefault(place.who, []), place[1:])

    def is_free(self, place: Place) -> bool:
        times = self._times.get(place.who, [])
        before = bisect_left(times, (place.ends_at,))
        return not before or times[before - 1][1] <= place.starts_at


def settle(moves: Iterable[Move], diary: Diary) -> tuple[list[Move], list[Move]]:
    """The moves that can be made, and those that would put somebody in two places.

    Of two that want the same time the first given gets it. What cannot move keeps the time it has.
    Asked again, the answer is the same: nothing is left for a second time.
    """
    made: list[Move] = []
    waiting = list(moves)
    while possible := _possible(waiting, diary):
        for move in possible:
            diary.add(move.to)
        made += possible
        keys = {move.key for move in possible}
        waiting = [move for move in waiting if move.key not in keys]
    return made, waiting


def _possible(moves: Sequence[Move], diary: Diary) -> list[Move]:
    """Moves that can be made together. At first all are taken to leave their place; each one
    refused stays there, and the others are tried anew."""
    staying: dict[tuple[int, date], Place] = {}
    while True:
        trial = diary.copy()
        for place in staying.values():
            trial.add(place)
        accepted, refused = _first_come([one for one in moves if one.key not in staying], trial)
        blocked = {move.key: move.leaves for move in refused if move.leaves is not None}
        if not blocked:
            return accepted
        staying |= blocked


def _first_come(moves: Sequence[Move], diary: Diary) -> tuple[list[Move], list[Move]]:
    accepted, refused = [], []
    for move in moves:
        if diary.is_free(move.to):
            diary.add(move.to)
            accepted.append(move)
        else:
            refused.append(move)
    return accepted, refused

"""The free times of a stretch of the board that lead to a booking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from booking.board import Entry, Kind
from booking.openings import Opening


class FreeTime(NamedTuple):
    """To be taken from the board: its clock, and what its address says."""

    at: str
    choice: str
    has_begun: bool = False


def times_to_give(
    entry: Entry, free: Sequence[Opening], *, now: int, clock: Callable[[int], str]
) -> list[FreeTime]:
    """The first time that a free stretch still has for somebody; before it one that has begun, for
    who stands at the desk."""
    if entry.kind != Kind.FREE:
        return []
    inside = [each for each in free if entry.starts <= each.start < entry.ends]
    begun = [each for each in inside if each.start < now]
    found = [*begun[-1:], *inside[len(begun) :][:1]]
    return [FreeTime(clock(each.start), each.choice, each.start < now) for each in found]

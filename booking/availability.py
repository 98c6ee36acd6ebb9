"""Which times can be booked: shifts − closures − busy times → starts (pure, no Django, no clock).

A start depends only on the shift and on firm appointments. Holds and times not yet re-offered hide
starts, never make new ones; "too soon" and "too far" hide starts too. So a list seen at 08:04 is
the list at 08:06 but for what became too soon (ADR 0003).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from booking.intervals import Interval, gaps, overlaps, pairs


class Timing(NamedTuple):
    """How a type uses time. Minutes."""

    duration: int
    step: int
    before: int = 0
    after: int = 0

    @property
    def occupied(self) -> int:
        return self.before + self.duration + self.after

    def times(self, count: int) -> Timing:
        """So many visits, one after the other, as a single long one."""
        return self._replace(duration=self.duration + (count - 1) * self.occupied)


class ShiftLoad(NamedTuple):
    """A shift and all that takes its time. Instants in minutes since the epoch."""

    id: int
    practitioner: int
    site: int
    centre: int
    starts: int
    ends: int
    seats: int
    taken: int  # seats of a group session already booked
    reserve: int  # appointments kept for agents
    closed: Sequence[int]  # flat pairs: absences, closures
    busy: Sequence[int]  # flat pairs: firm appointments, buffers included
    blocked: Sequence[int]  # flat pairs: holds and times not yet re-offered


class Window(NamedTuple):
    """The starts a person may choose: not before `earliest`, before `latest`."""

    earliest: int
    latest: int


class Slot(NamedTuple):
    """A bookable start. `load` is how many minutes its practitioner's shift already gives."""

    start: int
    end: int
    shift: int
    practitioner: int
    site: int
    centre: int
    load: int


def session_seats(shift: ShiftLoad, *, for_public: bool) -> int:
    """Seats left in a group session; a closure touching it leaves none."""
    if shift.closed:
        return 0
    kept = shift.reserve if for_public else 0
    return max(0, shift.seats - shift.taken - len(shift.blocked) // 2 - kept)


def _individual_starts(shift: ShiftLoad, timing: Timing, *, for_public: bool) -> list[int]:
    firm = [*pairs(shift.closed), *pairs(shift.busy)] if shift.closed else pairs(shift.busy)
    blocked = pairs(shift.blocked)
    grid = shift.starts + timing.before
    found: list[int] = []
    for a, b in gaps(shift.starts, shift.ends, firm):
        first, last = a + timing.before, b - timing.duration - timing.after
        if first > last:
            continue
        on_grid = grid + -(-(first - grid) // timing.step) * timing.step
        if on_grid != first:
            found.append(first)
        found.extend(range(on_grid, last + 1, timing.step))
    if blocked:
        found = [t for t in found if not overlaps(*footprint(t, timing), blocked)]
    if for_public and shift.reserve and found:
        left = gaps(shift.starts, shift.ends, [*firm, *blocked])
        if sum((b - a) // timing.occupied for a, b in left) <= shift.reserve:
            return []
    return found


def footprint(start: int, timing: Timing) -> Interval:
    """The minutes an appointment starting then keeps its practitioner busy, buffers included."""
    return start - timing.before, start + timing.duration + timing.after


def without(
    shift: ShiftLoad, *, busy: Iterable[Interval] = (), blocked: Iterable[Interval] = ()
) -> ShiftLoad:
    """The same shift less these stretches, each once: another's of the same minutes stays."""
    return shift._replace(busy=_less(shift.busy, busy), blocked=_less(shift.blocked, blocked))


def _less(flat: Sequence[int], taken: Iterable[Interval]) -> Sequence[int]:
    left = pairs(flat)
    for each in taken:
        if each in left:
            left.remove(each)
    return [edge for pair in left for edge in pair]


def shift_starts(shift: ShiftLoad, timing: Timing, *, for_public: bool = True) -> list[int]:
    """Every start this shift can still take, sorted; notice and horizon are not looked at.

    Starts are the shift's own grid (its beginning plus whole steps) and the beginning of each free
    stretch, where the neighbour ends. A public caller sees none once no more than the agents'
    reserve is left.
    """
    if shift.seats > 1:
        return [shift.starts] if session_seats(shift, for_public=for_public) else []
    return _individual_starts(shift, timing, for_public=for_public)


def slots(
    shifts: Iterable[ShiftLoad], timing: Timing, window: Window, *, for_public: bool = True
) -> Iterator[Slot]:
    """Every bookable slot of these shifts within the window, shift by shift."""
    earliest, latest = window
    for shift in shifts:
        length = shift.ends - shift.starts if shift.seats > 1 else timing.duration
        load = shift.taken if shift.seats > 1 else busy_minutes(shift)
        _, practitioner, site, centre = shift[:4]
        for start in shift_starts(shift, timing, for_public=for_public):
            if earliest <= start < latest:
                yield Slot(start, start + length, shift.id, practitioner, site, centre, load)


def crowded_starts(shift: ShiftLoad, timing: Timing, *, after: int) -> list[int]:
    """The starts of a shift's own grid that are in nobody's way but another family's: a visit then
    would be over after `after`, ends in time and meets no closure; yet the time is not free."""
    free = set(shift_starts(shift, timing, for_public=False))
    last = shift.ends - timing.duration
    grid = [shift.starts] if shift.seats > 1 else range(shift.starts, last + 1, timing.step)
    return [
        start
        for start in grid
        if start not in free
        and after < start + timing.duration
        and start <= last
        and not overlaps(start, start + timing.duration, pairs(shift.closed))
    ]


def busy_minutes(shift: ShiftLoad) -> int:
    """Minutes of firm appointments in a shift: what "spread the load fairly" compares."""
    return sum(shift.busy[1::2]) - sum(shift.busy[::2])


def fairest(candidates: Sequence[Slot], preferred: Iterable[int] = ()) -> list[Slot]:
    """Slots of one start, best first: a practitioner met before, then the least busy shift.

    Equal ones are told apart by a number that depends on the start, so that nobody is always first.
    """
    known = set(preferred)

    def rank(slot: Slot) -> tuple[bool, int, int]:
        turn = (slot.practitioner * 7919 + slot.start) % 101
        return slot.practitioner not in known, slot.load, turn

    return sorted(candidates, key=rank)

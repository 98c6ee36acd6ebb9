"""A centre's day as columns of rows: visits, free times, sessions, the time it is (pure).

Instants are minutes since the epoch. `subject` is what a reader knows a thing by; nothing here
looks into it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from booking.intervals import gaps, overlaps, pairs

# A family is late once it is so many minutes past its time.
LATE_AFTER = 5
# Less is a buffer between two visits, not time for anybody.
SHORTEST_GAP = 5
BOOKED, ARRIVED, IN_PROGRESS = "booked", "arrived", "in_progress"
FULFILLED, NOSHOW, HELD, CANCELLED = "fulfilled", "noshow", "held", "cancelled"
# Where "undo" leads: one step back, whatever happened before.
BEFORE = {ARRIVED: BOOKED, IN_PROGRESS: ARRIVED, FULFILLED: IN_PROGRESS, NOSHOW: BOOKED}


class Visit(NamedTuple):
    """An appointment, or a time that somebody holds or has given back."""

    id: int
    practitioner: int
    shift: int
    state: str
    starts: int
    ends: int
    busy_from: int
    busy_until: int
    # When its hold ends, or when the time it gave back is offered again.
    until: int | None = None
    # Since when the family waits.
    since: int | None = None
    is_overbooked: bool = False
    # Came to an open session, never awaited.
    is_walk_in: bool = False
    subject: Any = None


class HalfDay(NamedTuple):
    """A practitioner's stretch of the day. `seats` above 1: one group session."""

    id: int
    practitioner: int
    starts: int
    ends: int
    seats: int = 1
    closed: Sequence[int] = ()  # flat pairs
    is_cancelled: bool = False
    is_walk_in: bool = False
    # Whether who comes without an appointment is received there, perhaps among others who have one.
    takes_walk_ins: bool = False
    # How many of them were counted without a name.
    counted: int = 0
    subject: Any = None

    @property
    def is_session(self) -> bool:
        return self.seats > 1 and not self.is_walk_in


class Kind(StrEnum):
    VISIT = "visit"
    HOLD = "hold"
    REOFFER = "reoffer"
    FREE = "free"
    OPEN = "open"
    CLOSED = "closed"
    NOW = "now"


class Entry(NamedTuple):
    """One row. What is said of a visit is false or None for any other."""

    kind: Kind
    starts: int
    ends: int
    visit: Visit | None = None
    is_late: bool = False
    # Its half-day was cancelled, or no longer covers it.
    is_outside: bool = False
    # Minutes since the family came.
    waited: int | None = None


class Block(NamedTuple):
    """A half-day and its rows; without one, visits that no half-day of theirs receives."""

    half_day: HalfDay | None
    entries: list[Entry]
    taken: int = 0
    left: int = 0
    # Without an appointment: how many came, and how many of them still wait.
    came: int = 0
    waiting: int = 0

    @property
    def starts(self) -> int:
        return self.half_day.starts if self.half_day else self.entries[0].starts

    @property
    def ends(self) -> int:
        return self.half_day.ends if self.half_day else max(each.ends for each in self.entries)


class Column(NamedTuple):
    practitioner: int
    blocks: list[Block]


class Counts(NamedTuple):
    """How many families are where; the late ones are among the expected."""

    expected: int
    late: int
    arrived: int
    in_progress: int
    fulfilled: int
    noshow: int


class Board(NamedTuple):
    columns: list[Column]
    counts: Counts
    cancelled: list[Visit]


def build(
    half_days: Sequence[HalfDay], visits: Sequence[Visit], *, now: int, is_today: bool
) -> Board:
    """The board of a day; columns in the order in which practitioners are met."""
    live = [each for each in visits if _stands(each, now=now)]
    order = dict.fromkeys(
        [*(each.practitioner for each in half_days), *(each.practitioner for each in live)]
    )
    columns = [
        Column(
            who,
            _blocks(
                [each for each in half_days if each.practitioner == who],
                [each for each in live if each.practitioner == who],
                now=now,
                is_today=is_today,
            ),
        )
        for who in order
    ]
    counts = count(live, now=now)
    counted = sum(each.counted for each in half_days)
    return Board(
        columns,
        counts._replace(fulfilled=counts.fulfilled + counted),
        # Who was noted by mistake was never to come.
        [each for each in visits if each.state == CANCELLED and not each.is_walk_in],
    )


def _stands(visit: Visit, *, now: int) -> bool:
    """Whether it takes its time at `now`: a hold until it ends, a time given back until then."""
    if visit.state in (HELD, CANCELLED):
        return visit.until is not None and visit.until > now
    return True


def is_late(visit: Visit, *, now: int) -> bool:
    return visit.state == BOOKED and now >= visit.starts + LATE_AFTER


def count(visits: Iterable[Visit], *, now: int) -> Counts:
    """How many families are where."""
    visits = list(visits)
    states = Counter(visit.state for visit in visits)
    late = sum(is_late(visit, now=now) for visit in visits)
    return Counts(
        states[BOOKED],
        late,
        *(states[each] for each in (ARRIVED, IN_PROGRESS, FULFILLED, NOSHOW)),
    )


def waiting_since(events: Iterable[tuple[str, int]]) -> int | None:
    """Since when a family waits, by its history oldest first: its first arrival after it was last
    awaited. A press too many, taken back, does not make it younger."""
    since: int | None = None
    for state, at in events:
        if state in (BOOKED, NOSHOW):
            since = None
        elif state == ARRIVED and since is None:
            since = at
    return since


def _blocks(
    half_days: Sequence[HalfDay], visits: Sequence[Visit], *, now: int, is_today: bool
) -> list[Block]:
    """The half-days of one practitioner in order, and what none of them receives."""
    blocks = [_block(half_day, visits, now=now, is_today=is_today) for half_day in half_days]
    known = {half_day.id for half_day in half_days}
    lost = [each for each in visits if each.shift not in known and each.state != CANCELLED]
    if lost:
        blocks.append(Block(None, [_entry(each, now=now, is_outside=True) for each in lost]))
    blocks.sort(key=lambda block: block.starts)
    if is_today:
        _mark_now(blocks, now=now)
    return blocks


def _block(half_day: HalfDay, visits: Sequence[Visit], *, now: int, is_today: bool) -> Block:
    own = [each for each in visits if each.shift == half_day.id]
    entries = [
        _entry(each, now=now, is_outside=_is_outside(each, half_day))
        for each in own
        if not (half_day.is_session and each.state == CANCELLED)
    ]
    if not half_day.is_cancelled:
        entries += [Entry(Kind.CLOSED, a, b) for a, b in closed_within(half_day)]
        entries += _open_times(half_day, visits, after=now if is_today else 0)
    entries.sort(key=lambda each: (each.starts, each.ends, each.visit.id if each.visit else 0))
    here = [each for each in own if each.is_walk_in and each.state != CANCELLED]
    waiting = sum(each.state == ARRIVED for each in here)
    block = Block(half_day, entries, came=len(here) + half_day.counted, waiting=waiting)
    if not half_day.is_session:
        return block
    taken = sum(each.state != CANCELLED and not each.is_walk_in for each in own)
    is_closed = bool(half_day.closed) or half_day.is_cancelled
    return block._replace(taken=taken, left=0 if is_closed else max(0, half_day.seats - taken))


def _entry(visit: Visit, *, now: int, is_outside: bool) -> Entry:
    kind = {HELD: Kind.HOLD, CANCELLED: Kind.REOFFER}.get(visit.state, Kind.VISIT)
    return Entry(
        kind,
        visit.starts,
        visit.ends,
        visit,
        is_late=is_late(visit, now=now),
        is_outside=is_outside and kind == Kind.VISIT,
        waited=None if visit.since is None else max(0, now - visit.since),
    )


def _is_outside(visit: Visit, half_day: HalfDay) -> bool:
    if visit.state not in (BOOKED, ARRIVED, IN_PROGRESS):
        return False
    return (
        half_day.is_cancelled
        or visit.busy_from < half_day.starts
        or visit.busy_until > half_day.ends
        or overlaps(visit.starts, visit.ends, pairs(half_day.closed))
    )


def closed_within(half_day: HalfDay) -> list[tuple[int, int]]:
    """The hours of a half-day that are closed: an absence may be of the whole day, or of weeks."""
    cut = ((max(a, half_day.starts), min(b, half_day.ends)) for a, b in pairs(half_day.closed))
    return [(a, b) for a, b in cut if a < b]


def _open_times(half_day: HalfDay, visits: Iterable[Visit], *, after: int) -> list[Entry]:
    """When somebody may still come: a walk-in session's hours, or what no visit takes."""
    closed = pairs(half_day.closed)
    if half_day.is_walk_in:
        return [Entry(Kind.OPEN, a, b) for a, b in gaps(half_day.starts, half_day.ends, closed)]
    if half_day.is_session:
        return []
    busy = [(each.busy_from, each.busy_until) for each in visits]
    return [
        Entry(Kind.FREE, a, b)
        for a, b in gaps(half_day.starts, half_day.ends, [*closed, *busy])
        if b - a >= SHORTEST_GAP and b > after
    ]


def _mark_now(blocks: list[Block], *, now: int) -> None:
    """Put the time it is before the first row still to come, in the first half-day not over."""
    for block in blocks:
        if block.ends > now:
            ahead = (place for place, each in enumerate(block.entries) if each.starts > now)
            place = next(ahead, len(block.entries))
            block.entries.insert(place, Entry(Kind.NOW, now, now))
            return

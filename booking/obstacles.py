"""Why an appointment cannot be at a time: what stands there (pure). For people who were refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from booking.board import CANCELLED, HELD, HalfDay, Visit
from booking.intervals import Interval, overlaps, pairs


class Why(StrEnum):
    NOBODY = "nobody"  # no half-day then
    CALLED_OFF = "called_off"  # its half-day was cancelled
    OTHER_TYPES = "other_types"  # its half-day is for other types
    CLOSED = "closed"  # somebody is away, or a place is closed
    HELD = "held"  # somebody fills it in
    GIVEN_BACK = "given_back"  # it is offered again a little later
    TAKEN = "taken"  # another appointment
    FULL = "full"  # no seat left
    TOO_SHORT = "too_short"  # free, but not for so long
    OFF_GRID = "off_grid"  # free, but no time begins then


class Obstacle(NamedTuple):
    """What stands there, from when to when; `until` is when a hold or a delay ends."""

    why: Why
    half_day: HalfDay | None = None
    starts: int = 0
    ends: int = 0
    until: int = 0


def obstacle(
    half_days: Iterable[HalfDay],
    visits: Sequence[Visit],
    *,
    start: int,
    takes: Interval,
    offering: Collection[int],
    now: int,
) -> Obstacle:
    """What is in the way of a visit that begins at `start` and `takes` these minutes, in the
    half-days (and among the other visits) of one person or one place. `offering` are the half-days
    (ids) for its type."""
    around = [each for each in half_days if each.starts <= start < each.ends]
    open_ones = [each for each in around if not each.is_cancelled]
    fit = [each for each in open_ones if each.id in offering]
    if not fit:
        why = Why.OTHER_TYPES if open_ones else Why.CALLED_OFF if around else Why.NOBODY
        return Obstacle(why, next(iter(open_ones or around), None))
    half_day = fit[0]
    if closed := [each for each in pairs(half_day.closed) if overlaps(*takes, [each])]:
        return Obstacle(Why.CLOSED, half_day, *closed[0])
    standing = [each for each in visits if _stands(each, now=now)]
    return (
        _in_session(half_day, standing)
        if half_day.is_session
        else _beside(
            half_day,
            [each for each in standing if each.practitioner == half_day.practitioner],
            takes,
        )
    )


def _in_session(half_day: HalfDay, standing: Sequence[Visit]) -> Obstacle:
    taken = sum(each.shift == half_day.id for each in standing)
    why = Why.FULL if taken >= half_day.seats else Why.OFF_GRID
    return Obstacle(why, half_day, half_day.starts, half_day.ends)


def _beside(half_day: HalfDay, standing: Sequence[Visit], takes: Interval) -> Obstacle:
    for each in standing:
        if overlaps(*takes, [(each.busy_from, each.busy_until)]):
            return Obstacle(_of(each), half_day, each.starts, each.ends, each.until or 0)
    is_inside = half_day.starts <= takes[0] and takes[1] <= half_day.ends
    return Obstacle(Why.OFF_GRID if is_inside else Why.TOO_SHORT, half_day)


def _stands(visit: Visit, *, now: int) -> bool:
    if visit.state in (HELD, CANCELLED):
        return visit.until is not None and visit.until > now
    return True


def _of(visit: Visit) -> Why:
    return {HELD: Why.HELD, CANCELLED: Why.GIVEN_BACK}.get(visit.state, Why.TAKEN)

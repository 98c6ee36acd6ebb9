"""Whom a freed time is offered to, in what order, and how long each has to answer (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from booking.reminders import Hours
from booking.rules import ANY_DAY, Days
from centres.calendar import wall

# A family that is not told by then could not come: the nearer the time, the shorter the question.
# (How long before the visit it is asked at the soonest; how long it has to answer.)
Patience = Sequence[tuple[timedelta, timedelta]]
BY_MESSAGE: Patience = (
    (timedelta(days=2), timedelta(hours=2)),
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta(hours=12), timedelta(minutes=45)),
    (timedelta(hours=5), timedelta(minutes=30)),
)
# A desk calls between two visitors, and tries twice.
BY_DESK: Patience = (
    (timedelta(days=3), timedelta(hours=3)),
    (timedelta(days=1), timedelta(hours=2)),
)
DESK_HOURS = Hours(time(9), time(17))
# Whatever the hours, it is answered this long before it begins.
LEAST = timedelta(hours=2)
# Nobody is asked about a time further away in waking hours than this many days.
LOOK_AHEAD = 5
# After so many questions in a row without any answer, nobody asks again.
MOST_SILENT = 3
# How near the end of the age window makes it pressing, and very pressing.
SOON, VERY_SOON = timedelta(days=60), timedelta(days=14)


class Freed(NamedTuple):
    """A time that somebody gave back; `starts` is on the clock of its place."""

    type: int
    site: int
    practitioner: int
    starts: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One family that waits, and what is known of its waiting."""

    id: int
    household: int
    type: int
    sites: frozenset[int]
    days: frozenset[int]
    asked_at: datetime
    opens: time | None = None
    closes: time | None = None
    from_on: date | None = None
    until_on: date | None = None
    practitioner: int | None = None
    notice: timedelta = timedelta(0)
    # The days of the right age or week of pregnancy.
    fitting: Days = ANY_DAY
    # The day of the appointment it has; None without one.
    booked_on: date | None = None
    offered: int = 0
    refused: int = 0


def fits(wish: Waiting, freed: Freed, *, now: datetime) -> bool:
    """Whether this time is one the family asked for, truly earlier than what it has, and not too
    soon for it."""
    on, clock = freed.starts.date(), freed.starts.time()
    return (
        wish.type == freed.type
        and freed.site in wish.sites
        and freed.starts.isoweekday() in wish.days
        and (wish.practitioner is None or wish.practitioner == freed.practitioner)
        and (wish.opens is None or clock >= wish.opens)
        and (wish.closes is None or clock < wish.closes)
        and _within(on, wish.from_on, wish.until_on)
        and _within(on, *wish.fitting)
        and (wish.booked_on is None or on < wish.booked_on)
        and is_told_in_time(freed.starts, wish.notice, told_at=now)
    )


def is_told_in_time(starts: datetime, notice: timedelta, *, told_at: datetime) -> bool:
    """Whether a family told then still knows as long before as it wants. Whole days are days of the
    calendar, on the clock of `starts`: "the day before" is any time of that day."""
    if notice % timedelta(days=1):
        return starts - told_at >= notice
    return (starts.date() - told_at.astimezone(starts.tzinfo).date()).days >= notice.days


def _within(on: date, first: date | None, last: date | None) -> bool:
    return (first is None or on >= first) and (last is None or on <= last)


def rank(waiting: Iterable[Waiting], freed: Freed, *, now: datetime) -> list[Waiting]:
    """Those it fits, whose turn it is first: whose age window is about to close, or closes before
    the appointment they have; then who has no appointment at all; then who was never asked, then
    who refused least, then who has waited longest."""
    found = [each for each in waiting if fits(each, freed, now=now)]
    return sorted(found, key=lambda each: place(each, on=freed.starts.date()))


def place(wish: Waiting, *, on: date) -> tuple[int, bool, bool, int, datetime, int]:
    """What decides whose turn it is for a time of that day: the smaller, the sooner."""
    return (
        pressing(wish, on=on),
        wish.booked_on is not None,
        wish.offered > 0,
        wish.refused,
        wish.asked_at,
        wish.id,
    )


def pressing(wish: Waiting, *, on: date) -> int:
    """0 when the right age will be over very soon, or before the appointment they have; 1 when it
    will be within two months; 2 otherwise."""
    last = wish.fitting.last
    if last is None:
        return 2
    if last - on <= VERY_SOON or (wish.booked_on is not None and wish.booked_on > last):
        return 0
    return 1 if last - on <= SOON else 2


class Question(NamedTuple):
    """When a family is asked, and until when it may answer."""

    asked_at: datetime
    answer_by: datetime


def question(
    *,
    now: datetime,
    starts_at: datetime,
    zone: ZoneInfo,
    hours: Hours,
    patience: Patience,
    days_off: Collection[date] = (),
    weekdays: Collection[int] = (1, 2, 3, 4, 5, 6),
) -> Question | None:
    """The first moment at which somebody may be asked, and as long to answer as the time's nearness
    leaves: only hours in which a phone may ring count. None when it is too near for that."""
    spans = _spans(now, zone, hours, days_off, weekdays)
    if not spans:
        return None
    asked_at = max(now, spans[0][0])
    left = next((long for lead, long in patience if starts_at - asked_at >= lead), None)
    if left is None:
        return None
    for opens, closes in spans:
        begins = max(opens, asked_at)
        if begins + left <= closes:
            answer_by = begins + left
            return Question(asked_at, answer_by) if answer_by <= starts_at - LEAST else None
        left -= closes - begins
    return None


def _spans(
    now: datetime,
    zone: ZoneInfo,
    hours: Hours,
    days_off: Collection[date],
    weekdays: Collection[int],
) -> list[tuple[datetime, datetime]]:
    """The hours of the next days that are not over."""
    today = now.astimezone(zone).date()
    days = (today + timedelta(days=number) for number in range(LOOK_AHEAD + 1))
    spans = (
        (wall(day, hours.opens, zone), wall(day, hours.closes, zone))
        for day in days
        if day.isoweekday() in weekdays and day not in days_off
    )
    return [(opens, closes) for opens, closes in spans if closes > now]

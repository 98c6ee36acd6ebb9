"""Decisions on who may book, move and cancel what, and when (pure: `now` is an argument)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from booking.availability import Timing, Window
from booking.errors import AgeNotAllowed, TooLate, WeeksNotAllowed
from centres.calendar import add_working_days, to_minute, to_minute_up, wall

HOLD_FOR = timedelta(minutes=15)
# So long what an agent did to families may be undone; only after that its messages leave.
UNDO_FOR = timedelta(seconds=60)
LEAVES_AFTER = timedelta(seconds=75)
# Nearer than that to its time, a family may be on its way: each minute counts.
SET_OUT = timedelta(hours=1)
# From the first day of the last period to term: 41 weeks, the French convention (CNGOF, HAS).
TERM_DAYS = 41 * 7
# No pregnancy lasts longer: a due date further back is a typing error.
LAST_WEEK = 43
# A free time that began so long ago can still be given to a family that stands at the desk.
BEGUN_FOR = 30


class Days(NamedTuple):
    """A stretch of days, both ends included; None is no limit."""

    first: date | None = None
    last: date | None = None


ANY_DAY = Days()


@dataclass(frozen=True, slots=True)
class TypeRules:
    """What a type asks of time and people. Minutes, days, months, weeks as named."""

    timing: Timing
    notice_min: int = 0
    notice_working_days: int = 0
    horizon_days: int = 90
    cancel_notice_min: int = 0
    age_min_months: int | None = None
    age_max_months: int | None = None
    week_min: int | None = None
    week_max: int | None = None


def public_window(
    rules: TypeRules,
    *,
    now: datetime,
    zone: ZoneInfo,
    release: time,
    holidays: Collection[date] = (),
) -> Window:
    """The starts families may choose at `now`.

    Not before the notice, in minutes and in working days (a delay of one working day asked on
    Friday leads to Monday). Not after the horizon, whose last day opens at the hour `release`.
    """
    local = now.astimezone(zone)
    earliest = to_minute_up(now) + rules.notice_min
    if rules.notice_working_days:
        day = add_working_days(local.date(), rules.notice_working_days, holidays)
        earliest = max(earliest, to_minute(wall(day, time(), zone)))
    reach = rules.horizon_days - (1 if local.time() < release else 0)
    latest = wall(local.date() + timedelta(days=reach + 1), time(), zone)
    return Window(earliest, max(earliest, to_minute(latest)))


def bookable_from(
    starts_at: datetime, *, horizon_days: int, zone: ZoneInfo, release: time
) -> datetime:
    """When the horizon of families reaches this start: see `public_window`."""
    day = starts_at.astimezone(zone).date() - timedelta(days=horizon_days)
    return wall(day, release, zone)


def agent_window(*, now: datetime) -> Window:
    """The starts agents may propose or move to: from now on, as far as shifts exist."""
    return Window(to_minute(now), to_minute(now + timedelta(days=400)))


def desk_window(*, now: datetime, duration: int) -> Window:
    """The starts agents may book: those, and what began at most half an hour ago and is not over,
    for who stands at the desk. Nobody is proposed it, nor moved there."""
    ahead = agent_window(now=now)
    return ahead._replace(earliest=ahead.earliest - min(BEGUN_FOR, duration - 1))


def age_in_months(born_on: date, on: date) -> int:
    """Completed months of age, negative before birth. The 31st completes its month on the last day
    of a shorter one."""
    months = (on.year - born_on.year) * 12 + on.month - born_on.month
    last_of_month = (on + timedelta(days=1)).month != on.month
    if on.day < born_on.day and not last_of_month:
        months -= 1
    return months


def check_age(rules: TypeRules, *, born_on: date, on: date) -> None:
    """Raises AgeNotAllowed unless the child's age on the day fits the type's window."""
    months = age_in_months(born_on, on)
    low = rules.age_min_months if rules.age_min_months is not None else 0
    if months < low or (rules.age_max_months is not None and months > rules.age_max_months):
        raise AgeNotAllowed(months=months, low=low, high=rules.age_max_months)


def weeks_of_pregnancy(due_on: date, on: date) -> int:
    """Completed weeks of amenorrhoea (SA) on a day, from the expected date of birth (41 SA)."""
    return (TERM_DAYS - (due_on - on).days) // 7


def first_day_of_age(born_on: date, months: int) -> date:
    """The first day on which a child has completed so many months."""
    years, month = divmod(born_on.month - 1 + months, 12)
    year = born_on.year + years
    return date(year, month + 1, min(born_on.day, monthrange(year, month + 1)[1]))


def fitting_days(
    rules: TypeRules, *, born_on: date | None = None, due_on: date | None = None
) -> Days:
    """The first and the last day on which check_age and check_weeks let this family in."""
    first, last = None, None
    if born_on is not None:
        first = first_day_of_age(born_on, rules.age_min_months or 0)
        if rules.age_max_months is not None:
            last = first_day_of_age(born_on, rules.age_max_months + 1) - timedelta(days=1)
    if due_on is not None:
        low, high = _weeks(rules)
        begun = due_on - timedelta(days=TERM_DAYS)
        first, last = begun + timedelta(weeks=low), begun + timedelta(weeks=high, days=6)
    return Days(first, last)


def _weeks(rules: TypeRules) -> tuple[int, int]:
    low = rules.week_min if rules.week_min is not None else 0
    return low, rules.week_max if rules.week_max is not None else LAST_WEEK


def check_weeks(rules: TypeRules, *, due_on: date, on: date) -> None:
    """Raises WeeksNotAllowed unless the pregnancy's week on the day fits the type's window."""
    weeks = weeks_of_pregnancy(due_on, on)
    low, high = _weeks(rules)
    if not low <= weeks <= high:
        raise WeeksNotAllowed(weeks=weeks, low=low, high=high)


def check_still_changeable(*, starts_at: datetime, notice_min: int, now: datetime) -> None:
    """Raises TooLate once less than the type's notice is left before the appointment."""
    if now > starts_at - timedelta(minutes=notice_min):
        raise TooLate(notice_min=notice_min)


def reoffer_at(*, now: datetime, starts_at: datetime, delay_min: int) -> datetime | None:
    """When a cancelled time may be offered again; None at once.

    The delay stops people from trading times; it is waived when it would waste the time itself.
    """
    at = now + timedelta(minutes=delay_min)
    return at if delay_min and at < starts_at - timedelta(hours=4) else None


def news_leaves_at(now: datetime, *, starts_at: datetime) -> datetime:
    """When a family is told of what an agent did: once it cannot be undone, but at once when it
    might set out meanwhile."""
    return now + LEAVES_AFTER if starts_at > now + SET_OUT else now


def answer_by(*, now: datetime, starts_at: datetime, proposed_at: datetime, hours: int) -> datetime:
    """Until when a family may accept another time: so many hours, but an hour before the former
    time at the latest, or it would come in vain, and half a day before the new one."""
    last = min(
        now + timedelta(hours=hours),
        starts_at - timedelta(hours=1),
        proposed_at - timedelta(hours=12),
    )
    return max(last, min(now + timedelta(minutes=15), starts_at))


def callback_promise(*, today: date, holidays: Collection[date]) -> date:
    """The day by which a centre calls back: two working days later."""
    return add_working_days(today, 2, holidays)


def is_school_time(
    at: datetime, *, breaks: Collection[tuple[date, date]], holidays: Collection[date]
) -> bool:
    """Whether children are usually at school then, on the clock of the place: 8:30 to 16:30, until
    noon on Wednesdays (Code de l'éducation D521-10), outside holidays. `breaks` are first and last
    days."""
    day = at.date()
    if day.weekday() > 4 or day in holidays or any(first <= day <= last for first, last in breaks):
        return False
    ends = time(12) if day.weekday() == 2 else time(16, 30)
    return time(8, 30) <= at.time() < ends

"""Calendar arithmetic: minutes since the epoch, wall-clock times, recurrences, working days (pure).

Rules speak local wall-clock time in the centre's own zone; everything computed is in UTC minutes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dateutil import rrule

RRULE_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
RRULE_PARTS = frozenset(
    {"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "BYWEEKNO", "COUNT"}
    | {"UNTIL", "WKST", "BYYEARDAY"}
)


class BadRecurrence(ValueError):
    """The RRULE text is not one an opening rule may use; the message says what is wrong."""


def to_minute(instant: datetime) -> int:
    """Whole minutes since the epoch; seconds are dropped."""
    return int(instant.timestamp()) // 60


def to_minute_up(instant: datetime) -> int:
    """Whole minutes since the epoch, rounded up: the first minute not before the instant."""
    return -(-int(instant.timestamp() * 1_000_000) // 60_000_000)


def from_minute(minute: int, zone: ZoneInfo | None = None) -> datetime:
    """The aware instant of a minute, in `zone` (UTC by default)."""
    return datetime.fromtimestamp(minute * 60, zone or UTC)


def wall(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The UTC instant at which a wall clock in `zone` shows this time.

    A time skipped in spring moves forward by the jump; one shown twice in autumn means its first
    showing (PEP 495, fold=0; the same choice as RFC 5545 §3.3.5).
    """
    return datetime.combine(day, clock, zone).astimezone(UTC)


def parse_rrule(text: str, first_on: date) -> rrule.rrule:
    """Check and read an RRULE of whole days. Raises BadRecurrence."""
    parts = {}
    for part in text.strip().upper().split(";"):
        name, separator, value = part.partition("=")
        if not separator or not value or name not in RRULE_PARTS:
            raise BadRecurrence(f"RRULE: {part!r} is not allowed here")
        parts[name] = value
    if parts.get("FREQ") not in RRULE_FREQUENCIES:
        raise BadRecurrence("RRULE: FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY")
    if not all(parts.get(name, "1").strip("0").isdecimal() for name in ("INTERVAL", "COUNT")):
        raise BadRecurrence("RRULE: INTERVAL and COUNT begin at 1")  # 0 would never end
    try:
        rule = rrule.rrulestr(text.strip().upper(), dtstart=datetime.combine(first_on, time()))
    except (ValueError, TypeError, KeyError) as error:
        raise BadRecurrence(f"RRULE: {error}") from error
    if isinstance(rule, rrule.rruleset):
        raise BadRecurrence("RRULE: one rule only")
    return rule


class DayFilter(NamedTuple):
    """Days on which a rule does not apply."""

    holidays: Collection[date] = ()
    breaks: Collection[tuple[date, date]] = ()  # first and last day, both included

    def allows(self, day: date) -> bool:
        return day not in self.holidays and not any(a <= day <= b for a, b in self.breaks)


def occurrences(
    text: str, *, first_on: date, start: date, until: date, days: DayFilter
) -> Iterator[date]:
    """The days of a recurrence beginning on `first_on` that fall in [start, until)."""
    rule = parse_rrule(text, first_on)
    last = datetime.combine(until, time()) - timedelta(days=1)
    for moment in rule.between(datetime.combine(start, time()), last, inc=True):
        if days.allows(moment.date()):
            yield moment.date()


def is_working_day(day: date, holidays: Collection[date]) -> bool:
    """Monday to Friday, public holidays apart (Code du travail L3133-1)."""
    return day.weekday() < 5 and day not in holidays


def add_working_days(day: date, count: int, holidays: Collection[date]) -> date:
    """The day `count` working days after `day`; `day` itself when count is 0."""
    while count > 0:
        day += timedelta(days=1)
        if is_working_day(day, holidays):
            count -= 1
    return day

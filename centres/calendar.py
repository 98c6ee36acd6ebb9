"""Calendar arithmetic: minutes since the epoch, wall-clock times, months, working days (pure).

Rules speak local wall-clock time in the centre's own zone; everything computed is in UTC minutes.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# What a half-day lasts at most: searches look for those begun this long before, no earlier.
# Nobody is away longer without being replaced.
LONGEST_ABSENCE = timedelta(days=400)
LONGEST_SHIFT = timedelta(hours=14)


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
    return datetime.combine(day, clock.replace(fold=0), zone).astimezone(UTC)


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


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

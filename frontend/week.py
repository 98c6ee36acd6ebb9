"""Slots as the "when" page shows them: proposals, then a week of days and places (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from booking.availability import Slot, Window
from booking.rules import Days
from centres.calendar import from_minute, to_minute, wall

WEEK = timedelta(days=7)
MORNING, AFTERNOON = "matin", "apres-midi"
NOON = 12


class Start(NamedTuple):
    """A time a family may choose, at one place, whoever the practitioner will be."""

    at: datetime
    minute: int
    site: int

    @property
    def value(self) -> str:
        """What the button sends."""
        return f"{self.minute}-{self.site}"

    @property
    def half(self) -> str:
        return MORNING if self.at.hour < NOON else AFTERNOON


class PlaceTimes(NamedTuple):
    """A day's times at one place."""

    site: int
    starts: list[Start]


class Day(NamedTuple):
    """A day of the week shown; `places` is empty when nothing is free."""

    on: date
    places: list[PlaceTimes]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a family narrows the list to. Empty means any (it is a wish, not a permission)."""

    weekdays: frozenset[int] = frozenset()  # ISO: Monday is 1
    half: str = ""
    site: int | None = None

    @property
    def is_active(self) -> bool:
        return bool(self.weekdays or self.half or self.site is not None)

    def keep(self, start: Start) -> bool:
        return (
            (not self.weekdays or start.at.isoweekday() in self.weekdays)
            and (not self.half or start.half == self.half)
            and (self.site is None or start.site == self.site)
        )


def starts(slots: Iterable[Slot], zone: ZoneInfo, filters: Filters) -> list[Start]:
    """One line per start and place, in order, however many practitioners are free then."""
    distinct = sorted({(slot.start, slot.site) for slot in slots})
    found = (Start(from_minute(minute, zone), minute, site) for minute, site in distinct)
    return [start for start in found if filters.keep(start)]


def proposals(found: Sequence[Start], count: int = 3) -> list[Start]:
    """A few times worth reading first: the soonest, then another day and half-day, and so on."""
    if not found:
        return []
    chosen = [found[0]]
    while len(chosen) < count:
        later = [start for start in found if start not in chosen]
        if not later:
            break
        chosen.append(min(later, key=lambda start: (_sameness(start, chosen), start.minute)))
    return sorted(chosen)


def _sameness(start: Start, chosen: Sequence[Start]) -> int:
    same_day = any(start.at.date() == other.at.date() for other in chosen)
    same_half = any(start.half == other.half for other in chosen)
    return 2 * same_day + same_half


def nearest(found: Sequence[Start], minute: int, count: int = 3) -> list[Start]:
    """The times closest to one that was just taken, in order."""
    return sorted(sorted(found, key=lambda start: abs(start.minute - minute))[:count])


def days(found: Sequence[Start], monday: date, *, order: Mapping[int, int]) -> list[Day]:
    """The seven days of a week with their times by place, places in `order`."""
    by_day: dict[date, list[Start]] = {}
    for start in found:
        by_day.setdefault(start.at.date(), []).append(start)
    week = []
    for on in (monday + timedelta(days=n) for n in range(7)):
        times = sorted(
            by_day.get(on, []), key=lambda s: (order.get(s.site, s.site), s.site, s.minute)
        )
        places = [PlaceTimes(site, list(each)) for site, each in groupby(times, lambda s: s.site)]
        week.append(Day(on, places))
    return week


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def week_name(monday: date) -> str:
    """2026-W48, as addresses carry it."""
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02}"


def parse_week(text: str) -> date | None:
    """The Monday of "2026-W48"; None for anything else."""
    match = re.fullmatch(r"(\d{4})-W(\d{2})", text, re.ASCII)
    if match is None:
        return None
    try:
        return date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError:
        return None


def within(window: Window, since: date, until: date, zone: ZoneInfo) -> Window:
    """The part of a window on the days [since, until); empty when they do not meet."""
    first = to_minute(wall(since, time(), zone))
    last = to_minute(wall(until, time(), zone))
    earliest = max(window.earliest, first)
    return Window(earliest, max(earliest, min(window.latest, last)))


def on_days(window: Window, days: Days, zone: ZoneInfo) -> Window:
    """The part of a window on the days that suit a family."""
    first = days.first or day_at(window.earliest, zone)
    last = days.last or day_at(window.latest, zone)
    return within(window, first, last + timedelta(days=1), zone)


def day_at(minute: int, zone: ZoneInfo) -> date:
    return from_minute(minute, zone).date()

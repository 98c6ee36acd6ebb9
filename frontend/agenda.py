"""Times of a type at a centre as the "when" page shows them: two availability queries at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.http import QueryDict

from booking import queries
from booking.availability import Window
from booking.errors import BadTime
from booking.rules import ANY_DAY, Days
from centres.models import AppointmentType, Centre, Site
from frontend import week
from frontend.week import Day, Filters, Start

# The first search covers this week and the next two: nearly always enough, and a short read.
FIRST_LOOK = 3 * week.WEEK


class Query(NamedTuple):
    """What a family asked to see. `monday` is None on the first look."""

    monday: date | None
    filters: Filters
    params: QueryDict


@dataclass(frozen=True, slots=True)
class Agenda:
    """A page of times. `jump` is the next Monday whose week has times, when this one has none."""

    monday: date
    days: list[Day]
    proposals: list[Start]
    previous: date | None
    following: date | None
    jump: date | None

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    @property
    def is_empty(self) -> bool:
        """Nothing at all: not this week, not later, and no earlier week is left to look at."""
        return not self.days and self.jump is None and self.previous is None


def read_query(params: QueryDict, sites: Sequence[Site]) -> Query:
    """The week and filters in an address. Raises BadTime for a week that does not exist; unknown
    filters are as good as none."""
    name = params.get("semaine", "")
    monday = week.parse_week(name) if name else None
    if name and monday is None:
        raise BadTime(text=name)
    weekdays = frozenset(int(day) for day in params.getlist("jours") if day in set("123456"))
    half = params.get("moment", "")
    by_slug = {site.slug: site.pk for site in sites}
    filters = Filters(
        weekdays=weekdays,
        half=half if half in (week.MORNING, week.AFTERNOON) else "",
        site=by_slug.get(params.get("lieu", "")),
    )
    return Query(monday, filters, params)


class Search:
    """Finds the starts of one type at one centre that fit the filters, on the days that suit."""

    def __init__(
        self,
        kind: AppointmentType,
        centre: Centre,
        *,
        now: datetime,
        filters: Filters | None = None,
        days: Days = ANY_DAY,
    ) -> None:
        self.kind, self.centre, self.now = kind, centre, now
        self.filters = filters or Filters()
        self.zone = ZoneInfo(centre.time_zone)
        holidays = queries.holidays_near(kind, centre, now=now)
        window = queries.window_for(kind, centre, now=now, holidays=holidays)
        self.window = week.on_days(window, days, self.zone)

    @property
    def first_monday(self) -> date:
        return week.monday_of(week.day_at(self.window.earliest, self.zone))

    @property
    def last_day(self) -> date:
        return week.day_at(max(self.window.earliest, self.window.latest - 1), self.zone)

    def starts(self, since: date, until: date) -> list[Start]:
        """The starts on the days [since, until): one query, none when the window is elsewhere."""
        window: Window = week.within(self.window, since, until, self.zone)
        if window.earliest >= window.latest:
            return []
        found = queries.search(
            kind=self.kind,
            centre=self.centre,
            window=window,
            now=self.now,
            site_id=self.filters.site,
        )
        return week.starts(found, self.zone, self.filters)

    def rest(self, since: date) -> list[Start]:
        return self.starts(since, self.last_day + timedelta(days=1))


def build(search: Search, asked: date | None, order: Mapping[int, int]) -> Agenda:
    """The page of the week asked for; without one, of the first week that has times."""
    first, last = search.first_monday, week.monday_of(search.last_day)
    if asked is None:
        found = search.starts(first, first + FIRST_LOOK) or search.rest(first + FIRST_LOOK)
        monday = week.monday_of(found[0].at.date()) if found else first
        proposals, later = week.proposals(found), []
    else:
        monday = min(max(asked, first), last)
        found = search.starts(monday, monday + week.WEEK)
        proposals, later = [], [] if found else search.rest(monday + week.WEEK)
    shown = [day for day in week.days(found, monday, order=order) if day.places]
    return Agenda(
        monday=monday,
        days=shown,
        proposals=proposals,
        previous=monday - week.WEEK if asked and monday > first else None,
        following=monday + week.WEEK if monday < last else None,
        jump=week.monday_of(later[0].at.date()) if later else None,
    )


def close_to(search: Search, minute: int) -> list[Start]:
    """Three free times around one that was refused: one query."""
    try:
        on = week.day_at(minute, search.zone)
        found = search.starts(on - week.WEEK, on + FIRST_LOOK)
    except OverflowError:
        return []
    return week.nearest(found, minute)

"""Times to say on the phone: three to begin with, then those of the next days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from booking import queries, rules
from booking.availability import Window
from centres.calendar import to_minute
from centres.models import PublicHoliday, SchoolHoliday
from frontend import week
from frontend.forms_talking import LOOK_AHEAD, Wish
from frontend.week import Filters, Start

# As many as somebody reads out.
MOST = 40


@dataclass(frozen=True, slots=True)
class Times:
    """What fits a wish; `more` says that there is more than is shown."""

    proposals: Sequence[Start]
    days: Sequence[tuple[date, Sequence[Start]]]
    more: bool


def times_for(wish: Wish, *, now: datetime) -> Times:
    """The free times that fit, agents' own seats and short notice included: three queries."""
    zone = ZoneInfo(wish.centre.time_zone)
    slots = queries.search(
        kind=wish.kind,
        centre=wish.centre,
        window=_window(wish, zone, now=now),
        now=now,
        for_public=False,
    )
    if wish.practitioner_id is not None:
        slots = [slot for slot in slots if slot.practitioner == wish.practitioner_id]
    starts = week.starts(slots, zone, Filters())
    if wish.is_outside_school:
        starts = _outside_school(starts, wish)
    shown = starts[:MOST]
    days = [(on, list(each)) for on, each in groupby(shown, key=lambda start: start.at.date())]
    return Times(week.proposals(starts), days, len(starts) > len(shown))


def _window(wish: Wish, zone: ZoneInfo, *, now: datetime) -> Window:
    """Of the weeks to come, the days on which the child or the pregnancy is of the right age."""
    window = rules.agent_window(now=now)
    window = window._replace(latest=min(window.latest, to_minute(now + LOOK_AHEAD)))
    born_on = wish.child.born_on if wish.child else None
    fitting = rules.fitting_days(queries.type_rules(wish.kind), born_on=born_on, due_on=wish.due_on)
    return week.on_days(window, fitting, zone)


def _outside_school(starts: Sequence[Start], wish: Wish) -> list[Start]:
    if not starts:
        return []
    department = wish.centre.department
    first, last = starts[0].at.date(), starts[-1].at.date()
    breaks = SchoolHoliday.objects.filter(
        zone=department.school_zone, ends_on__gte=first, starts_on__lte=last
    ).values_list("starts_on", "ends_on")
    holidays = PublicHoliday.objects.filter(department=department, on__range=(first, last))
    known, off = list(breaks), set(holidays.values_list("on", flat=True))
    return [
        start for start in starts if not rules.is_school_time(start.at, breaks=known, holidays=off)
    ]

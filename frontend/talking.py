"""Times to say on the phone: three to begin with, then those of the next days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from booking import queries, rules
from booking.availability import Slot, Window
from centres.calendar import from_minute, to_minute, wall
from centres.models import PublicHoliday, SchoolHoliday
from frontend import week
from frontend.forms_talking import LOOK_AHEAD, Chosen, Wish
from frontend.week import Filters, Start

# As many as somebody reads out.
MOST = 40


@dataclass(frozen=True, slots=True)
class Times:
    """What fits a wish. `later` is the day from which there is more than is shown. `chosen` is the
    time another page chose; `is_chosen_free` says whether it can be had. `begun` is for who stands
    at the desk: nobody is proposed it."""

    proposals: Sequence[Start]
    days: Sequence[tuple[date, Sequence[Start]]]
    later: date | None
    chosen: Start | None = None
    is_chosen_free: bool = False
    begun: Sequence[Start] = ()
    has_chosen_begun: bool = False


def times_for(wish: Wish, *, now: datetime) -> Times:
    """The free times that fit, agents' own seats and short notice included: three queries."""
    zone = ZoneInfo(wish.centre.time_zone)
    slots = queries.search(
        kind=wish.kind,
        centre=wish.centre,
        window=window_of(wish, zone, now=now, is_at_desk=True),
        now=now,
        for_public=False,
        together=wish.together,
    )
    chosen = _at(wish.chosen, zone) if wish.chosen else None
    is_free = any(_is_chosen(slot, wish.chosen) for slot in slots) if wish.chosen else False
    if wish.practitioner_id is not None:
        slots = [slot for slot in slots if slot.practitioner == wish.practitioner_id]
    starts = week.starts(slots, zone, Filters(half=wish.half, site=wish.site_id))
    begun = [start for start in starts if start.minute < to_minute(now)]
    starts = starts[len(begun) :]
    has_begun = chosen is not None and chosen.minute < to_minute(now)
    if chosen is not None:
        begun = [start for start in begun if start.minute != chosen.minute]
    if wish.is_outside_school:
        starts = _outside_school(starts, wish)
    shown = _whole_days(starts)
    days = [(on, list(each)) for on, each in groupby(shown, key=lambda start: start.at.date())]
    later = starts[len(shown)].at.date() if len(starts) > len(shown) else None
    ideas = week.nearest(starts, chosen.minute) if chosen else week.proposals(starts)
    return Times(ideas, days, later, chosen, is_free, begun, has_begun)


def _at(chosen: Chosen, zone: ZoneInfo) -> Start:
    return Start(from_minute(chosen.start, zone), chosen.start, chosen.site_id)


def _is_chosen(slot: Slot, chosen: Chosen) -> bool:
    is_person = chosen.practitioner_id in (None, slot.practitioner)
    return is_person and (slot.start, slot.site) == (chosen.start, chosen.site_id)


def _whole_days(starts: Sequence[Start]) -> Sequence[Start]:
    """The first days, whole, even a very full one: what comes later begins with a day."""
    if len(starts) <= MOST:
        return starts
    last = starts[MOST].at.date()
    whole = [start for start in starts[:MOST] if start.at.date() != last]
    return whole or [start for start in starts if start.at.date() == last]


def window_of(wish: Wish, zone: ZoneInfo, *, now: datetime, is_at_desk: bool = False) -> Window:
    """Of the weeks to come, from the day wished for, the days on which every child or the pregnancy
    is of the right age. A time that was chosen further ahead is looked at too, and for who is
    `is_at_desk` what has begun a moment ago."""
    window = rules.agent_window(now=now)
    if is_at_desk:
        window = rules.desk_window(now=now, duration=wish.kind.duration_min)
    since = window.earliest
    if wish.since is not None:
        since = max(since, to_minute(wall(wish.since, time(), zone)))
    until = since + int(LOOK_AHEAD / timedelta(minutes=1))
    if wish.chosen is not None:
        since = min(since, max(window.earliest, wish.chosen.start))
        until = max(until, wish.chosen.start + 1)
    window = Window(since, max(since, min(window.latest, until)))
    limits = queries.type_rules(wish.kind)
    for born_on in wish.born_on or (None,):
        fitting = rules.fitting_days(limits, born_on=born_on, due_on=wish.due_on)
        window = week.on_days(window, fitting, zone)
    return window


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

"""The days of a calendar with their words: columns of half-days, what stands in them, what is free.

Both of its forms, the list and the grid, are made of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking import daybook
from booking.board import BOOKED, Entry, HalfDay, Kind, closed_within
from booking.daybook import Day
from booking.freebook import free_times
from booking.intervals import overlaps
from booking.openings import Opening
from booking.wording import spoken_time
from centres.calendar import to_minute
from centres.models import Absence, Closure, Practitioner, Site
from frontend.board import Line, Section, Watcher, hours_of
from frontend.calendar import View

SATURDAY = 5
# Why some minutes of a half-day are closed.
Closed = Mapping[tuple[int, int], str]


class Cell:
    """A free time: where a click leads, and who may have it."""

    def __init__(self, opening: Opening, watcher: Watcher) -> None:
        self.opening = opening
        self.is_public = opening.is_public
        self.at = watcher.clock(opening.start)
        self.choice = opening.choice


class Row(Line):
    """One row of the list, one block of the grid."""

    def __init__(
        self, entry: Entry, watcher: Watcher, closed: Mapping[tuple[int, int], str]
    ) -> None:
        super().__init__(entry, watcher)
        self.why_closed = closed.get((entry.starts, entry.ends), "")

    @property
    def words(self) -> str:
        """What stands in a row that is nobody's appointment."""
        if self.entry.kind == Kind.HOLD:
            return self.held
        if self.entry.kind == Kind.REOFFER:
            return self.given_back
        if self.entry.kind == Kind.OPEN:
            return _("Ouvert à tous jusqu’à %(clock)s") % {"clock": self.until}
        return self.why_closed or _("Indisponible")

    @property
    def address(self) -> str:
        return reverse("timeline", args=[self.appointment.spoken_reference])

    @property
    def move_address(self) -> str:
        """Where it is moved to another time; nowhere, once the family has come or not come."""
        if self.appointment.state != BOOKED:
            return ""
        return reverse("move-visit", args=[self.appointment.spoken_reference])


class Half(Section):
    """A half-day: its rows, and its free times."""

    def __init__(
        self,
        section: Section,
        practitioner: Practitioner,
        openings: Sequence[Opening],
        closed: Closed,
    ) -> None:
        super().__init__(section.block, section.watcher)
        self.practitioner = practitioner
        self.cells = [Cell(each, section.watcher) for each in openings]
        self.rows = [
            Row(entry, section.watcher, closed)
            for entry in self.block.entries
            if entry.kind not in (Kind.FREE, Kind.NOW)
        ]

    @property
    def site(self) -> Site:
        if self.shift is not None:
            return self.shift.site
        appointment = self.rows[0].appointment
        return appointment.site

    @property
    def is_cancelled(self) -> bool:
        return self.half_day is not None and self.half_day.is_cancelled


@dataclass(frozen=True, slots=True)
class Column:
    """A person, or a place, with their half-days of one day."""

    key: str
    name: str
    halves: list[Half]
    away: list[str]


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One day of the calendar."""

    on: date
    is_today: bool
    columns: list[Column]
    closures: list[tuple[Closure, str]]
    holiday: str
    is_by_place: bool
    # Columns of other days of the week that this one has not: their names.
    missing: tuple[str, ...] = ()

    @property
    def says_missing(self) -> str:
        """Who, or which places, one looks for in vain on this day."""
        names = {"names": ", ".join(self.missing)}
        if self.is_by_place:
            return _("Pas de consultation ce jour-là : %(names)s.") % names
        return (
            ngettext(
                "Ne reçoit pas ce jour-là : %(names)s.",
                "Ne reçoivent pas ce jour-là : %(names)s.",
                len(self.missing),
            )
            % names
        )


def read(view: View) -> list[CalendarDay]:
    """The days looked at: seven queries. Of a week, Saturday and Sunday only if somebody works."""
    days = daybook.read_days(
        view.centre, on=view.first, days=view.days, now=view.now, looked=view.looked
    )
    free = free_times(view.centre, days, now=view.now, kind=view.looked.kind)
    watcher = Watcher(view.desk, view.centre, to_minute(view.now))
    return _told_apart(
        [
            _day(day, free, watcher, view)
            for day in days
            if not view.is_week or day.on.weekday() < SATURDAY or day.half_days or day.visits
        ]
    )


def _told_apart(days: Sequence[CalendarDay]) -> list[CalendarDay]:
    """Each with who is there on other days and has no column of its own on this one, if anybody
    is there at all."""
    known = {column.key: column.name for day in days for column in day.columns}
    return [replace(day, missing=_missing(day, known)) for day in days]


def _missing(day: CalendarDay, known: Mapping[str, str]) -> tuple[str, ...]:
    there = {column.key for column in day.columns}
    return tuple(sorted(name for key, name in known.items() if key not in there and there))


def _day(
    day: Day, free: Mapping[int, Sequence[Opening]], watcher: Watcher, view: View
) -> CalendarDay:
    halves = [
        Half(
            Section(block, watcher),
            day.practitioners[column.practitioner],
            free.get(block.half_day.id, ()) if block.half_day else (),
            _why_closed(block.half_day, day),
        )
        for column in day.board.columns
        for block in column.blocks
    ]
    columns = _by_place(halves) if view.is_by_place else _by_person(halves, day, watcher)
    closures = [(each, hours_of(each, day.on, watcher)) for each in day.closures]
    is_today = day.on == view.today
    return CalendarDay(day.on, is_today, columns, closures, day.holiday, view.is_by_place)


def _by_person(halves: Iterable[Half], day: Day, watcher: Watcher) -> list[Column]:
    away: dict[int, list[str]] = {}
    for absence in day.absences:
        away.setdefault(absence.practitioner_id, []).append(hours_of(absence, day.on, watcher))
    found: dict[int, Column] = {}
    for half in halves:
        who = half.practitioner
        found.setdefault(
            who.pk, Column(f"p{who.pk}", str(who), [], away.get(who.pk, []))
        ).halves.append(half)
    return list(found.values())


def _by_place(halves: Iterable[Half]) -> list[Column]:
    found: dict[int, Column] = {}
    for half in sorted(halves, key=lambda each: (each.site.name, each.block.starts)):
        site = half.site
        found.setdefault(site.pk, Column(f"s{site.pk}", site.name, [], [])).halves.append(half)
    return list(found.values())


def _why_closed(half_day: HalfDay | None, day: Day) -> Closed:
    """What closes a half-day, by hours: somebody is away, a place is closed, or nobody says."""
    if half_day is None:
        return {}
    return {each: _reason(each, half_day, day) for each in closed_within(half_day)}


def _reason(hours: tuple[int, int], half_day: HalfDay, day: Day) -> str:
    if closure := closure_of(hours, half_day, day):
        return closure.label
    return _("Absence") if is_away(hours, half_day, day) else _("Indisponible")


def closure_of(hours: tuple[int, int], half_day: HalfDay, day: Day) -> Closure | None:
    """What closes the place of a half-day at these hours."""
    here = (None, half_day.subject.site_id)
    found = (each for each in day.closures if each.site_id in here and _takes(each, hours))
    return next(found, None)


def is_away(hours: tuple[int, int], half_day: HalfDay, day: Day) -> bool:
    """Whether who receives in a half-day is away at these hours."""
    return any(
        each.practitioner_id == half_day.practitioner and _takes(each, hours)
        for each in day.absences
    )


def _takes(period: Absence | Closure, hours: tuple[int, int]) -> bool:
    return overlaps(to_minute(period.starts_at), to_minute(period.ends_at), [hours])


def now_line(view: View) -> str:
    return spoken_time(view.now.astimezone(view.zone))

"""The words of a practitioner's own half-days: those of the board, and what only they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking.board import Block, Entry
from booking.practice import Day, Facts, booked_in
from booking.rules import weeks_of_pregnancy
from booking.wording import NBSP, spoken_day, spoken_instant, spoken_time
from centres.calendar import to_minute
from centres.models import Absence, Centre, Shift
from frontend.board import Line, Section, Watcher, spoken_age
from frontend.following import Words
from frontend.staff import Desk


class Reader(NamedTuple):
    """Who reads their own sessions, and when; what is known of those who come."""

    desk: Desk
    facts: Facts
    today: date
    now: datetime

    def watcher(self, centre: Centre) -> Watcher:
        return Watcher(self.desk, centre, to_minute(self.now))


class Patient(Line):
    """One who comes, as their practitioner needs to know them."""

    def __init__(self, entry: Entry, watcher: Watcher, reader: Reader) -> None:
        super().__init__(entry, watcher)
        self.reader = reader

    @property
    def first_name(self) -> str:
        who = self.appointment.child or self.appointment.guardian
        return who.first_name if who else _("Famille inconnue")

    @property
    def age(self) -> str:
        """12 jours · 3 mois · 24 semaines de grossesse"""
        visit, on = self.appointment, self.watcher.day(self.entry.starts)
        if visit.child:
            return spoken_age(visit.child.born_on, on).replace(" ", NBSP)
        if visit.due_on:
            weeks = max(0, weeks_of_pregnancy(visit.due_on, on))
            said = ngettext(
                "%(count)s semaine de grossesse", "%(count)s semaines de grossesse", weeks
            )
            return said % {"count": weeks}
        return ""

    @property
    def is_first(self) -> bool:
        return self.reader.facts.is_first(self.appointment)

    @property
    def family(self) -> int | None:
        """The family's page, if it is one of their centres'."""
        is_own = any(each.pk == self.appointment.centre_id for each in self.reader.desk.centres)
        return self.appointment.household_id if is_own else None

    @property
    def next(self) -> Words | None:
        """When this child is usually seen next."""
        visit = self.appointment
        found = self.reader.facts.suggestions.get(visit.child_id or 0)
        if found is None:
            return None
        return Words(
            found,
            guardian=visit.guardian_id,
            centre=visit.centre.slug,
            today=self.reader.today,
        )


class Session(Section):
    """A half-day, or those who come outside any."""

    def __init__(self, block: Block, reader: Reader) -> None:
        centre = _centre_of(block)
        watcher = reader.watcher(centre)
        super().__init__(block, watcher)
        self.centre = centre
        # Whether families of this centre are theirs to look for.
        self.is_of_desk = any(each.pk == centre.pk for each in reader.desk.centres)
        self.patients = [Patient(entry, watcher, reader) for entry in block.entries]

    @property
    def place(self) -> str:
        """The site, and its town when its name does not say it."""
        site = self.shift.site if self.shift else self.patients[0].appointment.site
        return site.name if site.town in site.name else f"{site.name}, {site.town}"

    @property
    def count(self) -> str:
        """How many come."""
        number = sum(each.kind == "visit" for each in self.patients)
        return said_count(number)


def _centre_of(block: Block) -> Centre:
    if block.half_day is not None:
        return block.half_day.subject.centre  # type: ignore[no-any-return]
    visit = block.entries[0].visit
    assert visit is not None  # noqa: S101  who comes outside a half-day has an appointment
    return visit.subject.centre  # type: ignore[no-any-return]


def said_count(number: int) -> str:
    return ngettext("%(count)s rendez-vous", "%(count)s rendez-vous", number) % {"count": number}


class DayWords(NamedTuple):
    on: date
    is_today: bool
    sessions: Sequence[Session]


def days(found: Iterable[Day], reader: Reader) -> list[DayWords]:
    return [
        DayWords(day.on, day.is_today, [Session(block, reader) for block in day.blocks])
        for day in found
    ]


class Later(NamedTuple):
    """A half-day of the weeks to come."""

    on: date
    hours: str
    place: str
    booked: str


def later(shifts: Iterable[Shift], reader: Reader) -> list[Later]:
    found = []
    for shift in shifts:
        watcher = reader.watcher(shift.centre)
        opens, closes = to_minute(shift.starts_at), to_minute(shift.ends_at)
        found.append(
            Later(
                watcher.day(opens),
                f"{watcher.clock(opens)} – {watcher.clock(closes)}",
                shift.site.name,
                said_count(booked_in(shift)),
            )
        )
    return found


def absence_words(absence: Absence, zone: ZoneInfo) -> str:
    """mardi 1er décembre · du lundi 7 au vendredi 11 décembre · mardi 1er décembre de 9 h à 12 h"""
    opens, closes = (at.astimezone(zone) for at in (absence.starts_at, absence.ends_at))
    if opens.time() == closes.time() == time():
        first, last = opens.date(), closes.date() - timedelta(days=1)
        if first == last:
            return spoken_day(first)
        values = {"first": spoken_day(first), "last": spoken_day(last)}
        return _("du %(first)s au %(last)s") % values
    if opens.date() == closes.date():
        return _("%(day)s de %(opens)s à %(closes)s") % {
            "day": spoken_day(opens),
            "opens": spoken_time(opens),
            "closes": spoken_time(closes),
        }
    values = {"first": spoken_instant(opens), "last": spoken_instant(closes)}
    return _("du %(first)s au %(last)s") % values

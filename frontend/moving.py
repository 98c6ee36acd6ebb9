"""Moving an appointment at the desk: where it could go, what a press or a drop means, why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from booking import queries
from booking.availability import Slot, footprint
from booking.board import HELD, HalfDay
from booking.daybook import Day, read_days
from booking.desk import news_leaves_at
from booking.errors import BadTime, NotOffered, Refusal, SlotTaken, TooSoon
from booking.models import Appointment
from booking.obstacles import Obstacle, Why, obstacle
from booking.openings import nearest
from booking.wording import spoken_instant, spoken_time
from centres.calendar import from_minute, to_minute, wall
from centres.models import Practitioner, Site
from frontend.board import held_words
from frontend.calendar_days import closure_of, is_away
from frontend.staff import Desk

# A block let go so near a free time is meant for it (minutes).
NEAR = 15
TIME = re.compile(r"([0-9]{1,9})-([0-9]{1,9})-([0-9]{1,9})", re.ASCII)


class Target(NamedTuple):
    """Where to: a minute, and who or which place if it matters."""

    start: int
    site_id: int | None = None
    practitioner_id: int | None = None

    @property
    def value(self) -> str:
        return f"{self.start}-{self.site_id}-{self.practitioner_id}"


def read_target(text: str) -> Target:
    """What an address or a button says. Raises BadTime."""
    match = TIME.fullmatch(text)
    if match is None:
        raise BadTime(text=text[:40])
    return Target(*map(int, match.groups()))


def read_drop(at: str, column: str, zone: ZoneInfo) -> Target:
    """Where a block was let go: a time on the wall of the centre, a column. Raises BadTime."""
    match = re.fullmatch(r"([ps])([0-9]{1,9})", column, re.ASCII)
    try:
        local = datetime.fromisoformat(at)
        start = to_minute(wall(local.date(), local.time(), zone))
    except (ValueError, OverflowError) as error:
        raise BadTime(text=at[:40]) from error
    if match is None or local.tzinfo is not None:
        raise BadTime(text=column[:40])
    key = int(match[2])
    return Target(start, None, key) if match[1] == "p" else Target(start, key)


def landing(target: Target, places: Iterable[Slot], *, is_session: bool) -> Target:
    """The free time that a drop means: the session it is in, or the nearest start; else exactly
    where it was let go, to be judged there."""
    fit = [
        each
        for each in places
        if target.site_id in (None, each.site)
        and target.practitioner_id in (None, each.practitioner)
    ]
    start = nearest((each.start for each in fit), target.start, within=NEAR)
    if start is None and is_session:
        around = [each.start for each in fit if each.start <= target.start < each.end]
        start = next(iter(around), None)
    return target if start is None else target._replace(start=start)


class Place(NamedTuple):
    """The free times with one person at one place."""

    practitioner: Practitioner
    site: Site
    times: list[tuple[datetime, str]]


def places(
    slots: Sequence[Slot],
    zone: ZoneInfo,
    *,
    people: dict[int, Practitioner],
    sites: dict[int, Site],
) -> list[Place]:
    """A day's free times by person and place, as people are listed."""

    def where(slot: Slot) -> tuple[str, int, int]:
        return people[slot.practitioner].last_name, slot.practitioner, slot.site

    return [
        Place(
            people[who],
            sites[place],
            [
                (from_minute(each.start, zone), Target(each.start, place, who).value)
                for each in found
            ],
        )
        for (_name, who, place), found in groupby(sorted(slots, key=where), key=where)
    ]


def days_of(slots: Iterable[Slot], zone: ZoneInfo) -> list[date]:
    """The days on which something is free, in order."""
    return sorted({from_minute(each.start, zone).date() for each in slots})


def told(moved: Appointment, *, seen: int, now: datetime) -> str:
    """What came of it, and whether its family hears of it; seen as it was, it did not have to move
    at all. One query."""
    if moved.sequence == seen:
        return _("Le rendez-vous reste où il était.")
    zone = ZoneInfo(moved.centre.time_zone)
    moment = spoken_instant(moved.starts_at.astimezone(zone))
    said = [_("Déplacé au %(moment)s.") % {"moment": moment}]
    if moved.household_id:
        said.append(news(news_leaves_at(moved), now, zone))
    return " ".join(said)


def news(leaves_at: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """When the family hears of a change that has to reach it."""
    if leaves_at is None:
        return _("Aucun message possible : la famille est dans « À appeler ».")
    if leaves_at <= now:
        return _("La famille reçoit un message.")
    local = leaves_at.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return _("Le message à la famille part à %(clock)s.") % {"clock": spoken_time(local)}
    return _("Le message à la famille part le %(moment)s.") % {"moment": spoken_instant(local)}


def explain(
    refusal: Refusal, appointment: Appointment, target: Target, *, desk: Desk, now: datetime
) -> str:
    """Why it cannot go there, in one plain sentence: seven queries more where something stands."""
    if isinstance(refusal, TooSoon):
        return _("Ce moment est passé.")
    if not isinstance(refusal, SlotTaken | NotOffered):
        return _(refusal.message)
    zone = ZoneInfo(appointment.centre.time_zone)
    (day,) = read_days(
        appointment.centre, on=from_minute(target.start, zone).date(), days=1, now=now
    )
    found = _obstacle(appointment, target, day, now=now)
    return _WORDS[found.why](_Told(found, appointment, target, desk, day, zone, now))


def _obstacle(appointment: Appointment, target: Target, day: Day, *, now: datetime) -> Obstacle:
    half_days = [
        each
        for each in day.half_days
        if target.practitioner_id in (None, each.practitioner)
        and target.site_id in (None, each.subject.site_id)
    ]
    return obstacle(
        half_days,
        [each for each in day.visits if each.id != appointment.pk],
        start=target.start,
        takes=footprint(target.start, queries.type_rules(appointment.type).timing),
        offering={each.id for each in half_days if _offers(each, appointment)},
        now=to_minute(now),
    )


def _offers(half_day: HalfDay, appointment: Appointment) -> bool:
    return any(offer.type_id == appointment.type_id for offer in half_day.subject.offers.all())


class _Told(NamedTuple):
    """What the words need."""

    found: Obstacle
    appointment: Appointment
    target: Target
    desk: Desk
    day: Day
    zone: ZoneInfo
    now: datetime

    def clock(self, minute: int) -> str:
        return spoken_time(from_minute(minute, self.zone))

    @property
    def who(self) -> str:
        """Whose half-day it is; else whose, or which place's, column."""
        if self.found.half_day is not None:
            return str(self.found.half_day.subject.practitioner)
        own = Practitioner.objects.filter(department=self.appointment.centre.department_id)
        return str(own.filter(pk=self.target.practitioner_id or 0).first() or "")


def _nobody(told: _Told) -> str:
    if told.who:
        return _("%(who)s ne reçoit pas à ce moment-là.") % {"who": told.who}
    return _("Personne ne reçoit à cet endroit à ce moment-là.")


def _called_off(told: _Told) -> str:
    return _("Cette demi-journée de %(who)s est annulée.") % {"who": told.who}


def _other_types(told: _Told) -> str:
    if not told.desk.knows_type(told.appointment):
        return _("%(who)s ne reçoit pas pour ce motif dans cette demi-journée.") % {"who": told.who}
    values = {"who": told.who, "kind": told.appointment.type.local_label}
    return _("%(who)s ne reçoit pas pour ce motif dans cette demi-journée : %(kind)s.") % values


def _closed(told: _Told) -> str:
    hours, half_day = (told.found.starts, told.found.ends), told.found.half_day
    assert half_day is not None  # noqa: S101  for the type checker: only a half-day is closed
    values = {"opens": told.clock(hours[0]), "closes": told.clock(hours[1]), "who": told.who}
    closure = closure_of(hours, half_day, told.day)
    if closure is not None:
        values["label"] = closure.label
        return _("C’est fermé de %(opens)s à %(closes)s : %(label)s.") % values
    if is_away(hours, half_day, told.day):
        return _("%(who)s est absent·e de %(opens)s à %(closes)s.") % values
    return _("%(who)s n’est pas disponible de %(opens)s à %(closes)s.") % values


def _held(told: _Told) -> str:
    """As the board says it of whoever holds this time."""
    found = told.found
    held = next(
        each.subject
        for each in told.day.visits
        if (each.state, each.starts, each.ends, each.until)
        == (HELD, found.starts, found.ends, found.until)
    )
    return f"{held_words(held, found.until, now=to_minute(told.now), zone=told.zone)}."


def _given_back(told: _Told) -> str:
    if told.found.until >= told.found.ends:
        return _("Le centre ne peut pas recevoir à ce moment-là : un rendez-vous y a été annulé.")
    until, starts = (from_minute(each, told.zone) for each in (told.found.until, told.found.starts))
    if until.date() != starts.date():
        values = {"moment": spoken_instant(until)}
        return _("Ce créneau vient d’être rendu : il est reproposé le %(moment)s.") % values
    values = {"clock": spoken_time(until)}
    return _("Ce créneau vient d’être rendu : il est reproposé à %(clock)s.") % values


def _taken(told: _Told) -> str:
    opens, closes = told.clock(told.found.starts), told.clock(told.found.ends)
    values = {"who": told.who, "opens": opens, "closes": closes}
    return _("%(who)s a déjà un rendez-vous de %(opens)s à %(closes)s.") % values


def _too_short(told: _Told) -> str:
    values = {"minutes": told.appointment.type.duration_min, "clock": told.clock(told.target.start)}
    return _("Il n’y a pas %(minutes)s minutes libres à partir de %(clock)s.") % values


def _off_grid(told: _Told) -> str:
    return _("Aucun créneau ne commence à %(clock)s.") % {"clock": told.clock(told.target.start)}


_WORDS: dict[Why, Callable[[_Told], str]] = {
    Why.NOBODY: _nobody,
    Why.CALLED_OFF: lambda told: (
        _("Cette demi-journée de %(who)s est annulée.") % {"who": told.who}
    ),
    Why.OTHER_TYPES: _other_types,
    Why.CLOSED: _closed,
    Why.HELD: _held,
    Why.GIVEN_BACK: _given_back,
    Why.TAKEN: _taken,
    Why.FULL: lambda _told: _("Cette séance est complète."),
    Why.TOO_SHORT: _too_short,
    Why.OFF_GRID: _off_grid,
}

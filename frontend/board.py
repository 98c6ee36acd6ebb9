"""The words of a centre's day, as the board and its printed page show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from booking import actions
from booking.actors import WAITING_LIST
from booking.board import (
    ARRIVED,
    BEFORE,
    BOOKED,
    FULFILLED,
    IN_PROGRESS,
    NOSHOW,
    Block,
    Entry,
    HalfDay,
)
from booking.daybook import Day
from booking.models import Appointment, Household
from booking.models.remark import remark_of
from booking.openings import Opening
from booking.rules import age_in_months
from booking.wording import NBSP, spoken_instant, spoken_time
from centres.calendar import from_minute, to_minute
from centres.models import Absence, Centre, Closure, Practitioner, Shift
from frontend.calling import speaks
from frontend.door import Door
from frontend.free_times import FreeTime, times_to_give
from frontend.staff import Desk

ACTIONS = {
    BOOKED: actions.await_again,
    ARRIVED: actions.arrive,
    IN_PROGRESS: actions.start,
    FULFILLED: actions.fulfil,
    NOSHOW: actions.mark_noshow,
}
LABELS = {
    ARRIVED: gettext_noop("Arrivé"),
    IN_PROGRESS: gettext_noop("Commencé"),
    FULFILLED: gettext_noop("Fini"),
    NOSHOW: gettext_noop("Non venu"),
}
# Within so many minutes an hour alone is clear, past midnight too.
HALF_A_DAY = 12 * 60
KEYS = {ARRIVED: "a", IN_PROGRESS: "c", FULFILLED: "f", NOSHOW: "n"}
STATE_OF = {key: state for state, key in KEYS.items()}
# By its first letter, of which no two are the same.
SEEN = {state[0]: state for state in ACTIONS}
EXTRA = gettext_noop("En plus")
UNDO, UNDO_KEY = gettext_noop("Défaire"), "u"
# What may come next, the likeliest first.
NEXT = {
    BOOKED: (ARRIVED, NOSHOW),
    ARRIVED: (IN_PROGRESS, FULFILLED),
    IN_PROGRESS: (FULFILLED,),
    NOSHOW: (ARRIVED,),
}
STATES = {
    ARRIVED: gettext_noop("Arrivé"),
    IN_PROGRESS: gettext_noop("En cours"),
    FULFILLED: gettext_noop("Venu"),
    NOSHOW: gettext_noop("Non venu"),
}


class Press(NamedTuple):
    """One button: its key, and what it sends (the key, the appointment, the first letter of the
    state it was shown in); short, for a page carries a hundred of them."""

    key: str
    does: str
    label: str


class Pressed(NamedTuple):
    """Which state an appointment (its id) is to have, and which it was seen in."""

    state: str
    pk: int
    seen: str


class Watcher(NamedTuple):
    """Who looks at a centre's day, and when: what is shown depends on it."""

    desk: Desk
    centre: Centre
    now: int

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.centre.time_zone)

    def clock(self, minute: int) -> str:
        return spoken_time(from_minute(minute, self.zone))

    def day(self, minute: int) -> date:
        return from_minute(minute, self.zone).date()

    def may_read(self, practitioner: Practitioner) -> bool:
        """Whether they are told why people come to discreet appointments of this person."""
        is_own = practitioner.user_id is not None and practitioner.user_id == self.desk.user_id
        return is_own or self.centre.pk in self.desk.managed


class Line:
    """One row of the board with its words."""

    def __init__(self, entry: Entry, watcher: Watcher, free_times: Sequence[FreeTime] = ()) -> None:
        self.entry, self.watcher, self.free_times = entry, watcher, free_times
        self.kind = entry.kind.value
        self.at = watcher.clock(entry.starts)
        self.until = watcher.clock(entry.ends)

    @property
    def appointment(self) -> Appointment:
        return self.entry.visit.subject if self.entry.visit else None  # type: ignore[return-value]

    @property
    def state(self) -> str:
        return self.appointment.state

    @property
    def said(self) -> str:
        """What has become of the visit; nothing as long as it is only awaited."""
        if self.entry.is_late:
            return _("En retard")
        return _(STATES[self.state]) if self.state in STATES else ""

    @property
    def given_back(self) -> str:
        """That a time was given back, and when it is offered again: with its day, unless it is the
        day shown."""
        visit, watcher = self.entry.visit, self.watcher
        until = visit.until if visit and visit.until else watcher.now
        if visit and until >= visit.ends:
            return _("Annulé par le centre, n’est pas reproposé")
        if watcher.day(until) == watcher.day(self.entry.starts):
            return _("Annulé, reproposé à %(clock)s") % {"clock": watcher.clock(until)}
        moment = spoken_instant(from_minute(until, watcher.zone))
        return _("Annulé, reproposé le %(moment)s") % {"moment": moment}

    @property
    def held(self) -> str:
        """For whom a time is held, and until when."""
        visit, watcher = self.entry.visit, self.watcher
        until = visit.until if visit else None
        return held_words(
            self.appointment, until or watcher.now, now=watcher.now, zone=watcher.zone
        )

    @property
    def name(self) -> str:
        return name_of(self.appointment)

    @property
    def about(self) -> str:
        """The child's age and the parent, or nothing for an adult."""
        child, guardian = self.appointment.child, self.appointment.guardian
        if child is None:
            return ""
        age = spoken_age(child.born_on, self.watcher.day(self.entry.starts)).replace(" ", NBSP)
        return ", ".join(filter(None, (age, str(guardian or ""))))

    @property
    def reason(self) -> str:
        return reason_of(self.appointment, self.watcher)

    @property
    def extra(self) -> str:
        """Why it was added over others; of a discreet one only to who may know what it is for."""
        return self.appointment.note if self.beside == _(EXTRA) and self._is_known else ""

    @property
    def remark(self) -> str:
        """What helps to receive the family, to the same."""
        return remark_of(self.appointment) if self._is_known else ""

    @property
    def _is_known(self) -> bool:
        kind, practitioner = self.appointment.type, self.appointment.practitioner
        return not kind.is_discreet or self.watcher.may_read(practitioner)

    @property
    def beside(self) -> str:
        """That it takes nobody's time: it came without an appointment, or was added over others."""
        visit = self.entry.visit
        if visit is None or not visit.is_overbooked:
            return ""
        return _("Sans rendez-vous") if visit.is_walk_in else _(EXTRA)

    @property
    def language(self) -> str:
        return speaks(self.appointment.household)

    @property
    def is_discreet(self) -> bool:
        household = self.appointment.household
        return self.appointment.type.is_discreet or bool(household and _hides(household))

    @property
    def presses(self) -> Sequence[Press]:
        return presses(self.appointment, self.watcher)


def held_words(held: Appointment, until: int, *, now: int, zone: ZoneInfo) -> str:
    """Somebody fills it in for minutes; a family thinks of it, or is to be phoned, for days."""
    values = {"until": _until(until, now, zone)}
    offer = getattr(held, "waiting_offer", None)
    if offer is not None and offer.way == offer.Way.CALL:
        return _("À proposer par téléphone à une famille en attente, %(until)s") % values
    if held.actor == WAITING_LIST.label:
        return _("Proposé à une famille en attente, %(until)s") % values
    if held.moves_id is not None and held.booked_via == Appointment.Via.AGENT:
        return _("Proposé à une famille, dont on attend la réponse")
    return _("Quelqu’un remplit ce créneau, %(until)s") % values


def _until(minute: int, now: int, zone: ZoneInfo) -> str:
    ends = from_minute(minute, zone)
    if minute - now < HALF_A_DAY:
        return _("jusqu’à %(clock)s") % {"clock": spoken_time(ends)}
    return _("jusqu’au %(moment)s") % {"moment": spoken_instant(ends)}


def _hides(household: Household) -> bool:
    """Whether somebody at home must not know."""
    is_silent = household.contact_by == Household.ContactBy.NONE
    return is_silent or bool(household.contact_from or household.sms_sender)


def name_of(appointment: Appointment) -> str:
    """Whom to call out: the child, with a family name; else who booked."""
    child, guardian = appointment.child, appointment.guardian
    if child is None:
        return str(guardian or _("Famille inconnue"))
    family = child.last_name or (guardian.last_name if guardian else "")
    return f"{child.first_name} {family}".strip()


def reason_of(appointment: Appointment, watcher: Watcher) -> str:
    if appointment.type.is_discreet and not watcher.may_read(appointment.practitioner):
        return _("Rendez-vous")
    return appointment.type.local_label


def spoken_age(born_on: date, on: date) -> str:
    """12 jours · 3 mois · 4 ans"""
    months = age_in_months(born_on, on)
    if months < 1:
        days = max(0, (on - born_on).days)
        return ngettext("%(count)s jour", "%(count)s jours", days) % {"count": days}
    if months < 24:
        return ngettext("%(count)s mois", "%(count)s mois", months) % {"count": months}
    years = months // 12
    return ngettext("%(count)s an", "%(count)s ans", years) % {"count": years}


def presses(appointment: Appointment, watcher: Watcher) -> list[Press]:
    """What may be noted of a visit now: nothing before its day, no absence before its hour."""
    seen, starts = appointment.state, to_minute(appointment.starts_at)
    if watcher.day(starts) > watcher.day(watcher.now):
        return []
    found = [
        _press(KEYS[state], appointment, LABELS[state])
        for state in NEXT.get(seen, ())
        if state != NOSHOW or watcher.now >= starts
    ]
    if seen in BEFORE:
        found.append(_press(UNDO_KEY, appointment, UNDO))
    return found


def _press(key: str, appointment: Appointment, label: str) -> Press:
    return Press(key, f"{key}.{appointment.pk}.{appointment.state[0]}", _(label))


def pressed(does: str) -> Pressed | None:
    """What a button sent; None when no button of ours can have."""
    key, _dot, rest = does.partition(".")
    pk, _dot, letter = rest.partition(".")
    seen = SEEN.get(letter, "")
    state = BEFORE.get(seen) if key == UNDO_KEY else STATE_OF.get(key)
    if state is None or not seen or not (pk.isascii() and pk.isdecimal()):
        return None
    return Pressed(state, int(pk[:18]), seen)


class Section:
    """A half-day with its words."""

    def __init__(self, block: Block, watcher: Watcher, free: Sequence[Opening] = ()) -> None:
        self.block, self.watcher = block, watcher
        self.half_day: HalfDay | None = block.half_day
        self.lines = [
            Line(entry, watcher, times_to_give(entry, free, now=watcher.now, clock=watcher.clock))
            for entry in block.entries
        ]
        self.opens, self.closes = watcher.clock(block.starts), watcher.clock(block.ends)

    @property
    def shift(self) -> Shift | None:
        return self.half_day.subject if self.half_day else None

    @property
    def what(self) -> str:
        """What a group or a walk-in session is about."""
        if not (self.half_day and self.shift and (self.is_session or self.half_day.is_walk_in)):
            return ""
        may_read = self.watcher.may_read(self.shift.practitioner)
        kinds = [offer.type for offer in self.shift.offers.all()]
        return ", ".join(
            _("Séance") if kind.is_discreet and not may_read else kind.local_label for kind in kinds
        )

    @property
    def is_session(self) -> bool:
        return self.half_day is not None and self.half_day.is_session

    @property
    def seats(self) -> str:
        """How full a group session is."""
        if self.half_day is None:
            return ""
        values = {"count": self.block.taken, "seats": self.half_day.seats}
        taken = ngettext(
            "%(count)s place prise sur %(seats)s",
            "%(count)s places prises sur %(seats)s",
            self.block.taken,
        )
        return taken % values

    @property
    def door(self) -> Door:
        """Who comes without an appointment, where that is possible."""
        is_ahead = self.watcher.day(self.block.starts) > self.watcher.day(self.watcher.now)
        return Door(self.block, is_ahead=is_ahead)

    @property
    def left(self) -> str:
        """How many families could still come to it."""
        values = {"count": self.block.left}
        free = ngettext("%(count)s libre", "%(count)s libres", self.block.left)
        return free % values if self.block.left else _("complet")


@dataclass(frozen=True, slots=True)
class Person:
    """A practitioner with their half-days and absences of the day."""

    practitioner: Practitioner
    sections: list[Section]
    away: list[str]


def people(
    day: Day, watcher: Watcher, free: Mapping[int, Sequence[Opening]] | None = None
) -> list[Person]:
    """The columns of the board; `free` are the times of each half-day that lead to a booking."""
    known = free or {}
    away: dict[int, list[str]] = {}
    for absence in day.absences:
        hours = hours_of(absence, day.on, watcher)
        away.setdefault(absence.practitioner_id, []).append(hours)
    return [
        Person(
            day.practitioners[column.practitioner],
            [
                Section(block, watcher, known.get(block.half_day.id, ()) if block.half_day else ())
                for block in column.blocks
            ],
            away.get(column.practitioner, []),
        )
        for column in day.board.columns
    ]


def hours_of(period: Absence | Closure, on: date, watcher: Watcher) -> str:
    """Which part of a day an absence or a closure takes."""
    opens, closes = (at.astimezone(watcher.zone) for at in (period.starts_at, period.ends_at))
    values = {"opens": spoken_time(opens), "closes": spoken_time(closes)}
    if opens.date() < on < closes.date():
        return _("toute la journée")
    if opens.date() < on:
        return _("jusqu’à %(closes)s") % values
    if closes.date() > on:
        has_begun = bool(opens.hour or opens.minute)
        return _("à partir de %(opens)s") % values if has_begun else _("toute la journée")
    return _("de %(opens)s à %(closes)s") % values

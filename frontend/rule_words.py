"""Opening rules and half-days in plain sentences, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking.actions.ruling import Outcome, token
from booking.models import Appointment
from booking.wording import spoken_day, spoken_time, spoken_town
from centres.actions import RuleFields
from centres.actions.ruling import fields_of, read_fields
from centres.differences import Difference, HalfDay, Kind
from centres.models import AppointmentType, Centre, OpeningRule, Practitioner, RuleChange, Site
from centres.patterns import from_rrule, say_days, say_rhythm
from frontend.board import name_of
from frontend.staff import Desk


class Names:
    """The people, places and types that sentences name: three queries, whatever they say."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self.zone = ZoneInfo(centre.time_zone)

    @cached_property
    def people(self) -> dict[int, Practitioner]:
        return {each.pk: each for each in Practitioner.objects.all()}

    @cached_property
    def sites(self) -> dict[int, Site]:
        return {each.pk: each for each in Site.objects.select_related("centre")}

    @cached_property
    def kinds(self) -> dict[int, AppointmentType]:
        return {each.pk: each for each in AppointmentType.objects.all()}

    @cached_property
    def _towns(self) -> dict[tuple[int, str], int]:
        counted: dict[tuple[int, str], int] = {}
        for site in self.sites.values():
            place = (site.centre_id, site.town)
            counted[place] = counted.get(place, 0) + 1
        return counted

    def place(self, pk: int) -> str:
        """à Redon · au Rheu · à Redon (Espace des Halles), where there are two of them"""
        site = self.sites[pk]
        said = spoken_town(site.town)
        if self._towns[site.centre_id, site.town] > 1:
            said = f"{said} ({site.name})"
        return said if site.centre_id == self.centre.pk else f"{said}, {site.centre.name}"

    def kinds_of(self, pks: Iterable[int]) -> str:
        return ", ".join(self.kinds[pk].local_label for pk in pks if pk in self.kinds)


def hours(opens: time | datetime, closes: time | datetime) -> str:
    values = {"opens": spoken_time(opens), "closes": spoken_time(closes)}
    return _("de %(opens)s à %(closes)s") % values


def sentence(said: RuleFields, names: Names) -> str:
    """le mardi de 9 h à 12 h, à Redon, une semaine sur deux"""
    pattern = from_rrule(said["rrule"], said["valid_from"])
    days = say_days(pattern, _) if pattern else _("récurrence particulière")
    parts = [f"{days} {hours(said['opens'], said['closes'])}", names.place(said["site_id"])]
    if pattern and (rhythm := say_rhythm(pattern, _)):
        parts.append(rhythm)
    return ", ".join(parts)


def bounds(said: RuleFields, today: date) -> str:
    """à partir du 1er décembre · jusqu’au 30 juin 2027 · nothing without an end in sight"""
    since, until = said["valid_from"], said["valid_until"]
    values = {"first": _dated(since), "last": _dated(until) if until else ""}
    if since > today:
        return (_("du %(first)s au %(last)s") if until else _("à partir du %(first)s")) % values
    return _("jusqu’au %(last)s") % values if until else ""


def _dated(day: date) -> str:
    return spoken_day(day, has_year=True)


def details(said: RuleFields, names: Names) -> str:
    """What else a rule says: its types, seats, what is kept for agents, holidays."""
    parts = [names.kinds_of(said["type_ids"])]
    if (seats := said["seats"]) > 1:
        parts.append(ngettext("%(n)s place", "%(n)s places", seats) % {"n": seats})
    if reserve := said["agent_reserve"]:
        text = ngettext("%(n)s gardé pour les agents", "%(n)s gardés pour les agents", reserve)
        parts.append(text % {"n": reserve})
    if said["skip_school_holidays"]:
        parts.append(_("pas pendant les vacances scolaires"))
    if said["on_public_holidays"]:
        parts.append(_("aussi les jours fériés"))
    return " · ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule as the list shows it."""

    rule: OpeningRule
    says: str
    bounds: str
    details: str

    @property
    def title(self) -> str:
        return self.says[:1].upper() + self.says[1:]


def rule_line(rule: OpeningRule, names: Names, today: date) -> RuleLine:
    said = fields_of(rule)
    return RuleLine(rule, sentence(said, names), bounds(said, today), details(said, names))


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a change does to a half-day."""

    kind: Kind
    who: str
    says: str
    was: str = ""
    is_new: bool = False

    @property
    def label(self) -> str:
        labels = {
            Kind.APPEARS: _("Nouvelle"),
            Kind.CHANGES: _("Modifiée"),
            Kind.GOES: _("Supprimée"),
        }
        return labels[self.kind]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An appointment that no half-day receives; named to whoever may know its family."""

    appointment: Appointment
    at: datetime
    is_named: bool
    is_new: bool = False

    @property
    def name(self) -> str:
        if self.is_named:
            return name_of(self.appointment)
        return _("Une famille du %(centre)s") % {"centre": self.appointment.centre.name}


def left_out(appointment: Appointment, desk: Desk, *, is_new: bool = False) -> LeftOut:
    zone = ZoneInfo(appointment.centre.time_zone)
    is_named = appointment.centre_id in {centre.pk for centre in desk.centres}
    return LeftOut(appointment, appointment.starts_at.astimezone(zone), is_named, is_new)


class Preview:
    """What a change does, in words; `seen` are the tokens of what was shown before, if any."""

    def __init__(
        self,
        outcome: Outcome,
        names: Names,
        desk: Desk,
        *,
        until: datetime,
        seen: Sequence[str] | None = None,
    ) -> None:
        self.outcome, self.names, self.desk = outcome, names, desk
        self.until, self.seen = until, seen

    def _is_new(self, said: str) -> bool:
        return self.seen is not None and token(said) not in self.seen

    @property
    def tokens(self) -> str:
        return " ".join(self.outcome.tokens)

    @property
    def lines(self) -> list[Line]:
        """The half-days of the next weeks."""
        return [
            self._line(each)
            for each in self.outcome.saved.differences
            if each.place.starts_at < self.until
        ]

    @property
    def later(self) -> int:
        """How many more come after these weeks."""
        found = self.outcome.saved.differences
        return sum(each.place.starts_at >= self.until for each in found)

    def _line(self, difference: Difference) -> Line:
        place = difference.place
        was = ""
        if difference.kind == Kind.CHANGES and difference.before is not None:
            was = self._changed(difference.before, place)
        who = str(self.names.people[place.practitioner])
        is_new = self._is_new(difference.sentence_key)
        return Line(difference.kind, who, self._said(place), was, is_new)

    def _said(self, place: HalfDay) -> str:
        starts, ends = (at.astimezone(self.names.zone) for at in (place.starts_at, place.ends_at))
        return f"{spoken_day(starts)} {hours(starts, ends)}, {self.names.place(place.site)}"

    def _changed(self, before: HalfDay, after: HalfDay) -> str:
        """What it was, as far as it changes."""
        parts = []
        if before.practitioner != after.practitioner:
            parts.append(str(self.names.people[before.practitioner]))
        if (before.starts_at, before.ends_at, before.site) != (
            after.starts_at,
            after.ends_at,
            after.site,
        ):
            parts.append(self._said(before))
        if before.kinds != after.kinds:
            parts.append(self.names.kinds_of(before.kinds) or _("aucun motif"))
        if before.seats != after.seats:
            parts.append(
                ngettext("%(n)s place", "%(n)s places", before.seats) % {"n": before.seats}
            )
        if before.reserve != after.reserve:
            text = ngettext(
                "%(n)s gardé pour les agents", "%(n)s gardés pour les agents", before.reserve
            )
            parts.append(text % {"n": before.reserve})
        return " · ".join(parts)

    @property
    def left_out(self) -> list[LeftOut]:
        return [
            left_out(each, self.desk, is_new=self._is_new(f"out:{each.pk}"))
            for each in self.outcome.left_out
        ]

    @property
    def back(self) -> list[LeftOut]:
        return [
            left_out(each, self.desk, is_new=self._is_new(f"back:{each.pk}"))
            for each in self.outcome.back
        ]

    @property
    def outside_already(self) -> int:
        return len(self.outcome.outside) - len(self.outcome.left_out)

    @property
    def clashes(self) -> list[str]:
        """One line per rule: how many of its half-days cannot be, the first and what is there."""
        told, outcome = [], self.outcome
        for pk in dict.fromkeys(clash.rule for clash in outcome.clashes):
            days = [clash for clash in outcome.clashes if clash.rule == pk]
            other = outcome.others[days[0].other]
            starts = other.starts_at.astimezone(self.names.zone)
            ends = other.ends_at.astimezone(self.names.zone)
            rule = outcome.rules[pk]
            text = ngettext(
                "%(who)s : une demi-journée ne peut pas être créée, le %(day)s. Cette personne "
                "travaille alors %(hours)s, %(place)s.",
                "%(who)s : %(count)s demi-journées ne peuvent pas être créées. La première, le "
                "%(day)s : cette personne travaille alors %(hours)s, %(place)s.",
                len(days),
            )
            values = {
                "who": rule.practitioner,
                "count": len(days),
                "day": spoken_day(days[0].on),
                "hours": hours(starts, ends),
                "place": self.names.place(other.site_id),
            }
            told.append(text % values)
        return told

    @property
    def crowded(self) -> list[str]:
        """Sessions that keep their seats, because families have them."""
        return [
            spoken_day(self.outcome.others[pk].starts_at.astimezone(self.names.zone))
            for pk in self.outcome.saved.expansion.crowded
        ]

    @property
    def is_void(self) -> bool:
        """Whether all is said already: there is nothing to save."""
        return not self.outcome.saved.decisions

    @property
    def is_empty(self) -> bool:
        return not (self.outcome.saved.differences or self.clashes or self.crowded)


def history(changes: Iterable[RuleChange], names: Names) -> list[tuple[RuleChange, str]]:
    """Each decision on a rule with what the rule said before it."""
    return [
        (each, sentence(read_fields(each.before), names) if each.before else "") for each in changes
    ]

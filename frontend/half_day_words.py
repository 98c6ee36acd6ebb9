"""Half-days in words: the lines of a week, and what becomes of some that are changed alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking.actions.lending import HalfDays
from booking.models import Appointment
from booking.wording import spoken_day
from centres.models import AppointmentType, Practitioner, Shift
from frontend.rule_words import LeftOut, Names, hours, left_out
from frontend.staff import Desk


class WeekLine:
    """A half-day as a list of them shows it."""

    def __init__(self, shift: Shift, names: Names) -> None:
        self.shift, self.names = shift, names
        self.starts = shift.starts_at.astimezone(names.zone)
        self.ends = shift.ends_at.astimezone(names.zone)

    @property
    def on(self) -> date:
        return self.starts.date()

    @property
    def hours(self) -> str:
        return hours(self.starts, self.ends)

    @property
    def place(self) -> str:
        return self.names.place(self.shift.site_id)

    @property
    def says(self) -> str:
        """mardi 1er décembre de 9 h à 12 h, à Redon"""
        return f"{spoken_day(self.starts)} {self.hours}, {self.place}"

    @property
    def is_cancelled(self) -> bool:
        return self.shift.status == Shift.Status.CANCELLED

    @property
    def booked(self) -> str:
        """How many families are expected or came."""
        number = self.shift.taken if self.shift.seats > 1 else len(self.shift.busy) // 2
        return ngettext("%(n)s rendez-vous", "%(n)s rendez-vous", number) % {"n": number}


def week_lines(shifts: Iterable[Shift], names: Names) -> list[tuple[date, list[WeekLine]]]:
    """Day by day."""
    lines = [WeekLine(shift, names) for shift in shifts]
    return [(on, list(own)) for on, own in groupby(lines, key=lambda line: line.on)]


class Changed:
    """One half-day, as it was and as it will be."""

    def __init__(self, was: Shift, now: Shift, names: Names) -> None:
        self.was, self.now = WeekLine(was, names), WeekLine(now, names)
        self.names = names

    @property
    def is_given(self) -> bool:
        return self.was.shift.practitioner_id != self.now.shift.practitioner_id

    @property
    def before(self) -> str:
        """What it was, as far as it changes."""
        was, now = self.was, self.now
        parts = []
        if self.is_given:
            parts.append(str(was.shift.practitioner))
        if was.says != now.says:
            parts.append(was.says)
        if was.is_cancelled != now.is_cancelled:
            parts.append(_("annulée") if was.is_cancelled else _("ouverte"))
        if _kinds(was.shift) != _kinds(now.shift):
            parts.append(self.names.kinds_of(_kinds(was.shift)))
        if was.shift.seats != now.shift.seats:
            seats = was.shift.seats
            parts.append(ngettext("%(n)s place", "%(n)s places", seats) % {"n": seats})
        if was.shift.agent_reserve != now.shift.agent_reserve:
            kept = was.shift.agent_reserve
            text = ngettext("%(n)s gardé pour les agents", "%(n)s gardés pour les agents", kept)
            parts.append(text % {"n": kept})
        return " · ".join(parts)

    @property
    def doubt(self) -> str:
        """Types that are another profession's than that of who receives now."""
        who = self.now.shift.practitioner
        if not self.is_given:
            return ""
        kinds = [self.names.kinds[pk] for pk in _kinds(self.now.shift)]
        others = [kind for kind in kinds if not _is_of(kind, who)]
        if not others:
            return ""
        values = {
            "who": who,
            "profession": _(who.profession),
            "kinds": ", ".join(kind.local_label for kind in others),
        }
        return _("%(who)s (%(profession)s) ne reçoit pas d’habitude pour : %(kinds)s.") % values


def _is_of(kind: AppointmentType, who: Practitioner) -> bool:
    return who.profession.casefold() in kind.professions.casefold()


def _kinds(shift: Shift) -> list[int]:
    return sorted(offer.type_id for offer in shift.offers.all())


class HalfDaysPreview:
    """What becomes of half-days and their appointments."""

    def __init__(self, outcome: HalfDays, names: Names, desk: Desk) -> None:
        self.outcome, self.names, self.desk = outcome, names, desk

    @property
    def tokens(self) -> str:
        return " ".join(self.outcome.tokens)

    @property
    def changed(self) -> list[Changed]:
        return [Changed(was, now, self.names) for was, now in self.outcome.changed]

    @property
    def is_empty(self) -> bool:
        outcome = self.outcome
        is_shown = outcome.followed or outcome.left_out or outcome.back
        return not (is_shown or any(each.before for each in self.changed))

    @property
    def cancelled(self) -> WeekLine | None:
        """The half-day that is cancelled by itself, if one is."""
        gone = (each.now for each in self.changed if each.now.is_cancelled)
        return next(gone, None)

    @property
    def declaration(self) -> str:
        """Where an absence at just its hours is declared instead: each family is then told, moved
        or proposed another time."""
        line = self.cancelled
        if line is None:
            return ""
        asked = {
            "what": f"p{line.shift.practitioner_id}",
            "since_on": f"{line.starts:%Y-%m-%d}",
            "since_at": f"{line.starts:%H:%M}",
            "until_on": f"{line.ends:%Y-%m-%d}",
            "until_at": f"{line.ends:%H:%M}",
        }
        return f"{reverse('declare', args=[self.names.centre.slug])}?{urlencode(asked)}"

    @property
    def followed(self) -> list[LeftOut]:
        return self._named(self.outcome.followed)

    @property
    def left_out(self) -> list[LeftOut]:
        return self._named(self.outcome.left_out)

    @property
    def back(self) -> list[LeftOut]:
        return self._named(self.outcome.back)

    def _named(self, found: Iterable[Appointment]) -> list[LeftOut]:
        return [left_out(each, self.desk) for each in found]

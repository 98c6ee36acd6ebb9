"""What somebody declares: who is away or what is closed, from when to when, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from booking.concerned import Period
from centres.calendar import LONGEST_ABSENCE, wall
from centres.models import Absence, Centre, Closure, Practitioner, Site
from frontend.fields import ClockInput, DayInput, offer

CENTRE, DEPARTMENT = "c", "d"
KINDS = [("", _("–")), *Absence.Kind.choices]


class PeriodForm(forms.Form):
    """Whoever declares is offered only what is theirs to declare. Without hours, whole days."""

    what = forms.ChoiceField(
        label=_("Qui est absent, ou qu’est-ce qui ferme"),
        error_messages={"required": _("Choisissez qui est absent, ou ce qui ferme.")},
    )
    since_on = forms.DateField(label=_("Du"), widget=DayInput)
    since_at = forms.TimeField(label=_("à partir de"), widget=ClockInput, required=False)
    until_on = forms.DateField(label=_("Au"), widget=DayInput, required=False)
    until_at = forms.TimeField(label=_("jusqu’à"), widget=ClockInput, required=False)
    kind = forms.ChoiceField(label=_("Motif d’une absence"), choices=KINDS, required=False)
    note = forms.CharField(
        label=_("Note entre collègues, ou motif d’une fermeture"), max_length=120, required=False
    )

    def __init__(
        self,
        data: Any = None,
        *,
        centre: Centre,
        people: Iterable[Practitioner],
        sites: Sequence[Site],
        closes_all: bool,
        now: datetime,
    ) -> None:
        super().__init__(data, initial={"since_on": _today(centre, now), "kind": Absence.Kind.SICK})
        self.centre, self.now = centre, now
        self.people = {f"p{each.pk}": each for each in people}
        self.sites = {f"s{each.pk}": each for each in sites}
        offered: list[Any] = [("", _("Choisir…"))]
        if self.people:
            listed = [(key, str(each)) for key, each in self.people.items()]
            offered.append((_("Absence"), listed))
        places: list[Any] = [(key, each.name) for key, each in self.sites.items()]
        places += [(CENTRE, _("Tout le centre"))] if self.sites else []
        places += [(DEPARTMENT, _("Tout le Département"))] if closes_all else []
        if places:
            offered.append((_("Fermeture"), places))
        offer(self, "what", offered)
        # Who is away for themselves only is not asked who.
        self.is_own = len(self.people) == 1 and not places
        if self.is_own:
            self.initial["what"] = next(iter(self.people))
            self.fields["what"].widget = forms.HiddenInput()
            self.fields["kind"].label = _("Motif")
            self.fields["note"].label = _("Note entre collègues")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        zone = ZoneInfo(self.centre.time_zone)
        until_on: date = data["until_on"] or data["since_on"]
        since = wall(data["since_on"], data["since_at"] or time(), zone)
        until = (
            wall(until_on, data["until_at"], zone)
            if data["until_at"]
            else wall(until_on + timedelta(days=1), time(), zone)
        )
        if until <= since:
            self.add_error("until_on", _("La fin vient avant le début."))
        elif until <= self.now:
            self.add_error("until_on", _("C’est déjà passé."))
        elif until - since > LONGEST_ABSENCE:
            self.add_error("until_on", _("C’est plus d’un an : vérifiez l’année."))
        data["since"], data["until"] = since, until
        return data

    def period(self) -> Period:
        """What is declared, not saved."""
        data = self.cleaned_data
        span = {"starts_at": data["since"], "ends_at": data["until"], "note": data["note"]}
        practitioner = self.people.get(data["what"])
        if practitioner is not None:
            kind = data["kind"] or Absence.Kind.LEAVE
            return Absence(practitioner=practitioner, kind=kind, **span)
        what = data["what"]
        return Closure(
            department_id=self.centre.department_id,
            centre=self.centre if what == CENTRE else None,
            site=self.sites.get(what),
            label=data["note"] or str(_("Fermeture")),
            **span,
        )

    @property
    def fingerprint(self) -> str:
        """What the families listed depend on."""
        data = self.cleaned_data
        return f"{data['what']} {data['since'].isoformat()} {data['until'].isoformat()}"


def _today(centre: Centre, now: datetime) -> date:
    return now.astimezone(ZoneInfo(centre.time_zone)).date()

"""An opening rule as a manager fills it in: days, hours, place, types; never an RRULE."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, time
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _

from centres.actions import RuleFields
from centres.actions.ruling import check_rule
from centres.errors import Refusal
from centres.models import AppointmentType, Centre, OpeningRule, Practitioner, Shift, Site
from centres.patterns import DAYS, MOST_EVERY, RANKS, Pattern, from_rrule, in_order, to_rrule
from centres.seating import usual_seats
from centres.written import read_clock, read_day
from frontend.fields import ClockInput, DayInput, offer

WEEKS, MONTHS, KEPT = "weeks", "months", "kept"
# Where an error of the rule as a whole is shown.
SHOWN_AT = {
    "bad_recurrence": "weekdays",
    "ends_too_early": "closes",
    "too_long": "closes",
    "dates_out_of_order": "valid_until",
    "seats_do_not_fit": "seats",
    "nothing_offered": "types",
    "practitioner_gone": "practitioner",
    "other_centre": "site",
}


class DayField(forms.Field):
    """A day by the browser's own calendar, or typed as people write it."""

    widget = DayInput
    default_error_messages = {
        "required": gettext_lazy("Choisissez un jour."),
        "invalid": gettext_lazy("Écrivez un jour comme 1/12/2026."),
    }

    def to_python(self, value: Any) -> date | None:
        if not value or isinstance(value, date):
            return value or None
        try:
            return read_day(str(value)[:20])
        except ValueError as error:
            raise forms.ValidationError(self.error_messages["invalid"]) from error


class ClockField(forms.Field):
    """A time by the browser's own clock, or typed as people write it."""

    widget = ClockInput
    default_error_messages = {
        "required": gettext_lazy("Écrivez une heure."),
        "invalid": gettext_lazy("Écrivez une heure comme 9:30 ou 9 h 30."),
    }

    def to_python(self, value: Any) -> time | None:
        if not value or isinstance(value, time):
            return value or None
        try:
            return read_clock(str(value)[:20])
        except ValueError as error:
            raise forms.ValidationError(self.error_messages["invalid"]) from error


class Boxes(forms.CheckboxSelectMultiple):
    """Several boxes under one legend."""

    use_fieldset = True


def people_of(centre: Centre) -> list[tuple[str, list[tuple[int, str]]]]:
    """Those who work there already first: two queries."""
    here = set(Shift.objects.filter(centre=centre).values_list("practitioner", flat=True))
    here |= set(
        OpeningRule.objects.filter(site__centre=centre).values_list("practitioner", flat=True)
    )
    groups: defaultdict[bool, list[tuple[int, str]]] = defaultdict(list)
    for each in Practitioner.objects.filter(department=centre.department_id, is_active=True):
        groups[each.pk in here].append((each.pk, f"{each}, {gettext(each.profession)}"))
    labels = [(True, gettext("Dans ce centre")), (False, gettext("Ailleurs dans le Département"))]
    return [(label, groups[is_here]) for is_here, label in labels if groups[is_here]]


def kinds_of(ids: Iterable[int] = ()) -> list[tuple[int, str]]:
    """The types in use, and these."""
    ids = set(ids)
    found = AppointmentType.objects.all()
    return [(each.pk, each.local_label) for each in found if each.is_active or each.pk in ids]


class RuleForm(forms.Form):
    """`rule` is the one to change; `said` what the form begins with."""

    practitioner = forms.TypedChoiceField(label=gettext_lazy("Professionnel·le"), coerce=int)
    site = forms.TypedChoiceField(label=gettext_lazy("Lieu"), coerce=int)
    rhythm = forms.ChoiceField(
        label=gettext_lazy("Rythme"), widget=forms.RadioSelect, initial=WEEKS
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Jours"), coerce=int, widget=Boxes, required=False
    )
    ranks = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Quelles semaines du mois"),
        help_text=gettext_lazy("Pour un rythme du mois : par exemple le 1er et le 3e mardi."),
        coerce=int,
        widget=Boxes,
        required=False,
    )
    every = forms.IntegerField(
        label=gettext_lazy("Une semaine (ou un mois) sur"),
        help_text=gettext_lazy("1 : toutes. 2 : une sur deux, à compter de celle du premier jour."),
        min_value=1,
        max_value=MOST_EVERY,
        initial=1,
    )
    opens = ClockField(label=gettext_lazy("De"))
    closes = ClockField(label=gettext_lazy("À"))
    valid_from = DayField(label=gettext_lazy("Premier jour"))
    valid_until = DayField(
        label=gettext_lazy("Dernier jour"),
        help_text=gettext_lazy("Vide : sans fin prévue."),
        required=False,
    )
    types = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Motifs"),
        coerce=int,
        widget=Boxes,
        error_messages={"required": gettext_lazy("Choisissez au moins un motif.")},
    )
    seats = forms.IntegerField(
        label=gettext_lazy("Places"),
        help_text=gettext_lazy("Pour un atelier. Vide : autant que le motif."),
        min_value=1,
        max_value=1000,
        required=False,
    )
    agent_reserve = forms.IntegerField(
        label=gettext_lazy("Rendez-vous gardés pour les agents"),
        min_value=0,
        max_value=100,
        initial=0,
    )
    skip_school_holidays = forms.BooleanField(
        label=gettext_lazy("Pas pendant les vacances scolaires"), required=False
    )
    on_public_holidays = forms.BooleanField(
        label=gettext_lazy("Aussi les jours fériés"), required=False
    )
    since = DayField(
        label=gettext_lazy("Ce changement vaut à partir du"),
        help_text=gettext_lazy(
            "Vide : dès maintenant. Avant ce jour, la plage reste comme elle est."
        ),
        required=False,
    )
    version = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(
        self,
        data: Any = None,
        *,
        centre: Centre,
        said: RuleFields | None,
        version: str,
        today: date,
    ) -> None:
        self.centre, self.said = centre, said
        pattern = from_rrule(said["rrule"], said["valid_from"]) if said else Pattern(())
        super().__init__(data, initial=initial_of(said, pattern, version, today))
        offered = said["type_ids"] if said else []
        offer(self, "practitioner", people_of(centre))
        offer(self, "site", [(site.pk, str(site)) for site in Site.objects.filter(centre=centre)])
        offer(self, "rhythm", rhythms(is_odd=pattern is None))
        offer(self, "weekdays", [(number, _(day)) for number, day in enumerate(DAYS)])
        offer(self, "ranks", [(rank, _(word)) for rank, word in RANKS.items()])
        offer(self, "types", kinds_of(offered))
        for name in ("weekdays", "ranks"):
            self.fields[name].is_unmarked = True  # type: ignore[attr-defined]  # the rhythm decides
        if not said or pattern is None:  # a particular recurrence may count from its first day
            del self.fields["since"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        rhythm = data.get("rhythm")
        if rhythm in (WEEKS, MONTHS) and not data.get("weekdays"):
            self.add_error("weekdays", _("Choisissez au moins un jour."))
        if rhythm == MONTHS and not data.get("ranks"):
            self.add_error("ranks", _("Choisissez au moins une semaine du mois."))
        if not self.errors:
            self._check()
        return data

    def _check(self) -> None:
        try:
            check_rule(self.wanted, centre_id=self.centre.pk)
        except Refusal as refusal:
            text = _(refusal.message) % refusal.details
            self.add_error(SHOWN_AT.get(refusal.code), text)

    @property
    def pattern(self) -> Pattern | None:
        """What the boxes say; None when the particular recurrence is kept."""
        data = self.cleaned_data
        if data["rhythm"] == KEPT:
            return None
        ranks = in_order(data["ranks"]) if data["rhythm"] == MONTHS else ()
        return Pattern(tuple(sorted(data["weekdays"])), data["every"], ranks)

    @property
    def applies_from(self) -> date | None:
        """The later day on which the change begins, if any."""
        return self.cleaned_data.get("since")

    @property
    def wanted(self) -> RuleFields:
        """The rule as the action takes it."""
        data, pattern = self.cleaned_data, self.pattern
        kinds = AppointmentType.objects.filter(pk__in=data["types"])
        return {
            "practitioner_id": data["practitioner"],
            "site_id": data["site"],
            "rrule": self._rrule(pattern, data["valid_from"]),
            "opens": data["opens"],
            "closes": data["closes"],
            "valid_from": data["valid_from"],
            "valid_until": data["valid_until"],
            "seats": data["seats"] or usual_seats(kinds),
            "agent_reserve": data["agent_reserve"],
            "skip_school_holidays": data["skip_school_holidays"],
            "on_public_holidays": data["on_public_holidays"],
            "is_active": True,
            "type_ids": sorted(data["types"]),
        }

    def _rrule(self, pattern: Pattern | None, first_on: date) -> str:
        """As it was written, when it says the same: then nothing changes."""
        before = self.said["rrule"] if self.said else ""
        if pattern is None or pattern == from_rrule(before, first_on):
            return before
        return to_rrule(pattern)


def rhythms(*, is_odd: bool) -> list[tuple[str, str]]:
    """A recurrence that no box can say is kept, or replaced."""
    found = [(WEEKS, _("Des jours de la semaine")), (MONTHS, _("Des jours du mois"))]
    return [*found, (KEPT, _("Récurrence particulière, gardée telle quelle"))] if is_odd else found


def initial_of(
    said: RuleFields | None, pattern: Pattern | None, version: str, today: date
) -> dict[str, Any]:
    if said is None:
        return {"valid_from": today}
    rhythm = KEPT if pattern is None else MONTHS if pattern.ranks else WEEKS
    return {
        **said,
        "practitioner": said["practitioner_id"],
        "site": said["site_id"],
        "types": said["type_ids"],
        "rhythm": rhythm,
        "weekdays": pattern.weekdays if pattern else (),
        "ranks": pattern.ranks if pattern else (),
        "every": pattern.every if pattern else 1,
        "version": version,
    }

"""What an agent asks while a family is on the phone: for whom, what for, where, with whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django import forms
from django.utils.translation import gettext_lazy as _

from booking.actions.confirming import due_date_is_asked
from booking.models import Child, Guardian, Household
from centres.models import AppointmentType, Centre, Practitioner, Shift
from frontend.forms import DateBoxesField

Audience, Booking = AppointmentType.Audience, AppointmentType.Booking
# Further ahead nobody looks while somebody waits on the phone.
LOOK_AHEAD = timedelta(weeks=8)


class Wish(NamedTuple):
    """What the times proposed have to fit."""

    guardian: Guardian
    child: Child | None
    kind: AppointmentType
    centre: Centre
    practitioner_id: int | None
    is_outside_school: bool
    due_on: date | None


class WishForm(forms.Form):
    """Only what is this family's and this desk's can be chosen."""

    guardian = forms.ChoiceField(label=_("Parent"))
    child = forms.ChoiceField(label=_("Enfant"), required=False)
    kind = forms.ChoiceField(label=_("Motif"))
    centre = forms.ChoiceField(label=_("Centre"))
    practitioner = forms.ChoiceField(label=_("Avec"), required=False)
    is_outside_school = forms.BooleanField(label=_("Hors temps scolaire"), required=False)
    due_on = DateBoxesField(
        label=_("Date prévue de l’accouchement"),
        help_text=_("Même approximative. Par exemple : 24 11 2026"),
        error_messages={"required": _("Écrivez la date prévue, même approximative.")},
    )

    def __init__(
        self,
        data: Any,
        *,
        household: Household,
        centres: Sequence[Centre],
        now: datetime,
    ) -> None:
        self.guardians = {str(each.pk): each for each in household.guardians.all()}
        self.children = {str(each.pk): each for each in household.children.all()}
        self.centres = {each.slug: each for each in centres}
        self.kinds = {each.slug: each for each in _bookable()}
        chosen = self.centres.get((data or {}).get("centre", "")) or next(iter(centres))
        self.practitioners = {str(each.pk): each for each in _working_at(chosen, now=now)}
        initial = {
            "guardian": next(iter(self.guardians), ""),
            "child": next(iter(self.children), ""),
            "centre": chosen.slug,
        }
        super().__init__(data, initial=initial)
        asked = self.kinds.get((data or {}).get("kind", ""))
        if asked is None or not due_date_is_asked(asked):
            del self.fields["due_on"]
        self._offer("guardian", self.guardians)
        self._offer("child", self.children, none=_("Aucun : pour l’adulte"))
        self._offer("kind", self.kinds, none=_("Choisir…"))
        self._offer("centre", self.centres)
        self._offer("practitioner", self.practitioners, none=_("La première personne libre"))

    def _offer(self, name: str, choices: dict[str, Any], *, none: Any = None) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  for the type checker
        listed: list[tuple[str, Any]] = [("", none)] if none is not None else []
        field.choices = [*listed, *((key, str(each)) for key, each in choices.items())]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind = self.kinds.get(data.get("kind", ""))
        if kind is None or self.errors:
            return data
        if kind.audience == Audience.CHILD and not data.get("child"):
            self.add_error("child", _("Ce motif est pour un enfant : dites lequel."))
        return data

    @property
    def wish(self) -> Wish:
        data = self.cleaned_data
        kind = self.kinds[data["kind"]]
        practitioner = data["practitioner"]
        return Wish(
            guardian=self.guardians[data["guardian"]],
            child=self.children.get(data["child"]) if kind.audience == Audience.CHILD else None,
            kind=kind,
            centre=self.centres[data["centre"]],
            practitioner_id=int(practitioner) if practitioner else None,
            is_outside_school=data["is_outside_school"],
            due_on=data.get("due_on"),
        )


def _bookable() -> list[AppointmentType]:
    """The types that have times at all."""
    found = AppointmentType.objects.filter(is_active=True).exclude(booking=Booking.WALK_IN)
    return list(found.order_by("position"))


def _working_at(centre: Centre, *, now: datetime) -> list[Practitioner]:
    """Those who receive families there in the weeks to come: one query."""
    shifts = Shift.objects.filter(centre=centre, starts_at__range=(now, now + LOOK_AHEAD))
    return list(Practitioner.objects.filter(pk__in=shifts.values("practitioner")))

"""What an appointment is for, and which child, as an agent puts it right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from booking.actions.amending import shown
from booking.actions.confirming import due_date_is_asked
from booking.models import Appointment, Child
from booking.wording import NBSP
from centres.models import AppointmentType
from frontend.fields import offer
from frontend.forms import DateBoxesField

Audience = AppointmentType.Audience
# As `shown` writes it.
SHOWN = r"^\d{1,9}\.\d{1,19}\.(\d{4}-\d\d-\d\d)?$"


class AmendForm(forms.Form):
    """Only the types its half-day is for, and the children of its family, can be chosen; `version`
    is what was shown."""

    kind = forms.ChoiceField(label=gettext_lazy("Motif"), widget=forms.RadioSelect)
    child = forms.ChoiceField(
        label=gettext_lazy("Pour quel enfant"), required=False, widget=forms.RadioSelect
    )
    due_on = DateBoxesField(
        label=gettext_lazy("Date prévue de l’accouchement"),
        help_text=gettext_lazy("Pour un motif de grossesse seulement, même approximative."),
        required=False,
    )
    version = forms.RegexField(SHOWN, widget=forms.HiddenInput)

    def __init__(
        self,
        data: QueryDict | None,
        appointment: Appointment,
        *,
        kinds: Sequence[AppointmentType],
        children: Sequence[Child],
    ) -> None:
        self.kinds = {each.slug: each for each in kinds}
        self.children = {str(each.pk): each for each in children}
        chosen = str(appointment.child_id or (children[0].pk if len(children) == 1 else ""))
        first = {
            "kind": appointment.type.slug,
            "child": chosen,
            "due_on": appointment.due_on,
            "version": shown(appointment),
        }
        super().__init__(data, initial=first)
        self.fields["child"].is_unmarked = True  # type: ignore[attr-defined]  # the type decides
        offer(self, "kind", [(slug, _length(each)) for slug, each in self.kinds.items()])
        offer(self, "child", [(pk, _named(each)) for pk, each in self.children.items()])
        if not self.children or not any(each.audience == Audience.CHILD for each in kinds):
            del self.fields["child"]
        if not any(due_date_is_asked(each) for each in kinds):
            del self.fields["due_on"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind = self.kinds.get(data.get("kind", ""))
        if kind is None:
            return data
        if kind.audience == Audience.CHILD and "child" in self.fields and not data.get("child"):
            self.add_error("child", _("Ce motif est pour un enfant : dites lequel."))
        if due_date_is_asked(kind) and not data.get("due_on") and "due_on" not in self.errors:
            self.add_error("due_on", _("Écrivez la date prévue, même approximative."))
        return data

    @property
    def asked_kind(self) -> AppointmentType:
        return self.kinds[self.cleaned_data["kind"]]

    @property
    def asked_child(self) -> Child | None:
        return self.children.get(self.cleaned_data.get("child") or "")

    @property
    def asked_due_on(self) -> date | None:
        found: date | None = self.cleaned_data.get("due_on")
        return found


def _length(kind: AppointmentType) -> str:
    return f"{kind.local_label}, {kind.duration_min}{NBSP}min"


def _named(child: Child) -> str:
    values = {"child": child.first_name, "day": f"{child.born_on:%d/%m/%Y}"}
    return _("%(child)s, né·e le %(day)s") % values

"""A child that is not written down yet: its first name and its day of birth, as an agent types."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any, NamedTuple

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from booking.models import Household
from frontend.dates import NotADate, read
from frontend.fields import offer_first
from frontend.forms import PART_ERRORS

# What is typed about a child is sent, never put into an address.
PERSONAL = ("child_first_name", "child_born_on")


class DayField(forms.CharField):
    """A date as people say it, in one field: 24/11/2026, 24 11 26, 24112026, 24 novembre 2026."""

    def clean(self, value: Any) -> date | None:
        typed = super().clean(value)
        if not typed:
            return None
        digits = re.fullmatch(r"(\d\d)(\d\d)(\d{4})", typed, re.ASCII)
        try:
            return read(*digits.groups()) if digits else read(typed, "", "")
        except NotADate as error:
            raise forms.ValidationError(PART_ERRORS[error.part], code=error.part) from error


class Typed(NamedTuple):
    """A child somebody has typed."""

    first_name: str
    born_on: date


class ChildFields(forms.Form):
    """The two fields, in whichever form asks for them. `today` is set by who makes it."""

    today: date
    child_first_name = forms.CharField(
        label=_("Prénom de l’enfant"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    child_born_on = DayField(
        label=_("Né ou née le"),
        max_length=40,
        required=False,
        help_text=_("Exemple : 24/11/2026"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_child_born_on(self) -> date | None:
        born_on: date | None = self.cleaned_data["child_born_on"]
        if born_on and not self.today - timedelta(days=18 * 366) <= born_on <= self.today:
            raise forms.ValidationError(_("Vérifiez la date de naissance."), code="far")
        return born_on

    def check_whole(self) -> None:
        """A first name without its day, or the day without a name, is no child yet."""
        name, born_on = (self.cleaned_data.get(each) for each in PERSONAL)
        if name and not born_on and "child_born_on" not in self.errors:
            self.add_error("child_born_on", _("Écrivez le jour de naissance de l’enfant."))
        if born_on and not name and "child_first_name" not in self.errors:
            self.add_error("child_first_name", _("Écrivez le prénom de l’enfant."))

    def require_child(self) -> None:
        """The form is about a child: without one, or with half of one, it is not right."""
        for name, says in (
            ("child_first_name", _("Écrivez le prénom de l’enfant.")),
            ("child_born_on", _("Écrivez le jour de naissance de l’enfant.")),
        ):
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = says

    @property
    def typed_child(self) -> Typed | None:
        """The child, once both are right."""
        name, born_on = (self.cleaned_data.get(each) for each in PERSONAL)
        return Typed(name, born_on) if name and born_on else None


class ChildForm(ChildFields):
    """One more child of a family that is known, and whose it is when there are several parents."""

    guardian = forms.ChoiceField(label=_("Parent"))
    field_order = (*PERSONAL, "guardian")

    def __init__(self, data: QueryDict | None = None, *, household: Household, today: date) -> None:
        super().__init__(data)
        self.today = today
        self.require_child()
        people = [(str(each.pk), str(each)) for each in household.guardians.all()]
        offer_first(self, "guardian", people)

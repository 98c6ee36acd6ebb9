"""Who a family is and how it is reached, as an agent types it while talking."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from booking.actions.people import Person
from booking.models import Child, Guardian
from frontend.fields import EmailField, FirstNameField, LastNameField, MobileField
from frontend.forms_child import ChildFields, Typed


class PersonForm(forms.Form):
    """A parent. Nothing typed here is proved."""

    first_name = FirstNameField(
        label=_("Prénom"), error_messages={"required": _("Écrivez le prénom du parent.")}
    )
    last_name = LastNameField(
        label=_("Nom"), error_messages={"required": _("Écrivez le nom du parent.")}
    )
    phone = MobileField(label=_("Téléphone"), required=False)
    email = EmailField(label=_("Adresse e-mail"), required=False)

    def __init__(self, data: QueryDict | None, guardian: Guardian | None) -> None:
        initial = {}
        if guardian is not None:
            initial = {
                "first_name": guardian.first_name,
                "last_name": guardian.last_name,
                "phone": guardian.phone.as_national if guardian.phone else "",
                "email": guardian.email,
            }
        super().__init__(data, initial=initial)
        for field in self.fields.values():
            # Another family's than the browser's own.
            field.widget.attrs["autocomplete"] = "off"

    @property
    def person(self) -> Person:
        return Person(**self.cleaned_data)


class ChildCorrectionForm(ChildFields):
    """A child's first name and day of birth, to be put right."""

    def __init__(self, data: QueryDict | None, child: Child, *, today: date) -> None:
        initial: dict[str, Any] = {
            "child_first_name": child.first_name,
            "child_born_on": f"{child.born_on:%d/%m/%Y}",
        }
        super().__init__(data, initial=initial)
        self.today = today
        for name in initial:
            self.fields[name].required = True
        self.fields["child_first_name"].error_messages["required"] = _(
            "Écrivez le prénom de l’enfant."
        )
        self.fields["child_born_on"].error_messages["required"] = _(
            "Écrivez le jour de naissance de l’enfant."
        )

    @property
    def corrected(self) -> Typed:
        return Typed(self.cleaned_data["child_first_name"], self.cleaned_data["child_born_on"])

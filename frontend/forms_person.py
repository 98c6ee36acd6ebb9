"""Who a family is and how it is reached, as an agent types it while talking."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from phonenumber_field.phonenumber import PhoneNumber

from booking.actions.people import Person
from booking.models import Child, Guardian
from frontend.fields import EmailField, FirstNameField, LastNameField, MobileField, french_number
from frontend.forms_child import ChildFields

# Of two records of one person: the contact of the one that stays, or of the other.
KEPT, TAKEN = "garder", "prendre"


def shown_number(phone: PhoneNumber) -> str:
    """As people here say it, or with its country where that is another: typed again it is the
    same."""
    national = str(phone.as_national)
    return national if french_number(national) == phone.as_e164 else str(phone.as_international)


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
                "phone": shown_number(guardian.phone) if guardian.phone else "",
                "email": guardian.email,
            }
        super().__init__(data, initial=initial)
        for field in self.fields.values():
            # Another family's than the browser's own.
            field.widget.attrs["autocomplete"] = "off"
            # Sent along, to tell what was typed from what was only shown.
            field.show_hidden_initial = guardian is not None

    @property
    def person(self) -> Person:
        return Person(**self.cleaned_data)

    @property
    def changes(self) -> dict[str, str]:
        """What was typed anew since the page was shown."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


class ChildCorrectionForm(ChildFields):
    """A child's names and day of birth, to be put right."""

    child_last_name = forms.CharField(label=_("Nom"), max_length=60, required=False)
    field_order = ("child_first_name", "child_last_name", "child_born_on")

    def __init__(self, data: QueryDict | None, child: Child | None = None, *, today: date) -> None:
        initial: dict[str, Any] = {}
        if child is not None:
            initial = {
                "child_first_name": child.first_name,
                "child_last_name": child.last_name,
                "child_born_on": f"{child.born_on:%d/%m/%Y}",
            }
        super().__init__(data, initial=initial)
        self.today = today
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"
            field.show_hidden_initial = True
        self.require_child()

    @property
    def changes(self) -> dict[str, Any]:
        """What was typed anew since the page was shown, by the child's own fields."""
        return {name.removeprefix("child_"): self.cleaned_data[name] for name in self.changed_data}


class ContactsForm(forms.Form):
    """Of each contact that both records have and that is not the same: which one is right."""

    def __init__(self, data: QueryDict | None, kept: Guardian, other: Guardian) -> None:
        super().__init__(data)
        numbers = [shown_number(each.phone) if each.phone else "" for each in (kept, other)]
        # Rather the one that was proved.
        self.first = {
            name: TAKEN if getattr(other, proof) and not getattr(kept, proof) else KEPT
            for name, proof in (("phone", "phone_verified_at"), ("email", "email_verified_at"))
        }
        self._ask("phone", _("Le téléphone à garder"), *numbers)
        self._ask("email", _("L’adresse e-mail à garder"), kept.email, other.email)

    def _ask(self, name: str, label: Any, mine: str, theirs: str) -> None:
        if mine and theirs and mine != theirs:
            self.fields[name] = forms.ChoiceField(
                label=label,
                choices=[(KEPT, mine), (TAKEN, theirs)],
                initial=self.first[name],
                widget=forms.RadioSelect,
                error_messages={"required": _("Choisissez l’un des deux.")},
            )

    @property
    def takes(self) -> list[str]:
        return [name for name, chosen in self.cleaned_data.items() if chosen == TAKEN]

"""A family nobody knows yet, typed while it is on the phone, with what it wants: one short form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from booking.actors import EMAIL, SMS, Who
from booking.contacts import LANGUAGES
from booking.seeking import DATE, MAIL, PHONE
from centres.models import Centre
from frontend.fields import EmailField, FirstNameField, LastNameField, MobileField
from frontend.forms_child import ChildFields
from frontend.forms_talking import Audience, TimesForm, Wish
from frontend.languages import LanguageSelect
from notifications.sms import numbers

# Households seen beside this form and said not to be this one: their ids, with a comma.
KNOWN = "known"


class NewcomerForm(ChildFields, TimesForm):
    """The least a centre needs, typed by an agent: nothing of it is proved."""

    first_name = FirstNameField(
        label=_("Prénom du parent"), error_messages={"required": _("Écrivez le prénom du parent.")}
    )
    last_name = LastNameField(
        label=_("Nom du parent"), error_messages={"required": _("Écrivez le nom du parent.")}
    )
    phone = MobileField(label=_("Téléphone"), required=False)
    email = EmailField(label=_("Adresse e-mail"), required=False)
    language = forms.ChoiceField(
        label=_("Langue"), choices=list(LANGUAGES.items()), initial="fr", widget=LanguageSelect
    )
    needs_interpreter = forms.BooleanField(label=_("Besoin d’un interprète"), required=False)
    field_order = (
        *("first_name", "last_name", "phone", "email", "child_first_name", "child_born_on"),
        *("language", "needs_interpreter"),
        *("kind", "centre", "site", "practitioner", "from", "half"),
    )
    PEOPLE = field_order[:8]

    def __init__(
        self,
        data: QueryDict | None,
        *,
        centres: Sequence[Centre],
        now: datetime,
        today: date,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, centres=centres, now=now, initial=initial)
        self.today = today
        for name in ("first_name", "last_name", "phone", "email"):
            # Another family's than the browser's own.
            self.fields[name].widget.attrs["autocomplete"] = "off"
        self.order_fields(self.field_order)

    @property
    def people(self) -> list[forms.BoundField]:
        return [self[name] for name in self.PEOPLE]

    @property
    def wishes(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in self.PEOPLE]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind = self.asked_kind
        if kind is not None and kind.audience == Audience.CHILD:
            lacks = {
                "child_first_name": _("Ce motif est pour un enfant : écrivez son prénom."),
                "child_born_on": _("Ce motif est pour un enfant : écrivez son jour de naissance."),
            }
            for name, says in lacks.items():
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, says)
        return data

    @property
    def who(self) -> Who:
        """The person as far as it is typed; also of a form with errors, to look for its likes."""
        data = self.cleaned_data
        phone, email = data.get("phone", ""), data.get("email", "")
        is_mobile = bool(phone) and numbers.is_mobile(phone)
        return Who(
            first_name=data.get("first_name", ""),
            last_name=data.get("last_name", ""),
            email=email,
            phone=phone,
            contact_channel=SMS if is_mobile and not email else EMAIL,
            language=data.get("language", "fr"),
            child_first_name=data.get("child_first_name", ""),
            child_born_on=data.get("child_born_on"),
            due_on=data.get("due_on"),
            needs_interpreter=data.get("needs_interpreter", False),
        )

    @property
    def known(self) -> set[int]:
        """The households the agent has seen and said not to be this family."""
        given = self.data.get(KNOWN, "").split(",")
        return {int(pk) for pk in given if re.fullmatch(r"[0-9]{1,18}", pk, re.ASCII)}

    @property
    def wish(self) -> Wish:
        wish = super().wish
        born_on = self.who.child_born_on if wish.kind.audience == Audience.CHILD else None
        return wish._replace(born_on=(born_on,) if born_on else ())


def first_guess(typed: str) -> dict[str, str]:
    """What of a search that found nobody is likely what: a number, a date, an address, a name."""
    guess: dict[str, str] = {}
    for name, pattern in (("email", MAIL), ("child_born_on", DATE), ("phone", PHONE)):
        if found := pattern.search(typed):
            guess[name] = found.group()
            typed = typed.replace(found.group(), " ")
    words = re.sub(r"\d+", " ", typed).split()
    if words:
        guess["last_name"] = " ".join(words[:-1] or words)
        guess["first_name"] = words[-1] if len(words) > 1 else ""
    return {name: value for name, value in guess.items() if value}

"""A family nobody knows yet, typed while it is on the phone, with what it wants: one short form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from booking import finding
from booking.actors import EMAIL, SMS, Who
from booking.contacts import spoken_languages
from booking.errors import ContactRequired
from booking.models import Household
from booking.seeking import DATE, MAIL, PHONE
from centres.models import AppointmentType, Centre
from frontend.fields import EmailField, FirstNameField, LastNameField, MobileField, written
from frontend.forms_child import PERSONAL, ChildFields
from frontend.forms_talking import Audience, TimesForm, Wish
from notifications.sms import numbers

# Households seen beside this form and said not to be this one: their ids, with a comma.
KNOWN = "known"
# Asked by a script for the families that are likely the one being typed, and nothing else.
ALONE = "X-Likely"


class PersonFields(ChildFields):
    """The least a centre needs of a parent and a child, typed by an agent: nothing is proved."""

    first_name = FirstNameField(
        label=_("Prénom du parent"), error_messages={"required": _("Écrivez le prénom du parent.")}
    )
    last_name = LastNameField(
        label=_("Nom du parent"), error_messages={"required": _("Écrivez le nom du parent.")}
    )
    phone = MobileField(label=_("Téléphone"), required=False)
    email = EmailField(label=_("Adresse e-mail"), required=False)
    language = forms.ChoiceField(label=_("Langue"), choices=spoken_languages, initial="fr")
    needs_interpreter = forms.BooleanField(label=_("Besoin d’un interprète"), required=False)
    PEOPLE = (
        *("first_name", "last_name", "phone", "email", "child_first_name", "child_born_on"),
        *("language", "needs_interpreter"),
    )

    def __init__(self, *given: Any, today: date, **named: Any) -> None:
        super().__init__(*given, **named)
        self.today = today
        for name in ("first_name", "last_name", "phone", "email"):
            # Another family's than the browser's own.
            self.fields[name].widget.attrs["autocomplete"] = "off"

    def must_be_told(self) -> bool:
        """Whether somebody who waits could be told of a time; if not, the form says what lacks."""
        if not self.is_valid():
            return False
        if not self.who.phone and not self.who.email:
            self.add_error("phone", _(ContactRequired.message))
        return self.is_valid()

    @property
    def people(self) -> list[forms.BoundField]:
        return [self[name] for name in self.PEOPLE]

    def check_child(self, kind: AppointmentType | None) -> None:
        """What is for a child needs one."""
        if kind is None or kind.audience != Audience.CHILD:
            return
        lacks = {
            "child_first_name": _("Ce motif est pour un enfant : écrivez son prénom."),
            "child_born_on": _("Ce motif est pour un enfant : écrivez son jour de naissance."),
        }
        for name, says in lacks.items():
            if not self.cleaned_data.get(name) and name not in self.errors:
                self.add_error(name, says)

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


class NewcomerForm(PersonFields, TimesForm):
    """The same with what the family wants."""

    field_order = (
        *PersonFields.PEOPLE,
        *("kind", "centre", "site", "practitioner", "from", "half"),
    )

    def __init__(
        self,
        data: QueryDict | None,
        *,
        centres: Sequence[Centre],
        now: datetime,
        today: date,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, centres=centres, now=now, today=today, initial=initial)
        self.order_fields(self.field_order)
        self.unmark(*PERSONAL)

    @property
    def wishes(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in self.PEOPLE]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.check_child(self.asked_kind)
        return data

    @property
    def knows_what(self) -> bool:
        """Whether what for, where and when is said right, though something of the people lacks."""
        return not [name for name in self.errors if name not in self.PEOPLE]

    @property
    def shown_name(self) -> str:
        """Who it is, in one line, as far as it is typed."""
        who = self.who
        parts = [f"{who.first_name} {who.last_name}".strip(), who.child_first_name]
        return ", ".join(part for part in parts if part)

    @property
    def resent_wishes(self) -> list[tuple[str, str]]:
        """What for, where, with whom and when, for the form of a next page."""
        names = [name for name in self.fields if name not in self.PEOPLE]
        # The three boxes of a date are called after their field.
        return [
            (name, value)
            for name, value in self.resent
            if name in names or name.rpartition("_")[0] in names
        ]

    @property
    def wish(self) -> Wish:
        wish = super().wish
        born_on = self.who.child_born_on if wish.kind.audience == Audience.CHILD else None
        return wish._replace(born_on=(born_on,) if born_on else ())


class Likely(NamedTuple):
    """Families that are perhaps the one being typed; `known` are those seen by now, as the form
    sends them; `is_news` when one of them was not on the page that was sent."""

    families: list[Household]
    known: str
    is_news: bool


def likely_ones(form: PersonFields, scope: finding.Scope) -> Likely:
    """Those of a form that was judged, be it right or not."""
    found = finding.likely(form.who, scope)
    shown = {household.pk for household in found}
    known = ",".join(map(str, sorted(shown | form.known)))
    return Likely(found, known, not shown <= form.known)


def first_guess(typed: str) -> dict[str, str]:
    """What of a search that found nobody is likely what: a number, a date, an address, a name."""
    guess: dict[str, str] = {}
    for name, pattern in (("email", MAIL), ("child_born_on", DATE), ("phone", PHONE)):
        if found := pattern.search(typed):
            guess[name] = found.group()
            typed = typed.replace(found.group(), " ")
    if guess.get("phone", "").startswith("+"):
        guess["phone"] = written(guess["phone"])
    words = re.sub(r"\d+", " ", typed).split()
    if words:
        guess["last_name"] = " ".join(words[:-1] or words)
        guess["first_name"] = words[-1] if len(words) > 1 else ""
    return {name: value for name, value in guess.items() if value}

"""Fields that several forms ask for: a person's names, an e-mail address, phone numbers, days; and
what a field lets choose among."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from booking.wording import NBSP
from frontend.templatetags.emgav import phone
from notifications.sms import numbers

# Mainland France and the overseas départements (ARCEP numbering plan), nine digits after the code.
FRENCH_CODES = (33, 262, 590, 594, 596)
GONE = _("Ce choix n’existe plus : choisissez de nouveau.")


class _Native(forms.Widget):
    """The browser's own calendar or clock. What it cannot show (typed without one, and refused) is
    kept in a plain box: there it would be lost."""

    shown = re.compile("")

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        typed = context["widget"]["value"]
        if typed and not self.shown.fullmatch(typed):
            context["widget"]["type"] = "text"
        return context


class DayInput(_Native, forms.DateInput):
    input_type = "date"
    shown = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class ClockInput(_Native, forms.TimeInput):
    input_type = "time"
    shown = re.compile(r"\d\d:\d\d", re.ASCII)

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class FirstNameField(forms.CharField):
    widget = forms.TextInput(attrs={"autocomplete": "given-name"})
    default_error_messages = {"required": _("Écrivez votre prénom.")}

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("Votre prénom"))
        super().__init__(max_length=60, **options)


class LastNameField(forms.CharField):
    widget = forms.TextInput(attrs={"autocomplete": "family-name"})
    default_error_messages = {"required": _("Écrivez votre nom.")}

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("Votre nom"))
        super().__init__(max_length=60, **options)


class EmailField(forms.EmailField):
    """Addresses are kept in lower case: a capital letter must not hide an appointment."""

    widget = forms.EmailInput(attrs={"autocomplete": "email"})
    default_error_messages = {
        "required": _("Écrivez votre adresse e-mail."),
        "invalid": _("Cette adresse n’est pas complète. Exemple : nom@exemple.fr"),
    }

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("Votre adresse e-mail"))
        super().__init__(max_length=254, **options)

    def clean(self, value: Any) -> str:
        return str(super().clean(value)).lower()


class MobileField(forms.CharField):
    """A mobile number of any country, kept in E.164. A French landline passes too: a centre can
    call it; whether an SMS is to reach it is the form's to say."""

    widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"})

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("Votre numéro de téléphone"))
        super().__init__(max_length=30, **options)

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        if not typed:
            return ""
        try:
            return numbers.parse(typed)
        except forms.ValidationError as error:
            number = french_number(typed) if error.code == "landline" else ""
            if not number:
                raise
            return number


class ContactField(forms.CharField):
    """An e-mail address or a mobile number, whichever a family is known by."""

    widget = forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"})
    default_error_messages = {
        "required": _("Écrivez votre adresse e-mail ou votre numéro de mobile."),
        "neither": _("Écrivez une adresse e-mail, ou un numéro de mobile avec ses 10 chiffres."),
    }

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("Votre adresse e-mail ou votre mobile"))
        super().__init__(max_length=254, **options)

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        if "@" in typed:
            return EmailField().clean(typed)
        if not any(character.isdigit() for character in typed):
            raise forms.ValidationError(self.error_messages["neither"], code="neither")
        return numbers.parse(typed)


class PhoneField(forms.CharField):
    """Numbers are kept in E.164: one person asking twice, written differently, is one request."""

    widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"})
    default_error_messages = {
        "required": _("Écrivez votre numéro de téléphone."),
        "phone": _("Ce numéro n’est pas un numéro français complet. Il a 10 chiffres."),
    }

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("Votre numéro de téléphone"))
        super().__init__(max_length=30, **options)

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        number = french_number(typed) if typed else ""
        if typed and not number:
            raise forms.ValidationError(self.error_messages["phone"], code="phone")
        return number


def offer(form: forms.BaseForm, name: str, choices: Sequence[Any]) -> None:
    """What a field of a form lets choose among."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  for the type checker
    field.choices = choices


def offer_first(form: forms.BaseForm, name: str, choices: Sequence[tuple[str, Any]]) -> None:
    """The same, with the first of them chosen; one choice is none to make."""
    offer(form, name, choices)
    form.fields[name].initial = choices[0][0] if choices else ""
    hide_only(form, name, [key for key, _label in choices])


def hide_only(form: forms.BaseForm, name: str, keys: Sequence[str]) -> None:
    """One choice is none to make, unless another was sent, which is no more: nobody could choose
    anew what is hidden. That it is gone is said without its number."""
    form.fields[name].error_messages["invalid_choice"] = GONE
    if len(keys) == 1 and form.data.get(name, keys[0]) == keys[0]:
        form.fields[name].widget = forms.HiddenInput()


def written(number: str) -> str:
    """A number as people write it into a field: 06 39 98 77 00."""
    return phone(number).replace(NBSP, " ")


def french_number(typed: str) -> str:
    """The number in E.164, or nothing when a centre could not, or should not, call it.

    The length is checked, not the list of blocks in service: that list lags behind the regulator,
    and leaves out the numbers it keeps for fiction. 08 numbers may cost the centre money.
    """
    try:
        number = phonenumbers.parse(typed, settings.PHONENUMBER_DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        return ""
    is_french = number.country_code in FRENCH_CODES and phonenumbers.is_possible_number(number)
    national = str(number.national_number)
    if not is_french or len(national) != 9 or national.startswith("8"):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

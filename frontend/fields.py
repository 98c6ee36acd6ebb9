"""Fields that several forms ask for: a person's names, an e-mail address, phone numbers."""

from __future__ import annotations

from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from notifications.sms import numbers

# Mainland France and the overseas départements (ARCEP numbering plan), nine digits after the code.
FRENCH_CODES = (33, 262, 590, 594, 596)


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

"""What families type outside of a booking: why they cancel, how to call them back, their e-mail."""

from __future__ import annotations

from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Choices = tuple[tuple[str, "str | Promise"], ...]

# Fixed answers only: a free text would invite health details nobody asked for (RGPD art. 5.1.c).
CANCEL_REASONS: Choices = (
    ("", _("Je ne souhaite pas le dire")),
    ("unavailable", _("Je ne suis plus disponible ce jour-là")),
    ("other_time", _("J’ai trouvé un rendez-vous ailleurs")),
    ("not_needed", _("Je n’en ai plus besoin")),
    ("transport", _("Je ne peux pas venir jusqu’au centre")),
    ("other", _("Une autre raison")),
)
MOMENTS: Choices = (
    ("morning", _("Le matin, de 9 h à 12 h")),
    ("noon", _("Le midi, de 12 h à 14 h")),
    ("afternoon", _("L’après-midi, de 14 h à 17 h")),
    ("wednesday", _("Plutôt le mercredi")),
    ("not_wednesday", _("Pas le mercredi")),
)

EMAIL_ERRORS = {
    "required": _("Écrivez votre adresse e-mail."),
    "invalid": _("Cette adresse n’est pas complète. Exemple : nom@exemple.fr"),
}
# Mainland France and the overseas départements (ARCEP numbering plan), nine digits after the code.
FRENCH_CODES = (33, 262, 590, 594, 596)


def in_french(choices: Choices, code: str) -> str:
    """The choice as staff read it, whatever language the family read."""
    with translation.override(settings.LANGUAGE_CODE):
        return str(dict(choices)[code])


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


class CancelForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("Pourquoi annulez-vous ?"),
        help_text=_("Votre réponse aide le centre à s’organiser."),
        choices=CANCEL_REASONS,
        required=False,
        widget=forms.RadioSelect,
    )

    @property
    def note(self) -> str:
        """The reason as kept in the appointment's history; empty when none was given."""
        code = self.cleaned_data["reason"]
        return in_french(CANCEL_REASONS, code) if code else ""


class CallbackForm(forms.Form):
    first_name = forms.CharField(
        label=_("Votre prénom"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
        error_messages={"required": _("Écrivez votre prénom.")},
    )
    last_name = forms.CharField(
        label=_("Votre nom"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
        error_messages={"required": _("Écrivez votre nom.")},
    )
    phone = forms.CharField(
        label=_("Votre numéro de téléphone"),
        help_text=_("Un numéro français, par exemple 06 39 98 12 34."),
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
        error_messages={"required": _("Écrivez votre numéro de téléphone.")},
    )
    email = forms.EmailField(
        label=_("Votre adresse e-mail"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages=EMAIL_ERRORS,
    )
    moments = forms.MultipleChoiceField(
        label=_("Quand pouvons-nous vous appeler ?"),
        help_text=_("Cochez une ou plusieurs cases."),
        choices=MOMENTS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def clean_phone(self) -> str:
        """The number in E.164: one person asking twice, written differently, is one request."""
        number = french_number(self.cleaned_data["phone"])
        if not number:
            raise forms.ValidationError(
                _("Ce numéro n’est pas un numéro français complet. Il a 10 chiffres."),
                code="phone",
            )
        return number

    @property
    def answers(self) -> dict[str, Any]:
        """What the call-back action is given."""
        data = self.cleaned_data
        preference = ", ".join(in_french(MOMENTS, code) for code in data["moments"])
        return {
            "first_name": data["first_name"],
            "last_name": data["last_name"],
            "phone": data["phone"],
            "email": data["email"].lower(),
            "preference": preference,
        }


class AccessForm(forms.Form):
    email = forms.EmailField(
        label=_("Votre adresse e-mail"),
        help_text=_("Celle que vous avez donnée pour prendre rendez-vous."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages=EMAIL_ERRORS,
    )

    def clean_email(self) -> str:
        """Addresses are kept in lower case: a capital letter must not hide an appointment."""
        return str(self.cleaned_data["email"]).lower()

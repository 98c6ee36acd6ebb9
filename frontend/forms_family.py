"""What families type outside of a booking: why they cancel, how to call them back, their e-mail."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from frontend.fields import ContactField, EmailField, FirstNameField, LastNameField, PhoneField

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


def in_french(choices: Choices, code: str) -> str:
    """The choice as staff read it, whatever language the family read."""
    with translation.override(settings.LANGUAGE_CODE):
        return str(dict(choices)[code])


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
    first_name = FirstNameField()
    last_name = LastNameField()
    phone = PhoneField(help_text=_("Un numéro français, par exemple 06 39 98 12 34."))
    email = EmailField(required=False)
    moments = forms.MultipleChoiceField(
        label=_("Quand pouvons-nous vous appeler ?"),
        help_text=_("Cochez une ou plusieurs cases."),
        choices=MOMENTS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    @property
    def answers(self) -> dict[str, Any]:
        """What the call-back action is given."""
        data = self.cleaned_data
        preference = ", ".join(in_french(MOMENTS, code) for code in data["moments"])
        return {
            "first_name": data["first_name"],
            "last_name": data["last_name"],
            "phone": data["phone"],
            "email": data["email"],
            "preference": preference,
        }


def typed_so_far(post: QueryDict) -> dict[str, Any]:
    """The first values of a call-back form that shows what was typed again, unjudged."""
    return {
        name: post.getlist(name) if name == "moments" else post.get(name, "")
        for name in CallbackForm.base_fields
    }


class AccessForm(forms.Form):
    contact = ContactField(help_text=_("L’adresse ou le numéro où vous avez reçu un code."))

    def __init__(self, *args: Any, has_sms: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not has_sms:
            self.fields["contact"] = EmailField(help_text=_("Celle où vous avez reçu un code."))

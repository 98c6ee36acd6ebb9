"""Who is invited, and to do what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from centres.models import Membership
from frontend.fields import offer


class InvitationForm(forms.Form):
    """The roles offered are those of the place: of a centre, or of the whole Département."""

    email = forms.EmailField(
        label=_("Adresse e-mail professionnelle"),
        help_text=_("La personne y reçoit un lien pour choisir son mot de passe."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": _("Écrivez son adresse e-mail."),
            "invalid": _("Cette adresse e-mail n’est pas complète."),
        },
    )
    first_name = forms.CharField(
        label=_("Prénom"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Écrivez son prénom.")},
    )
    last_name = forms.CharField(
        label=_("Nom"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Écrivez son nom.")},
    )
    role = forms.ChoiceField(label=_("Rôle"), widget=forms.Select)

    def __init__(self, *args: Any, roles: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "role", [(role, Membership.Role(role).label) for role in roles])

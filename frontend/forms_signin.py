"""What staff type to come in: a password, a code, a new password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.utils.translation import gettext_lazy as _

from centres.models import User


class LogInForm(forms.Form):
    username = forms.CharField(
        label=_("Adresse e-mail professionnelle"),
        max_length=254,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "inputmode": "email"}
        ),
        error_messages={"required": _("Écrivez votre adresse e-mail.")},
    )
    password = forms.CharField(
        label=_("Mot de passe"),
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("Écrivez votre mot de passe.")},
    )

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).lower()


class FactorForm(forms.Form):
    """Six digits of the app; where a recovery code may stand instead, eight."""

    code = forms.CharField(
        label=_("Code à 6 chiffres"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "spellcheck": "false"}
        ),
        error_messages={"required": _("Écrivez le code.")},
    )


class KeyForm(forms.Form):
    """What its owner knows a key by."""

    name = forms.CharField(label=_("Nom de la clé"), max_length=60)


class NewPasswordForm(forms.Form):
    """Typed twice, since it cannot be read while it is typed."""

    password = forms.CharField(
        label=_("Nouveau mot de passe"),
        help_text=_("12 caractères au moins. Plusieurs mots se retiennent mieux qu’un seul."),
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": _("Écrivez votre mot de passe.")},
    )
    again = forms.CharField(
        label=_("Le même, encore une fois"),
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": _("Écrivez votre mot de passe.")},
    )

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.user = user

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        password_validation.validate_password(password, self.user)
        return password

    def clean_again(self) -> str:
        again = str(self.cleaned_data["again"])
        if again != self.cleaned_data.get("password", again):
            raise forms.ValidationError(_("Les deux mots de passe ne sont pas les mêmes."))
        return again

"""What the desk types: another address for a lost message, what came of a call."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from booking.models import CallbackRequest
from notifications.models import OutboxMessage


class AddressForm(forms.Form):
    """Whether the address can be one is `handling`'s to say: it depends on the channel."""

    channel = forms.ChoiceField(label=_("Envoyer par"), widget=forms.Select)
    address = forms.CharField(
        label=_("Adresse e-mail ou numéro de mobile"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Écrivez l’adresse ou le numéro.")},
    )
    correct = forms.BooleanField(
        label=_("Corriger aussi la fiche de la famille, et ses prochains messages"), required=False
    )

    def __init__(self, *args: Any, ways: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        labels = dict(OutboxMessage.Channel.choices)
        field = self.fields["channel"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  for the type checker
        field.choices = [(way, labels[way]) for way in ways]


class OutcomeForm(forms.Form):
    outcome = forms.ChoiceField(
        label=_("Suite donnée"), choices=CallbackRequest.Outcome.choices, widget=forms.Select
    )

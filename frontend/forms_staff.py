"""What the desk types: another address for a lost message, what came of a call, who read what."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from booking.actions.remarking import one_line
from booking.contacts import spoken_languages
from booking.models import AppointmentRemark, CallbackRequest
from centres.models import AppointmentType
from frontend.fields import DayInput, PhoneField, offer
from frontend.forms_family import Choices, in_french
from frontend.forms_rules import DayField
from notifications.models import OutboxMessage

BY_FAMILY, BY_CENTRE = "family", "centre"
# Fixed answers only, as those of families.
WHY: Choices = (
    (BY_FAMILY, _("La famille ne viendra pas")),
    ("unavailable", _("La famille n’est plus disponible ce jour-là")),
    ("elsewhere", _("La famille a trouvé un rendez-vous ailleurs")),
    ("not_needed", _("La famille n’en a plus besoin")),
    ("transport", _("La famille ne peut pas venir jusqu’au centre")),
    ("mistake", _("Le rendez-vous a été pris par erreur")),
    (BY_CENTRE, _("Le centre ne peut pas recevoir la famille")),
)


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
        offer(self, "channel", [(way, labels[way]) for way in ways])


class OutcomeForm(forms.Form):
    """What came of a call; `again_on` is for who did not answer, `seen` the tries shown."""

    outcome = forms.ChoiceField(
        label=_("Suite donnée"),
        choices=[*CallbackRequest.Outcome.choices, ("again", _("Ne répond pas"))],
    )
    again_on = forms.DateField(required=False)
    note = forms.CharField(max_length=200, required=False)
    seen = forms.IntegerField(min_value=0, required=False)


class CancelVisitForm(forms.Form):
    """Why an agent cancels an appointment; `version` is the one that was shown."""

    why = forms.ChoiceField(
        label=_("Pourquoi ?"),
        choices=WHY,
        initial=BY_FAMILY,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choisissez pourquoi.")},
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    @property
    def is_asked(self) -> bool:
        """Whether the family knows already: else the centre tells it that it cannot receive it."""
        return bool(self.cleaned_data["why"] != BY_CENTRE)

    @property
    def note(self) -> str:
        """The reason as the appointment's history keeps it; that it was the centre's doing is what
        was done, and no reason."""
        return in_french(WHY, self.cleaned_data["why"]) if self.is_asked else ""


class RemarkForm(forms.Form):
    """What helps to receive a family; `seen` is what stood when the page was shown. A second button
    empties it."""

    text = forms.CharField(
        label=_("Remarque"),
        help_text=_(
            "Pour l’accueil et le professionnel : « poussette double », « vient avec sa sœur »."
            " La famille ne la reçoit pas. Rien de médical. Effacée une semaine après."
        ),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["text"].is_unmarked = True  # type: ignore[attr-defined]  # emptied, it is gone

    def clean_text(self) -> str:
        text, longest = one_line(self.cleaned_data["text"]), AppointmentRemark.LONGEST
        if "vider" in self.data:
            return ""
        if (over := len(text) - longest) > 0:
            said = _("%(longest)s caractères au plus : il y en a %(over)s de trop.")
            values = {"longest": longest, "over": over}
            raise forms.ValidationError(said % values, code="too_long")
        return text


class NewCallbackForm(forms.Form):
    """A call-back that an agent notes while talking."""

    first_name = forms.CharField(label=_("Prénom"), max_length=60)
    last_name = forms.CharField(label=_("Nom"), max_length=60)
    phone = PhoneField(label=_("Téléphone"))
    kind = forms.ModelChoiceField(
        label=_("Motif"),
        queryset=AppointmentType.objects.filter(is_active=True).order_by("position", "label"),
        to_field_name="slug",
        empty_label=_("Choisir…"),
    )
    language = forms.ChoiceField(
        label=_("Langue"), choices=spoken_languages, initial="fr", required=False
    )
    again_on = forms.DateField(
        label=_("À rappeler le"),
        help_text=_("Vide : dans deux jours ouvrés."),
        required=False,
        widget=DayInput,
    )
    preference = forms.CharField(
        label=_("Moments préférés, ce qu’il faut savoir"), max_length=200, required=False
    )

    def __init__(self, *args: Any, today: date, **options: Any) -> None:
        super().__init__(*args, **options)
        self.today = today
        self.fields["language"].is_unmarked = True  # type: ignore[attr-defined]  # one is chosen

    def clean_language(self) -> str:
        return self.cleaned_data["language"] or "fr"

    def clean_again_on(self) -> date | None:
        again_on: date | None = self.cleaned_data["again_on"]
        if again_on is not None and again_on < self.today:
            raise forms.ValidationError(_("Ce jour est déjà passé."), code="past")
        return again_on


class JournalForm(forms.Form):
    """Whose readings, and of which day; neither need be given."""

    qui = forms.CharField(
        label=_("Par qui"),
        help_text=_("Un morceau de nom ou d’adresse e-mail."),
        max_length=100,
        required=False,
    )
    jour = DayField(label=_("Quel jour"), required=False)

"""The forms of the booking steps. Each field checks itself; rules are booking’s."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from booking.actors import EMAIL, SMS, Who
from booking.rules import TERM_DAYS
from centres.models import AppointmentType
from frontend.dates import NotADate, read
from frontend.fields import EmailField, FirstNameField, LastNameField, MobileField
from frontend.languages import LanguageField, page_language
from notifications.sms import numbers

Audience = AppointmentType.Audience


class DateBoxes(forms.MultiWidget):
    """Day, month and year in three boxes: no picker to fight, and every keyboard can type it.

    Browsers give back what was typed when one comes back to a page, but not with autocomplete off.
    """

    template_name = "components/date_boxes.html"
    use_fieldset = True

    def __init__(self) -> None:
        boxes: dict[str, forms.Widget | type[forms.Widget]] = {
            part: forms.TextInput(attrs={"inputmode": "numeric"})
            for part in ("day", "month", "year")
        }
        super().__init__(boxes)

    def decompress(self, value: object) -> list[str]:
        if isinstance(value, str) and value:
            value = date.fromisoformat(value)
        if isinstance(value, date):
            return [str(value.day), str(value.month), str(value.year)]
        return ["", "", ""]


PART_ERRORS = {
    "day": _("Le jour va de 1 à 31."),
    "month": _("Le mois va de 1 à 12."),
    "year": _("Vérifiez l’année. Elle a quatre chiffres, par exemple 2026."),
    "whole": _("Cette date n’existe pas. Vérifiez le jour, le mois et l’année."),
}


class DateBoxesField(forms.Field):
    """A date in three boxes, read the way people write dates."""

    widget = DateBoxes

    def to_python(self, value: Any) -> date | None:
        boxes = [str(part or "")[:40] for part in (value or ("", "", ""))]
        try:
            return read(*boxes)
        except NotADate as error:
            raise forms.ValidationError(PART_ERRORS[error.part], code=error.part) from error


def _unasked(audience: str, *, has_sms: bool) -> set[str]:
    names = set() if has_sms else {"contact_channel"}
    if audience != Audience.CHILD:
        names |= {"child_first_name", "child_born_on"}
    if audience != Audience.PREGNANCY:
        names |= {"due_on"}
    return names


class OwnFields(dict[str, forms.Field]):
    """Fields of a form that changes what they ask and say, never their widgets nor their choices:
    these are shared by all requests, all else is its own."""

    def __deepcopy__(self, memo: object) -> dict[str, forms.Field]:
        return {name: self._own(field) for name, field in self.items()}

    @staticmethod
    def _own(field: forms.Field) -> forms.Field:
        own = object.__new__(type(field))
        own.__dict__.update(field.__dict__)
        return own


class WhoForm(forms.Form):
    """The least a centre needs to receive a family; the type's audience decides what is asked."""

    child_first_name = forms.CharField(
        label=_("Prénom de l’enfant"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "section-child given-name"}),
        error_messages={"required": _("Écrivez le prénom de votre enfant.")},
    )
    child_born_on = DateBoxesField(
        label=_("Date de naissance de l’enfant"),
        help_text=_("Par exemple : 24 11 2026"),
        error_messages={"required": _("Écrivez la date de naissance de votre enfant.")},
    )
    due_on = DateBoxesField(
        label=_("Date prévue de l’accouchement"),
        help_text=_("Même approximative. Par exemple : 24 11 2026"),
        error_messages={"required": _("Écrivez la date prévue, même approximative.")},
    )
    first_name = FirstNameField()
    last_name = LastNameField()
    email = EmailField(
        help_text=_("Nous y envoyons un code pour confirmer, puis votre rendez-vous.")
    )
    phone = MobileField(
        help_text=_("Pour vous prévenir si le centre doit changer l’heure."), required=False
    )
    contact_channel = forms.ChoiceField(
        label=_("Recevoir le code"),
        help_text=_("Si vous avez écrit les deux."),
        choices=[(EMAIL, _("par e-mail")), (SMS, _("par SMS"))],
        required=False,
        widget=forms.RadioSelect,
    )
    message_language = LanguageField()
    # What the page offered: left as it was, it is nobody's choice.
    offered_language = forms.CharField(
        required=False, max_length=16, initial=page_language, widget=forms.HiddenInput
    )
    needs_interpreter = forms.BooleanField(label=_("J’ai besoin d’un interprète"), required=False)

    def __init__(
        self, *args: Any, audience: str, today: date, has_sms: bool = False, **options: Any
    ) -> None:
        # Only what is asked is copied for this request: of all a form does that is the dearest.
        unasked = _unasked(audience, has_sms=has_sms)
        self.base_fields = OwnFields(  # type: ignore[misc]  # the form copies what it finds on itself
            (name, field) for name, field in self.base_fields.items() if name not in unasked
        )
        super().__init__(*args, **options)
        self.today = today
        if has_sms:
            self._ask_for_either()

    def clean_child_born_on(self) -> date:
        born_on: date = self.cleaned_data["child_born_on"]
        if born_on > self.today:
            raise forms.ValidationError(
                _("Ce jour n’est pas encore venu. Vérifiez la date de naissance."),
                code="future",
            )
        if born_on < self.today - timedelta(days=18 * 366):
            raise forms.ValidationError(
                _("Vérifiez l’année de naissance de votre enfant."), code="too_old"
            )
        return born_on

    def clean_due_on(self) -> date:
        due_on: date = self.cleaned_data["due_on"]
        late, early = timedelta(days=28), timedelta(days=TERM_DAYS)
        if not self.today - late <= due_on <= self.today + early:
            raise forms.ValidationError(
                _("Vérifiez la date prévue : elle est trop loin d’aujourd’hui."), code="far"
            )
        return due_on

    def _ask_for_either(self) -> None:
        """An address or a mobile: many families have only the one."""
        email, phone = self.fields["email"], self.fields["phone"]
        email.required = False
        for field in (email, phone, self.fields["contact_channel"]):
            field.is_unmarked = True  # type: ignore[attr-defined]  # neither is optional alone
        email.help_text = _("Une adresse e-mail ou un numéro de mobile : au moins l’un des deux.")
        phone.help_text = _("Le code, puis votre rendez-vous, peuvent arriver par SMS.")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors.keys() & {"email", "phone", "contact_channel"}:
            data["contact_channel"] = self._channel(data)
        return data

    def _channel(self, data: dict[str, Any]) -> str:
        """How the code is to come: as asked, else by what was given; what lacks is said."""
        email, phone, asked = data["email"], data["phone"], data.get("contact_channel", "")
        channel = asked or (SMS if phone and not email else EMAIL)
        if not email and not phone:
            self.add_error("email", _("Écrivez une adresse e-mail ou un numéro de mobile."))
        elif channel == EMAIL and not email:
            self.add_error("email", _("Pour un code par e-mail, écrivez votre adresse."))
        elif channel == SMS and not phone:
            self.add_error("phone", _("Pour un code par SMS, écrivez votre numéro de mobile."))
        elif channel == SMS and not numbers.is_mobile(phone):
            self.add_error("phone", numbers.REFUSALS["landline"])
        return channel

    @property
    def who(self) -> Who:
        """The person as the confirm action wants them."""
        return _person(self.cleaned_data)

    @property
    def payload(self) -> dict[str, Any]:
        """What was typed, as JSON, to wait for the code."""
        data = self.cleaned_data
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in data.items()
        }


def who_from_payload(payload: dict[str, Any], *, language: str) -> Who:
    """The person again, from what waited for the code; `language` if that did not say."""
    dates = {
        name: date.fromisoformat(payload[name])
        for name in ("child_born_on", "due_on")
        if payload.get(name)
    }
    return _person({"message_language": language} | payload | dates)


def _person(data: dict[str, Any]) -> Who:
    fields = dict(data)
    language, offered = fields.pop("message_language"), fields.pop("offered_language", "")
    return Who(language=language, is_language_default=language == offered, **fields)


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code à 6 chiffres"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
        error_messages={"required": _("Écrivez les six chiffres du code reçu.")},
    )

    def clean_code(self) -> str:
        digits = "".join(c for c in self.cleaned_data["code"] if c in "0123456789")
        if len(digits) != 6:
            raise forms.ValidationError(_("Le code a six chiffres."), code="length")
        return digits


class PlaceForm(forms.Form):
    q = forms.CharField(
        label=_("Votre commune ou votre code postal"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "postal-code"}),
    )

    @property
    def words(self) -> str:
        """What was typed; what is too long to be a place is cut, not refused."""
        typed: str = self.cleaned_data["q"] if self.is_valid() else self.data["q"][:80]
        return typed

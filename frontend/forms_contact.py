"""How a household wants its messages: language, ways, hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from booking.actors import EMAIL, SMS
from booking.contacts import ContactChoices, spoken_languages
from booking.models import Household
from booking.wording import spoken_time
from frontend.languages import LanguageField

By = Household.ContactBy
HOURS = {"contact_from", "contact_until"}
OPENS, CLOSES = 8, 20  # nothing but urgent news leaves outside of these (notifications)

BOTH: list[tuple[str, str | Promise]] = [
    (By.ANY, _("Par e-mail et par SMS")),
    (By.EMAIL, _("Par e-mail seulement")),
    (By.SMS, _("Par SMS seulement")),
]
ONLY = {EMAIL: _("Par e-mail"), SMS: _("Par SMS")}
NONE: tuple[str, str | Promise] = (By.NONE, _("Aucun message"))


class HourField(forms.TypedChoiceField):
    """An hour of the day, or none."""

    def __init__(self, hours: range, *, chosen: time | None, **options: Any) -> None:
        times = {time(hour) for hour in hours} | ({chosen} if chosen else set())
        choices = [("", "–"), *((f"{each:%H:%M}", spoken_time(each)) for each in sorted(times))]
        super().__init__(
            choices=choices,
            coerce=time.fromisoformat,
            empty_value=None,
            required=False,
            initial=f"{chosen:%H:%M}" if chosen else "",
            **options,
        )


class WaysField(forms.ChoiceField):
    """The ways that can reach who books."""

    widget = forms.RadioSelect
    default_error_messages = {"required": _("Choisissez comment recevoir vos messages.")}

    def __init__(self, ways: Sequence[str], *, chosen: str) -> None:
        super().__init__(
            label=_("Comment voulez-vous recevoir vos messages ?"),
            help_text=_("Confirmations, changements et rappels de vos rendez-vous."),
            choices=_offered(ways, chosen),
            initial=chosen,
        )


class ContactForm(forms.Form):
    """What a household chose, and what else it may choose."""

    message_language = LanguageField()

    def __init__(
        self, data: Any = None, *, household: Household, ways: Sequence[str], **options: Any
    ) -> None:
        super().__init__(data, **options)
        self.fields["message_language"].initial = household.language
        self.fields["contact_by"] = WaysField(ways, chosen=household.contact_by)
        self.fields["contact_from"] = HourField(
            range(OPENS, CLOSES), chosen=household.contact_from, label=_("Pas avant")
        )
        self.fields["contact_until"] = HourField(
            range(OPENS + 1, CLOSES + 1), chosen=household.contact_until, label=_("Pas après")
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        since, until = data.get("contact_from"), data.get("contact_until")
        if since and not until:
            self.add_error("contact_until", _("Choisissez aussi l’heure de fin."))
        elif until and not since:
            self.add_error("contact_from", _("Choisissez aussi l’heure de début."))
        elif since and until and since >= until:
            self.add_error("contact_until", _("L’heure de fin vient après celle de début."))
        return data

    @property
    def choices(self) -> ContactChoices:
        data = dict(self.cleaned_data)
        return ContactChoices(language=data.pop("message_language"), **data)


class FamilyWishesForm(ContactForm):
    """The same, as an agent hears it on the phone."""

    def __init__(self, data: Any = None, *, household: Household, ways: Sequence[str]) -> None:
        super().__init__(data, household=household, ways=ways)
        self.fields["message_language"] = forms.ChoiceField(
            label=_("Langue des messages"), choices=spoken_languages, initial=household.language
        )
        by = self.fields["contact_by"]
        assert isinstance(by, forms.ChoiceField)  # noqa: S101  for the type checker
        by.label, by.help_text = _("Comment la famille veut-elle recevoir ses messages ?"), ""
        offered = _offered(ways, household.contact_by)
        if household.contact_by not in dict(offered):
            # It was chosen for a number or an address that is no more.
            offered += [each for each in BOTH if each[0] == household.contact_by]
        by.choices = offered
        for field in self.fields.values():
            # Sent along, to tell what was changed from what was only shown.
            field.show_hidden_initial = True

    @property
    def changes(self) -> dict[str, Any]:
        """What was changed since the page was shown, by the fields of ContactChoices."""
        names = self._chosen
        return {name.removeprefix("message_"): self.cleaned_data[name] for name in names}

    @property
    def _chosen(self) -> set[str]:
        """The fields that say something else than was shown; the hours both or neither."""
        names = set(self.changed_data)
        return names | HOURS if names & HOURS else names

    def of(self, household: Household, *, ways: Sequence[str]) -> FamilyWishesForm:
        """The same, of the family as it is now: what was chosen stays chosen, all else is shown as
        it stands."""
        stands = FamilyWishesForm(household=household, ways=ways)
        data = {}
        for field in stands:
            is_chosen = field.name in self._chosen
            data[field.html_initial_name] = field.initial
            data[field.name] = self.data.get(field.name, "") if is_chosen else field.initial
        return FamilyWishesForm(data, household=household, ways=ways)


def _offered(ways: Sequence[str], chosen: str) -> list[tuple[str, str | Promise]]:
    """What makes a difference to who is reached by these ways. By a single one, "any" is that one,
    and stays "any" for the day when there is another."""
    if len(ways) != 1:
        return [*BOTH, NONE]
    way = ways[0]
    return [(chosen if chosen == way else By.ANY, ONLY[way]), NONE]

"""When and where a family would come earlier: asked of the family, or of who is on the phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from booking.actions.waiting import EVERY_DAY, Wishes
from booking.models import WaitingListEntry
from centres.models import Site
from frontend.forms import DateBoxesField, WhoForm

DAYS = (
    ("1", _("lundi")),
    ("2", _("mardi")),
    ("3", _("mercredi")),
    ("4", _("jeudi")),
    ("5", _("vendredi")),
    ("6", _("samedi")),
)
Span = tuple[time | None, time | None]
MOMENTS: dict[str, tuple[str | Promise, Span]] = {
    "": (_("À toute heure"), (None, None)),
    "matin": (_("Le matin"), (None, time(12))),
    "apres-midi": (_("L’après-midi"), (time(12), None)),
    "soir": (_("À partir de 16 h"), (time(16), None)),
}
NOTICES = (
    ("0", _("Le jour même")),
    ("1440", _("La veille")),
    ("2880", _("Deux jours avant")),
    ("10080", _("Une semaine avant")),
)


# Unless a family says otherwise: it is told the day before.
NOTICE = 1440


class JoinForm(WhoForm):
    """Who waits: what booking asks, since a time that is accepted is booked."""

    def __init__(self, *args: Any, has_sms: bool = False, **options: Any) -> None:
        super().__init__(*args, has_sms=has_sms, **options)
        email, phone = self.fields["email"], self.fields["phone"]
        if has_sms:
            phone.help_text = _("Le code, puis nos propositions, peuvent arriver par SMS.")
        else:
            email.help_text = _("Nous y envoyons un code pour confirmer, puis nos propositions.")
            phone.help_text = _("Pour vous proposer une place au téléphone.")


class WishesForm(forms.Form):
    """Everything is ticked at first: who is in a hurry presses one button."""

    days = forms.MultipleChoiceField(
        label=_("Quels jours ?"),
        choices=DAYS,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Cochez au moins un jour.")},
    )
    moment = forms.ChoiceField(
        label=_("À quel moment ?"),
        choices=[(key, label) for key, (label, _span) in MOMENTS.items()],
        required=False,
        widget=forms.RadioSelect,
    )
    sites = forms.MultipleChoiceField(
        label=_("Où ?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Cochez au moins un lieu.")},
    )
    is_same_person = forms.BooleanField(label=_("Seulement avec la même personne"), required=False)
    notice = forms.ChoiceField(
        label=_("Être prévenu au plus tard"),
        choices=NOTICES,
        widget=forms.Select,
    )
    from_on = DateBoxesField(label=_("Pas avant le"), required=False)
    until_on = DateBoxesField(label=_("Pas après le"), required=False)

    def __init__(
        self,
        data: Any,
        *,
        sites: Sequence[Site],
        today: date,
        entry: WaitingListEntry | None = None,
        practitioner_id: int | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial={**_initial(entry, sites), **(initial or {})})
        self.today, self.practitioner_id = today, practitioner_id
        field = self.fields["sites"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  for the type checker
        field.choices = [(str(site.pk), _place(site)) for site in sites]
        self.fields["moment"].is_unmarked = True  # type: ignore[attr-defined]  # "any" is one
        if practitioner_id is None:
            del self.fields["is_same_person"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("from_on"), data.get("until_on")
        if last and last < max(self.today, first or self.today):
            self.add_error("until_on", _("Ce jour est déjà passé, ou vient avant le premier."))
        return data

    @property
    def wishes(self) -> Wishes:
        data = self.cleaned_data
        opens, closes = MOMENTS[data["moment"]][1]
        days = tuple(map(int, data["days"]))
        return Wishes(
            sites=tuple(map(int, data["sites"])),
            # All those that can be ticked are no limit.
            days=EVERY_DAY if len(days) == len(DAYS) else days,
            opens=opens,
            closes=closes,
            from_on=data.get("from_on"),
            until_on=data.get("until_on"),
            practitioner_id=self.practitioner_id if data.get("is_same_person") else None,
            notice_min=int(data["notice"]),
        )


def _place(site: Site) -> str:
    return site.name if site.town in site.name else f"{site.name}, {site.town}"


def _initial(entry: WaitingListEntry | None, sites: Sequence[Site]) -> dict[str, Any]:
    if entry is None:
        own = sites[0].centre_id if sites else 0
        return {
            "days": [key for key, _label in DAYS],
            "sites": [str(site.pk) for site in sites if site.centre_id == own],
            "moment": "",
            "notice": str(NOTICE),
        }
    span = (entry.opens, entry.closes)
    return {
        "days": [str(day) for day in entry.days],
        "sites": [str(pk) for pk in entry.sites],
        "moment": next((key for key, (_l, each) in MOMENTS.items() if each == span), ""),
        "notice": str(entry.notice_min),
        "from_on": entry.from_on,
        "until_on": entry.until_on,
        "is_same_person": entry.practitioner_id is not None,
    }

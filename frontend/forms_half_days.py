"""One half-day as a manager changes it, and two practitioners who swap theirs."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from centres.actions.shifts import ShiftFields
from centres.calendar import wall
from centres.models import Centre, Shift, Site
from frontend.fields import offer
from frontend.forms_rules import Boxes, ClockField, DayField, kinds_of, people_of

WHOLE_DAY, MORNING, AFTERNOON = "day", "morning", "afternoon"
# A half-day that begins before it is of the morning.
NOON = time(12)
PARTS = [
    (WHOLE_DAY, gettext_lazy("toute la journée")),
    (MORNING, gettext_lazy("le matin")),
    (AFTERNOON, gettext_lazy("l’après-midi")),
]


class FollowField(forms.BooleanField):
    """Whether appointments go along when somebody else receives."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Les rendez-vous suivent, aux mêmes heures"),
            required=False,
            initial=True,
        )


class NoteField(forms.CharField):
    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Pourquoi"),
            help_text=gettext_lazy("Pour vos collègues. Jamais montré aux familles."),
            max_length=200,
            required=False,
        )


class HalfDayForm(forms.Form):
    practitioner = forms.TypedChoiceField(label=gettext_lazy("Professionnel·le"), coerce=int)
    follows = FollowField()
    site = forms.TypedChoiceField(label=gettext_lazy("Lieu"), coerce=int)
    opens = ClockField(label=gettext_lazy("De"))
    closes = ClockField(label=gettext_lazy("À"))
    types = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Motifs"),
        coerce=int,
        widget=Boxes,
        error_messages={"required": gettext_lazy("Choisissez au moins un motif.")},
    )
    seats = forms.IntegerField(label=gettext_lazy("Places"), min_value=1, max_value=1000)
    agent_reserve = forms.IntegerField(
        label=gettext_lazy("Rendez-vous gardés pour les agents"), min_value=0, max_value=100
    )
    note = NoteField()

    def __init__(self, data: Any = None, *, shift: Shift, is_edit: bool = True) -> None:
        self.zone = ZoneInfo(shift.centre.time_zone)
        starts, ends = (at.astimezone(self.zone) for at in (shift.starts_at, shift.ends_at))
        self.on = starts.date()
        offered = [offer.type_id for offer in shift.offers.all()]
        initial = {
            "practitioner": shift.practitioner_id,
            "site": shift.site_id,
            "opens": starts.time(),
            "closes": ends.time(),
            "types": offered,
            "seats": shift.seats,
            "agent_reserve": shift.agent_reserve,
        }
        super().__init__(data, initial=initial)
        sites = Site.objects.filter(centre=shift.centre_id)
        offer(self, "practitioner", people_of(shift.centre))
        offer(self, "site", [(site.pk, str(site)) for site in sites])
        offer(self, "types", kinds_of(offered))
        if not is_edit:  # to cancel or restore, nothing else need be right
            for name in self.fields.keys() - {"follows", "note"}:
                del self.fields[name]

    @property
    def wanted(self) -> ShiftFields:
        """What was asked for, as the action takes it."""
        data = self.cleaned_data
        return {
            "starts_at": wall(self.on, data["opens"], self.zone),
            "ends_at": wall(self.on, data["closes"], self.zone),
            "practitioner_id": data["practitioner"],
            "site_id": data["site"],
            "seats": data["seats"],
            "agent_reserve": data["agent_reserve"],
            "type_ids": data["types"],
        }


class SwapForm(forms.Form):
    on = DayField(label=gettext_lazy("Jour"))
    part = forms.ChoiceField(label=gettext_lazy("Quand"), choices=PARTS)
    one = forms.TypedChoiceField(label=gettext_lazy("Une personne"), coerce=int)
    other = forms.TypedChoiceField(label=gettext_lazy("L’autre"), coerce=int)
    follows = FollowField()
    note = NoteField()

    def __init__(self, data: Any = None, *, centre: Centre, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        self.centre = centre
        people = people_of(centre)
        for name in ("one", "other"):
            offer(self, name, [("", _("Choisir…")), *people])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("one") and data.get("one") == data.get("other"):
            self.add_error("other", _("Choisissez deux personnes différentes."))
        return data

    def shift_ids(self, *, now: datetime) -> list[int]:
        """The half-days there that the two have in this part of the day, still to come."""
        data = self.cleaned_data
        zone = ZoneInfo(self.centre.time_zone)
        found = Shift.objects.filter(
            centre=self.centre,
            practitioner__in=[data["one"], data["other"]],
            status=Shift.Status.OPEN,
            ends_at__gt=now,
            **_during(data["on"], data["part"], zone),
        )
        return list(found.order_by("pk").values_list("pk", flat=True))


def _during(on: date, part: str, zone: ZoneInfo) -> dict[str, datetime]:
    opens = NOON if part == AFTERNOON else time()
    closes = NOON if part == MORNING else time(23, 59)
    return {"starts_at__gte": wall(on, opens, zone), "starts_at__lt": wall(on, closes, zone)}

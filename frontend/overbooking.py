"""Adding a family over another, on purpose: at which time, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from booking.overbooking import Crowded, crowded
from booking.wording import spoken_day, spoken_time
from centres.calendar import from_minute
from frontend.fields import offer
from frontend.forms_talking import Wish
from frontend.talking import window_of

# The button that asks for it, and the one that does it, send this; so does the page meanwhile.
ASKED, DONE = "surreserver", "oui"


class Extra(NamedTuple):
    """Which half-day, and the minute at which one more begins."""

    shift_id: int
    start: int


class OverbookForm(forms.Form):
    """Only half-days that may still take one more can be chosen."""

    extra = forms.ChoiceField(
        label=_("En plus, à"),
        error_messages={"required": _("Choisissez une heure.")},
    )
    reason = forms.CharField(
        label=_("Raison"),
        help_text=_("Pour l’équipe : elle reste dans l’historique. Rien de médical."),
        max_length=200,
        error_messages={"required": _("Écrivez pourquoi.")},
    )

    def __init__(
        self, data: Mapping[str, Any] | None, *, found: Sequence[Crowded], zone: ZoneInfo
    ) -> None:
        super().__init__(data)
        offer(self, "extra", [("", _("Choisir…")), *(_group(each, zone) for each in found)])

    @property
    def chosen(self) -> Extra:
        shift, start = self.cleaned_data["extra"].split("-")
        return Extra(int(shift), int(start))


def _group(each: Crowded, zone: ZoneInfo) -> tuple[str, list[tuple[str, str]]]:
    shift = each.shift
    opens, closes = (at.astimezone(zone) for at in (shift.starts_at, shift.ends_at))
    hours = f"{spoken_time(opens)} – {spoken_time(closes)}"
    title = f"{spoken_day(opens)}, {shift.practitioner}, {hours}, {shift.site.name}"
    times = [
        (f"{shift.pk}-{start}", spoken_time(from_minute(start, zone))) for start in each.starts
    ]
    return title, times


def form_for(wish: Wish, data: Mapping[str, Any], *, now: datetime) -> OverbookForm | None:
    """The form, if it was asked for: bound when it was sent."""
    asked = data.get(ASKED, "")
    if not asked:
        return None
    zone = ZoneInfo(wish.centre.time_zone)
    found = crowded(
        kind=wish.kind,
        centre=wish.centre,
        window=window_of(wish, zone, now=now),
        now=now,
        site_id=wish.site_id,
        practitioner_id=wish.practitioner_id,
    )
    return OverbookForm(data if asked == DONE else None, found=found, zone=zone)

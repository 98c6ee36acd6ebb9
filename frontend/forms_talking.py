"""What an agent asks while a family is on the phone: for whom, what for, where, with whom, when.

Other pages lead to the search (`families`) or to `book-for` with these names in the address, which
stay what they are: `kind`, `centre` (slugs), `site`, `practitioner`, `child` (ids; `child` once per
child), `from` (2026-11-24), `half` (matin, apres-midi), `is_outside_school` (on), `rappel`, the id
of the promised call that leads here (`called`), and `creneau`, a time already chosen: the minute of
its start since the epoch, its site and, if it is to be one person's, the practitioner:
`29876540-3` or `29876540-3-17`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from booking.actions.confirming import due_date_is_asked
from booking.errors import BadTime
from booking.models import Child, Guardian, Household
from centres.models import AppointmentType, Centre, Practitioner, Shift
from frontend.fields import GONE, DayInput, hide_only, offer
from frontend.forms import DateBoxesField
from frontend.forms_child import PERSONAL, ChildFields
from frontend.week import AFTERNOON, MORNING

Audience, Booking = AppointmentType.Audience, AppointmentType.Booking
# Further ahead nobody looks while somebody waits on the phone.
LOOK_AHEAD = timedelta(weeks=8)
# What another page may say in the address; of a chosen time the form keeps it from page to page.
CHOSEN = "creneau"
CALL = "rappel"
# Who of a family that is known.
WHOM = ("guardian", "child")
CARRIED = (
    *("kind", "centre", "site", "practitioner", "from", "half", "is_outside_school"),
    *(CALL, CHOSEN),
)
CHOSEN_TIME = re.compile(r"([0-9]{1,9})-([0-9]{1,9})(?:-([0-9]{1,9}))?", re.ASCII)


class Chosen(NamedTuple):
    """A time somebody pressed: its minute, its site and, if one is meant, its practitioner."""

    start: int
    site_id: int
    practitioner_id: int | None = None


def read_chosen(text: str) -> Chosen:
    """What a button of a time, or an address, sends. Raises BadTime."""
    match = CHOSEN_TIME.fullmatch(text)
    if match is None:
        raise BadTime(text=text[:40])
    return Chosen(int(match[1]), int(match[2]), int(match[3]) if match[3] else None)


def carried(given: QueryDict) -> str:
    """The wishes in an address, for the address of the next page; empty without any."""
    kept = QueryDict(mutable=True)
    for name in CARRIED:
        if value := given.get(name, "").replace("\0", "")[:60]:
            kept[name] = value
    return kept.urlencode()


class Wish(NamedTuple):
    """What the times proposed have to fit."""

    kind: AppointmentType
    centre: Centre
    site_id: int | None
    practitioner_id: int | None
    since: date | None
    half: str
    is_outside_school: bool
    due_on: date | None
    born_on: Sequence[date] = ()
    # How many children come one after the other.
    together: int = 1
    chosen: Chosen | None = None


class TimesForm(forms.Form):
    """What for, where, with whom and when: only what is this desk's can be chosen."""

    kind = forms.ChoiceField(label=_("Motif"))
    centre = forms.ChoiceField(label=_("Centre"))
    site = forms.ChoiceField(label=_("Lieu"), required=False)
    practitioner = forms.ChoiceField(label=_("Avec"), required=False)
    half = forms.ChoiceField(
        label=_("Moment"),
        required=False,
        choices=[("", _("Toute la journée")), (MORNING, _("Matin")), (AFTERNOON, _("Après-midi"))],
    )
    is_outside_school = forms.BooleanField(label=_("Hors temps scolaire"), required=False)
    due_on = DateBoxesField(
        label=_("Date prévue de l’accouchement"),
        help_text=_("Même approximative. Par exemple : 24 11 2026"),
        error_messages={"required": _("Écrivez la date prévue, même approximative.")},
    )

    def __init__(
        self,
        data: QueryDict | None,
        *,
        centres: Sequence[Centre],
        now: datetime,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        given = data if data is not None else initial or {}
        self.centres = {each.slug: each for each in centres}
        self.kinds = {each.slug: each for each in _bookable()}
        chosen = self.centres.get(given.get("centre", "")) or next(iter(centres))
        self.sites = {str(each.pk): each for each in chosen.sites.all()}
        self.practitioners = {str(each.pk): each for each in _working_at(chosen, now=now)}
        super().__init__(data, initial={"centre": chosen.slug, **(initial or {})})
        asked = self.kinds.get(given.get("kind", ""))
        self.may_need_child = asked is None or asked.audience == Audience.CHILD
        if asked is None or not due_date_is_asked(asked):
            del self.fields["due_on"]
        self.fields["from"] = forms.DateField(
            label=_("À partir du"),
            required=False,
            widget=DayInput,
        )
        self._offer("kind", self.kinds, none=_("Choisir…"))
        self._offer("centre", self.centres)
        self._offer("site", self.sites, none=_("Tous les lieux"))
        self._offer("practitioner", self.practitioners, none=_("La première personne libre"))
        # One choice is none to make.
        for name, known in (("centre", self.centres), ("site", self.sites)):
            if len(known) == 1:
                self.fields[name].widget = forms.HiddenInput()

    def _offer(self, name: str, choices: dict[str, Any], *, none: Any = None) -> None:
        listed: list[tuple[str, Any]] = [("", none)] if none is not None else []
        offer(self, name, [*listed, *((key, str(each)) for key, each in choices.items())])

    def unmark(self, *names: str) -> None:
        """A child is not called optional while what it is for may need one."""
        for name in names:
            self.fields[name].is_unmarked = self.may_need_child  # type: ignore[attr-defined]

    @property
    def asked_kind(self) -> AppointmentType | None:
        """What it is for, once that is known."""
        return self.kinds.get(self.cleaned_data.get("kind", ""))

    @property
    def resent(self) -> list[tuple[str, str]]:
        """All that was asked but the time and what is personal, for the form that sends a time."""
        assert isinstance(self.data, QueryDict)  # noqa: S101  for the type checker
        own = {CHOSEN, "csrfmiddlewaretoken", "voir", *PERSONAL}
        return [
            (name, value)
            for name, values in self.data.lists()
            for value in (values if name == "child" else values[-1:])
            if name not in own
        ]

    @property
    def wish(self) -> Wish:
        data = self.cleaned_data
        return Wish(
            kind=self.kinds[data["kind"]],
            centre=self.centres[data["centre"]],
            site_id=int(data["site"]) if data["site"] else None,
            practitioner_id=int(data["practitioner"]) if data["practitioner"] else None,
            since=data["from"],
            half=data["half"],
            is_outside_school=data["is_outside_school"],
            due_on=data.get("due_on"),
            chosen=self._chosen(),
        )

    def _chosen(self) -> Chosen | None:
        """The time another page chose; what is none is as if nothing had been said."""
        try:
            return read_chosen(self.data.get(CHOSEN, ""))
        except BadTime:
            return None


class ChildrenField(forms.MultipleChoiceField):
    """Which children come; an empty value is nobody."""

    widget = forms.CheckboxSelectMultiple

    def to_python(self, value: Any) -> list[str]:
        return [each for each in super().to_python(value) if each]


class WishForm(ChildFields, TimesForm):
    """The same for a family that is known: only its own people can be chosen, or a child that is
    not written down yet typed."""

    guardian = forms.ChoiceField(label=_("Parent"))
    child = ChildrenField(
        label=_("Enfants"),
        help_text=_("Plusieurs enfants viennent l’un après l’autre, chez la même personne."),
        required=False,
    )
    field_order = ("guardian", "child", "kind", "centre", "site", "practitioner", "from", "half")

    @property
    def wishes(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in PERSONAL]

    def __init__(
        self,
        data: QueryDict | None,
        *,
        household: Household,
        centres: Sequence[Centre],
        now: datetime,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        self.guardians = {str(each.pk): each for each in household.guardians.all()}
        self.children = {str(each.pk): each for each in household.children.all()}
        only = list(self.children) if len(self.children) == 1 else []
        first = {"guardian": next(iter(self.guardians), ""), "child": only}
        super().__init__(data, centres=centres, now=now, initial={**first, **(initial or {})})
        self.today = now.astimezone(ZoneInfo(centres[0].time_zone)).date()
        self.order_fields(self.field_order)
        self._offer("guardian", self.guardians)
        self._offer("child", self.children)
        self.fields["child"].error_messages["invalid_choice"] = GONE
        if len(self.children) < 2:
            self.fields["child"].help_text = ""
        if not self.children:
            del self.fields["child"]
        self.unmark(*(("child",) if self.children else PERSONAL))
        hide_only(self, "guardian", list(self.guardians))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.check_whole()
        kind = self.asked_kind
        if kind is None or self.errors:
            return data
        is_someone = data.get("child") or self.typed_child
        if kind.audience == Audience.CHILD and not is_someone:
            if "child" in self.fields:
                self.add_error("child", _("Ce motif est pour un enfant : dites lequel."))
            else:
                self.add_error(
                    "child_first_name",
                    _("Ce motif est pour un enfant : écrivez son prénom et son jour de naissance."),
                )
        return data

    def has_gone(self) -> bool:
        """Whether somebody was sent who is not of this family, or no more."""
        return any(self.has_error(name, "invalid_choice") for name in WHOM)

    def whom(self, kind: AppointmentType) -> list[forms.BoundField]:
        """Who of the family it is for, as this type asks."""
        is_for_child = kind.audience == Audience.CHILD
        names = WHOM if is_for_child and "child" in self.fields else WHOM[:1]
        return [self[name] for name in names]

    def still_there(self, given: QueryDict) -> dict[str, Any]:
        """Who of those an older page sent can still be chosen here."""
        there: dict[str, Any] = {}
        if given.get("guardian") in self.guardians:
            there["guardian"] = given["guardian"]
        if children := [each for each in given.getlist("child") if each in self.children]:
            there["child"] = children
        return there

    @property
    def parent(self) -> Guardian:
        return self.guardians[self.cleaned_data["guardian"]]

    @property
    def visitors(self) -> list[Child]:
        """The children who come; nobody when it is for the adult."""
        kind = self.asked_kind
        if kind is None or kind.audience != Audience.CHILD:
            return []
        return [self.children[pk] for pk in self.cleaned_data.get("child", [])]

    @property
    def wish(self) -> Wish:
        found = self.visitors
        return super().wish._replace(
            born_on=tuple(child.born_on for child in found), together=max(1, len(found))
        )


def _bookable() -> list[AppointmentType]:
    """The types that have times at all."""
    found = AppointmentType.objects.filter(is_active=True).exclude(booking=Booking.WALK_IN)
    return list(found.order_by("position"))


def _working_at(centre: Centre, *, now: datetime) -> list[Practitioner]:
    """Those who receive families there in the weeks to come: one query."""
    shifts = Shift.objects.filter(centre=centre, starts_at__range=(now, now + LOOK_AHEAD))
    return list(Practitioner.objects.filter(pk__in=shifts.values("practitioner")))

"""Who has come to an open session: a family that is known, or one that is typed at the door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from booking.models import Child, Guardian, Household
from centres.models import AppointmentType
from frontend.board import spoken_age
from frontend.fields import offer, offer_first
from frontend.forms_child import PERSONAL
from frontend.forms_newcomer import PersonFields
from frontend.forms_talking import Audience, ChildrenField


class KindFields(forms.Form):
    """What they came for, of what the session is open for; one choice is none to make."""

    kind = forms.ChoiceField(label=_("Motif"))

    def offer_kinds(self, kinds: Mapping[str, tuple[AppointmentType, str]]) -> None:
        """Of these types, by id, with the words in which this desk may read them."""
        self.kinds = {key: kind for key, (kind, _words) in kinds.items()}
        offer_first(self, "kind", [(key, words) for key, (_kind, words) in kinds.items()])

    @property
    def chosen_kind(self) -> AppointmentType | None:
        return self.kinds.get(self.cleaned_data.get("kind", ""))


class ArrivalForm(KindFields):
    """Which parent has come with which children: one of many forms on a page, each a family's."""

    guardian = forms.ChoiceField(label=_("Parent"))
    child = ChildrenField(label=_("Enfants"), required=False)
    field_order = ("guardian", "child", "kind")

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        household: Household,
        kinds: Mapping[str, tuple[AppointmentType, str]],
        today: date,
        chosen: QueryDict | None = None,
    ) -> None:
        """`chosen` is what an older page sent: what of it can still be is chosen here."""
        super().__init__(data, auto_id=f"f{household.pk}_%s")
        self.household = household
        self.guardians = {str(each.pk): each for each in household.guardians.all()}
        self.children = {str(each.pk): each for each in household.children.all()}
        self.offer_kinds(kinds)
        offer_first(self, "guardian", [(key, str(each)) for key, each in self.guardians.items()])
        offer(self, "child", [(key, _told(each, today)) for key, each in self.children.items()])
        self.fields["child"].is_unmarked = True  # type: ignore[attr-defined]  # one at least comes
        if len(self.children) == 1:
            self.fields["child"].initial = list(self.children)
        if chosen is not None:
            self.initial = self._still_there(chosen)
        if not self.children or not self.is_for_children:
            del self.fields["child"]

    def _still_there(self, chosen: QueryDict) -> dict[str, Any]:
        there: dict[str, Any] = {}
        for name, known in (("guardian", list(self.guardians)), ("kind", list(self.kinds))):
            if chosen.get(name) in known:
                there[name] = chosen[name]
        if children := [each for each in chosen.getlist("child") if each in self.children]:
            there["child"] = children
        return there

    def has_gone(self, *names: str) -> bool:
        """Whether somebody, or something, was sent that cannot be chosen here, or no more."""
        return any(self.has_error(name, "invalid_choice") for name in names)

    @property
    def is_for_children(self) -> bool:
        """Whether the session may be for a child."""
        return any(kind.audience == Audience.CHILD for kind in self.kinds.values())

    @property
    def lacks_child(self) -> bool:
        """Whether nobody of this family can be noted before a child is written down."""
        return not self.children and all(
            kind.audience == Audience.CHILD for kind in self.kinds.values()
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind = self.chosen_kind
        is_alone = kind is not None and kind.audience == Audience.CHILD and not data.get("child")
        if is_alone and not self.errors:
            says = _("Dites quel enfant est venu.")
            self.add_error("child" if "child" in self.fields else None, says)
        return data

    @property
    def parent(self) -> Guardian:
        return self.guardians[self.cleaned_data["guardian"]]

    @property
    def visitors(self) -> Sequence[Child]:
        return [self.children[pk] for pk in self.cleaned_data.get("child", [])]


def _told(child: Child, today: date) -> str:
    """Maëlys Le Goff, 12 mois (02/03/2026)"""
    age = spoken_age(child.born_on, today)
    return f"{child.first_name} {child.last_name}".strip() + f", {age} ({child.born_on:%d/%m/%Y})"


class ArrivalNewcomerForm(PersonFields, KindFields):
    """A family nobody knows, at the door."""

    def __init__(
        self,
        data: QueryDict | None,
        *,
        kinds: Mapping[str, tuple[AppointmentType, str]],
        today: date,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, today=today, initial=initial)
        self.offer_kinds(kinds)
        self.order_fields((*self.PEOPLE, "kind"))
        if all(kind.audience == Audience.CHILD for kind in self.kinds.values()):
            for name in PERSONAL:
                self.fields[name].is_unmarked = True  # type: ignore[attr-defined]  # a child comes

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.check_whole()
        self.check_child(self.chosen_kind)
        return data

"""Who opened which family's pages, where and when: what managers and auditors look after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from booking import finding, histories
from booking.finding import Scope
from booking.models import FamilyRead, Household
from frontend.access import access
from frontend.forms_staff import JournalForm
from frontend.history_words import who
from frontend.staff import desk_of

# Further back, one asks for a person or a day.
FARTHEST = 200


class Line(NamedTuple):
    """One reading in words; the family while it is one that may be looked after from here."""

    read: FamilyRead
    by: str
    family: Household | None
    # By right of which of the centres that are looked after here.
    place: str

    @property
    def names(self) -> str:
        people = self.family.guardians.all() if self.family else ()
        return ", ".join(map(str, people)) or _("famille sans nom")


@access("staff")
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Raises Http404 to who has neither a centre to manage nor a Département to audit."""
    desk, now = desk_of(request), timezone.now()
    scope = desk.audit_scope(now=now)
    if scope.centres is not None and not scope.centres:
        raise Http404
    form = JournalForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    typed = request.GET.get("page", "1")
    number = int(typed) if typed.isdecimal() and 0 < len(typed) < 4 else 1
    number = min(max(number, 1), FARTHEST)
    found = histories.journal(scope.centres, **_limits(asked), page=number)
    context = {
        "desk": desk,
        "form": form,
        "is_asked": any(asked.values()),
        "lines": _lines(found, scope),
        "newer": _path(asked, number - 1) if number > 1 else "",
        "older": _path(asked, number + 1) if found.has_more and number < FARTHEST else "",
    }
    return render(request, "pages/staff/journal.html", context, status=422 if form.errors else 200)


def _limits(asked: Mapping[str, Any]) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if asked.get("qui"):
        limits["readers"] = histories.staff_like(asked["qui"])
    if asked.get("jour"):
        limits["since"] = _midnight(asked["jour"])
        limits["until"] = _midnight(asked["jour"] + timedelta(days=1))
    return limits


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _lines(found: histories.Journal, scope: Scope) -> list[Line]:
    """Six queries, however many they are."""
    named = histories.staff_named({each.reader for each in found.reads})
    ids = [found.kept.get(each.household_id, each.household_id) for each in found.reads]
    families = {each.pk: each for each in finding.seen_among(list(dict.fromkeys(ids)), scope)}
    places = histories.places_of(found.reads, scope.centres)
    return [
        Line(read, who(read.reader, named), families.get(family), places[read.pk])
        for read, family in zip(found.reads, ids, strict=True)
    ]


def _path(asked: Mapping[str, Any], number: int) -> str:
    """The same question, another page of its answer."""
    values = {name: str(value) for name, value in asked.items() if value}
    return "?" + urlencode(values | {"page": number})

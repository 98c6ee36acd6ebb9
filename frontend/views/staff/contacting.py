"""How a family wants its messages, changed by an agent to whom it says so on the phone."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from booking import actions
from booking.actors import EMAIL, SMS, Actor
from booking.contacts import problems_of
from booking.errors import Refusal
from booking.models import Household
from frontend.access import access
from frontend.forms_contact import FamilyWishesForm
from frontend.reading import note_family
from frontend.staff import desk_of
from frontend.views.contact import ways
from frontend.views.staff.desk import refused
from frontend.views.staff.families import household_of


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def wishes(request: HttpRequest, pk: int) -> HttpResponseBase:
    """By which ways, in which language and at what hours."""
    desk, now = desk_of(request), timezone.now()
    household = household_of(pk, desk, now=now)
    guardians = list(household.guardians.all())
    if not guardians:
        raise Http404
    note_family(household, desk, now=now)
    data = request.POST if request.method == "POST" else None
    form = FamilyWishesForm(data, household=household, ways=_ways(household))
    if not form.is_valid():
        context: dict[str, Any] = {"desk": desk, "household": household, "form": form}
        context["problems"] = problems_of(*guardians)
        status = 422 if form.is_bound else 200
        return render(request, "pages/staff/family_wishes.html", context, status=status)
    try:
        what = actions.note_wishes(
            household_id=household.pk,
            changes=form.changes,
            now=now,
            actor=Actor("agent", desk.label),
        )
    except Refusal as refusal:
        return refused(request, desk, refusal)
    messages.success(request, _("C’est noté.") if what else _("Rien n’a changé."))
    if what and form.cleaned_data["contact_by"] == Household.ContactBy.NONE:
        messages.warning(request, _("Plus aucun message ne part : tout changement est à dire."))
    return redirect("family", pk)


def _ways(household: Household) -> list[str]:
    """The channels that can reach any of its parents here."""
    found = {way for guardian in household.guardians.all() for way in ways(guardian)}
    return [way for way in (EMAIL, SMS) if way in found]

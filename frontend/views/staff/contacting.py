"""How a family wants its messages, changed by an agent to whom it says so on the phone."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
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
from frontend.staff import Desk
from frontend.views.contact import ways
from frontend.views.staff.families import family_of


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def wishes(request: HttpRequest, pk: int) -> HttpResponseBase:
    """By which ways, in which language and at what hours."""
    desk, household = family_of(request, pk, needs_parent=True)
    data = request.POST if request.method == "POST" else None
    form = FamilyWishesForm(data, household=household, ways=_ways(household))
    if not form.is_valid():
        return _page(request, desk, household, form, status=422 if form.is_bound else 200)
    try:
        what = actions.note_wishes(
            household_id=household.pk,
            changes=form.changes,
            now=timezone.now(),
            actor=Actor("agent", desk.label),
        )
    except Refusal as refusal:
        return _refused(request, pk, form, refusal)
    messages.success(request, _("C’est noté.") if what else _("Rien n’a changé."))
    if what and form.cleaned_data["contact_by"] == Household.ContactBy.NONE:
        messages.warning(request, _("Plus aucun message ne part : tout changement est à dire."))
    return redirect("family", pk)


def _refused(
    request: HttpRequest, pk: int, form: FamilyWishesForm, refusal: Refusal
) -> HttpResponse:
    """Why not, the family as it is now, and the same choice, to be sent again."""
    desk, household = family_of(request, pk)
    again = form.of(household, ways=_ways(household))
    again.add_error(None, _(refusal.message))
    return _page(request, desk, household, again, status=refusal.status)


def _page(
    request: HttpRequest, desk: Desk, household: Household, form: FamilyWishesForm, *, status: int
) -> HttpResponse:
    context = {
        "desk": desk,
        "household": household,
        "form": form,
        "problems": problems_of(*household.guardians.all()),
    }
    return render(request, "pages/staff/family_wishes.html", context, status=status)


def _ways(household: Household) -> list[str]:
    """The channels that can reach any of its parents here."""
    found = {way for guardian in household.guardians.all() for way in ways(guardian)}
    return [way for way in (EMAIL, SMS) if way in found]

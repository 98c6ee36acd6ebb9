"""Booking while talking: what for and where, three times to say, one press."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from booking import actions
from booking.actors import Actor
from booking.errors import Refusal
from booking.models import Appointment, FamilyRead
from frontend.access import access
from frontend.forms_talking import Wish, WishForm
from frontend.staff import Desk, desk_of
from frontend.talking import times_for
from frontend.views.hold import read_choice
from frontend.views.staff.families import household_of


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The family's page leads here; the appointment's is next."""
    desk, now = desk_of(request), timezone.now()
    household = household_of(pk, desk, now=now)
    if not desk.centres or not household.guardians.all():
        raise Http404
    own = desk.centres[0].pk if len(desk.centres) == 1 else None
    actions.note_read(
        reader=desk.label, household_id=pk, centre_id=own, page=FamilyRead.Page.FAMILY, now=now
    )
    given = request.POST if request.method == "POST" else request.GET
    form = WishForm(
        given if "kind" in given else None, household=household, centres=desk.centres, now=now
    )
    context: dict[str, Any] = {"desk": desk, "household": household, "form": form, "status": 200}
    if form.is_bound and form.is_valid():
        wish = form.wish
        if request.method == "POST":
            booked = _book(request, desk, wish, context)
            if booked is not None:
                messages.success(request, _("C’est noté. La famille reçoit son message."))
                return redirect("timeline", booked.spoken_reference)
        context |= {"wish": wish, "times": times_for(wish, now=timezone.now())}
        context["names"] = {site.pk: site for site in wish.centre.sites.all()}
    elif form.is_bound:
        context["status"] = 422
    return _page(request, context)


def _book(
    request: HttpRequest, desk: Desk, wish: Wish, context: dict[str, Any]
) -> Appointment | None:
    """None when it is refused: the context says why."""
    start, site_id = read_choice(request.POST.get("creneau", ""))
    try:
        return actions.book_for(
            guardian=wish.guardian,
            child=wish.child,
            kind=wish.kind,
            centre=wish.centre,
            start=start,
            now=timezone.now(),
            actor=Actor("agent", desk.label),
            site_id=site_id,
            practitioner_id=wish.practitioner_id,
            due_on=wish.due_on,
        )
    except Refusal as refusal:
        context |= {"refusal": _(refusal.message), "status": refusal.status}
        return None


def _page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    return render(request, "pages/staff/book.html", context, status=context.pop("status"))

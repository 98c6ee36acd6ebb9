"""The family's pages of one appointment, by its signed link. A GET never changes anything."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from booking import actions, waitlist
from booking.access import (
    BadLink,
    appointment_for_hold,
    appointment_for_link,
    held_for_move,
    hold_token,
)
from booking.declared import in_limbo
from booking.errors import HoldExpired, Refusal, TypeNotBookable
from booking.ical import Method, calendar_file, content_type
from booking.models import Appointment
from booking.waiting_links import offer_token
from centres.models import Centre
from centres.rollout import is_open_online
from frontend import agenda, refusals
from frontend.access import access
from frontend.forms_family import CancelForm
from frontend.limits import HOLDS, SMALL, came_to_good, limited, searching
from frontend.nearby import around, with_times
from frontend.views.hold import read_choice
from frontend.visit import Proposal, Standing, Visit, address
from frontend.week import week_name

# What the address may say happened just before. The page believes it only if the state agrees.
NEWS = ("nouveau", "deplace", "annule", "attente", "plus-attente")


def visit_of(token: str) -> Visit:
    now = timezone.now()
    return Visit(appointment_for_link(token, now=now), now)


@access("link")
@require_safe
def appointment(request: HttpRequest, token: str) -> HttpResponse:
    visit = visit_of(token)
    news = next((name for name in NEWS if name in request.GET), "")
    case = in_limbo(visit.appointment)
    context: dict[str, Any] = {"visit": visit, "news": news}
    context["proposal"] = Proposal(case, visit) if case or visit.is_left_out else None
    if visit.can_wait:
        entry = waitlist.entry_of(visit.appointment)
        offer = waitlist.open_offer(entry) if entry else None
        context |= {"waiting": entry, "offer": offer}
        context["offer_token"] = offer_token(offer) if offer else ""
    return render(request, "pages/visit/appointment.html", context)


@access("link")
@require_safe
def ics(request: HttpRequest, token: str) -> HttpResponse:
    visit = visit_of(token)
    method: Method = "CANCEL" if visit.standing is Standing.CANCELLED else "PUBLISH"
    body = calendar_file([visit.appointment], method=method, now=visit.now)
    response = HttpResponse(body, content_type=content_type(method))
    # A neutral name: it stays in the phone's list of downloads.
    response["Content-Disposition"] = 'attachment; filename="rendez-vous.ics"'
    return response


@access("link")
@require_safe
def print_page(request: HttpRequest, token: str) -> HttpResponse:
    return render(request, "pages/visit/print.html", {"visit": visit_of(token)})


@access("link")
@require_http_methods(["GET", "HEAD", "POST"])
@limited(SMALL)
def cancel(request: HttpRequest, token: str) -> HttpResponseBase:
    visit = visit_of(token)
    if visit.standing is Standing.CANCELLED:
        return redirect(address("appointment", visit))
    if visit.refusal:
        return unchanged(request, visit, visit.refusal)
    form = CancelForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {"visit": visit, "form": form}
        status = 422 if form.is_bound else 200
        return render(request, "pages/visit/cancel.html", context, status=status)
    try:
        actions.cancel(uid=visit.appointment.uid, now=visit.now, reason=form.note)
    except Refusal as refusal:
        return unchanged(request, visit, refusal)
    return redirect(address("appointment", visit, news="annule"))


@access("link")
@require_http_methods(["GET", "HEAD", "POST"])
@limited(HOLDS)
@searching
def move(request: HttpRequest, token: str) -> HttpResponseBase:
    visit = visit_of(token)
    if not visit.can_move:
        return unchanged(request, visit, visit.refusal or TypeNotBookable())
    if request.method == "POST":
        return _hold_new_time(request, visit)
    return _list_times(request, visit)


def _centre_asked(request: HttpRequest, visit: Visit) -> Centre:
    """The centre named in the address or the form; the appointment's own by default."""
    slug = (request.POST if request.method == "POST" else request.GET).get("centre")
    if not slug or slug == visit.appointment.centre.slug:
        return visit.appointment.centre
    if "\0" in slug:  # PostgreSQL knows no such text
        raise Http404
    return get_object_or_404(Centre.objects.select_related("department"), slug=slug)


def _list_times(
    request: HttpRequest, visit: Visit, *, refusal: Refusal | None = None, near: int | None = None
) -> HttpResponse:
    """The times to choose from; after one was refused, first the nearest to it."""
    kind, centre = visit.appointment.type, _centre_asked(request, visit)
    sites = list(centre.sites.all())
    query = agenda.read_query(request.GET, sites)
    context: dict[str, Any] = {"visit": visit, "centre": centre, "refusal": refusal}
    context["message"] = _(refusal.message) if refusal else ""
    context["names"] = {site.pk: site for site in sites}
    if is_open_online(centre, now=visit.now):
        search = agenda.Search(
            kind, centre, now=visit.now, filters=query.filters, days=visit.fitting_days
        )
        page = agenda.build(search, query.monday, {site.pk: n for n, site in enumerate(sites)})
        ideas = page.proposals if near is None else agenda.close_to(search, near)
        context |= {"agenda": page, "ideas": ideas, "weeks": _weeks(page)}
    point = (centre.latitude, centre.longitude)
    found = around(kind, point=point, now=visit.now, days=visit.fitting_days)
    context["others"] = with_times(found, besides=[centre.pk])
    status = refusal.status if refusal else 200
    return render(request, "pages/visit/move.html", context, status=status)


def _weeks(page: agenda.Agenda) -> dict[str, str]:
    """The names of the weeks one can go to from this one."""
    mondays = {name: getattr(page, name) for name in ("previous", "following", "jump")}
    return {name: week_name(monday) for name, monday in mondays.items() if monday}


def _hold_new_time(request: HttpRequest, visit: Visit) -> HttpResponse:
    start: int | None = None
    try:
        start, site_id = read_choice(request.POST.get("creneau", ""))
        held = actions.hold(
            kind=visit.appointment.type,
            centre=_centre_asked(request, visit),
            start=start,
            site_id=site_id,
            now=visit.now,
            moving=visit.appointment.uid,
            releasing=held_for_move(visit.appointment, now=visit.now),
            preferred=[visit.appointment.practitioner_id],
        )
    except Refusal as refusal:
        return _list_times(request, visit, refusal=refusal, near=start)
    return redirect("move-confirm", visit.token, hold_token(held))


@access("link")
@require_http_methods(["GET", "HEAD", "POST"])
@limited(HOLDS)
def move_confirm(request: HttpRequest, token: str, hold: str) -> HttpResponseBase:
    visit = visit_of(token)
    held = appointment_for_hold(hold)
    if held.moves_id != visit.appointment.pk:
        raise BadLink
    # The back button, or a second press: the move is done, and this says so.
    if visit.was_moved_since(held):
        return redirect(address("appointment", visit, news="deplace"))
    if visit.refusal:
        return unchanged(request, visit, visit.refusal)
    if not held.is_live_hold(now=visit.now):
        return unchanged(request, visit, HoldExpired())
    if request.method == "POST":
        return _move_or_extend(request, visit, held)
    context = {"visit": visit, "held": Visit(held, visit.now), "hold": hold}
    return render(request, "pages/visit/move_confirm.html", context)


def _move_or_extend(request: HttpRequest, visit: Visit, held: Appointment) -> HttpResponse:
    try:
        if "prolonger" in request.GET:
            actions.extend_hold(uid=held.uid, now=visit.now)
            return redirect("move-confirm", visit.token, hold_token(held))
        moved = actions.move(uid=visit.appointment.uid, hold_uid=held.uid, now=visit.now)
        came_to_good(request, held, moved, now=visit.now)
    except Refusal as refusal:
        return unchanged(request, visit, refusal)
    return redirect(address("appointment", visit, news="deplace"))


def unchanged(request: HttpRequest, visit: Visit, refusal: Refusal) -> HttpResponse:
    """The appointment stays as it was: why, what else to do, and whom to call."""
    steps = [refusals.Step(address("appointment", visit), _("Voir mon rendez-vous"))]
    if visit.can_move:
        steps.append(refusals.Step(address("move", visit), _("Choisir un autre horaire")))
    return refusals.page(
        request, refusal, steps=steps, template="pages/visit/unchanged.html", visit=visit
    )

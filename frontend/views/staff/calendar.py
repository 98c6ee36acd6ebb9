"""The calendar of a centre: its days as a list and a grid, a free time pressed, a visit dragged."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    QueryDict,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from booking import actions, daybook
from booking.errors import BadTime, Refusal
from booking.freebook import free_times, places_for
from booking.models import Appointment
from centres.calendar import from_minute
from centres.models import AppointmentType
from frontend import calendar_days, calendar_events
from frontend.access import access
from frontend.calendar import CHOICES, COOKIE, FILTERS, View, remembered, switches, view_of
from frontend.moving import Target, explain, landing, read_drop, read_target, told
from frontend.staff import desk_of

REMEMBERED_FOR = 180 * 24 * 3600
# Asked by a script for the days alone, to put them where the former ones stood.
ALONE = "X-Calendar"


@access("staff")
@require_safe
def choice(request: HttpRequest) -> HttpResponseBase:
    """One's centre: the only one, or the one looked at last; to choose among several, ?choisir."""
    desk = desk_of(request)
    if not desk.centres:
        return redirect(desk.home)
    last = QueryDict(request.COOKIES.get(COOKIE, "")[:500]).get("centre")
    known = [centre.slug for centre in desk.centres]
    if len(known) == 1:
        return redirect("calendar", known[0])
    if last in known and "choisir" not in request.GET:
        return redirect("calendar", last)
    return render(request, "pages/staff/calendar_choice.html", {"desk": desk})


@access("staff")
@require_safe
def page(request: HttpRequest, centre_slug: str) -> HttpResponse:
    """The whole page, or its days alone when a script asks for them."""
    view = view_of(request, centre_slug, now=timezone.now())
    is_alone = request.headers.get(ALONE)
    template = "partials/calendar.html" if is_alone else "pages/staff/calendar.html"
    response = render(request, template, _context(view))
    response.set_cookie(
        COOKIE,
        remembered(view),
        max_age=REMEMBERED_FOR,
        path=reverse("calendar-choice"),
        httponly=True,
        samesite="Lax",
        secure=settings.IS_HTTPS,
    )
    return response


def _context(view: View) -> dict[str, Any]:
    """The version is read before what it is the version of: what changes between is seen twice,
    never missed."""
    span = daybook.span_of(view.centre, view.first, days=view.days)
    version = daybook.version(span, now=view.now)
    return {
        "desk": view.desk,
        "centre": view.centre,
        "view": view,
        "days": calendar_days.read(view),
        "version": version,
        "watch": daybook.watch_token(span),
        "clock": calendar_days.now_line(view),
        "switches": switches(view),
        "kept": {name: value for name, value in view.values().items() if name in CHOICES},
        "here": view.path(),
        "before": view.path(on=view.before),
        "after": view.path(on=view.after),
        "this_day": view.path(on=view.today),
        "all": view.path(changes=dict.fromkeys(FILTERS, "")),
        "source": view.path("calendar-data"),
        "drop": view.path("calendar-drop"),
        "narrowed": f"?motif={view.looked.kind.slug}" if view.looked.kind else "",
    }


@access("staff")
@require_safe
def data(request: HttpRequest, centre_slug: str) -> HttpResponse:
    """The same days, for the grid."""
    view = view_of(request, centre_slug, now=timezone.now())
    span = daybook.span_of(view.centre, view.first, days=view.days)
    version = daybook.version(span, now=view.now)
    return JsonResponse(
        calendar_events.payload(view, calendar_days.read(view))
        | {"version": version, "watch": reverse("board-version", args=[daybook.watch_token(span)])}
    )


@access("staff")
@require_safe
def slot(request: HttpRequest, centre_slug: str, choice: str) -> HttpResponseBase:
    """A free time pressed: on to the family; if it is free for several types, which one first. One
    that was taken meanwhile leads back, and says so."""
    view, target = view_of(request, centre_slug, now=timezone.now()), _target(choice)
    at = from_minute(target.start, view.zone)
    kinds = _kinds(view, target)
    if not kinds:
        messages.error(request, _("Ce créneau n’est plus libre."))
        return redirect(view.path(on=at.date()))
    chosen = {"centre": view.centre.slug, "creneau": choice}
    ways = [
        (kind, f"{reverse('families')}?{urlencode({'kind': kind.slug, **chosen})}")
        for kind in kinds
    ]
    if len(ways) == 1:
        return redirect(ways[0][1])
    who = next(each for each in view.options.practitioners if each.pk == target.practitioner_id)
    place = next(each for each in view.options.sites if each.pk == target.site_id)
    context = {"desk": view.desk, "view": view, "at": at, "ways": ways, "who": who, "place": place}
    return render(request, "pages/staff/calendar_slot.html", context)


def _target(choice: str) -> Target:
    try:
        return read_target(choice)
    except BadTime as error:
        raise Http404 from error


def _kinds(view: View, target: Target) -> list[AppointmentType]:
    """The types that this very time is free for just now, of those looked at."""
    on = from_minute(target.start, view.zone).date()
    (day,) = daybook.read_days(view.centre, on=on, days=1, now=view.now)
    found = free_times(view.centre, [day], now=view.now, kind=view.looked.kind)
    wanted = (target.start, target.site_id, target.practitioner_id)
    free = {
        kind
        for openings in found.values()
        for each in openings
        if (each.start, each.site, each.practitioner) == wanted
        for kind in each.kinds
    }
    offers = (offer for half_day in day.half_days for offer in half_day.subject.offers.all())
    known = {offer.type_id: offer.type for offer in offers if offer.type_id in free}
    return sorted(known.values(), key=lambda kind: (kind.position, kind.label))


@access("staff")
@require_POST
def drop(request: HttpRequest, centre_slug: str) -> HttpResponse:
    """A block let go at another time or in another column: moved there, or why not."""
    view = view_of(request, centre_slug, now=timezone.now())
    pk, seen = request.POST.get("id", ""), request.POST.get("seen", "")
    if not (_is_number(pk) and _is_number(seen)):
        raise BadRequest
    appointment = get_object_or_404(
        Appointment.objects.select_related("centre", "type", "practitioner"),
        pk=int(pk),
        centre=view.centre,
    )
    target = read_drop(request.POST.get("at", ""), request.POST.get("column", ""), view.zone)
    on = from_minute(target.start, view.zone).date()
    free = places_for(appointment, on=on, now=view.now)
    target = landing(target, free, is_session=appointment.type.is_group)
    try:
        moved = actions.move_to(
            uid=appointment.uid,
            start=target.start,
            site_id=target.site_id,
            practitioner_id=target.practitioner_id,
            seen=int(seen),
            now=view.now,
            actor=view.desk.actor,
        )
    except Refusal as refusal:
        said = explain(refusal, appointment, target, desk=view.desk, now=view.now)
        return JsonResponse({"said": said}, status=refusal.status)
    return JsonResponse({"said": told(moved, seen=int(seen), now=view.now)})


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19

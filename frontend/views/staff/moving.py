"""Moving an appointment without dragging it: a free time of a day, one press to be sure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from booking import actions
from booking.errors import BadTime, Refusal
from booking.freebook import places_for
from booking.models import Appointment
from centres.calendar import from_minute, to_minute
from centres.models import Practitioner
from frontend.access import access
from frontend.calendar import FARTHEST
from frontend.moving import Target, days_of, explain, places, read_target, told
from frontend.staff import Desk, desk_of
from frontend.views.staff.timeline import opened

# How far other days with free times are looked for, and how many are named.
AHEAD = 28
NAMED = 8


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, reference: str) -> HttpResponseBase:
    """A day's free times; with one of them chosen, what changes; pressed, it is moved."""
    desk, now = desk_of(request), timezone.now()
    appointment = opened(desk, reference, now=now)
    context: dict[str, Any] = {"desk": desk, "appointment": appointment, "status": 200}
    given = request.POST if request.method == "POST" else request.GET
    target = _target(given.get("vers", ""))
    if target and request.method == "POST":
        if _move(request, desk, appointment, target, context):
            return redirect("timeline", appointment.spoken_reference)
    elif target:
        return _confirm(request, appointment, target, context)
    return _list(request, appointment, target, context)


def _target(choice: str) -> Target | None:
    try:
        return read_target(choice) if choice else None
    except BadTime as error:
        raise Http404 from error


def _move(
    request: HttpRequest,
    desk: Desk,
    appointment: Appointment,
    target: Target,
    context: dict[str, Any],
) -> bool:
    """False when it is refused: the context says why."""
    now, version = timezone.now(), request.POST.get("version", "")
    seen = int(version[:9]) if version.isascii() and version.isdecimal() else -1
    try:
        moved = actions.move_to(
            uid=appointment.uid,
            start=target.start,
            site_id=target.site_id,
            practitioner_id=target.practitioner_id,
            seen=seen,
            now=now,
            actor=desk.actor,
        )
    except Refusal as refusal:
        said = explain(refusal, appointment, target, desk=desk, now=now)
        context |= {"refusal": said, "status": refusal.status}
        appointment.refresh_from_db(fields=["state", "sequence", "starts_at", "ends_at"])
        return False
    messages.success(request, told(moved, seen=seen, now=now))
    return True


def _confirm(
    request: HttpRequest, appointment: Appointment, target: Target, context: dict[str, Any]
) -> HttpResponse:
    """What it is now and what it would be. Nothing is held: a press decides."""
    zone = ZoneInfo(appointment.centre.time_zone)
    own = Practitioner.objects.filter(department=appointment.centre.department_id)
    who = own.filter(pk=target.practitioner_id or 0).first()
    place = appointment.centre.sites.filter(pk=target.site_id or 0).first()
    if who is None or place is None:
        raise Http404
    context |= {"at": from_minute(target.start, zone), "target": target, "who": who, "place": place}
    return render(request, "pages/staff/move_confirm.html", context)


def _list(
    request: HttpRequest, appointment: Appointment, target: Target | None, context: dict[str, Any]
) -> HttpResponse:
    zone, now = ZoneInfo(appointment.centre.time_zone), timezone.now()
    today = now.astimezone(zone).date()
    if target is not None:
        on = from_minute(target.start, zone).date()
    else:
        on = max(today, appointment.starts_at.astimezone(zone).date())
        on = _day(request.GET.get("le", ""), on, today)
    found = [
        slot
        for slot in places_for(appointment, on=on, days=AHEAD, now=now)
        if (slot.start, slot.practitioner) != _where_it_is(appointment)
    ]
    free = [slot for slot in found if from_minute(slot.start, zone).date() == on]
    people = Practitioner.objects.in_bulk({slot.practitioner for slot in free})
    sites = {site.pk: site for site in appointment.centre.sites.all()}
    context |= {
        "on": on,
        "before": on - timedelta(days=1) if on > today else None,
        "after": on + timedelta(days=1),
        "places": places(free, zone, people=people, sites=sites),
        "others": [day for day in days_of(found, zone) if day != on][:NAMED],
        "is_movable": appointment.state == Appointment.State.BOOKED,
    }
    return render(request, "pages/staff/move.html", context, status=context.pop("status"))


def _where_it_is(appointment: Appointment) -> tuple[int, int]:
    return to_minute(appointment.starts_at), appointment.practitioner_id


def _day(given: str, usual: date, today: date) -> date:
    try:
        on = date.fromisoformat(given) if given else usual
    except ValueError as error:
        raise Http404 from error
    if abs(on - today) > FARTHEST:
        raise Http404
    return on

"""Planning: who will be away and what will be closed, in the weeks to come."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from booking.declared import coming
from frontend.access import access
from frontend.staff import desk_of


@access("staff")
@require_safe
def choice(request: HttpRequest) -> HttpResponseBase:
    """One's centre: the only one, or chosen from a list."""
    desk = desk_of(request)
    if not desk.centres:
        return redirect("health")
    if len(desk.centres) == 1:
        return redirect("plan", desk.centres[0].slug)
    return render(request, "pages/staff/planning_choice.html", {"desk": desk})


@access("staff")
@require_safe
def plan(request: HttpRequest, centre_slug: str) -> HttpResponse:
    desk = desk_of(request)
    centre = desk.centre(centre_slug)
    context = {"desk": desk, "centre": centre, "coming": coming(centre, now=timezone.now())}
    return render(request, "pages/staff/planning.html", context)

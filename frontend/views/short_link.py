"""The short address an SMS carries: on to the appointment's page. Looking changes nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from booking.access import BadLink, appointment_for_short_link, manage_token
from frontend import limits
from frontend.access import access


@access("link")
@require_safe
def short_link(request: HttpRequest, code: str) -> HttpResponseBase:
    now = timezone.now()
    if limits.has_missed_often(request, now=now):
        return limits.too_many(request, limits.MISSES_WINDOW)
    try:
        appointment = appointment_for_short_link(code, now=now)
    except BadLink:
        limits.count_miss(request, now=now)
        return _not_found(request)
    return redirect("appointment", manage_token(appointment))


def _not_found(request: HttpRequest) -> HttpResponse:
    """The usual page, answered here so that no cache and no search engine keeps it."""
    return render(request, "404.html", status=404)

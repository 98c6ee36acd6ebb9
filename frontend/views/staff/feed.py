"""A practitioner's calendar address: read by a programme, made and stopped on a page of theirs."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking import actions, feeds
from booking.ical import content_type
from booking.models import CalendarLink
from frontend import limits
from frontend.access import access
from frontend.staff import desk_of
from frontend.views.staff.practice import practitioner_of

WHAT = "ical"


@access("feed")
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """The file, or 304 while it is as it was. An address that is stopped is as unknown as one that
    never was; whoever tries many is told to wait."""
    now = timezone.now()
    if limits.has_missed_often(request, now=now, what=WHAT):
        return limits.too_many(request, limits.MISSES_WINDOW)
    link = feeds.link_of(token)
    if link is None:
        limits.count_miss(request, now=now, what=WHAT)
        return render(request, "404.html", status=404)
    if not limits.may_read_calendar(link.pk, now=now):
        return limits.too_many(request, limits.READS_WINDOW)
    found = feeds.entries(link, now=now)
    tag = feeds.tag_of(found)
    changed_at = actions.note_calendar_read(link=link, tag=tag, now=now)
    seconds = int(changed_at.timestamp())
    return get_conditional_response(request, etag=f'"{tag}"', last_modified=seconds) or _file(
        found, tag, seconds
    )


def _file(found: list[feeds.Entry], tag: str, seconds: int) -> HttpResponse:
    response = HttpResponse(feeds.calendar(found), content_type=content_type("PUBLISH"))
    response["ETag"] = f'"{tag}"'
    response["Last-Modified"] = http_date(seconds)
    response["Content-Disposition"] = 'inline; filename="emgav.ics"'
    return response


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def own_calendar(request: HttpRequest) -> HttpResponse:
    """What the address is for, and whether there is one; pressed, a new one, shown this once."""
    desk, now = desk_of(request), timezone.now()
    practitioner, made = practitioner_of(desk), ""
    if request.method == "POST":
        naming = request.POST.get("naming", "")
        if naming not in CalendarLink.Naming.values:
            naming = CalendarLink.Naming.TIME_ONLY
        token = actions.make_calendar_link(practitioner_id=practitioner.pk, naming=naming, now=now)
        made = f"{settings.PUBLIC_URL}{reverse('ical', args=[token])}"
    context = {
        "desk": desk,
        "practitioner": practitioner,
        "link": feeds.alive(practitioner),
        "made": made,
        "webcal": made.replace(made.partition("://")[0], "webcal", 1) if made else "",
        "namings": CalendarLink.Naming.choices,
    }
    return render(request, "pages/staff/my_calendar.html", context)


@access("staff")
@require_POST
def stop(request: HttpRequest) -> HttpResponseBase:
    """From now on nobody reads it."""
    practitioner = practitioner_of(desk_of(request))
    if actions.stop_calendar_link(practitioner_id=practitioner.pk, now=timezone.now()):
        messages.success(request, _("L’adresse ne fonctionne plus."))
    return redirect("my-calendar")

"""When: three proposals, then a week of times that each can be held by one press."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.dates import WEEKDAYS

from booking.access import hold_token
from centres.directory import is_received
from centres.models import AppointmentType, Centre
from centres.rollout import is_open_online
from frontend import agenda, cookies, press
from frontend.access import access
from frontend.limits import searching
from frontend.nearby import around, is_bookable, with_times
from frontend.week import week_name


@access("public")
@searching
def when(request: HttpRequest, type_slug: str, centre_slug: str) -> HttpResponse:
    kind = get_object_or_404(AppointmentType, slug=type_slug, is_active=True)
    centre = get_object_or_404(Centre.objects.select_related("department"), slug=centre_slug)
    now = timezone.now()
    if not is_bookable(kind):
        return redirect("where", kind.slug)
    if not is_open_online(centre, now=now):
        return _not_open(request, kind, centre, now=now)
    sites = list(centre.sites.all())
    query = agenda.read_query(request.GET, sites)
    search = agenda.Search(kind, centre, now=now, filters=query.filters)
    page = agenda.build(search, query.monday, {site.pk: n for n, site in enumerate(sites)})
    held = cookies.live_hold(request, now=now)
    context = {
        "kind": kind,
        "centre": centre,
        "sites": sites,
        "names": {site.pk: site for site in sites},
        "query": query,
        "agenda": page,
        "weeks": _week_links(query, page),
        "weekday_names": [(number, WEEKDAYS[number - 1]) for number in range(1, 7)],
        "held": held,
        "held_token": hold_token(held) if held else "",
        "page": press.new_key(),
    }
    if page.is_empty and not query.filters.is_active:
        found = around(kind, point=(centre.latitude, centre.longitude), now=now)
        context["others"] = with_times(found, besides=[centre.pk])
        context["may_wait"] = is_received(kind, centre, now=now)
    response = render(request, "pages/when.html", context)
    patch_cache_control(response, private=True)  # its key is this browser's
    return response


def _week_links(query: agenda.Query, page: agenda.Agenda) -> dict[str, str]:
    """The query strings that lead to other weeks and to the first times, filters kept."""
    params = query.params.copy()
    params.pop("semaine", None)
    links = {"first": f"?{params.urlencode()}"}
    for name in ("previous", "following", "jump"):
        monday = getattr(page, name)
        if monday is not None:
            params = query.params.copy()
            params["semaine"] = week_name(monday)
            links[name] = f"?{params.urlencode()}"
    return links


def _not_open(
    request: HttpRequest, kind: AppointmentType, centre: Centre, *, now: datetime
) -> HttpResponse:
    """A centre not open online: its phone, and where one can book nearby."""
    found = around(kind, point=(centre.latitude, centre.longitude), now=now)
    here = next(each for each in found if each.centre.pk == centre.pk)
    context = {
        "kind": kind,
        "centre": centre,
        "opening": here.opening,
        "others": with_times(found, besides=[centre.pk]),
    }
    return render(request, "pages/not_open.html", context)

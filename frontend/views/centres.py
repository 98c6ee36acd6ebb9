"""The centres: who they are, whether they are open online, and when to come without appointment."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from centres import directory, queries
from frontend import placing
from frontend.access import access
from frontend.forms import PlaceForm
from frontend.opening import Opening
from frontend.sessions import around, by_day


@access("public")
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    openings = [Opening(centre, now) for centre in queries.public_centres()]
    return render(request, "pages/centres/index.html", {"openings": openings})


@access("public")
@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    centre = directory.centre_page(slug)
    if centre is None:
        raise Http404
    opening = Opening(centre, now)
    context = {
        "opening": opening,
        "sites": [(site, directory.is_address_sure(site)) for site in centre.sites.all()],
        "types": directory.types_offered_online(centre, now=now) if opening.is_open else [],
        "nearby": [] if opening.is_open else directory.nearest_open(centre, now=now),
        "days": by_day(directory.walk_in_sessions(now=now, centre=centre), now=now),
    }
    return render(request, "pages/centres/detail.html", context)


@access("public")
@require_safe
def walk_ins(request: HttpRequest) -> HttpResponse:
    """Every session by day; for a family that says where it lives, those of its centre first."""
    now, form = timezone.now(), PlaceForm(request.GET)
    asked = form.words, request.GET.get("commune", ""), request.GET.get("quartier", "")
    answer = placing.answer(*asked, queries.places()) if any(asked) else placing.Answer()
    offers = directory.walk_in_sessions(now=now)
    context: dict[str, Any] = {"form": form, "answer": answer, "span": directory.WALK_IN_DAYS}
    if answer.place:
        context["around"] = around(offers, answer.place, queries.public_centres(), now=now)
    else:
        context["days"] = by_day(offers, now=now)
    return render(request, "pages/centres/walk_ins.html", context)

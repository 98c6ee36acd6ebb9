"""Holding a time, keeping it a little longer, giving it back."""

import re
from datetime import datetime
from typing import NamedTuple

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from booking import actions, offers
from booking.access import (
    appointment_for_hold,
    hold_token,
    practitioners_met,
)
from booking.errors import BadTime, NotOffered, Refusal, SlotTaken, TooFar, TooSoon
from booking.models import Appointment
from booking.offers import Offer
from centres.calendar import to_minute
from centres.models import AppointmentType, Centre
from frontend import agenda, cookies, draft, press, refusals, typed
from frontend.access import access
from frontend.limits import HOLDS, SMALL, limited
from frontend.refusals import Step


@access("public")
@limited(HOLDS)
def hold(request: HttpRequest, type_slug: str, centre_slug: str) -> HttpResponse:
    offer = offers.find(type_slug=type_slug, centre_slug=centre_slug)
    if offer is None:
        raise Http404
    kind, centre, _ = offer
    if request.method != "POST":
        return redirect("when", kind.slug, centre.slug)
    start, site_id = read_choice(request.POST.get("creneau", ""))
    now = timezone.now()
    held = cookies.live_hold(request, now=now)
    if held is None or not _is_same(held, kind, centre, start, site_id):
        choice = Choice(offer, start, site_id)
        try:
            held = _take(request, choice, held, now=now)
        except (SlotTaken, NotOffered, TooSoon, TooFar) as refusal:
            # Refused by what both are now: what was remembered may have been read again.
            kind, centre, _ = offers.find(type_slug=type_slug, centre_slug=centre_slug) or offer
            return _others(request, refusal, agenda.Search(kind, centre, now=now), start)
    # Details typed for a time that lapsed go on with the new one: 307 keeps the form's body.
    response = HttpResponseRedirect(
        reverse("who", args=[hold_token(held)]),
        preserve_request=bool(typed.from_post(request.POST)),
    )
    cookies.remember_hold(response, held)
    return response


class Choice(NamedTuple):
    """The time a button stands for."""

    offer: Offer
    start: int
    site_id: int


def _take(
    request: HttpRequest, choice: Choice, held: Appointment | None, *, now: datetime
) -> Appointment:
    """Hold the time, giving back the one held so far. Raises what the hold action raises."""
    (kind, centre, _), start, site_id = choice
    presser, contact = press.who_pressed(request), cookies.proved_contact(request, now=now)
    return actions.hold(
        kind=kind,
        centre=centre,
        start=start,
        site_id=site_id,
        now=now,
        actor=presser,
        releasing=held.uid if held else None,
        preferred=practitioners_met(contact, now=now) if contact else (),
    )


def read_choice(text: str) -> tuple[int, int]:
    """The minute and the site a button sends. Raises BadTime."""
    match = re.fullmatch(r"([0-9]{1,9})-([0-9]{1,9})", text, re.ASCII)
    if match is None:
        raise BadTime(text=text[:40])
    return int(match[1]), int(match[2])


def _is_same(
    held: Appointment, kind: AppointmentType, centre: Centre, start: int, site_id: int
) -> bool:
    """Whether this browser holds that very time: a second press, or the back button."""
    wanted = (kind.pk, centre.pk, site_id, start)
    return (held.type_id, held.centre_id, held.site_id, to_minute(held.starts_at)) == wanted


def _others(
    request: HttpRequest, refusal: Refusal, search: agenda.Search, start: int
) -> HttpResponse:
    """The time cannot be had: the nearest free ones, with what was typed kept."""
    return refusals.page(
        request,
        refusal,
        template="pages/taken.html",
        steps=[
            Step(reverse("when", args=[search.kind.slug, search.centre.slug]), ""),
        ],
        kind=search.kind,
        centre=search.centre,
        starts=agenda.close_to(search, start),
        page=press.new_key(),
        names={site.pk: site for site in search.centre.sites.all()},
        carried=typed.from_post(request.POST),
    )


@access("hold")
@draft.keeping
@limited(SMALL)
def release(request: HttpRequest, token: str) -> HttpResponse:
    held = appointment_for_hold(token)
    if request.method != "POST":
        return redirect("who", token)
    actions.release_hold(uid=held.uid, now=timezone.now())
    response = redirect("when", held.type.slug, held.centre.slug)
    cookies.forget_hold(response)
    return response

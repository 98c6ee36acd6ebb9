"""The family's pages of the waiting list, by signed links: its request, and what it is offered.

A GET never changes anything: scanners of mail open links.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from booking import actions, waiting_links, waitlist
from booking.access import BadLink, appointment_for_link, manage_token
from booking.actors import FAMILY
from booking.errors import OfferOver, Refusal, WrongState
from booking.loading import load_appointments
from booking.models import WaitingListEntry, WaitingListOffer
from frontend import limits, refusals
from frontend.access import access
from frontend.forms_waiting import WishesForm
from frontend.limits import SMALL, limited
from frontend.views.visit import unchanged
from frontend.visit import Visit, address
from frontend.waiting import sites_near

State = WaitingListOffer.State


@access("link")
@require_http_methods(["GET", "HEAD", "POST"])
@limited(SMALL)
def earlier(request: HttpRequest, token: str) -> HttpResponseBase:
    """To be brought forward if a time is given back: asked, changed, withdrawn."""
    visit = Visit(appointment_for_link(token, now=timezone.now()), timezone.now())
    appointment = visit.appointment
    entry = waitlist.entry_of(appointment)
    if request.method == "POST" and "retirer" in request.POST:
        if entry is not None:
            actions.stop_waiting(uid=entry.uid, now=visit.now)
        return redirect(address("appointment", visit, news="plus-attente"))
    if not visit.can_wait:
        return unchanged(request, visit, visit.refusal or WrongState())
    form = WishesForm(
        request.POST if request.method == "POST" else None,
        sites=sites_near(appointment.type, appointment.centre, now=visit.now),
        today=timezone.localdate(),
        entry=entry,
        practitioner_id=appointment.practitioner_id,
    )
    if not form.is_valid():
        context = {"visit": visit, "form": form, "entry": entry}
        return _form(request, context, form)
    actions.ask_for_earlier(uid=appointment.uid, wishes=form.wishes, now=visit.now)
    return redirect(address("appointment", visit, news="attente"))


def _form(request: HttpRequest, context: dict[str, Any], form: WishesForm) -> HttpResponse:
    status = 422 if form.is_bound else 200
    return render(request, "pages/waiting/wishes.html", context, status=status)


@access("link")
@require_http_methods(["GET", "HEAD", "POST"])
@limited(SMALL)
def waiting(request: HttpRequest, token: str) -> HttpResponseBase:
    """The request of a family that has no appointment yet: seen, changed, withdrawn."""
    entry, now = waiting_links.entry_for_link(token), timezone.now()
    if entry.appointment is not None:
        return redirect("appointment", manage_token(entry.appointment))
    if request.method == "POST" and "retirer" in request.POST:
        actions.stop_waiting(uid=entry.uid, now=now)
        return redirect("waiting", token)
    form = WishesForm(
        request.POST if request.method == "POST" else None,
        sites=sites_near(entry.type, entry.centre, now=now),
        today=timezone.localdate(),
        entry=entry,
    )
    if not form.is_valid():
        offer = waitlist.open_offer(entry) if entry.is_open else None
        context: dict[str, Any] = {"form": form, "entry": entry}
        context["was_changed"] = "note" in request.GET
        context["offer_url"] = _url_of(offer) if offer else ""
        return _form(request, context, form)
    actions.change_wishes(uid=entry.uid, wishes=form.wishes, now=now)
    return redirect(f"{reverse('waiting', args=[token])}?note=1")


def _url_of(offer: WaitingListOffer) -> str:
    return reverse("offer", args=[waiting_links.offer_token(offer)])


@access("link")
@require_http_methods(["GET", "HEAD", "POST"])
@limited(SMALL)
def offer(request: HttpRequest, token: str) -> HttpResponseBase:
    """A time is held for this family: yes or no, by one press."""
    found, now = waiting_links.offer_for_link(token), timezone.now()
    if request.method == "POST":
        return _answer(request, found)
    if found.state == State.ACCEPTED and found.entry.appointment is not None:
        return redirect("appointment", manage_token(found.entry.appointment))
    held = found.hold
    if not found.is_open or held is None or not held.is_live_hold(now=now):
        return _over(request, found)
    current = found.entry.appointment
    (whole,) = load_appointments([held.uid]).values()
    context = {
        "offer": found,
        "held": Visit(whole, now),
        "visit": Visit(_whole(found.entry), now) if current else None,
    }
    return render(request, "pages/waiting/offer.html", context)


def _whole(entry: WaitingListEntry) -> Any:
    assert entry.appointment is not None  # noqa: S101  for the type checker
    (found,) = load_appointments([entry.appointment.uid]).values()
    return found


def _answer(request: HttpRequest, found: WaitingListOffer) -> HttpResponseBase:
    now, said = timezone.now(), request.POST.get("reponse")
    try:
        if said == "oui":
            had_one = found.entry.appointment_id is not None
            taken = actions.accept_offer(uid=found.uid, now=now)
            news = "deplace" if had_one else "nouveau"
            return redirect(f"{reverse('appointment', args=[manage_token(taken)])}?{news}=1")
        if said == "non":
            actions.end_offer(uid=found.uid, now=now, actor=FAMILY, is_refused=True)
    except OfferOver:
        found.refresh_from_db()
        return _over(request, found)
    except Refusal as refusal:
        return refusals.page(request, refusal)
    return redirect("offer", waiting_links.offer_token(found))


def _over(request: HttpRequest, found: WaitingListOffer) -> HttpResponse:
    """What became of it, and where the family stands."""
    current, entry = found.entry.appointment, found.entry
    is_refused = found.state == State.REFUSED
    context = {
        "offer": found,
        "is_refused": is_refused,
        "visit": Visit(_whole(entry), timezone.now()) if current else None,
        "entry": entry,
        "entry_token": waiting_links.entry_token(entry),
    }
    status = 200 if is_refused else 410
    return render(request, "pages/waiting/over.html", context, status=status)


@access("link")
@require_safe
def short_offer(request: HttpRequest, code: str) -> HttpResponseBase:
    return _short(request, code, is_offer=True)


@access("link")
@require_safe
def short_entry(request: HttpRequest, code: str) -> HttpResponseBase:
    return _short(request, code, is_offer=False)


def _short(request: HttpRequest, code: str, *, is_offer: bool) -> HttpResponseBase:
    """The short address an SMS carries: on to the page itself. Whoever guesses is stopped."""
    now = timezone.now()
    if limits.has_missed_often(request, now=now):
        return limits.too_many(request, limits.MISSES_WINDOW)
    try:
        if is_offer:
            return redirect(_url_of(waiting_links.offer_for_short_link(code)))
        entry = waiting_links.entry_for_short_link(code)
        return redirect("waiting", waiting_links.entry_token(entry))
    except BadLink:
        limits.count_miss(request, now=now)
        return render(request, "404.html", status=404)

"""The waiting list at the desk: put a family on it, answer for it on the phone, take it off."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from booking import actions, histories, waitlist
from booking.actors import Actor
from booking.errors import Refusal
from booking.models import Appointment, Child, Household, WaitingListEntry, WaitingListOffer
from centres.models import AppointmentType, Centre
from frontend.access import access
from frontend.forms_talking import WishForm
from frontend.forms_waiting import WishesForm
from frontend.staff import Desk, desk_of
from frontend.views.staff.desk import refused
from frontend.views.staff.families import household_of, note_family
from frontend.waiting import sites_near


@access("staff")
@require_POST
def answer(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """What a family said on the phone to the time that is held for it."""
    desk, now = desk_of(request), timezone.now()
    offer = get_object_or_404(WaitingListOffer.objects.select_related("centre"), uid=uid)
    desk.must_have(offer.centre.slug)
    actor, said = Actor("agent", desk.label), request.POST.get("reponse")
    try:
        if said == "oui":
            taken = actions.accept_offer(uid=uid, now=now, actor=actor)
            messages.success(request, _("C’est noté. La famille reçoit son message."))
            return redirect("timeline", taken.spoken_reference)
        if said in ("non", "absent"):
            # Who did not pick up the phone has refused nothing.
            actions.end_offer(uid=uid, now=now, actor=actor, is_refused=said == "non")
            messages.success(request, _("C’est noté : la place va à la famille suivante."))
    except Refusal as refusal:
        return refused(request, desk, refusal)
    return redirect("callbacks", offer.centre.slug)


@access("staff")
@require_POST
def stop(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """The family no longer waits."""
    desk = desk_of(request)
    entry = get_object_or_404(WaitingListEntry.objects.select_related("centre"), uid=uid)
    desk.must_have(entry.centre.slug)
    actions.stop_waiting(uid=uid, now=timezone.now())
    messages.success(request, _("La demande est retirée de la liste d’attente."))
    return redirect("callbacks", entry.centre.slug)


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, pk: int) -> HttpResponseBase:
    """For an earlier time than one of its appointments (?rdv=), or, without one, for the first that
    fits what was chosen on the booking page."""
    desk, now = desk_of(request), timezone.now()
    household = household_of(pk, desk, now=now)
    if not desk.centres or not household.guardians.all():
        raise Http404
    note_family(household, desk, now=now)
    appointment = _appointment(request, desk, pk)
    if appointment is not None:
        return _earlier(request, desk, household, appointment)
    found = WishForm(request.GET, household=household, centres=desk.centres, now=now)
    if not found.is_valid():
        return redirect("book-for", pk)
    return _any(request, desk, household, found)


def _earlier(
    request: HttpRequest, desk: Desk, household: Household, appointment: Appointment
) -> HttpResponseBase:
    kind, centre = appointment.type, appointment.centre
    form = _form(
        request,
        kind,
        centre,
        entry=waitlist.entry_of(appointment),
        practitioner_id=appointment.practitioner_id,
    )
    if not form.is_valid():
        about = {"appointment": appointment, "kind": kind, "centre": centre}
        return _page(request, {"desk": desk, "household": household, "form": form, **about})
    try:
        actions.ask_for_earlier(
            uid=appointment.uid,
            wishes=form.wishes,
            now=timezone.now(),
            actor=Actor("agent", desk.label),
        )
    except Refusal as refusal:
        return refused(request, desk, refusal)
    return _done(request, household)


def _any(
    request: HttpRequest, desk: Desk, household: Household, found: WishForm
) -> HttpResponseBase:
    """Each child waits for itself: two places are seldom given back together."""
    wish = found.wish
    form = _form(request, wish.kind, wish.centre, practitioner_id=wish.practitioner_id)
    if not form.is_valid():
        about = {"kind": wish.kind, "centre": wish.centre}
        return _page(request, {"desk": desk, "household": household, "form": form, **about})
    children: list[Child | None] = [*found.visitors] or [None]
    for child in children:
        actions.ask_for_any(
            guardian=found.parent,
            child=child,
            kind=wish.kind,
            centre=wish.centre,
            due_on=wish.due_on,
            wishes=form.wishes,
            now=timezone.now(),
            actor=Actor("agent", desk.label),
        )
    return _done(request, household)


def _form(
    request: HttpRequest,
    kind: AppointmentType,
    centre: Centre,
    *,
    practitioner_id: int | None,
    entry: WaitingListEntry | None = None,
) -> WishesForm:
    return WishesForm(
        request.POST if request.method == "POST" else None,
        sites=sites_near(kind, centre, now=timezone.now()),
        today=timezone.localdate(),
        entry=entry,
        practitioner_id=practitioner_id,
    )


def _done(request: HttpRequest, household: Household) -> HttpResponseBase:
    messages.success(request, _("La famille est sur la liste d’attente."))
    return redirect("family", household.pk)


def _appointment(request: HttpRequest, desk: Desk, household: int) -> Appointment | None:
    """The one named in the address. Raises Http404: another family's, or another desk's."""
    reference = request.GET.get("rdv", "")
    if not reference:
        return None
    centres = [centre.pk for centre in desk.centres]
    found = histories.appointments_of_household(household, centres)
    return get_object_or_404(found, reference=reference)


def _page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    status = 422 if context["form"].is_bound else 200
    return render(request, "pages/staff/waiting.html", context, status=status)

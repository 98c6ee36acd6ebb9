"""The waiting list at the desk: put a family on it, answer for it on the phone, take it off."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from booking import actions, histories, waitlist
from booking.errors import Refusal
from booking.locking import FamilyChanged
from booking.models import Appointment, Household, WaitingListEntry, WaitingListOffer
from booking.offer_messages import ways_of_entry
from centres.models import AppointmentType, Centre
from frontend.access import access
from frontend.called import Calling, calling
from frontend.forms_newcomer import NewcomerForm, likely_ones
from frontend.forms_talking import WHOM, Wish, WishForm
from frontend.forms_waiting import WishesForm
from frontend.reading import note_family
from frontend.staff import Desk, desk_of
from frontend.views.staff.desk import refused
from frontend.views.staff.families import household_of
from frontend.waiting import sites_near, wished_before

# The button that notes a newcomer's request; every other one only shows the form.
SENDS = "inscrire"


@access("staff")
@require_POST
def answer(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """What a family said on the phone to the time that is held for it."""
    desk, now = desk_of(request), timezone.now()
    offer = get_object_or_404(WaitingListOffer.objects.select_related("centre"), uid=uid)
    desk.must_have(offer.centre.slug)
    actor, said = desk.actor, request.POST.get("reponse")
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
    actions.stop_waiting(uid=uid, now=timezone.now(), actor=desk.actor)
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
    appointment = _appointment(request, desk, household.pk)
    if appointment is not None:
        return _earlier(request, desk, household, appointment)
    found = WishForm(_asked(request), household=household, centres=desk.centres, now=now)
    if found.is_valid() or (request.method == "POST" and found.errors.keys() <= {*WHOM}):
        return _any(request, desk, household, found)
    return redirect("book-for", pk)


def _asked(request: HttpRequest) -> QueryDict:
    """What the address says; who waits was chosen on the page itself, if that has asked again."""
    if WHOM[0] not in request.POST:
        return request.GET
    given = request.GET.copy()
    for name in WHOM:
        given.setlist(name, request.POST.getlist(name))
    return given


def _earlier(
    request: HttpRequest, desk: Desk, household: Household, appointment: Appointment
) -> HttpResponseBase:
    kind, centre = appointment.type, appointment.centre
    form = _form(
        request,
        kind,
        centre,
        is_sent=request.method == "POST",
        entry=waitlist.entry_of(appointment),
        practitioner_id=appointment.practitioner_id,
    )
    about = {"appointment": appointment, "kind": kind, "centre": centre}
    context = {"desk": desk, "household": household, "form": form, **about}
    if not form.is_valid():
        return _page(request, context)
    try:
        actions.ask_for_earlier(
            uid=appointment.uid, wishes=form.wishes, now=timezone.now(), actor=desk.actor
        )
    except Refusal as refusal:
        form.add_error(None, _(refusal.message))
        appointment.refresh_from_db(fields=["state", "sequence", "starts_at", "ends_at"])
        return _page(request, context, status=refusal.status)
    return _done(request, household)


def _any(
    request: HttpRequest, desk: Desk, household: Household, found: WishForm
) -> HttpResponseBase:
    """Each child waits for itself. Who waits is asked only once somebody of them had gone."""
    wish, call = found.wish, calling(request.GET, desk)
    is_sent = request.method == "POST"
    form = _form(request, wish.kind, wish.centre, wish=wish, is_sent=is_sent)
    context = {"desk": desk, "household": household, "form": form, "calling": call}
    context |= {"kind": wish.kind, "centre": wish.centre}
    if WHOM[0] in request.POST or found.errors:
        context |= {"found": found, "whom": found.whom(wish.kind)}
    try:
        if _join(found, form, desk):
            return _done(request, household, call)
    except Refusal as refusal:
        form.add_error(None, _(refusal.message))
        if isinstance(refusal, FamilyChanged):
            context |= _as_it_is_now(household.pk, desk, _asked(request), wish.kind)
        return _page(request, context, status=refusal.status)
    return _page(request, context)


def _join(found: WishForm, form: WishesForm, desk: Desk) -> bool:
    """False when it is not said whole. Raises Refusal."""
    if found.has_gone():
        raise FamilyChanged
    if not (form.is_valid() and found.is_valid()):
        return False
    wish = found.wish
    actions.ask_for_each(
        guardian=found.parent,
        children=found.visitors,
        kind=wish.kind,
        centre=wish.centre,
        due_on=wish.due_on,
        wishes=form.wishes,
        now=timezone.now(),
        actor=desk.actor,
    )
    return True


def _as_it_is_now(
    household_id: int, desk: Desk, given: QueryDict, kind: AppointmentType
) -> dict[str, Any]:
    """The family, and who of it waits: those that were chosen and are still there, chosen again.
    Raises Http404."""
    now = timezone.now()
    household = household_of(household_id, desk, now=now)
    note_family(household, desk, now=now)
    again = WishForm(None, household=household, centres=desk.centres, now=now)
    again.initial = {**again.initial, **again.still_there(given)}
    return {"household": household, "found": again, "whom": again.whom(kind)}


def _form(
    request: HttpRequest,
    kind: AppointmentType,
    centre: Centre,
    *,
    is_sent: bool,
    wish: Wish | None = None,
    practitioner_id: int | None = None,
    entry: WaitingListEntry | None = None,
) -> WishesForm:
    """Sent, or as it is first shown: with the `wish` that no time was found for."""
    sites = sites_near(kind, centre, now=timezone.now())
    return WishesForm(
        request.POST if is_sent else None,
        sites=sites,
        today=timezone.localdate(),
        entry=entry,
        practitioner_id=wish.practitioner_id if wish else practitioner_id,
        initial=wished_before(wish, sites) if wish else None,
    )


def _done(
    request: HttpRequest, household: Household, call: Calling | None = None
) -> HttpResponseBase:
    """To the family's page; who waits has no appointment, so that the call is still to be noted."""
    messages.success(request, _("La famille est sur la liste d’attente."))
    return redirect(_family_page(household.pk, call))


def _family_page(household: int, call: Calling | None) -> str:
    page = reverse("family", args=[household])
    return f"{page}?{call.carried}" if call else page


def _appointment(request: HttpRequest, desk: Desk, household: int) -> Appointment | None:
    """The one named in the address. Raises Http404: another family's, or another desk's."""
    reference = request.GET.get("rdv", "")
    if not reference:
        return None
    centres = [centre.pk for centre in desk.centres]
    found = histories.appointments_of_household(household, centres)
    return get_object_or_404(found, reference=reference)


def _page(request: HttpRequest, context: dict[str, Any], *, status: int = 422) -> HttpResponse:
    status = status if context["form"].is_bound else 200
    return render(request, "pages/staff/waiting.html", context, status=status)


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def newcomer(request: HttpRequest) -> HttpResponseBase:
    """A family nobody knows, for which nothing is free: who it is was typed on the page before and
    can be mended here, when and where it would come is asked, and both are noted at once."""
    desk, now = desk_of(request), timezone.now()
    if not desk.centres:
        raise Http404
    if request.method != "POST":
        return redirect("family-new")
    today = timezone.localdate()
    form = NewcomerForm(request.POST, centres=desk.centres, now=now, today=today)
    is_told = form.must_be_told()
    likely = likely_ones(form, desk.scope(now=now))
    call = calling(request.POST, desk)
    context: dict[str, Any] = {"desk": desk, "form": form, "today": today, "calling": call}
    context |= {"likely": likely.families, "known": likely.known}
    if not form.knows_what:
        return render(request, "pages/staff/newcomer.html", context, status=422)
    wish = form.wish
    is_sent = SENDS in request.POST
    wishes = _form(request, wish.kind, wish.centre, wish=wish, is_sent=is_sent)
    context |= {"wishes": wishes, "kind": wish.kind, "centre": wish.centre, "who": form.shown_name}
    if not (is_told and wishes.is_valid()):
        has_faults = form.errors or wishes.is_bound
        return _newcomer_page(request, context, status=422 if has_faults else 200)
    if likely.is_news:
        return _newcomer_page(request, context | {"is_likely_news": True}, status=409)
    try:
        entry = actions.wait_for_newcomer(
            who=form.who,
            kind=wish.kind,
            centre=wish.centre,
            wishes=wishes.wishes,
            now=now,
            actor=desk.actor,
        )
    except Refusal as refusal:
        context["refusal"] = _(refusal.message)
        return _newcomer_page(request, context, status=refusal.status)
    messages.success(request, _told(entry))
    return redirect(_family_page(entry.household_id, call))


def _newcomer_page(request: HttpRequest, context: dict[str, Any], *, status: int) -> HttpResponse:
    return render(request, "pages/staff/newcomer_waiting.html", context, status=status)


def _told(entry: WaitingListEntry) -> str:
    """That it is done, and how the family will hear of a time."""
    if ways_of_entry(entry):
        return _(
            "C’est noté : la fiche est créée et la famille est sur la liste d’attente. "
            "Elle reçoit un message qui le confirme."
        )
    return _(
        "C’est noté : la fiche est créée et la famille est sur la liste d’attente. "
        "Aucun message ne peut lui parvenir : le centre l’appellera si une place se libère."
    )

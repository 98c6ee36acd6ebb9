"""Cancelling an appointment at the desk: the family phoned, or the centre cannot receive it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from booking import actions
from booking.desk import is_to_be_called, news_leaves_at
from booking.errors import Refusal, TooLate
from booking.models import Appointment
from booking.reaching import ways_of
from centres.calendar import to_minute
from frontend.access import access
from frontend.forms_staff import CancelVisitForm
from frontend.moving import Target, explain, news
from frontend.reading import note_visit
from frontend.staff import Desk, desk_of
from frontend.views.staff.timeline import appointment_of


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, reference: str) -> HttpResponseBase:
    """What will not take place, why, and what the family will read; pressed, it is cancelled."""
    desk, now = desk_of(request), timezone.now()
    appointment = appointment_of(desk, reference)
    if appointment.state == Appointment.State.CANCELLED:
        return _already(request, appointment)
    note_visit(appointment, desk, now=now)
    shown = {"version": appointment.sequence}
    form = CancelVisitForm(request.POST if request.method == "POST" else None, initial=shown)
    if not form.is_valid():
        return _page(request, desk, appointment, form, status=422 if form.is_bound else 200)
    try:
        cancelled = actions.cancel(
            uid=appointment.uid,
            now=now,
            actor=desk.actor,
            reason=form.note,
            is_asked=form.is_asked,
            seen=form.cleaned_data["version"],
        )
    except Refusal as refusal:
        return _refused(request, desk, appointment, form, refusal)
    if cancelled.sequence != form.cleaned_data["version"] + 1:  # somebody else, just now
        return _already(request, appointment)
    messages.success(request, _told(cancelled, is_asked=form.is_asked))
    return redirect("timeline", appointment.spoken_reference)


@access("staff")
@require_POST
def undo(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Within the minute: the appointment takes place after all, if nobody has its time."""
    desk, now = desk_of(request), timezone.now()
    appointment = appointment_of(desk, reference)
    try:
        restored, was_told = actions.uncancel(uid=appointment.uid, now=now, actor=desk.actor)
    except Refusal as refusal:
        messages.error(request, _why_gone(refusal, appointment, desk=desk, now=now))
    else:
        messages.success(request, _stands(restored, was_told=was_told, now=now))
    return redirect("timeline", appointment.spoken_reference)


def _stands(restored: Appointment, *, was_told: bool | None, now: datetime) -> str:
    """That it takes place, and what its family has heard, hears, or has still to be told. Two
    queries at most."""
    said = [_("L’annulation est annulée : le rendez-vous aura bien lieu.")]
    if was_told:
        said.append(_("La famille avait déjà été prévenue de l’annulation."))
        said.append(news(news_leaves_at(restored), now, ZoneInfo(restored.centre.time_zone)))
    elif was_told is False:
        said.append(_("Aucun message n’était parti."))
        if is_to_be_called(restored):
            said.append(_("La famille reste à appeler."))
    return " ".join(said)


def _why_gone(refusal: Refusal, appointment: Appointment, *, desk: Desk, now: datetime) -> str:
    """Who or what has its time now, if it is still cancelled."""
    if appointment.state != Appointment.State.CANCELLED:
        return _(refusal.message)
    start = to_minute(appointment.starts_at)
    target = Target(start, appointment.site_id, appointment.practitioner_id)
    why = explain(refusal, appointment, target, desk=desk, now=now)
    return _("Le rendez-vous reste annulé. %(why)s") % {"why": why}


def _already(request: HttpRequest, appointment: Appointment) -> HttpResponse:
    messages.info(request, _("Ce rendez-vous était déjà annulé."))
    return redirect("timeline", appointment.spoken_reference)


def _refused(
    request: HttpRequest,
    desk: Desk,
    appointment: Appointment,
    form: CancelVisitForm,
    refusal: Refusal,
) -> HttpResponse:
    """Where it stands now, and the same choice to be made again."""
    now_it_is = appointment_of(desk, appointment.reference)
    again = CancelVisitForm(initial={**form.cleaned_data, "version": now_it_is.sequence})
    return _page(request, desk, now_it_is, again, refusal=refusal, status=refusal.status)


def _page(
    request: HttpRequest,
    desk: Desk,
    appointment: Appointment,
    form: CancelVisitForm,
    *,
    refusal: Refusal | None = None,
    status: int,
) -> HttpResponse:
    guardian, household = appointment.guardian, appointment.household
    context = {
        "desk": desk,
        "appointment": appointment,
        "form": form,
        "refusal": _refusal(refusal) if refusal else "",
        "ways": ways_of(appointment, guardian, household) if guardian and household else [],
        "is_ahead": appointment.state == Appointment.State.BOOKED
        and appointment.starts_at > timezone.now(),
    }
    return render(request, "pages/staff/cancel.html", context, status=status)


def _refusal(refusal: Refusal) -> str:
    if isinstance(refusal, TooLate):
        return _("Le rendez-vous a commencé.")
    return _(refusal.message)


def _told(cancelled: Appointment, *, is_asked: bool) -> str:
    """What came of it, and whether the family hears of it: one that asked need not. One query."""
    said = _("Rendez-vous annulé.")
    leaves_at = news_leaves_at(cancelled)
    if cancelled.household_id is None or (is_asked and leaves_at is None):
        return said
    zone = ZoneInfo(cancelled.centre.time_zone)
    return f"{said} {news(leaves_at, timezone.now(), zone)}"

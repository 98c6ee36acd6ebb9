"""Cancelling an appointment at the desk: the family phoned, or the centre cannot receive it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from booking import actions
from booking.actors import Actor
from booking.desk import news_leaves_at
from booking.errors import Refusal, TooLate
from booking.models import Appointment, FamilyRead
from booking.reaching import ways_of
from frontend.access import access
from frontend.forms_staff import CancelVisitForm
from frontend.moving import news
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
    if appointment.household_id:
        actions.note_read(
            reader=desk.label,
            household_id=appointment.household_id,
            centre_id=appointment.centre_id,
            page=FamilyRead.Page.APPOINTMENT,
            now=now,
        )
    shown = {"version": appointment.sequence}
    form = CancelVisitForm(request.POST if request.method == "POST" else None, initial=shown)
    if not form.is_valid():
        return _page(request, desk, appointment, form, status=422 if form.is_bound else 200)
    try:
        cancelled = actions.cancel(
            uid=appointment.uid,
            now=now,
            actor=Actor("agent", desk.label[:80]),
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

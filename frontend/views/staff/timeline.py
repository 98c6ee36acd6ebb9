"""One appointment: when and for whom it is, what was done with it, and every message about it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from booking import histories
from booking.actions.amending import AMENDABLE
from booking.actions.restoring import seconds_to_undo
from booking.desk import appointment_of_reference, messages_about
from booking.models import Appointment
from booking.models.remark import remark_of
from booking.reaching import Way, ways_of
from frontend.access import access
from frontend.forms_staff import RemarkForm
from frontend.history_words import message_sentence, sentences
from frontend.message_words import Step, kind_of, timeline
from frontend.reading import note_visit
from frontend.staff import Desk, desk_of
from notifications.models import OutboxMessage


def appointment_of(desk: Desk, typed: str) -> Appointment:
    """An appointment of one of the desk's centres. Raises Http404: another's is not found."""
    appointment = appointment_of_reference(typed)
    if appointment is None or appointment.centre not in desk.centres:
        raise Http404
    return appointment


def opened(desk: Desk, typed: str, *, now: datetime) -> Appointment:
    """One whose page is opened, which is on record. Raises Http404."""
    appointment = appointment_of(desk, typed)
    note_visit(appointment, desk, now=now)
    return appointment


def sent_back(request: HttpRequest, appointment: Appointment, why: str) -> HttpResponse:
    """To its page, which says why."""
    messages.error(request, why)
    return redirect("timeline", appointment.spoken_reference)


def remark_form(appointment: Appointment) -> RemarkForm:
    """With what is noted now, to be changed."""
    stands = remark_of(appointment)
    return RemarkForm(initial={"text": stands, "seen": stands})


@access("staff")
@require_safe
def of_appointment(request: HttpRequest, reference: str) -> HttpResponse:
    desk, now = desk_of(request), timezone.now()
    appointment = opened(desk, reference, now=now)
    found = messages_about(appointment)
    context = {
        "desk": desk,
        "appointment": appointment,
        "centre": appointment.centre,
        "ways": _ways(appointment, now=now),
        "form": _remarked(desk, appointment),
        "seconds": seconds_to_undo(appointment, now=now),
        "is_amendable": appointment.state in AMENDABLE and desk.knows_type(appointment),
        "is_ahead": appointment.starts_at > now,
        "steps": _history(desk, appointment, found),
        "messages_told": [(each, kind_of(each), timeline(each)) for each in found],
    }
    return render(request, "pages/staff/timeline.html", context)


def _remarked(desk: Desk, appointment: Appointment) -> RemarkForm | None:
    """The remark, to who may know what the appointment is for; of one that was cancelled, none."""
    if appointment.state == Appointment.State.CANCELLED or not desk.knows_type(appointment):
        return None
    return remark_form(appointment)


def _ways(appointment: Appointment, *, now: datetime) -> list[Way]:
    """How its family can be told of it once more; not at all once it has begun."""
    guardian, household = appointment.guardian, appointment.household
    if guardian is None or household is None or appointment.starts_at <= now:
        return []
    if appointment.state != Appointment.State.BOOKED:
        return []
    return ways_of(appointment, guardian, household)


def _history(desk: Desk, appointment: Appointment, sent: list[OutboxMessage]) -> list[Step]:
    """What was done and what was sent, one sentence each, as it happened."""
    events = histories.events_of([appointment])
    named = histories.staff_named(event.actor for event in events)
    zone = ZoneInfo(appointment.centre.time_zone)
    tells_why = desk.knows_type(appointment)
    steps = sentences(events, zone=zone, named=named, tells_why=tells_why)
    steps += [message_sentence(each, events, zone=zone) for each in sent]
    return sorted(steps, key=lambda step: step.at or appointment.created_at)

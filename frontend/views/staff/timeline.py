"""One appointment: when and for whom it is, what was done with it, and every message about it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from booking import actions, histories
from booking.desk import appointment_of_reference, messages_about
from booking.models import Appointment, FamilyRead
from booking.reaching import Way, ways_of
from frontend.access import access
from frontend.history_words import message_sentence, sentences
from frontend.message_words import Step, kind_of, timeline
from frontend.staff import Desk, desk_of
from notifications.models import OutboxMessage


def appointment_of(desk: Desk, typed: str) -> Appointment:
    """An appointment of one of the desk's centres. Raises Http404: another's is not found."""
    appointment = appointment_of_reference(typed)
    if appointment is None or appointment.centre not in desk.centres:
        raise Http404
    return appointment


@access("staff")
@require_safe
def of_appointment(request: HttpRequest, reference: str) -> HttpResponse:
    desk = desk_of(request)
    appointment = appointment_of(desk, reference)
    if appointment.household_id:
        actions.note_read(
            reader=desk.label,
            household_id=appointment.household_id,
            centre_id=appointment.centre_id,
            page=FamilyRead.Page.APPOINTMENT,
            now=timezone.now(),
        )
    found = messages_about(appointment)
    context = {
        "desk": desk,
        "appointment": appointment,
        "centre": appointment.centre,
        "ways": _ways(appointment),
        "is_ahead": appointment.starts_at > timezone.now(),
        "steps": _history(desk, appointment, found),
        "messages_told": [(each, kind_of(each), timeline(each)) for each in found],
    }
    return render(request, "pages/staff/timeline.html", context)


def _ways(appointment: Appointment) -> list[Way]:
    """How its family can be told of it once more; not at all once it has begun."""
    guardian, household = appointment.guardian, appointment.household
    is_ahead = appointment.starts_at > timezone.now()
    if guardian is None or household is None or not is_ahead:
        return []
    if appointment.state != Appointment.State.BOOKED:
        return []
    return ways_of(appointment, guardian, household)


def _history(desk: Desk, appointment: Appointment, messages: list[OutboxMessage]) -> list[Step]:
    """What was done and what was sent, one sentence each, as it happened."""
    events = histories.events_of([appointment])
    named = histories.staff_named(event.actor for event in events)
    zone = ZoneInfo(appointment.centre.time_zone)
    tells_why = desk.knows_type(appointment)
    steps = sentences(events, zone=zone, named=named, tells_why=tells_why)
    steps += map(message_sentence, messages)
    return sorted(steps, key=lambda step: step.at or appointment.created_at)

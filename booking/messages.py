"""Which message tells of which event: written in the caller's transaction, composed when it leaves.

Subjects are neutral: no name, no reason, no service. A message is useful until the appointment
begins, a code until it expires.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from booking.ical import Method, calendar_file, content_type, manage_url
from booking.loading import load_appointments
from booking.models import Appointment, Verification
from booking.wording import place_lines, spoken_moment
from notifications import outbox
from notifications.composing import Content
from notifications.models import OutboxMessage
from notifications.rendering import known_language

CONFIRMATION, MOVED, CANCELLED, CODE = "confirmation", "moved", "cancelled", "code"
# What a later change of the same appointment makes untrue.
ABOUT_APPOINTMENT = (CONFIRMATION, MOVED, CANCELLED)


def confirmation(appointment: Appointment, *, now: datetime) -> None:
    """The appointment is booked."""
    _tell(CONFIRMATION, appointment, now=now)


def moved(appointment: Appointment, *, now: datetime) -> None:
    """It has a new time. An unsent confirmation of the old one is withdrawn."""
    _tell(MOVED, appointment, now=now)


def cancelled(appointment: Appointment, *, now: datetime) -> None:
    """It will not take place. Whatever was still to be sent about it is withdrawn."""
    _tell(CANCELLED, appointment, now=now)


def code(verification: Verification, code_text: str, *, language: str, now: datetime) -> None:
    """A six-digit code, to the very contact it is to prove and no other; a former one of the same
    verification no longer leaves."""
    subject_ref, held = str(verification.uid), verification.appointment
    outbox.supersede(subject_refs=[subject_ref], kinds=[CODE])
    minutes = max(1, int((verification.expires_at - now).total_seconds()) // 60)
    intent = outbox.Intent(
        intent_key=f"{CODE}:{verification.uid}:{verification.sends}",
        kind=CODE,
        subject_ref=subject_ref,
        scope=held.centre.slug if held is not None else "",
        channel=verification.channel,
        recipient=verification.contact,
        language=known_language(language),
        context={"code": code_text, "minutes": minutes, outbox.SECRET: True},
        send_at=now,
        valid_until=verification.expires_at,
        priority=outbox.URGENT,
    )
    outbox.enqueue([intent], now=now)


def _tell(kind: str, appointment: Appointment, *, now: datetime) -> None:
    """One message per version of the appointment, to the guardian's proved address if any."""
    subject_ref = str(appointment.uid)
    if kind != CONFIRMATION:
        outbox.supersede(subject_refs=[subject_ref], kinds=ABOUT_APPOINTMENT)
    if appointment.guardian is None:
        return
    intent = outbox.Intent(
        intent_key=f"{kind}:{subject_ref}:{appointment.sequence}",
        kind=kind,
        subject_ref=subject_ref,
        version=appointment.sequence,
        recipient=appointment.guardian.email,
        language=known_language(appointment.household.language if appointment.household else "fr"),
        send_at=now,
        valid_until=appointment.starts_at,
    )
    outbox.enqueue([intent], now=now)


def about_appointment(message: OutboxMessage) -> Content | None:
    """What such a message says, as the appointment is now; None once it has changed since."""
    uid = UUID(message.subject_ref)
    appointment = load_appointments([uid]).get(uid)
    if appointment is None or appointment.sequence != message.version:
        return None
    language = known_language(message.language)
    method: Method = "CANCEL" if message.kind == CANCELLED else "PUBLISH"
    file = calendar_file([appointment], method=method, now=message.created_at, language=language)
    attachment = {"name": "rendez-vous.ics", "type": content_type(method), "body": file.decode()}
    return Content(_context(appointment, language), [attachment])


def _context(appointment: Appointment, language: str) -> dict[str, Any]:
    """What the templates show, already in words: the outbox knows nothing of appointments."""
    centre, kind = appointment.centre, appointment.type
    with translation.override(language):
        return {
            "when": spoken_moment(appointment),
            "when_with_year": spoken_moment(appointment, has_year=True),
            "place": place_lines(appointment),
            # Even what to bring can give a discreet reason away.
            "reason": "" if kind.is_discreet else kind.text("label", language),
            "bring": [] if kind.is_discreet else _lines(kind.text("what_to_bring", language)),
            "is_discreet": kind.is_discreet,
            "reference": appointment.spoken_reference,
            "centre": centre.name,
            "phone": centre.phone,
            "department": centre.department.name,
            "manage_url": manage_url(appointment),
            "home_url": f"{settings.PUBLIC_URL}{reverse('home')}",
        }


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]

"""A held time between its choice and its confirmation: where a family is sent when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse

from booking.access import BadLink, hold_token, manage_token
from booking.errors import HoldExpired, WrongState
from booking.models import Appointment, Verification
from booking.verification import MAX_ATTEMPTS
from centres.calendar import to_minute
from frontend import cookies, draft, press, refusals
from frontend.refusals import Step
from frontend.typed import Fields

UNCONFIRMED = (Appointment.State.HELD, Appointment.State.LAPSED)


def elsewhere(
    request: HttpRequest, held: Appointment, carried: Fields, *, now: datetime
) -> HttpResponse | None:
    """None while the time is held; else the page that says what became of it.

    Confirmed already (double press, back button): its page, for whoever proved the contact it was
    booked with. Expired: an offer to take the same time again, with what was typed.
    """
    if held.moves_id is not None:
        raise WrongState
    if held.state not in UNCONFIRMED:
        contact = cookies.proved_contact(request, now=now)
        if contact is not None and held.guardian is not None and held.guardian.has_proved(contact):
            return redirect("appointment", manage_token(held))
        return refusals.page(request, WrongState(), template="pages/already.html", appointment=held)
    if held.is_live_hold(now=now):
        return None
    return refusals.page(
        request,
        HoldExpired(),
        template="pages/expired.html",
        steps=[Step(reverse("when", args=[held.type.slug, held.centre.slug]), "")],
        appointment=held,
        choice=f"{to_minute(held.starts_at)}-{held.site_id}",
        page=press.new_key(),
        carried=carried,
    )


def confirmed(appointment: Appointment, contact: str, *, now: datetime) -> HttpResponse:
    """On to the appointment's page; the contact stays proved for a while."""
    page = reverse("appointment", args=[manage_token(appointment)])
    response = HttpResponseRedirect(f"{page}?nouveau=1")
    cookies.remember_contact(response, contact, now=now)
    cookies.forget_hold(response)
    draft.forget(response)
    return response


def code_for(held: Appointment, uid: UUID) -> Verification:
    """The code sent for this held time. Raises BadLink when it is another's."""
    found = Verification.objects.filter(
        uid=uid, appointment=held, purpose=Verification.Purpose.BOOKING
    ).first()
    if found is None:
        raise BadLink
    return found


def same_code(
    held: Appointment, contact: str, payload: Mapping[str, Any], *, now: datetime
) -> Verification | None:
    """A code still good for exactly these details: pressing twice sends one message, not two."""
    waiting = Verification.objects.filter(
        appointment=held,
        contact=contact,
        used_at=None,
        expires_at__gt=now,
        attempts__lt=MAX_ATTEMPTS,
    )
    return waiting.filter(payload=payload).order_by("-id").first()


def last_typed(held: Appointment) -> dict[str, Any]:
    """What was last typed for this held time and waits for a code; empty when nothing does."""
    sent = Verification.objects.filter(appointment=held, used_at=None).order_by("-id").first()
    return dict(sent.payload) if sent else {}


def clock(held: Appointment, *, now: datetime) -> dict[str, Any]:
    """What the visible clock of a held time shows."""
    until = held.expires_at or now
    return {
        "seconds_left": max(0, int((until - now).total_seconds())),
        "expires_at": until,
        "can_extend": not held.is_extended,
        "token": hold_token(held),
    }

"""The two cookies that say who a family is, both signed and out of reach of scripts (what it typed
has its own: frontend/draft.py).

`contact` says which e-mail address or number was proved by a code in the last 30 minutes; `hold`
which time this browser holds, so that choosing another gives it back. There is no session.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from booking.access import (
    CONTACT_FOR,
    BadLink,
    appointment_for_hold,
    contact_from_token,
    contact_token,
    hold_token,
    opens_hold,
)
from booking.models import Appointment

HOLD_FOR_SECONDS = 3600


def _set(response: HttpResponseBase, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name, value, max_age=seconds, httponly=True, samesite="Lax", secure=settings.IS_HTTPS
    )


def remember_contact(response: HttpResponseBase, contact: str, *, now: datetime) -> None:
    """Remember that this contact was proved: a second child needs no new code."""
    seconds = int(CONTACT_FOR.total_seconds())
    _set(response, "contact", contact_token(contact, now=now), seconds)


def proved_contact(request: HttpRequest, *, now: datetime) -> str | None:
    """The e-mail address or number this browser proved lately."""
    return contact_from_token(request.COOKIES.get("contact"), now=now)


def forget_contact(response: HttpResponseBase) -> None:
    response.delete_cookie("contact", samesite="Lax")


def remember_hold(response: HttpResponseBase, held: Appointment) -> None:
    """Remember which time this browser holds."""
    _set(response, "hold", hold_token(held), HOLD_FOR_SECONDS)


def is_holder(request: HttpRequest, held: Appointment) -> bool:
    """Whether this is the browser that holds the time, not one that was shown the address."""
    return opens_hold(request.COOKIES.get("hold", ""), held)


def live_hold(request: HttpRequest, *, now: datetime) -> Appointment | None:
    """The time this browser still holds for a new appointment, if any: one query."""
    token = request.COOKIES.get("hold", "")
    if not token:
        return None
    try:
        held = appointment_for_hold(token)
    except BadLink:
        return None
    return held if held.is_live_hold(now=now) and held.moves_id is None else None


def forget_hold(response: HttpResponseBase) -> None:
    response.delete_cookie("hold", samesite="Lax")

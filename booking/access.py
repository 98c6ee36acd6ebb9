"""Signed links and cookies: the only ways a family's browser reaches its own data.

Nothing is stored: a token carries what it opens, under a purpose (salt) of its own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing

from booking.errors import LinkExpired
from booking.loading import load_appointments
from booking.models import Appointment

HOLD, MANAGE, CONTACT = "booking.hold", "booking.manage", "booking.contact"
CONTACT_FOR = timedelta(minutes=30)


class BadLink(Exception):
    """The token is forged, cut short or of another purpose: answered like any unknown address."""


def _sign(uid: UUID, salt: str) -> str:
    return signing.Signer(salt=salt, sep="~").sign(uid.hex)


def _unsign(token: str, salt: str) -> UUID:
    try:
        return UUID(hex=signing.Signer(salt=salt, sep="~").unsign(token))
    except (signing.BadSignature, ValueError) as error:
        raise BadLink from error


def hold_token(appointment: Appointment) -> str:
    """What the addresses of the booking steps carry."""
    return _sign(appointment.uid, HOLD)


def manage_token(appointment: Appointment) -> str:
    """What links in messages carry: it opens this one appointment, until the visit is over."""
    return _sign(appointment.uid, MANAGE)


def _load(uid: UUID) -> Appointment:
    found = load_appointments([uid])
    if uid not in found:
        raise BadLink
    return found[uid]


def appointment_for_hold(token: str) -> Appointment:
    """The appointment a booking step is about, in whatever state it is by now. Raises BadLink."""
    return _load(_unsign(token, HOLD))


def opens_hold(token: str, appointment: Appointment) -> bool:
    """Whether a token opens this very hold."""
    try:
        return _unsign(token, HOLD) == appointment.uid
    except BadLink:
        return False


def appointment_for_link(token: str, *, now: datetime) -> Appointment:
    """The appointment a message's link opens. Raises BadLink, or LinkExpired once the day after it
    has come (families look back at the address, or at whom they met, on the day itself)."""
    appointment = _load(_unsign(token, MANAGE))
    if now > appointment.ends_at + timedelta(hours=12):
        raise LinkExpired
    if appointment.state in (Appointment.State.HELD, Appointment.State.LAPSED):
        raise BadLink
    return appointment


def contact_token(email: str, *, now: datetime) -> str:
    """The value of the cookie that remembers a proved e-mail address for 30 minutes."""
    until = int((now + CONTACT_FOR).timestamp())
    return signing.dumps([email, until], salt=CONTACT, compress=True)


def contact_from_token(value: str | None, *, now: datetime) -> str | None:
    """The e-mail address a cookie proves at `now`, or None."""
    if not value:
        return None
    try:
        email, until = signing.loads(value, salt=CONTACT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(email) if now.timestamp() < until else None


def appointments_of_contact(
    email: str, *, now: datetime
) -> tuple[list[Appointment], list[Appointment]]:
    """A proved contact's appointments: those ahead, soonest first, and the last five behind."""
    mine = Appointment.objects.filter(
        guardian__email=email, guardian__email_verified_at__isnull=False
    ).select_related("type", "centre__department", "site", "practitioner", "guardian", "child")
    ahead = mine.filter(ends_at__gt=now, state__in=["booked", "arrived", "in_progress"])
    behind = mine.exclude(state__in=["held", "lapsed"]).filter(ends_at__lte=now)
    return list(ahead.order_by("starts_at")[:50]), list(behind.order_by("-starts_at")[:5])


def is_known_contact(email: str) -> bool:
    """Whether this proved address ever booked: for deciding to send a code, never to be shown."""
    return Appointment.objects.filter(
        guardian__email=email, guardian__email_verified_at__isnull=False
    ).exists()


def practitioners_met(email: str, *, now: datetime) -> list[int]:
    """Whom a proved contact's household has met: one query, by the address's index."""
    known = "guardian__household__guardians"
    met = Appointment.objects.filter(
        **{f"{known}__email": email, f"{known}__email_verified_at__isnull": False},
        state__in=["booked", "arrived", "in_progress", "fulfilled"],
        ends_at__lte=now,
    )
    return list(met.values_list("practitioner", flat=True).distinct())


def held_for_move(appointment: Appointment, *, now: datetime) -> UUID | None:
    """The new time its family holds for this appointment just now, if any."""
    return (
        Appointment.objects.filter(
            moves=appointment, state=Appointment.State.HELD, expires_at__gt=now
        )
        .values_list("uid", flat=True)
        .first()
    )

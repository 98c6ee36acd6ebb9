"""Signed links and cookies: the only ways a family's browser reaches its own data.

Nothing is stored: a token carries what it opens, under a purpose (salt) of its own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db.models import Q
from django.utils.crypto import constant_time_compare, salted_hmac

from booking.actors import SMS, WAITING_LIST, channel_of
from booking.errors import LinkExpired
from booking.loading import load_appointments, load_hold
from booking.models import MISTAKEN, Appointment, Guardian

HOLD, MANAGE, CONTACT = "booking.hold", "booking.manage", "booking.contact"
SHORT = "booking.short"
CONTACT_FOR = timedelta(minutes=30)
# Without 0 and O, I and l: somebody may copy it from a phone.
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# An SMS has no room for more. Guessing it for one appointment takes 2^39 tries on the average, over
# a network that counts them.
SHORT_MAC_BYTES = 5
LONGEST_SHORT_CODE = 18  # of the largest id


class BadLink(Exception):
    """The token is forged, cut short or of another purpose: answered like any unknown address."""


def sign(uid: UUID, salt: str) -> str:
    """A token that carries a uid, for one purpose."""
    return signing.Signer(salt=salt, sep="~").sign(uid.hex)


def unsign(token: str, salt: str) -> UUID:
    """The uid of a token of this purpose. Raises BadLink."""
    try:
        return UUID(hex=signing.Signer(salt=salt, sep="~").unsign(token))
    except (signing.BadSignature, ValueError) as error:
        raise BadLink from error


def hold_token(appointment: Appointment) -> str:
    """What the addresses of the booking steps carry."""
    return sign(appointment.uid, HOLD)


def manage_token(appointment: Appointment) -> str:
    """What links in messages carry: it opens this one appointment, until the visit is over."""
    return sign(appointment.uid, MANAGE)


def _load(uid: UUID) -> Appointment:
    found = load_appointments([uid])
    if uid not in found:
        raise BadLink
    return found[uid]


def appointment_for_hold(token: str) -> Appointment:
    """The appointment a booking step is about, in whatever state it is by now. Raises BadLink."""
    return _load(unsign(token, HOLD))


def hold_to_confirm(token: str) -> Appointment:
    """The same, with no more than its rules and the form of its details ask. Raises BadLink."""
    held = load_hold(unsign(token, HOLD))
    if held is None:
        raise BadLink
    return held


def opens_hold(token: str, appointment: Appointment) -> bool:
    """Whether a token opens this very hold."""
    try:
        return unsign(token, HOLD) == appointment.uid
    except BadLink:
        return False


def appointment_for_link(token: str, *, now: datetime) -> Appointment:
    """The appointment a message's link opens. Raises BadLink, or LinkExpired once the day after it
    has come (families look back at the address, or at whom they met, on the day itself)."""
    return _still_open(_load(unsign(token, MANAGE)), now=now)


def _still_open(appointment: Appointment, *, now: datetime) -> Appointment:
    if now > appointment.ends_at + timedelta(hours=12):
        raise LinkExpired
    if appointment.state in (Appointment.State.HELD, Appointment.State.LAPSED):
        raise BadLink
    return appointment


def short_link(appointment: Appointment) -> str:
    """The address an SMS carries: it opens the same page as manage_token's, by fewer letters."""
    return f"{settings.PUBLIC_URL}/s/{short_code(appointment.pk, SHORT)}"


def appointment_for_short_link(code: str, *, now: datetime) -> Appointment:
    """The appointment an SMS's link opens. Raises BadLink and LinkExpired as its longer twin."""
    pk = pk_of_short_code(code, SHORT)
    uid = Appointment.objects.filter(pk=pk).values_list("uid", flat=True).first()
    if uid is None:
        raise BadLink
    return _still_open(_load(uid), now=now)


def short_code(pk: int, purpose: str) -> str:
    """An id and its seal, in as few letters as an SMS has room for."""
    mac = _short_mac(pk, settings.SECRET_KEY, purpose)
    return _base58(pk << 8 * SHORT_MAC_BYTES | int.from_bytes(mac))


def pk_of_short_code(code: str, purpose: str) -> int:
    """The id a short code was made of, for this purpose. Raises BadLink."""
    if not 0 < len(code) <= LONGEST_SHORT_CODE or any(letter not in BASE58 for letter in code):
        raise BadLink
    number = 0
    for letter in code:
        number = number * len(BASE58) + BASE58.index(letter)
    pk, mac = number >> 8 * SHORT_MAC_BYTES, number & (1 << 8 * SHORT_MAC_BYTES) - 1
    if pk >= 1 << 63 or _base58(number) != code or not _is_mac_of(pk, mac, purpose):
        raise BadLink
    return pk


def _is_mac_of(pk: int, mac: int, purpose: str) -> bool:
    given = mac.to_bytes(SHORT_MAC_BYTES)
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(_short_mac(pk, key, purpose), given) for key in keys)


def _short_mac(pk: int, key: str, purpose: str) -> bytes:
    mac = salted_hmac(purpose, str(pk), secret=key, algorithm="sha256")
    return mac.digest()[:SHORT_MAC_BYTES]


def _base58(number: int) -> str:
    letters = ""
    while number:
        number, place = divmod(number, len(BASE58))
        letters = BASE58[place] + letters
    return letters


def contact_token(contact: str, *, now: datetime) -> str:
    """The value of the cookie that remembers a proved e-mail address or number for 30 minutes."""
    until = int((now + CONTACT_FOR).timestamp())
    return signing.dumps([contact, until], salt=CONTACT, compress=True)


def contact_from_token(value: str | None, *, now: datetime) -> str | None:
    """The e-mail address or number a cookie proves at `now`, or None."""
    if not value:
        return None
    try:
        contact, until = signing.loads(value, salt=CONTACT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(contact) if now.timestamp() < until else None


def _who_proved(contact: str, guardian: str) -> dict[str, Any]:
    """The filter of a contact's own guardians; `guardian` is the way to them, with its `__`."""
    field = f"{guardian}{'phone' if channel_of(contact) == SMS else 'email'}"
    return {field: contact, f"{field}_verified_at__isnull": False}


def appointments_of_contact(
    contact: str, *, now: datetime
) -> tuple[list[Appointment], list[Appointment]]:
    """A proved contact's appointments: those ahead, soonest first, and the last five behind."""
    mine = Appointment.objects.filter(**_who_proved(contact, "guardian__")).select_related(
        "type", "centre__department", "site", "practitioner", "guardian", "child"
    )
    ahead = mine.filter(ends_at__gt=now, state__in=["booked", "arrived", "in_progress"])
    # Who is at an open session already does not come to it any more.
    ahead = ahead.exclude(booked_via=Appointment.Via.DOOR)
    behind = mine.exclude(Q(state__in=["held", "lapsed"]) | MISTAKEN).filter(ends_at__lte=now)
    return list(ahead.order_by("starts_at")[:50]), list(behind.order_by("-starts_at")[:5])


def is_known_contact(contact: str) -> bool:
    """Whether this proved contact ever booked: for deciding to send a code, never to be shown."""
    return Appointment.objects.filter(**_who_proved(contact, "guardian__")).exists()


def language_of_contact(contact: str) -> str | None:
    """The language of whoever proved this contact last, for what is sent to it."""
    proved = Guardian.objects.filter(**_who_proved(contact, "")).order_by("-id")
    return proved.values_list("household__language", flat=True).first()


def guardians_of_contact(contact: str) -> list[Guardian]:
    """Those who proved this contact, with their household, the newest first."""
    proved = Guardian.objects.filter(**_who_proved(contact, ""))
    return list(proved.select_related("household").order_by("-id")[:10])


# What an appointment of the past is when its family came, or nobody noted that it did not.
MET = ("booked", "arrived", "in_progress", "fulfilled")


def practitioners_met(contact: str, *, now: datetime) -> list[int]:
    """Whom a proved contact's household has met: one query, by the contact's index."""
    return _met(_who_proved(contact, "guardian__household__guardians__"), now=now)


def practitioners_met_by(household_id: int, *, now: datetime) -> list[int]:
    """Whom the people of a household that an agent knows have met: one query, by guardian."""
    return _met({"guardian__household": household_id}, now=now)


def _met(whose: dict[str, Any], *, now: datetime) -> list[int]:
    met = Appointment.objects.filter(**whose, state__in=MET, ends_at__lte=now)
    return list(met.values_list("practitioner", flat=True).distinct())


def held_for_move(appointment: Appointment, *, now: datetime) -> UUID | None:
    """The new time its family chose and holds for this appointment just now, if any: what the
    waiting list holds for it is not given back by choosing another."""
    return (
        Appointment.objects.filter(
            moves=appointment,
            state=Appointment.State.HELD,
            expires_at__gt=now,
            proposed_in=None,  # what the centre proposes stays held beside
        )
        .exclude(actor=WAITING_LIST.label)
        .values_list("uid", flat=True)
        .first()
    )

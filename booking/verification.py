"""Six-digit codes that prove an e-mail address or a mobile number: only a keyed hash kept, few
tries, short life."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from booking import messages, throttle
from booking.actors import SMS, channel_of
from booking.errors import (
    AddressUnreachable,
    CodeExpired,
    CodeWrong,
    NumberUnreachable,
    TooManyAttempts,
    TooManyGuesses,
)
from booking.models import Appointment, Verification
from notifications import problems

LIFE = timedelta(minutes=15)
MAX_ATTEMPTS = 5
MAX_SENDS = 3
# Wrong codes in a day: for one contact, by one asker and by all. New codes give new tries, so these
# alone bound what guessing finds in the end: 60 of a million a day. By all it is wider, so that
# hammering a contact from one place does not shut its owner out elsewhere.
GUESSES_BY_ASKER, GUESSES_BY_ALL = 15, 60
GUESSES_WINDOW = throttle.DAY


def _hash(uid: UUID, code: str, key: str | bytes | None = None) -> str:
    digest = salted_hmac("booking.verification", f"{uid}:{code}", secret=key, algorithm="sha256")
    return digest.hexdigest()


def _fits(verification: Verification, code: str) -> bool:
    """Whether the code is the one sent, under today's key or the one it was sent under."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    hashes = [_hash(verification.uid, code, key) for key in keys]
    return any(constant_time_compare(verification.code_hash, each) for each in hashes)


def _new_code() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"


def _check_reachable(contact: str) -> None:
    # The same for all who type it, known or not: a dead address is nobody's, so it betrays nobody.
    channel = channel_of(contact)
    if problems.is_dead(channel, contact):
        raise NumberUnreachable if channel == SMS else AddressUnreachable


@transaction.atomic
def send_code(
    *,
    purpose: str,
    contact: str,
    language: str,
    now: datetime,
    appointment: Appointment | None = None,
    payload: dict[str, Any] | None = None,
    known: bool = True,
) -> Verification:
    """Make a code and plan its message, by e-mail or SMS as the contact is. `payload` keeps what
    was typed until the code is right.

    With `known` false nothing is sent and no code will ever fit: the same page, the same work, so
    that nobody learns whether a contact has appointments. Raises Unreachable.
    """
    _check_reachable(contact)
    code = _new_code()
    verification = Verification(
        purpose=purpose,
        channel=channel_of(contact),
        contact=contact,
        appointment=appointment,
        payload=payload or {},
        created_at=now,
        expires_at=now + LIFE,
    )
    verification.code_hash = _hash(verification.uid, code) if known else ""
    verification.save(force_insert=True)
    _send(verification, code, language=language, now=now)
    return verification


def _send(verification: Verification, code: str, *, language: str, now: datetime) -> None:
    """Plan the message. For an unknown contact plan it too, then undo that: not even a stopwatch
    tells which contacts have appointments."""
    if verification.purpose == Verification.Purpose.BOOKING:
        messages.code(verification, code, language=language, now=now)
        return
    with transaction.atomic():
        messages.code(verification, code, language=language, now=now)
        transaction.set_rollback(not verification.code_hash)


@transaction.atomic
def resend_code(*, uid: UUID, language: str, now: datetime) -> Verification:
    """Send a new code (the former one stops working), twice at most.

    Raises CodeExpired, TooManyAttempts, Unreachable: the first code may have told that it is.
    """
    verification = (
        Verification.objects.select_for_update(of=("self",))
        .select_related("appointment__centre")
        .get(uid=uid)
    )
    if verification.used_at is not None:
        raise CodeExpired
    if verification.sends >= MAX_SENDS:
        raise TooManyAttempts
    _check_reachable(verification.contact)
    code = _new_code()
    if verification.code_hash:
        verification.code_hash = _hash(verification.uid, code)
    verification.sends += 1
    verification.expires_at = now + LIFE
    verification.save(update_fields=["code_hash", "sends", "expires_at"])
    _send(verification, code, language=language, now=now)
    return verification


def check_may_guess(contact: str, *, asker: str = "", now: datetime) -> None:
    """Raises TooManyGuesses while no code for this contact is looked at, or none that this asker
    types. Counted alike for a contact that is known and for one that is not."""
    limits = _guesses(contact, asker)
    if throttle.is_spent(limits, seconds=GUESSES_WINDOW, now=now):
        raise TooManyGuesses(again_at=throttle.window_ends(seconds=GUESSES_WINDOW, now=now))


def _guesses(contact: str, asker: str) -> dict[str, int]:
    """What a wrong code counts for, and the limit of each; no key tells the contact."""
    digest = salted_hmac("booking.verification.guesses", contact.lower(), algorithm="sha256")
    key = f"guess:{digest.hexdigest()[:32]}"
    return {key: GUESSES_BY_ALL, f"{key}:{asker}": GUESSES_BY_ASKER}


def _note_wrong(contact: str, asker: str, *, now: datetime) -> None:
    for key, limit in _guesses(contact, asker).items():
        throttle.allow(key=key, limit=limit, seconds=GUESSES_WINDOW, now=now)


def check_code(*, uid: UUID, code: str, now: datetime, asker: str = "") -> Verification:
    """The verification, once its code is right; each try counts, right or wrong. `asker` is where
    it was typed from.

    Raises CodeExpired, TooManyAttempts, TooManyGuesses, CodeWrong (with `left`, the tries that
    remain).
    """
    # The try is counted and committed before the code is looked at: no crash gives a free guess.
    counted = Verification.objects.filter(uid=uid, attempts__lt=MAX_ATTEMPTS).update(
        attempts=F("attempts") + 1
    )
    verification = Verification.objects.select_related("appointment").get(uid=uid)
    if verification.used_at is not None or verification.expires_at <= now:
        raise CodeExpired
    if not counted:
        raise TooManyAttempts
    check_may_guess(verification.contact, asker=asker, now=now)
    if not _fits(verification, code):
        _note_wrong(verification.contact, asker, now=now)
        raise CodeWrong(left=MAX_ATTEMPTS - verification.attempts)
    return verification


def use(verification: Verification, *, now: datetime) -> None:
    """Spend the code and forget what was typed."""
    Verification.objects.filter(pk=verification.pk).update(used_at=now, payload={})

"""The second factor of staff: a code of an authenticator (TOTP) or a recovery code, used once, or
a passkey (frontend.passkeys).

The tables and the arithmetic are django-allauth's; that a code serves once is kept by the database.
"""

from __future__ import annotations

import base64
import hashlib
from contextlib import suppress

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from centres.models import User

Type = Authenticator.Type
# Recovery codes only stand in for one of these.
FACTORS = (Type.TOTP, Type.WEBAUTHN)
# How allauth names it among the ways in which a session was authenticated.
METHOD = "mfa"
NEW_SECRET, FRESH_CODES = "new_totp_secret", "fresh_recovery_codes"


class Adapter(DefaultMFAAdapter):  # type: ignore[misc]  # it ships no types
    """Keeps secrets encrypted: who steals a backup of the database steals no second factor."""

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Keys answer to the public host and to no other name this server may be reached by."""
        return {"id": settings.PUBLIC_HOST, "name": str(settings.MFA_TOTP_ISSUER)}

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises InvalidToken when it was kept under a key that is no longer known."""
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([_fernet(key) for key in keys])


def _fernet(key: str) -> Fernet:
    digest = hashlib.sha256(b"emgav second factor " + key.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def is_passed(request: HttpRequest) -> bool:
    """Whether whoever is logged in showed a second factor in this session. It costs no query."""
    return isinstance(request.user, User) and was_shown(request, request.user)


def was_shown(request: HttpRequest, user: User) -> bool:
    """The same of somebody who is perhaps not logged in yet."""
    records = get_authentication_records(request, user)
    return any(record.get("method") == METHOD for record in records)


def has_one(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type__in=FACTORS).exists())


def app_of(user: User) -> Authenticator | None:
    """The authenticator that shows codes for this person, if there is one."""
    kept: Authenticator | None = Authenticator.objects.filter(user=user, type=Type.TOTP).first()
    return kept


def has_app(user: User) -> bool:
    return app_of(user) is not None


def verify(user: User, typed: str) -> Authenticator | None:
    """What this code belongs to, used up by this; None when it is wrong or was used before."""
    code = _digits(typed)
    with transaction.atomic():
        kept = Authenticator.objects.select_for_update().filter(
            user=user, type__in=(Type.TOTP, Type.RECOVERY_CODES)
        )
        return next((each for each in kept.order_by("pk") if _accepts(each, code)), None)


def renew_encryption(user: User) -> None:
    """Encrypt what is kept of this person by the key of today; what no key opens any more stays."""
    with transaction.atomic():
        for each in Authenticator.objects.select_for_update().filter(user=user):
            for name in {"secret", "seed"} & set(each.data):
                with suppress(InvalidToken):
                    each.data[name] = _cipher().rotate(each.data[name].encode()).decode()
            each.save(update_fields=["data"])


def pass_with(request: HttpRequest, authenticator: Authenticator, user: User) -> None:
    """Note in the session that the second factor was shown."""
    authenticator.record_usage()
    record_authentication(request, user, METHOD, id=authenticator.pk, type=str(authenticator.type))


def pass_elsewhere(request: HttpRequest, user: User) -> None:
    """The same of one that a directory asked for, which is trusted to have done so."""
    record_authentication(request, user, METHOD, type="directory")


def _digits(typed: str) -> str:
    return "".join(typed.split()).replace("-", "")


def _accepts(authenticator: Authenticator, code: str) -> bool:
    try:
        if authenticator.type == Type.RECOVERY_CODES:
            return bool(RecoveryCodes(authenticator).validate_code(code))
        return _accepts_totp(authenticator, code)
    except InvalidToken:
        return False


def _accepts_totp(authenticator: Authenticator, code: str) -> bool:
    """A code counts when it is later than the last that counted."""
    counter = counter_of(Adapter().decrypt(authenticator.data["secret"]), code)
    if counter is None or counter <= authenticator.data.get("counter", -1):
        return False
    authenticator.data["counter"] = counter
    authenticator.save(update_fields=["data"])
    return True


def counter_of(secret: str, code: str) -> int | None:
    """The half-minute this code of the secret belongs to, a neighbour of ours at most."""
    for counter in yield_hotp_counters_from_time():
        if constant_time_compare(format_hotp_value(hotp_value(secret, counter)), code):
            return int(counter)
    return None


def new_secret(request: HttpRequest) -> str:
    """The secret being set up in this session: reloading the page must not change it."""
    if NEW_SECRET not in request.session:
        request.session[NEW_SECRET] = generate_totp_secret()
    return str(request.session[NEW_SECRET])


def address_for(user: User, secret: str) -> str:
    """What the QR code says to the authenticator's app."""
    return str(Adapter().build_totp_url(user, secret))


def set_up(request: HttpRequest, user: User, typed: str) -> bool:
    """Make the session's new secret this person's second factor, if the code is of it."""
    secret = new_secret(request)
    counter = counter_of(secret, _digits(typed))
    if counter is None:
        return False
    try:
        with transaction.atomic():
            authenticator = TOTP.activate(user, secret).instance
            authenticator.data["counter"] = counter
            authenticator.save(update_fields=["data"])
            has_codes = Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).exists()
            if not has_codes:
                RecoveryCodes.activate(user)
    except IntegrityError:  # set up in another window at the same moment
        return False
    pass_with(request, authenticator, user)
    del request.session[NEW_SECRET]
    if not has_codes:
        request.session[FRESH_CODES] = True
    request.session.cycle_key()
    return True


def renew_codes(request: HttpRequest, user: User) -> None:
    """Make new recovery codes to be shown; those before serve no more."""
    with transaction.atomic():
        Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).delete()
        RecoveryCodes.activate(user)
    request.session[FRESH_CODES] = True


def fresh_codes(request: HttpRequest, user: User) -> list[str]:
    """Recovery codes made in this session and not yet noted; empty afterwards, for good."""
    if not request.session.get(FRESH_CODES):
        return []
    kept = Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).first()
    return RecoveryCodes(kept).get_unused_codes() if kept else []


def codes_are_noted(request: HttpRequest) -> None:
    request.session.pop(FRESH_CODES, None)


def codes_left(user: User) -> int:
    """How many recovery codes this person has not used."""
    kept = Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).first()
    if kept is None:
        return 0
    return settings.MFA_RECOVERY_CODE_COUNT - int(kept.data["used_mask"]).bit_count()

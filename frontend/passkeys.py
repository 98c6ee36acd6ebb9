"""Passkeys of staff (WebAuthn): a key on the phone, in the computer or on a ring, that answers to
this site only. It serves instead of a code, and instead of password and code together.

The tables and the cryptography are django-allauth's and fido2's.
"""

from __future__ import annotations

import json
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.webauthn.internal import auth
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from centres.actions import note_key
from centres.models import User
from frontend import second_factor
from frontend.second_factor import FRESH_CODES, Type

MOST = 10
# Of whom the session's challenge was asked: of this account, or of whichever the key opens.
ASKED_OF, ANYBODY = "key_asked_of", 0
# fido2 says no in all of these ways; whatever the browser sent is not believed.
NOT_BELIEVED = (ValidationError, ValueError, TypeError, KeyError, AttributeError, LookupError)


class Refused(Exception):
    """The key's answer proves nothing."""


def options_to_add(request: HttpRequest, user: User) -> dict[str, Any]:
    """What the browser is asked to make a new key of; remembered in the session."""
    request.session.pop(ASKED_OF, None)
    return _plain(auth.begin_registration(user, passwordless=True))


def options_to_use(request: HttpRequest, user: User | None) -> dict[str, Any]:
    """What it is asked to sign: by a key of this person, or by whichever the person chooses."""
    request.session[ASKED_OF] = user.pk if user else ANYBODY
    return _plain(auth.begin_authentication(user))


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(options, default=dict))
    return plain


def add(request: HttpRequest, user: User, *, name: str, answer: str, now: Any) -> bool:
    """Keep the key that was made; whether it is the person's first second factor, which brings
    recovery codes. Raises Refused."""
    is_first = not second_factor.has_one(user)
    credential = _read(answer)
    try:
        auth.complete_registration(credential)
        with transaction.atomic():
            kept = auth.WebAuthn.add(user, name, credential).instance
            note_key(user=user, name=name, is_added=True, now=now)
            if not Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).exists():
                RecoveryCodes.activate(user)
                request.session[FRESH_CODES] = True
    except NOT_BELIEVED as error:
        raise Refused from error
    if is_first:
        second_factor.pass_with(request, kept, user)
        request.session.cycle_key()
    return is_first


def owner_of(answer: str) -> User:
    """Whose key it says it is; nothing is proved by that yet. Raises Refused."""
    try:
        user = auth.extract_user_from_response(_read(answer))
    except NOT_BELIEVED as error:
        raise Refused from error
    if not isinstance(user, User) or not user.is_active:
        raise Refused
    return user


def check(request: HttpRequest, user: User, answer: str, *, asked_of: User | None) -> Authenticator:
    """This person's key that signed what was asked in this session, once, of the same account or
    of anybody. Raises Refused."""
    meant = request.session.pop(ASKED_OF, None)
    try:
        if meant != (asked_of.pk if asked_of else ANYBODY):
            raise Refused
        return auth.complete_authentication(user, _read(answer))
    except NOT_BELIEVED as error:
        raise Refused from error
    finally:
        auth.clear_state()


def _read(answer: str) -> dict[str, Any]:
    try:
        read = json.loads(answer)
    except ValueError as error:
        raise Refused from error
    if not isinstance(read, dict):
        raise Refused
    return read


def of(user: User) -> list[Authenticator]:
    """This person's keys, the oldest first."""
    return list(Authenticator.objects.filter(user=user, type=Type.WEBAUTHN).order_by("pk"))


@transaction.atomic
def remove(user: User, pk: int, *, now: Any) -> bool:
    """Take away a key or the authenticator's code; False when it is the only second factor, which
    stays. One that is not theirs is taken for gone."""
    factors = Authenticator.objects.select_for_update().filter(
        user=user, type__in=second_factor.FACTORS
    )
    kept = {each.pk: each for each in factors}
    if pk not in kept:
        return True
    if len(kept) == 1:
        return False
    gone = kept[pk]
    name = gone.data.get("name", "TOTP")
    gone.delete()
    note_key(user=user, name=name, is_added=False, now=now)
    return True


@transaction.atomic
def rename(user: User, pk: int, name: str) -> None:
    """One that is not theirs stays as it is."""
    kept = Authenticator.objects.select_for_update().filter(user=user, type=Type.WEBAUTHN, pk=pk)
    for each in kept:
        each.data["name"] = name
        each.save(update_fields=["data"])

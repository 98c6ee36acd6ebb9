"""Log-in by the Département's own directory (OpenID Connect), if one is configured.

Authorization code with PKCE; state, nonce, signature, issuer and audience are all checked here. It
says who somebody is, and gives no account and no right: those are ours.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import ssl
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx
import jwt
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from frontend.directories import Directory

BEGUN, LEFT = "oidc_begun", "oidc_left"
TIMEOUT_SECONDS = 5.0
KNOWN_FOR = 600
# Signed by the directory's private key: never by a secret both have, and never unsigned.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384"]
LEEWAY_SECONDS = 60
NEEDED = ["iss", "sub", "aud", "exp", "iat", "nonce", "auth_time"]
# All that a directory may answer amiss, beside what it says plainly.
WRONG = (httpx.HTTPError, jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError)


class Refused(Exception):
    """The directory did not say who this is, or not in a way to be believed."""


class Identity(NamedTuple):
    """Whom the directory vouches for, and whether by a second factor that we accept."""

    email: str
    has_second_factor: bool


def note_left(request: HttpRequest) -> None:
    """Somebody was logged out here, but not at the directory: who comes next shows who they are."""
    if settings.OIDC is not None:
        request.session[LEFT] = True


def address_to_begin(request: HttpRequest, *, then: str, now: datetime) -> str:
    """Where the browser goes first. What it must come back with is kept in its session. Raises
    Refused when the directory does not answer.

    A directory that knows the browser would say at once who sat there: it asks again after a
    log-out here, and when it last asked longer ago than somebody may be away from a desk."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    digest = hashlib.sha256(verifier.encode()).digest()
    try:
        endpoint = _configuration()["authorization_endpoint"]
    except WRONG as error:
        raise Refused from error
    longest = 0 if LEFT in request.session else settings.IDLE_MINUTES * 60
    request.session[BEGUN] = {
        "state": state,
        "nonce": nonce,
        "verifier": verifier,
        "then": then,
        "shown_since": int(now.timestamp()) - longest,
    }
    asked = {
        "response_type": "code",
        "client_id": _ours().client_id,
        "redirect_uri": _back(),
        "scope": "openid email",
        "state": state,
        "nonce": nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "max_age": str(longest),
    }
    if not longest:
        asked["prompt"] = "login"
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


def identity(request: HttpRequest) -> tuple[Identity, str]:
    """Who came back, and which page they wanted; good once. Raises Refused."""
    begun = request.session.pop(BEGUN, None)
    given, code = request.GET.get("state", ""), request.GET.get("code", "")
    if not begun or not code or not constant_time_compare(given, begun["state"]):
        raise Refused
    try:
        tokens = _tokens(code, begun["verifier"])
        claims = _claims(tokens["id_token"], begun["nonce"])
        if not claims["auth_time"] >= begun["shown_since"] - LEEWAY_SECONDS:
            raise Refused
        said = claims if claims.get("email") else _user_info(tokens, claims)
        found = _vouched(said, claims)
    except WRONG as error:
        raise Refused from error
    request.session.pop(LEFT, None)
    return found, begun["then"]


def _vouched(said: Mapping[str, Any], claims: Mapping[str, Any]) -> Identity:
    """An address somebody typed at the directory and never proved may be anybody's."""
    if said.get("email_verified") not in (True, "true"):
        raise Refused
    shown = claims.get("amr")
    values = {*(shown if isinstance(shown, list) else []), claims.get("acr")}
    return Identity(str(said["email"]).lower(), bool(values & set(_ours().trusted)))


def _tokens(code: str, verifier: str) -> dict[str, Any]:
    """Our secret and the code, for what the directory has to say."""
    known = _configuration()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _back(),
        "code_verifier": verifier,
    }
    basic = "client_secret_basic"
    ways = known.get("token_endpoint_auth_methods_supported", [basic])
    if basic in ways:
        auth = httpx.BasicAuth(_ours().client_id, _ours().client_secret)
        answer = httpx.post(known["token_endpoint"], data=form, auth=auth, **_how())
    else:
        form |= {"client_id": _ours().client_id, "client_secret": _ours().client_secret}
        answer = httpx.post(known["token_endpoint"], data=form, **_how())
    return _read(answer)


def _claims(token: str, nonce: str) -> dict[str, Any]:
    """What a token says that this directory signed, for us, for this very log-in."""
    header = jwt.get_unverified_header(token)
    claims: dict[str, Any] = jwt.decode(
        token,
        key=_key(str(header.get("kid", ""))),
        algorithms=ALGORITHMS,
        audience=_ours().client_id,
        issuer=_ours().issuer,
        leeway=LEEWAY_SECONDS,
        options={"require": NEEDED},
    )
    is_for_us = claims.get("azp", _ours().client_id) == _ours().client_id
    if not is_for_us or not constant_time_compare(str(claims["nonce"]), nonce):
        raise Refused
    return claims


def _key(kid: str) -> jwt.PyJWK:
    """The directory's public key of this name; of one that is new, its keys are asked anew."""
    address = _configuration()["jwks_uri"]
    for keys in (_fetched(address), _fetched(address, is_new=True)):
        found = [key for key in jwt.PyJWKSet.from_dict(keys).keys if key.key_id == kid or not kid]
        if found:
            return found[0]
    raise Refused


def _user_info(tokens: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, Any]:
    """Of directories whose token names no address; about the same person as the token."""
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    address = _configuration()["userinfo_endpoint"]
    said = _read(httpx.get(address, headers=bearer, **_how()))
    if said.get("sub") != claims["sub"]:
        raise Refused
    return said


def _configuration() -> dict[str, Any]:
    known = _fetched(f"{_ours().issuer.rstrip('/')}/.well-known/openid-configuration")
    if known["issuer"] != _ours().issuer:
        raise Refused
    return known


def _how() -> dict[str, Any]:
    return {"timeout": TIMEOUT_SECONDS, "verify": _certificates()}


@lru_cache
def _certificates() -> ssl.SSLContext:
    """Whom every question trusts. They take longer to read than a question takes."""
    return httpx.create_ssl_context()


def _fetched(address: str, *, is_new: bool = False) -> dict[str, Any]:
    """What the directory publishes, remembered for a while by this process."""
    known: dict[str, Any] | None = None if is_new else cache.get(f"oidc:{address}")
    if known is None:
        known = _read(httpx.get(address, **_how()))
        cache.set(f"oidc:{address}", known, KNOWN_FOR)
    return known


def _read(answer: httpx.Response) -> dict[str, Any]:
    read = answer.raise_for_status().json()
    if not isinstance(read, dict):
        raise Refused
    return read


def _ours() -> Directory:
    if settings.OIDC is None:
        raise Refused
    return settings.OIDC


def _back() -> str:
    return f"{settings.PUBLIC_URL}{reverse('directory-back')}"

"""Whether a call to our webhook comes from the provider it is meant for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Protocol

from notifications.sms.base import WebhookKeys


class Guarded(Protocol):
    """Whoever is called only by those who know its keys."""

    @property
    def webhook(self) -> WebhookKeys: ...


def authenticated(
    provider: Guarded, path_secret: str, headers: Mapping[str, str], body: bytes
) -> bool:
    """The secret is in our address, or in the header that the provider lets us choose.

    All secrets are compared, each in constant time: several are valid while one replaces another.
    None of the three providers documents a signature with a time, so a call seen before is known by
    its `event_id` alone, which is stored under a unique key.
    """
    by_name = {name.lower(): value for name, value in headers.items()}
    given = [path_secret, *_bearer(by_name.get("authorization", ""))]
    matches = [_is_same(one, secret) for one in given for secret in provider.webhook.secrets]
    return any(matches) and _is_signed(provider.webhook, by_name, body)


def _is_signed(keys: WebhookKeys, headers: Mapping[str, str], body: bytes) -> bool:
    """HMAC-SHA256 of the body, in hexadecimal. Without a key of ours there is nothing to check."""
    if not keys.signing_key:
        return True
    expected = hmac.new(keys.signing_key.encode(), body, hashlib.sha256).hexdigest()
    given = headers.get(keys.signature_header.lower(), "").strip().lower()
    return _is_same(given.removeprefix("sha256="), expected)


def _bearer(authorization: str) -> Iterator[str]:
    """The token, or the password, of an Authorization header (RFC 6750, RFC 7617)."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer":
        yield credentials.strip()
    if scheme.lower() == "basic":
        try:
            yield base64.b64decode(credentials, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return


def _is_same(given: str, expected: str) -> bool:
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())

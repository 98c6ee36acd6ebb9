"""Who may tell us what became of a message, and who may not."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping

import pytest

from notifications.sms.base import SmsProvider
from notifications.sms.webhooks import authenticated
from tests.notifications.sms.dialects import provider_url

SECRET, NEXT, SIGNING = "the-secret-of-today", "the-secret-of-tomorrow", "signing-key"
BODY = b'{"messageId": "mt-1"}'


Guarded = Callable[..., SmsProvider]


@pytest.fixture
def guarded(connect: Callable[[str], SmsProvider]) -> Guarded:
    def make(name: str = "brevo", query: str = "", secret: str = SECRET) -> SmsProvider:
        return connect(provider_url(name, 9, secret=secret) + query)

    return make


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"emgav:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("path_secret", "headers"),
    [
        (SECRET, {}),
        (NEXT, {}),
        ("", {"Authorization": f"Bearer {SECRET}"}),
        ("", {"authorization": f"bearer {NEXT}"}),
        ("", {"Authorization": basic(SECRET)}),
    ],
)
def test_any_secret_in_the_path_or_the_header(
    guarded: Guarded, path_secret: str, headers: Mapping[str, str]
) -> None:
    assert authenticated(guarded(query=f"&webhook_secret={NEXT}"), path_secret, headers, BODY)


@pytest.mark.parametrize(
    ("path_secret", "headers"),
    [
        ("", {}),
        ("wrong", {}),
        (SECRET[:-1], {}),
        (f"{SECRET}x", {}),
        ("é" * len(SECRET), {}),
        ("", {"Authorization": "Bearer"}),
        ("", {"Authorization": "Bearer wrong"}),
        ("", {"Authorization": "Basic not-base64"}),
        ("", {"Authorization": "Basic /w=="}),
        ("", {"Authorization": basic("wrong")}),
        ("", {"X-Secret": SECRET}),
    ],
)
def test_nobody_else(guarded: Guarded, path_secret: str, headers: Mapping[str, str]) -> None:
    assert not authenticated(guarded(), path_secret, headers, BODY)


def test_without_a_secret_of_ours_nobody_at_all(guarded: Guarded) -> None:
    assert not authenticated(guarded(secret=""), "", {}, BODY)
    assert not authenticated(guarded(secret=""), "", {"Authorization": "Bearer "}, BODY)


def test_a_signature_is_wanted_once_its_key_is_set(guarded: Guarded) -> None:
    signed = guarded("smsmode", f"&signing_key={SIGNING}")
    signature = hmac.new(SIGNING.encode(), BODY, hashlib.sha256).hexdigest()
    for good in (signature, signature.upper(), f"sha256={signature}"):
        assert authenticated(signed, SECRET, {"x-smsmode-256": good}, BODY)
    assert not authenticated(signed, SECRET, {}, BODY)
    assert not authenticated(signed, SECRET, {"X-Smsmode-256": signature}, BODY + b" ")
    assert not authenticated(signed, "wrong", {"X-Smsmode-256": signature}, BODY)
    assert authenticated(guarded("smsmode"), SECRET, {"X-Smsmode-256": "whatever"}, BODY)

"""Which carriers an installation has, by its settings; SMS through the providers' gateway."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from notifications.channels import carriers
from notifications.channels.demo import DemoCarrier
from notifications.channels.mail import reference_of
from notifications.channels.sms import SmsCarrier
from notifications.rendering import Rendered
from notifications.sms.base import Outgoing
from notifications.sms.urls import provider_from_url
from tests.notifications.channels.conftest import a_message
from tests.notifications.sms.dialects import provider_url
from tests.notifications.sms.gateway import gateway_in_thread
from tests.notifications.sms.steering import Steering

SECRET = "a-secret-of-the-webhooks"
SMS = Rendered("fr", "", "RDV mardi 24/11 à 14h30", "")


def names(channel: str) -> list[str]:
    return [carrier.name for carrier in carriers(channel)]


def test_a_demo_keeps_everything_in_the_house() -> None:
    for channel in ("email", "sms"):
        (carrier,) = carriers(channel)
        assert isinstance(carrier, DemoCarrier)
        assert (carrier.name, carrier.channel) == (f"demo-{channel}", channel)
        taken = carrier.send(a_message(channel=channel), SMS, reference="r")
        assert taken.segments == (1 if channel == "sms" else None)
        assert carrier.look_up(a_message(), "", since=datetime.now(UTC)) is None


def test_there_is_a_preferred_one_and_one_to_fall_back_on(settings: Any) -> None:
    settings.EMAIL_URL = "brevo://:key@api.brevo.com"
    settings.EMAIL_FALLBACK_URL = "smtp://mail.example.org"
    settings.SMS_URL = f"brevo://:key@api.brevo.com?webhook_secret={SECRET}"
    settings.SMS_FALLBACK_URL = f"smsmode://:key@rest.smsmode.com?webhook_secret={SECRET}"
    assert names("email") == ["brevo-email", "smtp"]
    assert names("sms") == ["brevo", "smsmode"]
    assert len({*names("email"), *names("sms")}) == 4, "a route is known by its name"


def test_two_accounts_of_one_provider_are_two_routes(settings: Any) -> None:
    settings.EMAIL_URL = "smtp://one.example.org"
    settings.EMAIL_FALLBACK_URL = "smtp://two.example.org"
    assert names("email") == ["smtp", "smtp-2"]
    settings.EMAIL_FALLBACK_URL = "smtps://two.example.org"
    assert names("email") == ["smtp", "smtp-2"]


def test_a_process_has_one_of_each(settings: Any) -> None:
    settings.EMAIL_URL = "smtp://one.example.org"
    assert carriers("email")[0] is carriers("email")[0]


def test_without_a_provider_there_is_no_sms(settings: Any) -> None:
    settings.SMS_URL = settings.SMS_FALLBACK_URL = ""
    assert carriers("sms") == []


@pytest.mark.parametrize(
    ("name", "line", "channel"),
    [("EMAIL_URL", "dummy://", "email"), ("SMS_URL", "demo://", "sms")],
)
def test_only_a_demo_may_have_nobody_to_send(
    settings: Any, name: str, line: str, channel: str
) -> None:
    settings.DEMO = False
    setattr(settings, name, line)
    with pytest.raises(ImproperlyConfigured, match=name):
        carriers(channel)


def test_providers_are_told_where_to_call_back(settings: Any) -> None:
    """Our own webhook, under the name of the route."""
    settings.SMS_URL = f"brevo://:key@api.brevo.com?webhook_secret={SECRET}"
    settings.SMS_FALLBACK_URL = f"brevo://:other@api.brevo.com?webhook_secret={SECRET}"
    told = [vars(carrier.provider)["_callback"] for carrier in carriers("sms")]  # type: ignore[attr-defined]
    assert told == [
        settings.PUBLIC_URL + reverse("sms-webhook", args=[route, SECRET])
        for route in ("brevo", "brevo-2")
    ]
    assert names("sms") == ["brevo", "brevo-2"]


@pytest.fixture(scope="module")
def _gateway() -> Iterator[Steering]:
    with gateway_in_thread() as steering:
        yield steering
        steering.close()


@pytest.fixture
def sms_gateway(_gateway: Steering) -> Steering:
    _gateway.reset()
    return _gateway


@pytest.fixture(params=["brevo", "ovh", "smsmode"])
def sms(request: pytest.FixtureRequest, sms_gateway: Steering) -> Iterator[SmsCarrier]:
    line = provider_url(request.param, sms_gateway.port, secret=SECRET)
    carrier = SmsCarrier(provider_from_url(line))
    yield carrier
    carrier.provider.close()


def test_a_text_leaves_with_its_sender_and_is_found_again(
    sms: SmsCarrier, sms_gateway: Steering, settings: Any
) -> None:
    settings.SMS_SENDER = "CD35INFO"
    message = a_message(channel="sms", recipient="+33612345678")
    sms.open()
    accepted = sms.send(message, SMS, reference=reference_of(message))
    assert (accepted.segments, bool(accepted.provider_id)) == (1, True)
    (entry,) = sms_gateway.ledger()
    assert (entry["to"], entry["text"], entry["sender"]) == ("+33612345678", SMS.text, "CD35INFO")
    assert entry["reference"] == reference_of(message)
    found = sms.look_up(message, SMS.text, since=datetime.now(UTC) - timedelta(minutes=2))
    assert found is not None
    sms.close()
    other = a_message(channel="sms", recipient="+33612345678", intent_key="other")
    assert sms.look_up(other, SMS.text, since=datetime.now(UTC) - timedelta(minutes=2)) is None
    assert sms_gateway.counts().get("malformed", 0) == 0


def test_a_households_own_sender_goes_first(settings: Any) -> None:
    settings.SMS_SENDER = "CD35INFO"
    kept: list[Outgoing] = []

    class Provider:
        name, can_look_up = "kept", False

        def send(self, outgoing: Outgoing) -> Any:
            kept.append(outgoing)
            return type("A", (), {"segments": 1})

    carrier = SmsCarrier(Provider())  # type: ignore[arg-type]
    now = datetime.now(UTC)
    for sender, minutes in (("ESPACE", 90), ("", 1), ("", 60 * 24 * 30)):
        message = a_message(sender=sender, valid_until=now + timedelta(minutes=minutes))
        carrier.send(message, SMS, reference="r")
    assert [outgoing.sender for outgoing in kept] == ["ESPACE", "CD35INFO", "CD35INFO"]
    assert kept[0].valid_minutes in {89, 90}
    assert [outgoing.valid_minutes for outgoing in kept[1:]] == [5, 2880]

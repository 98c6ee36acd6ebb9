"""An adapter for each dialect of the gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from notifications.sms.base import Outgoing, SmsProvider
from notifications.sms.urls import provider_from_url
from tests.notifications.sms.dialects import DIALECTS, provider_url
from tests.notifications.sms.steering import Steering

SECRET = "a-secret-of-the-webhooks"


@pytest.fixture
def connect() -> Iterator[Callable[..., SmsProvider]]:
    """Makes providers from their lines, and parts from them after the test."""
    with ExitStack() as stack:

        def make(line: str, **options: str) -> SmsProvider:
            return stack.enter_context(closing(provider_from_url(line, **options)))

        yield make


@pytest.fixture(params=sorted(DIALECTS))
def provider(
    request: pytest.FixtureRequest, gateway: Steering, connect: Callable[..., SmsProvider]
) -> SmsProvider:
    return connect(provider_url(request.param, gateway.port, secret=SECRET))


@pytest.fixture
def outgoing() -> Outgoing:
    return Outgoing("ref-1", "+33612345678", "RDV le 24/11 à 14h30 au CDAS de Redon.", "CD35INFO")

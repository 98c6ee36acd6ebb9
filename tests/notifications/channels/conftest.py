"""A mail gateway for each test, a carrier for each provider, and something to send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifications.channels.base import Carrier
from notifications.channels.mail_api import API_CARRIERS
from notifications.email_urls import read_email_url
from notifications.models import OutboxMessage
from notifications.rendering import Rendered
from tests.notifications.channels.mail_gateway import (
    LINES,
    MailGateway,
    mail_gateway_in_thread,
)

ICS = "BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\nSUMMARY:Été\r\nEND:VCALENDAR\r\n"
Connect = Callable[[str], Carrier]


@pytest.fixture
def gateway() -> Iterator[MailGateway]:
    with mail_gateway_in_thread() as running:
        yield running


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes carriers from their lines, and parts from them after the test."""
    with ExitStack() as stack:

        def make(line: str) -> Carrier:
            url = read_email_url(line)
            return stack.enter_context(closing(API_CARRIERS[url.scheme](url)))

        yield make


@pytest.fixture(params=sorted(LINES))
def carrier(request: pytest.FixtureRequest, gateway: MailGateway, connect: Connect) -> Carrier:
    return connect(LINES[request.param].format(port=gateway.port))


def a_message(**fields: Any) -> OutboxMessage:
    """Not in the database: a carrier needs none."""
    now = datetime.now(UTC)
    defaults: dict[str, Any] = {
        "intent_key": "confirmation:1:0",
        "kind": "confirmation",
        "channel": "email",
        "recipient": "karim@example.org",
        "language": "fr",
        "send_at": now,
        "valid_until": now + timedelta(hours=2),
    }
    return OutboxMessage(**defaults | fields)


def a_letter(**fields: Any) -> Rendered:
    file = {
        "name": "rendez-vous.ics",
        "type": "text/calendar; charset=utf-8; method=PUBLISH",
        "body": ICS,
    }
    defaults: dict[str, Any] = {
        "language": "fr",
        "subject": "Votre rendez-vous du mardi 24\u00a0novembre à 9\u00a0h",
        "text": "Bonjour,\n\nÀ bientôt.\n",
        "html": "<p>À bientôt.</p>",
        "attachments": [file],
    }
    return Rendered(**defaults | fields)

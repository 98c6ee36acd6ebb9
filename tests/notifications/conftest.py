"""A real SMTP server and an SMS gateway on the loopback, which can be told to misbehave."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from notifications import channels
from notifications.channels import carriers
from notifications.sms.base import SmsProvider
from notifications.sms.urls import provider_from_url
from tests.notifications.sms.dialects import provider_url
from tests.notifications.sms.gateway import gateway_in_thread
from tests.notifications.sms.steering import Steering


class MailServer:
    """Keeps what it accepts. `mode`: accept, busy (451), reject (550), greylist this one (450),
    crowded whomever it is for (452), or vanish after accepting."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.mode = "accept"
        self.accepted: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.on_data: Callable[[], None] | None = None
        self._controller: Controller | None = None

    def start(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.mode == "reject":
            return "550 5.1.1 no such person"
        if self.mode == "greylist":
            return "450 4.2.0 Greylisted, come again"
        if self.mode == "crowded":
            return "452 4.3.1 Insufficient system storage"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if self.on_data is not None:
            # In a thread: Django refuses its database inside an event loop.
            await asyncio.to_thread(self.on_data)
        if self.mode == "busy":
            return "451 4.3.0 try again later"
        assert isinstance(envelope.content, bytes)
        mail = BytesParser(policy=default).parsebytes(envelope.content)
        assert isinstance(mail, EmailMessage)
        self.accepted.append(mail)
        self.recipients += envelope.rcpt_tos
        if self.mode == "vanish":
            assert server.transport is not None
            server.transport.abort()
        return "250 OK"


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    settings.EMAIL_URL = f"smtp://127.0.0.1:{server.port}"
    yield server
    for carrier in carriers("email"):
        carrier.close()
    server.stop()


@pytest.fixture(scope="session")
def _gateway() -> Iterator[Steering]:
    with gateway_in_thread() as steering:
        yield steering
        steering.close()


@pytest.fixture
def gateway(_gateway: Steering) -> Steering:
    _gateway.reset()
    return _gateway


@pytest.fixture
def sms(gateway: Steering, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Steering]:
    """SMS go to the gateway as OVHcloud, and as smsmode when that fails."""
    settings.SMS_URL = provider_url("ovh", gateway.port)
    settings.SMS_FALLBACK_URL = provider_url("smsmode", gateway.port)
    settings.SMS_SENDER = "CD35INFO"
    with ExitStack() as stack:

        def connect(line: str, **options: str) -> SmsProvider:
            return stack.enter_context(closing(provider_from_url(line, **options)))

        # A process keeps its carriers for good; a test parts from them.
        channels._carriers.cache_clear()
        monkeypatch.setattr(channels, "provider_from_url", connect)
        yield gateway
    channels._carriers.cache_clear()

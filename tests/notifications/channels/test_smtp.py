"""The SMTP carrier against a real server: what is sure, what is ours to mend, what nobody knows."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from notifications.channels.mail import reference_of
from notifications.channels.smtp import SmtpCarrier
from notifications.email_urls import read_email_url
from notifications.errors import BadAddress, NotTaken, Refused, SendError, Uncertain
from notifications.sms.base import AccountProblem, CannotTell, RecipientBusy, TryLater
from tests.notifications.channels.conftest import a_letter, a_message


class Server:
    """Answers each step as it is told: `answers` by SMTP command."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.ids: list[str] = []
        self.peers: set[Any] = set()

    async def handle_MAIL(self, _s: Any, session: Any, envelope: Any, address: str, _o: Any) -> str:  # noqa: N802
        if "MAIL" in self.answers:
            return self.answers["MAIL"]
        self.peers.add(session.peer)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _s: Any, _se: Any, envelope: Any, address: str, _o: Any) -> str:  # noqa: N802
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if "DATA" in self.answers:
            return self.answers["DATA"]
        lines = envelope.content.decode().splitlines()
        self.ids += [line for line in lines if line.startswith("Message-ID")]
        if "VANISH" in self.answers:
            server.transport.abort()
        return "250 OK"


@pytest.fixture
def server() -> Server:
    return Server()


@contextmanager
def running(server: Server, **options: Any) -> Iterator[int]:
    """Its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=port, **options)
    controller.start()
    yield port
    controller.stop()


@pytest.fixture
def port(server: Server) -> Iterator[int]:
    with running(server) as port:
        yield port


@pytest.fixture
def carrier(port: int) -> Iterator[SmtpCarrier]:
    made = SmtpCarrier(read_email_url(f"smtp://127.0.0.1:{port}"))
    yield made
    made.close()


def send(carrier: SmtpCarrier, **fields: Any) -> None:
    message = a_message(**fields)
    carrier.send(message, a_letter(), reference=reference_of(message))


@pytest.mark.parametrize(
    ("step", "answer", "kind"),
    [
        ("RCPT", "550 5.1.1 no such mailbox", BadAddress),
        ("RCPT", "550 5.7.1 not from you", Refused),
        ("RCPT", "450 4.2.1 greylisted", RecipientBusy),
        ("RCPT", "421 4.7.0 too many connections", TryLater),
        ("RCPT", "452 4.3.1 no room left", TryLater),
        ("MAIL", "550 5.7.1 sender refused", AccountProblem),
        ("MAIL", "530 5.7.0 authentication required", AccountProblem),
        ("MAIL", "451 4.3.0 later", TryLater),
        ("DATA", "554 5.6.0 content refused", Refused),
        ("DATA", "451 4.3.0 later", TryLater),
        ("VANISH", "", Uncertain),
    ],
)
def test_what_a_server_answers_decides_what_may_be_tried(
    carrier: SmtpCarrier, server: Server, step: str, answer: str, kind: type[SendError]
) -> None:
    server.answers[step] = answer
    with pytest.raises(SendError) as failed:
        send(carrier)
    assert type(failed.value) is kind, failed.value
    assert "karim" not in str(failed.value)


def test_an_address_nobody_can_have_is_never_written(carrier: SmtpCarrier, server: Server) -> None:
    with pytest.raises(BadAddress):
        send(carrier, recipient="karim@")
    assert server.ids == []


def test_a_wrong_password_is_the_accounts_problem(server: Server) -> None:
    def deny(*_: Any) -> AuthResult:
        return AuthResult(success=False, handled=False)

    with running(server, authenticator=deny, auth_require_tls=False) as port:
        carrier = SmtpCarrier(read_email_url(f"smtp://me:s3cret@127.0.0.1:{port}"))
        with pytest.raises(AccountProblem) as failed:
            carrier.open()
    assert "s3cret" not in str(failed.value)


def test_a_server_out_of_reach_has_surely_nothing(carrier: SmtpCarrier) -> None:
    nowhere = SmtpCarrier(read_email_url("smtp://127.0.0.1:1"))
    with pytest.raises(NotTaken):
        nowhere.open()
    with pytest.raises(NotTaken):
        send(nowhere)


def test_every_copy_of_a_message_is_known_as_the_same(carrier: SmtpCarrier, server: Server) -> None:
    for key in ("a:1", "a:1", "b:1"):
        send(carrier, intent_key=key)
    assert len(server.ids) == 3
    assert len(set(server.ids)) == 2


def test_a_connection_serves_several_messages_and_several_threads_share_a_few(
    carrier: SmtpCarrier, server: Server
) -> None:
    for n in range(5):
        send(carrier, intent_key=f"a:{n}")
    assert len(server.peers) == 1
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: send(carrier, intent_key=f"b:{n}"), range(40)))
    assert len(set(server.ids)) == 45
    assert len(server.peers) <= 4


def test_smtp_cannot_be_asked(carrier: SmtpCarrier) -> None:
    assert not carrier.can_look_up
    with pytest.raises(CannotTell):
        carrier.look_up(a_message(), "", since=datetime.now(UTC))


def test_console_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    console = SmtpCarrier(read_email_url("console://"))
    send(console)
    assert "karim@example.org" in capsys.readouterr().out
    assert console.name == "console"

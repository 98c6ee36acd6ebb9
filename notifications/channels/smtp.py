"""E-mail over SMTP, or to this terminal, on connections kept for several messages."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from email.encoders import encode_base64
from email.message import Message
from email.mime.base import MIMEBase
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import get_connection

from notifications.channels.mail import compose
from notifications.channels.pool import Pool
from notifications.email_urls import CONSOLE, SMTPS, EmailUrl
from notifications.errors import BadAddress, NotTaken, Refused, SendError, Uncertain
from notifications.models import OutboxMessage
from notifications.rendering import Rendered
from notifications.sms.base import Accepted, AccountProblem, CannotTell, RecipientBusy, TryLater

TIMEOUT = 10
CLOSING = 421  # of any command: the server goes away
SYSTEM = b"4.3."  # the server's own state, whomever it is asked about (RFC 3463)
PERMANENT = 500  # SMTP reply codes from here on: do not try again (RFC 5321 §4.2.1)
# "No such mailbox", "bad address", "mailbox moved", "domain does not take mail" (RFC 3463, 7505).
DEAD = (b"5.1.1", b"5.1.2", b"5.1.3", b"5.1.6", b"5.1.10")


class SmtpCarrier:
    """Servers answer for one message at a time and tell nothing afterwards."""

    channel = "email"
    can_look_up = False
    repeats_for = 0

    def __init__(self, url: EmailUrl) -> None:
        self.name = "console" if url.scheme == CONSOLE else "smtp"
        self._pool: Pool[Any] = Pool(lambda: _backend(url), _part)

    def open(self) -> None:
        with self._pool.one() as backend:
            _reach(backend)

    def send(self, message: OutboxMessage, rendered: Rendered, *, reference: str) -> Accepted:
        mail = compose(message, rendered)
        # Of the intent alone: a second copy is known as one.
        mail.extra_headers["Message-ID"] = f"<{UUID(hex=reference)}@{settings.PUBLIC_HOST}>"
        for attachment in rendered.attachments:
            mail.attach(_part_of(attachment))
        with self._pool.one() as backend:
            _reach(backend)
            try:
                backend.send_messages([mail])
            except OSError as error:  # SMTPException is one too
                raise _verdict(error) from error
            except ValueError as error:  # before anything is written: no such address can be
                raise BadAddress(type(error).__name__) from error
        return Accepted("", None, None)

    def look_up(
        self, message: OutboxMessage, rendered_text: str, *, since: datetime
    ) -> Accepted | None:
        raise CannotTell("a mail server keeps no list of what it took")

    def close(self) -> None:
        self._pool.close()


def _part_of(attachment: Mapping[str, str]) -> MIMEBase:
    """Base64 keeps a calendar file's own line ends; Outlook misreads it as quoted-printable."""
    declared = Message()
    declared["Content-Type"] = attachment["type"]
    part = MIMEBase(declared.get_content_maintype(), declared.get_content_subtype())
    for name, value in declared.get_params(failobj=[])[1:]:
        part.set_param(name, value)
    part.set_payload(attachment["body"].encode())
    encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename=attachment["name"])
    return part


def _backend(url: EmailUrl) -> Any:
    if url.scheme == CONSOLE:
        return get_connection("django.core.mail.backends.console.EmailBackend")
    return get_connection(
        "django.core.mail.backends.smtp.EmailBackend",
        host=url.host,
        port=url.port,
        username=url.user,
        password=url.password,
        use_ssl=url.scheme == SMTPS,
        use_tls=url.has_tls,
        timeout=TIMEOUT,
    )


def _reach(backend: Any) -> None:
    """Servers drop idle connections. Found out before a send, that is no uncertainty at all."""
    if getattr(backend, "connection", None) is not None and not _answers(backend.connection.noop):
        _part(backend)
    try:
        backend.open()
    except smtplib.SMTPResponseException as error:
        raise _refusal(error, _said(error)) from error
    except OSError as error:
        raise NotTaken(_said(error)) from error


def _answers(ask: Callable[[], tuple[int, bytes]]) -> bool:
    try:
        code, _ = ask()
    except OSError:
        return False
    return bool(code == 250)


def _part(backend: Any) -> None:
    # What was accepted stays accepted, whatever happens to the goodbye.
    with suppress(OSError):
        backend.close()


def _verdict(error: OSError) -> SendError:
    said = _said(error)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Refused(said)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        ((code, text),) = error.recipients.values()
        if code < PERMANENT:
            is_its_own = code == CLOSING or text.startswith(SYSTEM)
            return (TryLater if is_its_own else RecipientBusy)(said)
        return (BadAddress if text.startswith(DEAD) else Refused)(said)
    if isinstance(error, smtplib.SMTPResponseException):
        return _refusal(error, said)
    return Uncertain(said)


def _refusal(error: smtplib.SMTPResponseException, said: str) -> SendError:
    """A sender or a password that is refused once is refused for every message."""
    if error.smtp_code < PERMANENT:
        return TryLater(said)
    is_ours = isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPSenderRefused)
    return (AccountProblem if is_ours or error.smtp_code == 530 else Refused)(said)


def _said(error: OSError) -> str:
    """The error in one line, without the address it may carry."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        ((code, _text),) = error.recipients.values()
        return f"{type(error).__name__} {code}"
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPAuthenticationError):
        return f"{type(error).__name__} {error.smtp_code}"
    return f"{type(error).__name__}: {error}"

"""E-mail over SMTP: plain text first, an HTML twin, and calendar files with their method."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from email.encoders import encode_base64
from email.message import Message
from email.mime.base import MIMEBase
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from notifications.errors import BadAddress, NotTaken, Refused, Uncertain
from notifications.models import OutboxMessage
from notifications.rendering import Rendered
from notifications.sms.base import Accepted, CannotTell

PERMANENT = 500  # SMTP reply codes from here on: do not try again (RFC 5321 §4.2.1)


class EmailChannel(threading.local):
    """One SMTP connection for each thread, kept for several messages."""

    name, channel = "smtp", "email"
    can_look_up, repeats_for = False, 0

    def __init__(self) -> None:
        self._backend: Any = get_connection()

    def open(self) -> None:
        if self._is_open() and not self._answers():
            self.close()
        try:
            self._backend.open()
        except OSError as error:  # SMTPException is one too
            raise NotTaken(_said(error)) from error

    def send(self, message: OutboxMessage, rendered: Rendered, *, reference: str) -> Accepted:
        """Raises NotTaken, Refused or Uncertain."""
        mail = compose(message, rendered)
        self.open()
        try:
            self._backend.send_messages([mail])
        except smtplib.SMTPNotSupportedError as error:
            raise Refused(_said(error)) from error
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
            raise _verdict(error)(_said(error)) from error
        except OSError as error:
            self.close()
            raise Uncertain(_said(error)) from error
        return Accepted("", None, None)

    def look_up(
        self, message: OutboxMessage, rendered_text: str, *, since: datetime
    ) -> Accepted | None:
        raise CannotTell("SMTP tells nothing afterwards")

    def close(self) -> None:
        # What was accepted stays accepted, whatever happens to the goodbye.
        with suppress(OSError):
            self._backend.close()

    def _is_open(self) -> bool:
        return getattr(self._backend, "connection", None) is not None

    def _answers(self) -> bool:
        """Servers drop idle connections. Found out before a send, that is no uncertainty at all."""
        try:
            code, _ = self._backend.connection.noop()
        except OSError:
            return False
        return bool(code == 250)


def compose(message: OutboxMessage, rendered: Rendered) -> EmailMultiAlternatives:
    """The e-mail. Its Message-ID depends on the intent alone: a second copy is known as one."""
    mail = EmailMultiAlternatives(
        subject=rendered.subject,
        body=rendered.text,
        to=[message.recipient],
        headers={
            "Message-ID": f"<{uuid5(NAMESPACE_URL, message.intent_key)}@{settings.PUBLIC_HOST}>",
            "Content-Language": rendered.language,
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(rendered.html, "text/html")
    for attachment in rendered.attachments:
        mail.attach(_part(attachment))
    return mail


def _part(attachment: Mapping[str, str]) -> MIMEBase:
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


def _verdict(
    error: smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused,
) -> type[NotTaken | Refused]:
    if _reply_code(error) < PERMANENT:
        return NotTaken
    return BadAddress if isinstance(error, smtplib.SMTPRecipientsRefused) else Refused


def _reply_code(error: smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused) -> int:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max(code for code, _ in error.recipients.values())
    return error.smtp_code


def _said(error: OSError) -> str:
    """The error in one line, without the address it may carry."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = _reply_code(error)
        return f"{type(error).__name__} {code}"
    if isinstance(error, smtplib.SMTPSenderRefused):
        return f"{type(error).__name__} {error.smtp_code}"
    return f"{type(error).__name__}: {error}"

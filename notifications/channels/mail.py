"""An e-mail as Django's mail object, for whichever carrier takes it."""

from __future__ import annotations

from collections.abc import Mapping
from email.encoders import encode_base64
from email.message import Message
from email.mime.base import MIMEBase
from uuid import NAMESPACE_URL, uuid5

from django.core.mail import EmailMultiAlternatives

from notifications.models import OutboxMessage
from notifications.rendering import Rendered


def reference_of(message: OutboxMessage) -> str:
    """What providers know the message by: of the intent alone, so the same for every attempt."""
    return uuid5(NAMESPACE_URL, message.intent_key).hex


def compose(message: OutboxMessage, rendered: Rendered) -> EmailMultiAlternatives:
    """Plain text first, its HTML twin, and calendar files with their method."""
    mail = EmailMultiAlternatives(
        subject=rendered.subject,
        body=rendered.text,
        to=[message.recipient],
        headers={"Content-Language": rendered.language, "Auto-Submitted": "auto-generated"},
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

"""An e-mail as Django's mail object, for whichever carrier takes it."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from django.core.mail import EmailMultiAlternatives

from notifications.models import OutboxMessage
from notifications.rendering import Rendered


def reference_of(message: OutboxMessage) -> str:
    """What providers know the message by: of the intent alone, so the same for every attempt."""
    return uuid5(NAMESPACE_URL, message.intent_key).hex


def compose(message: OutboxMessage, rendered: Rendered) -> EmailMultiAlternatives:
    """Plain text first and its HTML twin. Files are attached as each carrier likes them."""
    mail = EmailMultiAlternatives(
        subject=rendered.subject,
        body=rendered.text,
        to=[message.recipient],
        headers={"Content-Language": rendered.language, "Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(rendered.html, "text/html")
    return mail

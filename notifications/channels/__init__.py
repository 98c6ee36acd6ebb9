"""Ways a message leaves: e-mail by SMTP, or nowhere at all in a demo without a mail server."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from notifications.channels.base import Channel
from notifications.channels.demo import DemoChannel
from notifications.channels.email import EmailChannel

NOWHERE = "django.core.mail.backends.dummy.EmailBackend"


def email_channel() -> Channel:
    """The channel of this installation's e-mails."""
    if settings.EMAIL_BACKEND != NOWHERE:
        return EmailChannel()
    if settings.DEMO:
        return DemoChannel()
    raise ImproperlyConfigured("EMAIL_URL: only a demo may have no mail server")

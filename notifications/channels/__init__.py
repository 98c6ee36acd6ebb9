"""Ways a message leaves: the carriers that the settings name, best first."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from notifications.channels.base import Carrier
from notifications.channels.demo import DemoChannel
from notifications.channels.email import EmailChannel
from notifications.channels.sms import SmsCarrier
from notifications.sms.urls import provider_from_url

NOWHERE = "django.core.mail.backends.dummy.EmailBackend"


def carriers(channel: str) -> list[Carrier]:
    """The carriers of this installation for a channel, in order of preference."""
    if channel == "email":
        return list(
            _email(settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT, settings.DEMO)
        )
    urls = [getattr(settings, name, "") for name in ("SMS_URL", "SMS_FALLBACK_URL")]
    return list(_sms(*filter(None, urls)))


@lru_cache(maxsize=8)
def _email(backend: str, _host: str, _port: int, is_demo: bool) -> tuple[Carrier, ...]:
    if backend != NOWHERE:
        return (EmailChannel(),)
    if is_demo:
        return (DemoChannel(),)
    raise ImproperlyConfigured("EMAIL_URL: only a demo may have no mail server")


@lru_cache(maxsize=8)
def _sms(*urls: str) -> tuple[Carrier, ...]:
    return tuple(SmsCarrier(provider_from_url(url)) for url in urls)

"""Ways a message leaves, as this installation's settings name them."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from notifications.channels.base import Carrier
from notifications.channels.demo import DemoCarrier
from notifications.channels.mail_api import API_CARRIERS
from notifications.channels.sms import SmsCarrier
from notifications.channels.smtp import SmtpCarrier
from notifications.email_urls import NOWHERE, read_email_url
from notifications.sms.urls import provider_from_url
from notifications.words.kinds import EMAIL, SMS

SMS_NOWHERE = "demo://"


def carriers(channel: str) -> list[Carrier]:
    """The carriers of a channel, the preferred one first; none when it is not configured.

    The same ones for all threads of a process, made at first need.
    """
    lines = {
        EMAIL: (settings.EMAIL_URL, settings.EMAIL_FALLBACK_URL),
        SMS: (settings.SMS_URL, settings.SMS_FALLBACK_URL),
    }[channel]
    return list(_carriers(channel, tuple(filter(None, lines)), is_demo=settings.DEMO))


@lru_cache(maxsize=8)
def _carriers(channel: str, lines: tuple[str, ...], *, is_demo: bool) -> tuple[Carrier, ...]:
    make = _of_email if channel == EMAIL else _of_sms
    providers = [line.partition(":")[0].replace("smtps", "smtp") for line in lines]
    # Two accounts of one provider are two routes.
    suffixes = ["-2" if provider in providers[:n] else "" for n, provider in enumerate(providers)]
    return tuple(
        make(line, suffix, is_demo=is_demo) for line, suffix in zip(lines, suffixes, strict=True)
    )


def _of_email(line: str, suffix: str, *, is_demo: bool) -> Carrier:
    url = read_email_url(line)
    carrier: Carrier
    if url.scheme == NOWHERE:
        if not is_demo:
            raise ImproperlyConfigured("EMAIL_URL: only a demo may have no mail server")
        carrier = DemoCarrier(EMAIL)
    elif url.scheme in API_CARRIERS:
        carrier = API_CARRIERS[url.scheme](url)
    else:
        carrier = SmtpCarrier(url)
    carrier.name += suffix
    return carrier


def _of_sms(line: str, suffix: str, *, is_demo: bool) -> Carrier:
    if line == SMS_NOWHERE:
        if not is_demo:
            raise ImproperlyConfigured("SMS_URL: only a demo may have no provider")
        return DemoCarrier(SMS)
    # A trial may do without the secret of receipts, and then without receipts.
    has_receipts = not is_demo or "webhook_secret=" in line
    route = f"{line.partition(':')[0]}{suffix}"
    callback = settings.SMS_CALLBACK_URL.replace("{route}", route) if has_receipts else ""
    carrier = SmsCarrier(provider_from_url(line, callback=callback))
    carrier.name += suffix
    return carrier

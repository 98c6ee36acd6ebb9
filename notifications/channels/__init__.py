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
    schemes = [line.partition(":")[0] for line in lines]
    made = []
    for place, line in enumerate(lines):
        # Two accounts of one provider are two routes, each with an address to call back.
        suffix = "-2" if schemes[place] in schemes[:place] else ""
        carrier = make(line, suffix, is_demo=is_demo)
        carrier.name += suffix
        made.append(carrier)
    return tuple(made)


def _of_email(line: str, _suffix: str, *, is_demo: bool) -> Carrier:
    url = read_email_url(line)
    if url.scheme == NOWHERE:
        if not is_demo:
            raise ImproperlyConfigured("EMAIL_URL: only a demo may have no mail server")
        return DemoCarrier(EMAIL)
    if url.scheme in API_CARRIERS:
        return API_CARRIERS[url.scheme](url)
    return SmtpCarrier(url)


def _of_sms(line: str, suffix: str, *, is_demo: bool) -> Carrier:
    if line == SMS_NOWHERE:
        if not is_demo:
            raise ImproperlyConfigured("SMS_URL: only a demo may have no provider")
        return DemoCarrier(SMS)
    callback = _callback(line, suffix, is_demo=is_demo)
    return SmsCarrier(provider_from_url(line, callback=callback))


def _callback(line: str, suffix: str, *, is_demo: bool) -> str:
    """Where the provider tells what became of a message. A trial may do without its secret, and
    then without receipts."""
    name = line.partition(":")[0] + suffix
    if is_demo and "webhook_secret=" not in line:
        return ""
    return settings.SMS_CALLBACK_URL.replace("{name}", name)

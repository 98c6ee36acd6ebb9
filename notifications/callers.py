"""Who may call our webhooks: the providers that settings name, by the name in the address."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

from django.conf import settings

from notifications.sms.base import SmsProvider, WebhookKeys
from notifications.sms.urls import BUILDERS, provider_from_url

# Compared against when the address names nobody, so that this takes as long as a wrong secret.
NOBODY = WebhookKeys(("-" * 32,))


@dataclass(frozen=True, slots=True)
class Caller:
    """A provider, as far as its calls are concerned."""

    name: str
    webhook: WebhookKeys


def sms_provider(route: str) -> SmsProvider | None:
    """Made once in a process for these lines: it speaks to nobody until it has to."""
    return _sms_providers(_lines("SMS_URL", "SMS_FALLBACK_URL")).get(route)


def email_caller(route: str) -> Caller | None:
    return _email_callers(_lines("EMAIL_URL", "EMAIL_FALLBACK_URL")).get(route)


def nobody(route: str) -> Caller:
    return Caller(route, NOBODY)


def _lines(*names: str) -> tuple[str, ...]:
    return tuple(line for name in names if (line := getattr(settings, name, "")))


@lru_cache(maxsize=8)
def _sms_providers(lines: tuple[str, ...]) -> dict[str, SmsProvider]:
    real = (line for line in lines if urlsplit(line).scheme in BUILDERS)
    made = [provider_from_url(line) for line in real]
    return {provider.name: provider for provider in reversed(made)}


@lru_cache(maxsize=8)
def _email_callers(lines: tuple[str, ...]) -> dict[str, Caller]:
    callers = {}
    for line in reversed(lines):
        split = urlsplit(line)
        secrets = tuple(parse_qs(split.query).get("webhook_secret", []))
        callers[split.scheme] = Caller(split.scheme, WebhookKeys(secrets))
    return callers

"""Who may call our webhooks: the providers that settings name, by the name in the address."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar
from urllib.parse import SplitResult, parse_qs, urlsplit

from django.conf import settings

from notifications.sms.base import SmsProvider, WebhookKeys
from notifications.sms.urls import BUILDERS, provider_from_url

T = TypeVar("T")
# Compared against when the address names nobody, so that this takes as long as a wrong secret.
NOBODY = WebhookKeys(("-" * 32,))


# E-mail providers that call back, under the names of their carriers.
VENDORS = {"brevo": "brevo-email", "mailjet": "mailjet"}


@dataclass(frozen=True, slots=True)
class Caller:
    """A provider, as far as its calls are concerned."""

    vendor: str
    webhook: WebhookKeys


def sms_provider(route: str) -> SmsProvider | None:
    """Made once in a process for these lines: it speaks to nobody until it has to."""
    return _sms_providers(_lines("SMS_URL", "SMS_FALLBACK_URL")).get(route)


def email_caller(route: str) -> Caller | None:
    return _email_callers(_lines("EMAIL_URL", "EMAIL_FALLBACK_URL")).get(route)


def nobody() -> Caller:
    return Caller("", NOBODY)


def _lines(*names: str) -> tuple[str, ...]:
    return tuple(line for name in names if (line := getattr(settings, name, "")))


@lru_cache(maxsize=8)
def _sms_providers(lines: tuple[str, ...]) -> dict[str, SmsProvider]:
    real = [line for line in lines if urlsplit(line).scheme in BUILDERS]
    return _by_route((made.name, made) for made in map(provider_from_url, real))


@lru_cache(maxsize=8)
def _email_callers(lines: tuple[str, ...]) -> dict[str, Caller]:
    splits = [split for split in map(urlsplit, lines) if split.scheme in VENDORS]
    return _by_route((VENDORS[split.scheme], _caller(split)) for split in splits)


def _caller(split: SplitResult) -> Caller:
    secrets = tuple(parse_qs(split.query).get("webhook_secret", []))
    return Caller(split.scheme, WebhookKeys(secrets))


def _by_route(named: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Two accounts of one provider are two routes."""
    routes: dict[str, T] = {}
    for name, one in named:
        routes[f"{name}-2" if name in routes else name] = one
    return routes

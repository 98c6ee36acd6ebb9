"""Which channels this installation has."""

from __future__ import annotations

from django.conf import settings


def has_channel(channel: str) -> bool:
    """E-mail is always there; SMS only with a provider, or in a demo."""
    if channel == "email":
        return True
    return bool(getattr(settings, "SMS_URL", "") or settings.DEMO)

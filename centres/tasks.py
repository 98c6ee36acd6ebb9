"""Background chores of opening hours and accounts. Each may run late or twice without harm."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from centres import actions


@shared_task
def expand_shifts() -> list[int]:
    """Keep twelve months of shifts ahead of today. What cannot be made is in the log."""
    done = actions.expand_rules(today=timezone.localdate())
    return [done.made, done.changed, done.removed, len(done.clashes)]


@shared_task
def lapse_memberships() -> int:
    """Suspend the rights that nobody has used for long."""
    return actions.lapse_memberships(now=timezone.now(), days=settings.MEMBERSHIP_DAYS)

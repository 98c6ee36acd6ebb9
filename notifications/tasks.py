"""What beat ticks: a lost or doubled tick is harmless, the outbox remembers."""

from __future__ import annotations

from celery import shared_task

from notifications.delivery import deliver

RUN_SECONDS = 20


@shared_task
def deliver_due() -> None:
    """Send what is due. Two at once share the work (SKIP LOCKED)."""
    deliver(seconds=RUN_SECONDS)

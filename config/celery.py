"""Celery. Redis carries ids only and may be emptied at any time: the database remembers work."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

SECOND = 1.0
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
# A tick carries the instant when it expires by beat's clock, and a worker compares it with its own:
# clocks that are less apart than this lose none. So many seconds of ticks pile up at most while no
# worker is there, and one that returns is soon through: a turn that is taken costs one question.
SHORTEST_LIFE = 5 * MINUTE

app = Celery("emgav")
app.conf.update(
    broker_url=settings.REDIS_URL,
    broker_connection_max_retries=None,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 600,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 30,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "global_keyprefix": "emgav:",
    },
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_soft_time_limit=240,
    task_time_limit=270,
    task_default_queue="default",
    task_routes={
        "centres.tasks.*": {"queue": "bulk"},
        "notifications.tasks.*": {"queue": "delivery"},
    },
    timezone="UTC",
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=10_000,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_soft_shutdown_timeout=30,
)
app.autodiscover_tasks([*settings.INSTALLED_APPS, "config"])


def _every(seconds: float, task: str, *, expires: float | None = None) -> dict[str, Any]:
    """A tick that is not taken while it lives is dropped: the next one does its work."""
    life = max(expires or seconds, SHORTEST_LIFE)
    return {"task": task, "schedule": seconds, "options": {"expires": life}}


app.conf.beat_schedule = {
    "deliver-due": _every(SECOND, "notifications.tasks.deliver_due"),
    "put-messages-right": _every(10 * SECOND, "notifications.tasks.put_right"),
    "poll-credit": _every(10 * MINUTE, "notifications.tasks.poll_credit"),
    "beat-heartbeat": _every(10 * SECOND, "config.tasks.beat_heartbeat"),
    "lapse-holds": _every(5 * MINUTE, "booking.tasks.lapse_holds"),
    "chase-proposals": _every(MINUTE, "booking.tasks.chase_proposals"),
    "tend-waiting-list": _every(MINUTE, "booking.tasks.tend_waiting_list"),
    "index-families": _every(MINUTE, "booking.tasks.index_families"),
    "mail-papers": _every(5 * MINUTE, "booking.tasks.mail_papers"),
    "heal-messages": _every(10 * MINUTE, "booking.tasks.heal_messages"),
    "forget-leftovers": _every(24 * HOUR, "booking.tasks.forget_leftovers", expires=HOUR),
    "lapse-memberships": _every(24 * HOUR, "centres.tasks.lapse_memberships", expires=HOUR),
    "expand-shifts": _every(6 * HOUR, "centres.tasks.expand_shifts", expires=HOUR),
}


@beat_init.connect
def _first_heartbeat(**_kwargs: object) -> None:
    """Without it a fresh start would count as not ready until the first interval has passed."""
    app.send_task("config.tasks.beat_heartbeat", expires=SHORTEST_LIFE)


@setup_logging.connect
def _keep_our_logging(**_kwargs: object) -> None:
    """A listener on this signal stops Celery from replacing the JSON lines with its own format."""

"""What beat ticks: a lost or doubled tick is harmless, the outbox remembers."""

from __future__ import annotations

import mmap
import random

from celery import shared_task
from celery.signals import worker_shutting_down
from django.conf import settings

from notifications import pool, reconcile, routing
from notifications.turns import turn

SENDING = 7_301_002
# Shorter than any time limit, of different lengths: two that began together do not end together.
SHORTEST_RUN, LONGEST_RUN = 40.0, 60.0

# One byte that a worker shares with the children it forks: Celery tells only the parent that it is
# to end, and a run must claim nothing more from then on.
_is_ending = mmap.mmap(-1, 1)


@shared_task
def deliver_due() -> None:
    """Send for a while, unless enough others do. A tick each second finds out soon when one ends;
    the other children of the workers stay free for other tasks."""
    with turn(SENDING, places=settings.SENDERS) as place:
        if place is not None:
            seconds = random.uniform(SHORTEST_RUN, LONGEST_RUN)  # noqa: S311  not a secret
            pool.run(seconds=seconds, must_stop=lambda: _is_ending[0] != 0)


@shared_task
def put_right() -> None:
    """Lost workers, lost answers, lost time."""
    reconcile.reconcile()


@shared_task
def poll_credit() -> None:
    """What is left of the credit with each provider of SMS."""
    routing.poll_credit()


@worker_shutting_down.connect
def _end(**_kwargs: object) -> None:
    _is_ending[0] = 1

"""What puts messages right: lost workers, lost answers, lost time. One process at a time does it.

Each step is safe to run at any moment, to be killed in, and to be run again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from notifications import fallback, heartbeats, hours, lost_answers, receipts, replies, routing
from notifications.delivery import settle_after
from notifications.ledger import ALL_PRIORITIES
from notifications.turns import turn

logger = logging.getLogger(__name__)

LOCK = 7_301_001
MOST_AT_ONCE = 5_000

# A worker was lost before it announced anything: the message is free again. One that somebody has
# locked is just changing, and the next pass sees to it.
FREE_CLAIMS = """
UPDATE notifications_outboxmessage SET state = 'planned', lease_until = NULL, lease_owner = NULL
WHERE id IN (
    SELECT id FROM notifications_outboxmessage
    WHERE state = 'claimed' AND lease_until <= clock_timestamp() FOR UPDATE SKIP LOCKED)
"""

# A worker was lost, or silent for too long, after it announced a call.
DOUBT_OVERDUE = """
WITH overdue AS (
    SELECT message.id FROM notifications_outboxmessage message
    WHERE state = 'sending' AND lease_until <= clock_timestamp() FOR UPDATE SKIP LOCKED),
doubted AS (
    UPDATE notifications_attempt attempt
    SET unknown_since = clock_timestamp(), detail = 'no answer before its deadline'
    FROM overdue WHERE attempt.message_id = overdue.id AND attempt.closed_at IS NULL
    RETURNING attempt.message_id)
UPDATE notifications_outboxmessage message
SET state = 'uncertain', lease_until = NULL, lease_owner = NULL, settle_tries = 0,
    settle_at = clock_timestamp() + make_interval(secs => coalesce(
        (%(waits)s::jsonb ->> (message.channel || ':' || message.route))::float,
        (%(waits)s::jsonb ->> message.channel)::float))
FROM doubted WHERE message.id = doubted.message_id
"""

EXPIRE = """
UPDATE notifications_outboxmessage SET state = 'expired'
WHERE id IN (
    SELECT id FROM notifications_outboxmessage
    WHERE state = 'planned' AND channel = ANY (%(channels)s) AND priority = ANY (%(priorities)s)
      AND send_at <= statement_timestamp() AND valid_until <= statement_timestamp()
    LIMIT %(most)s FOR UPDATE SKIP LOCKED)
"""


Step = Callable[[], object]


def free_claims() -> None:
    """Messages whose worker was lost before it announced anything."""
    with connection.cursor() as cursor:
        cursor.execute(FREE_CLAIMS)


def doubt_overdue() -> None:
    """Messages whose worker was lost, or too slow, after it announced a call."""
    waits = {channel: settle_after(None, channel) for channel in routing.CHANNELS}
    for channel in routing.CHANNELS:
        for carrier in routing.routes(channel):
            waits[f"{channel}:{carrier.name}"] = settle_after(carrier, channel)
    seconds = {key: wait.total_seconds() for key, wait in waits.items()}
    with connection.cursor() as cursor:
        cursor.execute(DOUBT_OVERDUE, {"waits": json.dumps(seconds)})


def expire() -> None:
    """Messages that nobody sent while they were useful."""
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "channels": list(routing.CHANNELS),
            "priorities": list(ALL_PRIORITIES),
            "most": MOST_AT_ONCE,
        }
        cursor.execute(EXPIRE, values)


# What a pass does, in this order: each step takes nothing, is short, safe to repeat, and commits
# by itself. Another module that has something to put right adds its step here.
STEPS: list[Step] = [
    free_claims,
    doubt_overdue,
    receipts.apply_waiting,
    lost_answers.settle_due,
    hours.wait_for_next,
    expire,
    replies.answer_waiting,
    fallback.change_channels,
]


def reconcile() -> bool:
    """One pass of all steps. False: another process is at it."""
    with turn(LOCK) as number:
        if number is None:
            return False
        for step in STEPS:
            _take(step)
        heartbeats.beat(heartbeats.RECONCILER)
        return True


def _take(step: Step) -> None:
    """One step that fails must not keep the others from their work."""
    try:
        step()
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Step %s failed", getattr(step, "__name__", step))

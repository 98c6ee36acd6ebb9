"""The ledger of sending: a message is claimed, begun, and closed by what its provider said.

Each step is one statement, committed by itself, and true by the database's clock only. `begin` is
committed before the provider is called: whatever happens then, the open attempt forbids a second.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import connection

from notifications import failpoints
from notifications.composing import Content
from notifications.models import Attempt, OutboxMessage
from notifications.outbox import BULK, NORMAL, SECRET, URGENT
from notifications.problems import PASSES
from notifications.rendering import Rendered
from notifications.sms.base import Accepted
from notifications.timing import CLAIM_LEASE, NO_ROUTE_PAUSE, back_off, jittered

ALL_PRIORITIES = (URGENT, NORMAL, BULK)
POISON_TRIES = 3
# More than any message has: such a figure is a provider's mistake, and kept as not known.
MOST_SEGMENTS, MOST_COST = 99, 1000

Outcome = Attempt.Outcome

# Each lane is a range of the index `message_due`, read only as far as rows are wanted, and nobody
# else's row is waited for. Of several to one person about one thing the older goes first, and only
# when it is over the next. The look for an older one is a scalar subquery on purpose: the planner
# would turn NOT EXISTS into a join with the whole table.
CLAIM = """
WITH due AS MATERIALIZED (
    SELECT picked.id FROM unnest(%(priorities)s::smallint[]) AS lane (priority)
    CROSS JOIN LATERAL (
        SELECT this.id FROM notifications_outboxmessage this
        WHERE this.channel = %(channel)s AND this.priority = lane.priority
          AND this.state = 'planned' AND this.send_at <= statement_timestamp()
          AND this.valid_until > statement_timestamp()
          AND coalesce(this.leave_by, this.valid_until) > statement_timestamp()
          AND (SELECT older.id FROM notifications_outboxmessage older
               WHERE older.subject_ref = this.subject_ref AND older.channel = this.channel
                 AND older.person_ref = this.person_ref AND older.id < this.id
                 AND (this.person_ref <> '' OR older.recipient = this.recipient)
                 AND (older.state IN ('claimed', 'sending', 'uncertain')
                      OR older.state = 'planned' AND older.valid_until > statement_timestamp()
                         AND (older.send_at <= statement_timestamp() OR older.attempts > 0))
               LIMIT 1) IS NULL
        ORDER BY this.send_at LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED) picked
    LIMIT %(limit)s)
UPDATE notifications_outboxmessage message
SET state = CASE WHEN EXISTS (
        SELECT FROM notifications_contactproblem problem
        WHERE problem.channel = message.channel
          AND (problem.reason = 'dead' OR message.kind <> ALL (%(passes)s))
          AND problem.address = CASE message.channel
              WHEN 'email' THEN lower(message.recipient) ELSE message.recipient END)
    THEN 'suppressed' ELSE 'claimed' END,
    lease_until = clock_timestamp() + %(lease)s, lease_owner = %(owner)s
FROM due WHERE message.id = due.id
RETURNING message.*
"""

BEGIN = """
WITH begun AS (
    UPDATE notifications_outboxmessage
    SET state = 'sending', attempts = attempts + 1, route = %(route)s, last_error = '',
        lease_until = clock_timestamp() + %(deadline)s, sent_subject = %(subject)s,
        sent_body = %(body)s, wording_id = %(wording)s
    WHERE id = %(id)s AND state = 'claimed' AND lease_owner = %(owner)s
      AND lease_until > clock_timestamp() AND valid_until > clock_timestamp()
      AND coalesce(leave_by, valid_until) > clock_timestamp()
    RETURNING id, attempts, lease_until)
INSERT INTO notifications_attempt
    (message_id, number, route, opened_at, deadline_at, outcome, detail, provider_id, body_hash)
SELECT id, attempts, %(route)s, clock_timestamp(), lease_until, '', '', '', %(hash)s FROM begun
RETURNING number, opened_at
"""

# Whoever changes both locks the message first, its attempt second: nobody waits in a circle.
LOCKED = """
WITH locked AS MATERIALIZED (
    SELECT * FROM notifications_outboxmessage WHERE id = %(id)s FOR NO KEY UPDATE)
"""
# What every closing begins with: it counts only while the attempt is open.
CLOSED = f"""{LOCKED}, closed AS (
    UPDATE notifications_attempt
    SET closed_at = statement_timestamp(), outcome = %(outcome)s, detail = %(detail)s,
        provider_id = %(provider_id)s, blames_recipient = %(blames_recipient)s
    FROM locked
    WHERE message_id = locked.id AND number = %(number)s AND closed_at IS NULL
    RETURNING message_id, opened_at)
"""  # noqa: S608  our own words
TAKEN = f"""{CLOSED}
UPDATE notifications_outboxmessage message
SET state = 'sent', lease_until = NULL, lease_owner = NULL, settle_at = NULL, last_error = '',
    sent_at = CASE %(outcome)s WHEN 'found' THEN closed.opened_at ELSE statement_timestamp() END,
    provider_id = %(provider_id)s, segments = %(segments)s::smallint, cost = %(cost)s::numeric,
    sent_body = CASE WHEN %(forget)s THEN '' ELSE sent_body END,
    context = coalesce(%(context)s::jsonb, context),
    attachments = coalesce(%(attachments)s::jsonb, attachments)
FROM closed WHERE message.id = closed.message_id AND message.state IN ('sending', 'uncertain')
RETURNING message.state
"""  # noqa: S608  our own words

# Not sent after all: over, or planned again. What is not over in time is tried a last few times
# before it becomes useless. Only a message that surely no provider has may change its route.
BACK = f"""{CLOSED}, next AS (
    SELECT id, statement_timestamp() + greatest(%(at_least)s,
        least(%(wait)s, (valid_until - statement_timestamp()) / 2)) AS at
    FROM locked), verdict AS (
    SELECT message.id, next.at, CASE
        WHEN message.is_withdrawn THEN 'superseded'
        WHEN %(final)s <> '' THEN %(final)s
        WHEN message.valid_until <= statement_timestamp() THEN 'expired'
        WHEN message.valid_until <= next.at + interval '5 s' THEN 'failed'
        ELSE 'planned' END AS state
    FROM locked message JOIN next USING (id))
UPDATE notifications_outboxmessage message
SET state = verdict.state, lease_until = NULL, lease_owner = NULL, settle_at = NULL,
    settle_tries = 0, last_error = %(detail)s,
    send_at = CASE verdict.state WHEN 'planned' THEN verdict.at ELSE send_at END,
    route = CASE WHEN %(outcome)s = 'not_taken' AND NOT EXISTS (
            SELECT FROM notifications_attempt former WHERE former.message_id = message.id
              AND former.number <> %(number)s AND former.outcome <> 'not_taken')
        THEN '' ELSE route END
FROM closed JOIN verdict ON verdict.id = closed.message_id
WHERE message.id = closed.message_id AND message.state IN ('sending', 'uncertain')
RETURNING message.state
"""  # noqa: S608  our own words

DOUBT = f"""{LOCKED}, doubted AS (
    UPDATE notifications_attempt SET unknown_since = statement_timestamp(), detail = %(detail)s
    FROM locked
    WHERE message_id = locked.id AND number = %(number)s
      AND closed_at IS NULL AND unknown_since IS NULL
    RETURNING message_id)
UPDATE notifications_outboxmessage message
SET state = 'uncertain', lease_until = NULL, lease_owner = NULL, last_error = %(detail)s,
    settle_at = statement_timestamp() + %(wait)s, settle_tries = 0
FROM doubted WHERE message.id = doubted.message_id AND message.state = 'sending'
RETURNING message.state
"""  # noqa: S608  our own words

# Before anything is announced, a claimed message may still be given back, or its text given up.
GIVE_BACK = """
UPDATE notifications_outboxmessage
SET state = %(state)s, attempts = attempts + %(counts)s, last_error = %(error)s,
    send_at = CASE WHEN %(wait)s > interval '0' THEN greatest(send_at, least(
            statement_timestamp() + %(wait)s, valid_until - interval '1 s'))
        ELSE send_at END,
    lease_until = NULL, lease_owner = NULL
WHERE id = %(id)s AND state = 'claimed' AND lease_owner = %(owner)s
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """An open attempt: what is to be closed."""

    message: OutboxMessage
    number: int
    opened_at: datetime


def claim(
    *,
    channel: str,
    limit: int,
    priorities: Sequence[int] = ALL_PRIORITIES,
    lease: timedelta = CLAIM_LEASE,
) -> list[OutboxMessage]:
    """Take due messages of a channel, most urgent first, under a lease; no two workers get the same
    one. Those to an address that is known not to work end here, without a call."""
    claimed = OutboxMessage.objects.raw(
        CLAIM,
        {
            "channel": channel,
            "priorities": list(priorities),
            "limit": limit,
            "lease": lease,
            "owner": uuid4(),
            "passes": list(PASSES),
        },
    )
    mine = [message for message in claimed if message.state == OutboxMessage.State.CLAIMED]
    if mine:
        failpoints.reach("after_claim")
    return sorted(mine, key=lambda message: (message.priority, message.send_at, message.pk))


def begin(
    message: OutboxMessage, rendered: Rendered, *, route: str, deadline: timedelta
) -> Begun | None:
    """Announce the one call of a provider that now follows. None: the message is no longer ours, or
    not true any more, so nothing may leave.

    What is about to be handed over is kept, so that nobody has to guess it if the answer is lost.
    """
    is_secret = _is_secret(message)
    values: dict[str, Any] = {
        "id": message.pk,
        "owner": message.lease_owner,
        "route": route,
        "deadline": deadline,
        "subject": rendered.subject[:200],
        "body": "" if is_secret else rendered.text,
        "wording": rendered.wording_id,
        "hash": "" if is_secret else hashlib.sha256(rendered.text.encode()).hexdigest(),
    }
    with connection.cursor() as cursor:
        cursor.execute(BEGIN, values)
        row = cursor.fetchone()
    if row is None:
        return None
    message.route = route
    failpoints.reach("after_begin")
    return Begun(message, *row)


def accepted(
    begun: Begun, answer: Accepted, content: Content | None, *, outcome: Outcome = Outcome.ACCEPTED
) -> bool:
    """The provider has it, whatever happened meanwhile. False: the attempt was closed already."""
    context = attachments = None
    is_secret = _is_secret(begun.message)
    if is_secret:
        context, attachments = "{}", "[]"
    elif content is not None:
        context = json.dumps(dict(content.context), default=str)
        attachments = json.dumps([dict(each) for each in content.attachments])
    values: dict[str, Any] = {
        "provider_id": answer.provider_id.replace("\0", "")[:120],
        "segments": _sane(answer.segments, MOST_SEGMENTS),
        "cost": _sane(answer.cost, MOST_COST),
        "forget": is_secret,
        "context": context,
        "attachments": attachments,
    }
    return _close(TAKEN, begun, outcome, "", **values) is not None


def not_taken(
    begun: Begun,
    detail: str,
    *,
    wait: timedelta,
    at_least: float | None = None,
    blames_recipient: bool = False,
) -> str:
    """Surely not accepted: planned again after `wait`, and not before `at_least` seconds. What is
    the recipient's fault does not count against the provider."""
    return _back(
        begun,
        Outcome.NOT_TAKEN,
        detail,
        wait=wait,
        at_least=at_least,
        blames_recipient=blames_recipient,
    )


def refused(begun: Begun, detail: str, *, is_address_bad: bool) -> str:
    """Surely not accepted, and never will be."""
    final = OutboxMessage.State.UNDELIVERABLE if is_address_bad else OutboxMessage.State.FAILED
    return _back(begun, Outcome.REFUSED, detail, final=final)


def absent(begun: Begun, detail: str) -> str:
    """The provider says, for good, that it has no such message: planned again on the same route."""
    return _back(begun, Outcome.ABSENT, detail)


def given_up(begun: Begun, detail: str, *, repeats: bool) -> str:
    """Nobody will ever know. It is sent once more on the same route, or fails where people see."""
    final = "" if repeats else OutboxMessage.State.FAILED
    return _back(begun, Outcome.GIVEN_UP, detail, final=final)


def unknown(begun: Begun, detail: str, *, wait: timedelta) -> bool:
    """The answer was lost: the attempt stays open, and is to be settled after `wait`."""
    values: dict[str, Any] = {
        "id": begun.message.pk,
        "number": begun.number,
        "detail": _plain(detail),
        "wait": wait,
    }
    return _one(DOUBT, values) is not None


def withdraw(message: OutboxMessage) -> None:
    """There is nothing true to say any more: a claimed message that does not leave."""
    _give_back(message, state=OutboxMessage.State.SUPERSEDED)


def put_off(message: OutboxMessage, reason: str) -> None:
    """No provider may be called for it now: that counts as no try."""
    _give_back(message, error=reason, wait=jittered(NO_ROUTE_PAUSE))


def stumble(message: OutboxMessage, error: str) -> None:
    """It cannot be put into words: tried a few times, in case it is the facts that are away."""
    tries = message.attempts + 1
    state = OutboxMessage.State.FAILED if tries >= POISON_TRIES else OutboxMessage.State.PLANNED
    _give_back(message, state=state, error=error, wait=back_off(tries), counts=1)


def release(messages: Sequence[OutboxMessage]) -> None:
    """Give claimed messages back at once: their worker ends."""
    for message in messages:
        _give_back(message)


def _back(
    begun: Begun,
    outcome: Outcome,
    detail: str,
    *,
    final: str = "",
    wait: timedelta = timedelta(),
    at_least: float | None = None,
    blames_recipient: bool = False,
) -> str:
    values: dict[str, Any] = {
        "final": final,
        "wait": wait,
        "at_least": timedelta(seconds=at_least or 0),
        "blames_recipient": blames_recipient,
    }
    return _close(BACK, begun, outcome, detail, **values) or ""


def _close(
    statement: str, begun: Begun, outcome: Outcome, detail: str, **values: Any
) -> str | None:
    failpoints.reach("before_close")
    known = {
        "id": begun.message.pk,
        "number": begun.number,
        "outcome": outcome.value,
        "detail": _plain(detail),
        "provider_id": "",
        "blames_recipient": False,
    }
    return _one(statement, known | values)


def _one(statement: str, values: dict[str, Any]) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return str(row[0]) if row else None


def _give_back(
    message: OutboxMessage,
    *,
    state: str = OutboxMessage.State.PLANNED,
    error: str = "",
    wait: timedelta = timedelta(),
    counts: int = 0,
) -> None:
    values: dict[str, Any] = {
        "id": message.pk,
        "owner": message.lease_owner,
        "state": str(state),
        "error": _plain(error),
        "wait": wait,
        "counts": counts,
    }
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, values)


def _is_secret(message: OutboxMessage) -> bool:
    """Codes are forgotten once sent, but in a demo, which shows every message."""
    return bool(message.context.get(SECRET)) and not settings.DEMO


def _sane(figure: Decimal | int | None, most: int) -> Decimal | int | None:
    """Whatever it says of parts and cost, that the provider has the message must be written."""
    if figure is None or not Decimal(figure).is_finite() or not 0 <= figure <= most:
        return None
    return figure


def _plain(said: str) -> str:
    return said.replace("\0", "")[:200]

"""The outbox: messages written with the change they tell of, claimed under a lease, then closed.

The database's clock alone decides what is due and whose lease has run out (hosts may disagree).
A send is announced by `begin`, committed before the provider is called, and closed by `mark_sent`
or `mark_failed`: a crash in between leaves the message uncertain, never lost.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from django.db import connection, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from notifications.composing import Content
from notifications.models import OutboxMessage

# Priorities: a code someone is waiting for, a change, and what many get at once. Whatever the
# backlog of the last, it delays neither of the others.
URGENT, NORMAL, BULK = 1, 3, 7

# How long a claimed message waits for its worker before another one may take it.
CLAIM_LEASE = timedelta(seconds=60)
# A server may take 10 minutes to answer the last line of a message (RFC 5321 §4.5.3.2.6): until
# then nobody knows whether it left, so nobody sends it again.
SEND_LEASE = timedelta(minutes=12)
BACK_OFF = tuple(timedelta(seconds=s) for s in (30, 120, 300, 900, 1800, 3600))

# What `last_error` says from `begin` until the outcome is known. One message may be uncertain
# twice, not more: it is sent again once, with the same Message-ID (RFC 1047), then given up.
UNCERTAIN = "uncertain"
UNCERTAIN_TWICE = "uncertain twice"

# A context holding this key is emptied once sent, and the text is not kept (codes).
SECRET = "is_secret"  # noqa: S105  the name of a key

WAITING = (OutboxMessage.State.PLANNED, OutboxMessage.State.CLAIMED)

INSERT = """
INSERT INTO notifications_outboxmessage
    (intent_key, kind, subject_ref, person_ref, scope, channel, recipient, sender, language,
     version, context, attachments, alternatives, priority, send_at, valid_until, state,
     is_withdrawn, attempts, last_error, route, provider_id, settle_tries, sent_subject, sent_body,
     handled_as, handled_by, created_at)
SELECT intent_key, kind, subject_ref, person_ref, scope, channel, recipient, sender, language,
    version, context, '[]', alternatives, priority,
    -- "Now" means now to the database too, even if the web host's clock runs ahead.
    CASE WHEN send_at <= %(now)s THEN least(send_at, statement_timestamp()) ELSE send_at END,
    valid_until, 'planned', false, 0, '', '', '', 0, '', '', '', '', %(now)s
FROM jsonb_to_recordset(%(intents)s::jsonb) AS intent (
    intent_key text, kind text, subject_ref text, person_ref text, scope text, channel text,
    recipient text, sender text, language text, version int, context jsonb, alternatives jsonb,
    priority smallint, send_at timestamptz, valid_until timestamptz)
ON CONFLICT (intent_key) DO NOTHING
RETURNING id
"""

# What is leaving stays on its way, but is not tried again.
SUPERSEDE = """
UPDATE notifications_outboxmessage SET
    state = CASE WHEN state IN ('planned', 'claimed') THEN 'superseded' ELSE state END,
    is_withdrawn = true
WHERE subject_ref = ANY (%(subject_refs)s) AND kind = ANY (%(kinds)s)
  AND state IN ('planned', 'claimed', 'sending', 'uncertain')
RETURNING kind, person_ref, channel, state <> 'superseded'
"""

# Nobody else's message is waited for (SKIP LOCKED), and of several to one person about one thing
# the older goes first: a cancellation cannot overtake a confirmation that is just leaving.
CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id FROM notifications_outboxmessage this
    WHERE state IN ('planned', 'claimed')
      AND send_at <= statement_timestamp() AND valid_until > statement_timestamp()
      AND (lease_until IS NULL OR lease_until <= statement_timestamp())
      AND last_error <> %(twice)s
      AND NOT EXISTS (
          SELECT 1 FROM notifications_outboxmessage older
          WHERE older.subject_ref = this.subject_ref AND older.recipient = this.recipient
            AND older.id < this.id AND older.state IN ('claimed', 'superseded')
            AND older.lease_until > statement_timestamp())
    ORDER BY priority, send_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED)
UPDATE notifications_outboxmessage message
SET state = 'claimed', lease_until = clock_timestamp() + %(lease)s
FROM due WHERE message.id = due.id
RETURNING message.*
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One message somebody is meant to get; the columns of OutboxMessage of the same names.

    `context` is for what cannot be composed when it leaves (see composing). `alternatives` are
    (channel, recipient) pairs to try, in order, when the first address fails.
    """

    intent_key: str
    kind: str
    subject_ref: str
    person_ref: str = ""
    scope: str = ""
    channel: str = "email"
    recipient: str
    sender: str = ""
    language: str
    version: int = 0
    context: Mapping[str, Any] = field(default_factory=dict)
    alternatives: Sequence[tuple[str, str]] = ()
    priority: int = NORMAL
    send_at: datetime
    valid_until: datetime

    @property
    def is_useful(self) -> bool:
        return bool(self.recipient) and self.send_at < self.valid_until

    def as_row(self) -> dict[str, Any]:
        row = {each.name: getattr(self, each.name) for each in fields(self)}
        row["context"] = dict(self.context)
        row["alternatives"] = [
            {"channel": channel, "recipient": recipient} for channel, recipient in self.alternatives
        ]
        for name in ("send_at", "valid_until"):
            row[name] = row[name].isoformat()
        return row


class Withdrawn(NamedTuple):
    """A message that a change has made untrue; `has_left` when it was already on its way."""

    kind: str
    person_ref: str
    channel: str
    has_left: bool


def reference(message: OutboxMessage) -> str:
    """What providers are given to know this message by: the same at every attempt."""
    return uuid5(NAMESPACE_URL, message.intent_key).hex


def enqueue(intents: Iterable[Intent], *, now: datetime) -> list[int]:
    """Write intended messages in the caller's transaction, by one statement; the new rows' ids.

    Nothing is written for an intent that is written already, that has nobody to go to, or that
    would be useless before it could leave.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "A message is written in the transaction of the change it tells of."
        )
    rows = [intent.as_row() for intent in intents if intent.is_useful]
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(INSERT, {"intents": json.dumps(rows), "now": now})
        return [int(pk) for (pk,) in cursor.fetchall()]


def supersede(*, subject_refs: Iterable[str], kinds: Iterable[str]) -> list[Withdrawn]:
    """Withdraw unsent messages about something that has changed since, in the transaction of the
    change. One that is just leaving stays on its way, but is not tried again."""
    values = {"subject_refs": list(subject_refs), "kinds": list(kinds)}
    with connection.cursor() as cursor:
        cursor.execute(SUPERSEDE, values)
        return [Withdrawn(*row) for row in cursor.fetchall()]


def claim_due(*, limit: int, lease: timedelta = CLAIM_LEASE) -> list[OutboxMessage]:
    """Take due messages, most urgent first, under a lease; no two workers get the same one."""
    claimed = OutboxMessage.objects.raw(
        CLAIM, {"limit": limit, "lease": lease, "twice": UNCERTAIN_TWICE}
    )
    return sorted(claimed, key=lambda message: (message.priority, message.send_at, message.pk))


def begin(message: OutboxMessage) -> bool:
    """Announce that the message is about to leave. False: it is no longer ours, or not true now."""
    mine = OutboxMessage.objects.filter(pk=message.pk, lease_until=message.lease_until)
    began = mine.filter(
        state=OutboxMessage.State.CLAIMED, lease_until__gt=Now(), valid_until__gt=Now()
    ).update(
        lease_until=Now() + SEND_LEASE,
        attempts=F("attempts") + 1,
        last_error=Case(
            When(last_error__startswith=UNCERTAIN, then=Value(UNCERTAIN_TWICE)),
            default=Value(UNCERTAIN),
        ),
    )
    if not began:
        mine.filter(state=OutboxMessage.State.SUPERSEDED).update(lease_until=None)
    return bool(began)


def withdraw(message: OutboxMessage) -> None:
    """There is nothing true to say any more: a claimed message that does not leave."""
    OutboxMessage.objects.filter(
        pk=message.pk, lease_until=message.lease_until, state=OutboxMessage.State.CLAIMED
    ).update(state=OutboxMessage.State.SUPERSEDED, lease_until=None)


def mark_sent(
    message: OutboxMessage,
    *,
    subject: str,
    body: str,
    content: Content,
    keep_secrets: bool,
) -> None:
    """The provider has it, whatever happened meanwhile: even a superseded one is sent then."""
    changes: dict[str, Any] = {
        "sent_body": body,
        "context": content.context,
        "attachments": content.attachments,
    }
    if message.context.get(SECRET) and not keep_secrets:
        changes = {"sent_body": "", "context": {}}
    OutboxMessage.objects.filter(pk=message.pk).update(
        state=OutboxMessage.State.SENT,
        sent_at=Now(),
        sent_subject=subject[:200],
        lease_until=None,
        last_error="",
        **changes,
    )


def mark_failed(
    message: OutboxMessage, error: str, *, is_final: bool = False, is_uncertain: bool = False
) -> None:
    """Not sent this time: plan the next try, or give up where people see it.

    A message that was superseded while it was leaving is not tried again. An uncertain one waits
    until the server's own time is over.
    """
    if is_uncertain:
        wait = SEND_LEASE
        is_final = is_final or message.last_error.startswith(UNCERTAIN)
        error = f"{UNCERTAIN}: {error}"
    else:
        # Half to whole: messages that failed together do not come back together.
        longest = BACK_OFF[min(message.attempts, len(BACK_OFF) - 1)]
        wait = longest * random.uniform(0.5, 1)  # noqa: S311  not a secret
    given_up = Q(valid_until__lte=Now() + wait) | Q(pk__in=[message.pk] if is_final else [])
    mine = OutboxMessage.objects.filter(pk=message.pk)
    mine.filter(state=OutboxMessage.State.SUPERSEDED).update(lease_until=None)
    mine.filter(state=OutboxMessage.State.CLAIMED).update(
        state=Case(
            When(given_up, then=Value(OutboxMessage.State.FAILED)),
            default=Value(OutboxMessage.State.PLANNED),
        ),
        send_at=Case(When(given_up, then=F("send_at")), default=Now() + wait),
        lease_until=None,
        last_error=error[:200],
    )


def expire() -> int:
    """Close what can no longer be useful, or was uncertain twice; how many."""
    over = OutboxMessage.objects.filter(state__in=WAITING, send_at__lte=Now()).filter(
        Q(lease_until__isnull=True) | Q(lease_until__lte=Now())
    )
    given_up = over.filter(last_error=UNCERTAIN_TWICE).update(
        state=OutboxMessage.State.FAILED, lease_until=None
    )
    late = over.filter(valid_until__lte=Now()).update(
        state=OutboxMessage.State.EXPIRED, lease_until=None
    )
    return given_up + late

"""The outbox: messages written with the change they tell of, claimed under a lease, then closed.

The database's clock alone decides what is due and whose lease has run out (hosts may disagree).
A send is announced by `begin`, committed before the provider is called, and closed by `mark_sent`
or `mark_failed`: a crash in between leaves the message uncertain, never lost.
"""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from notifications.composing import Content
from notifications.models import OutboxMessage

URGENT, NORMAL = 1, 3  # priorities: a code someone is waiting for, and all else

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
    (intent_key, kind, subject_ref, version, channel, recipient, language, context, attachments,
     priority, send_at, valid_until, state, attempts, last_error, sent_subject, sent_body,
     created_at)
VALUES
    (%(intent_key)s, %(kind)s, %(subject_ref)s, %(version)s, 'email', %(recipient)s, %(language)s,
     %(context)s::jsonb, '[]', %(priority)s,
     -- "Now" means now to the database too, even if the web host's clock runs ahead.
     CASE WHEN %(send_at)s <= %(now)s THEN least(%(send_at)s, statement_timestamp())
          ELSE %(send_at)s END,
     %(valid_until)s, 'planned', 0, '', '', '', %(now)s)
ON CONFLICT (intent_key) DO NOTHING
RETURNING id
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


def enqueue(  # noqa: PLR0913  one argument for each column a message needs
    *,
    intent_key: str,
    kind: str,
    subject_ref: str,
    recipient: str,
    language: str,
    send_at: datetime,
    valid_until: datetime,
    version: int = 0,
    context: Mapping[str, Any] = MappingProxyType({}),
    priority: int = NORMAL,
    now: datetime,
) -> int | None:
    """Write one intended message in the caller's transaction, by one statement; its id.

    `context` is for what cannot be composed when it leaves (see composing). None when there is
    nothing to send: the intent is already written, nobody to write to, or the message would be
    useless before it could leave.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "A message is written in the transaction of the change it tells of."
        )
    if not recipient or send_at >= valid_until:
        return None
    values: dict[str, Any] = {
        "intent_key": intent_key,
        "kind": kind,
        "subject_ref": subject_ref,
        "recipient": recipient,
        "language": language,
        "version": version,
        "context": json.dumps(dict(context)),
        "priority": priority,
        "send_at": send_at,
        "valid_until": valid_until,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(INSERT, values)
        row = cursor.fetchone()
    return row and int(row[0])


def supersede(*, subject_ref: str, kinds: Collection[str]) -> int:
    """Withdraw unsent messages about something that has changed since; how many.

    One that is just leaving stays on its way, but is not tried again.
    """
    return OutboxMessage.objects.filter(
        subject_ref=subject_ref, kind__in=kinds, state__in=WAITING
    ).update(state=OutboxMessage.State.SUPERSEDED)


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

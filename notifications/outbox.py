"""The outbox: messages written, or withdrawn, with the change they tell of. `ledger` sends them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from django.db import connection, transaction

from notifications.models import OutboxMessage

# Priorities: a code someone is waiting for, a change, and what many get at once. Whatever the
# backlog of the last, it delays neither of the others.
URGENT, NORMAL, BULK = 1, 3, 7

# A context holding this key is emptied once sent, and the text is not kept (codes).
SECRET = "is_secret"  # noqa: S105  the name of a key

_INSERT = """
INSERT INTO notifications_outboxmessage
    (intent_key, kind, subject_ref, person_ref, scope, channel, recipient, sender, language,
     version, context, attachments, alternatives, priority, send_at, valid_until, state,
     is_withdrawn, attempts, last_error, route, provider_id, settle_tries, sent_subject, sent_body,
     handled_as, handled_by, created_at, instead_of_id, leave_by)
SELECT intent_key, kind, subject_ref, person_ref, scope, channel, recipient, sender, language,
    version, context, '[]', alternatives, priority,
    -- "Now" means now to the database too, even if the web host's clock runs ahead.
    CASE WHEN send_at <= %(now)s THEN least(send_at, statement_timestamp()) ELSE send_at END,
    valid_until, 'planned', false, 0, '', '', '', 0, '', '', '', '', %(now)s, instead_of, leave_by
FROM jsonb_to_recordset(%(intents)s::jsonb) AS intent (
    intent_key text, kind text, subject_ref text, person_ref text, scope text, channel text,
    recipient text, sender text, language text, version int, context jsonb, alternatives jsonb,
    priority smallint, send_at timestamptz, valid_until timestamptz, instead_of bigint,
    leave_by timestamptz)
{condition}
ON CONFLICT (intent_key) DO NOTHING
RETURNING id
"""
INSERT = _INSERT.format(condition="")

# What is leaving stays on its way, but is not tried again, unless it is still wanted.
SUPERSEDE = """
UPDATE notifications_outboxmessage SET
    state = CASE WHEN state IN ('planned', 'claimed') THEN 'superseded' ELSE state END,
    is_withdrawn = true
WHERE subject_ref = ANY (%(subject_refs)s) AND kind = ANY (%(kinds)s)
  AND (state IN ('planned', 'claimed')
       OR state IN ('sending', 'uncertain') AND intent_key <> ALL (%(wanted)s))
RETURNING kind, person_ref, channel, state <> 'superseded'
"""
# What left, or was leaving, while it seemed withdrawn is tried again, or takes another way.
HOLDS_AGAIN = """
UPDATE notifications_outboxmessage SET
    version = subject.now,
    is_withdrawn = is_withdrawn AND (state = 'superseded' OR handled_as <> '')
FROM unnest(%(subject_refs)s::text[], %(before)s::int[], %(now)s::int[])
    AS subject (ref, before, now)
WHERE subject_ref = subject.ref AND version = subject.before AND kind = ANY (%(kinds)s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One message somebody is meant to get; the columns of OutboxMessage of the same names.

    `context` is for what cannot be composed when it leaves (see composing). `alternatives` are
    (channel, recipient) pairs to try, in order, when the first address fails. `instead_of` is the
    id of the message it replaces. `leave_by` ends the hours in which it may leave (see hours).
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
    leave_by: datetime | None = None
    instead_of: int | None = None

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
        row["leave_by"] = self.leave_by and self.leave_by.isoformat()
        return row


class Withdrawn(NamedTuple):
    """A message that a change has made untrue; `has_left` when it was already on its way."""

    kind: str
    person_ref: str
    channel: str
    has_left: bool


def waiting(*, subject_refs: Iterable[str], kinds: Iterable[str]) -> dict[str, str]:
    """Of these subjects those that a message of these kinds waits to tell of, and its kind: one
    query."""
    found = OutboxMessage.objects.filter(
        subject_ref__in=list(subject_refs),
        kind__in=list(kinds),
        state__in=[OutboxMessage.State.PLANNED, OutboxMessage.State.CLAIMED],
    )
    return dict(found.order_by("id").values_list("subject_ref", "kind"))


def hold_back(*, subject_ref: str, kind: str, person_ref: str) -> bool:
    """Whether a message of this kind to this person waits to tell of this subject. It is not put
    into words before this transaction is over: then it says what is true by then."""
    planned = OutboxMessage.objects.filter(
        subject_ref=subject_ref,
        kind=kind,
        person_ref=person_ref,
        state=OutboxMessage.State.PLANNED,
    )
    return bool(planned.select_for_update().values_list("id", flat=True))


def reference(message: OutboxMessage) -> str:
    """What providers are given to know this message by: the same at every attempt."""
    return uuid5(NAMESPACE_URL, message.intent_key).hex


def insert_if(condition: str) -> str:
    """The statement that writes messages, to be part of a larger one, under its condition; it takes
    `insert_values`."""
    return _INSERT.format(condition=f"WHERE {condition}")


def insert_values(intents: Iterable[Intent], *, now: datetime) -> dict[str, Any]:
    """What the statement that writes these messages is given, as far as they can be of use."""
    rows = [intent.as_row() for intent in intents if intent.is_useful]
    return {"intents": json.dumps(rows), "now": now}


def enqueue(intents: Iterable[Intent], *, now: datetime) -> list[int]:
    """Write intended messages in the caller's transaction, by one statement; the new rows' ids.

    Nothing is written for an intent that is written already, that has nobody to go to, or that
    would be useless before it could leave.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "A message is written in the transaction of the change it tells of."
        )
    values = insert_values(intents, now=now)
    if values["intents"] == "[]":
        return []
    with connection.cursor() as cursor:
        cursor.execute(INSERT, values)
        return [int(pk) for (pk,) in cursor.fetchall()]


def supersede(
    *, subject_refs: Iterable[str], kinds: Iterable[str], wanted: Iterable[str] = ()
) -> list[Withdrawn]:
    """Withdraw unsent messages about something that has changed since, in the transaction of the
    change. One that is just leaving stays on its way, but is not tried again: except those whose
    intent is still `wanted`."""
    values = {
        "subject_refs": list(subject_refs),
        "kinds": list(kinds),
        "wanted": list(wanted),
    }
    with connection.cursor() as cursor:
        cursor.execute(SUPERSEDE, values)
        return [Withdrawn(*row) for row in cursor.fetchall()]


def holds_again(versions: Mapping[str, tuple[int, int]], *, kinds: Iterable[str]) -> None:
    """What came between is taken back: what was said of these subjects before (of the first
    version), or was lost or leaving, is true of them as they are now (the second). What had not
    left stays withdrawn. One statement, none for nothing."""
    if not versions:
        return
    values: dict[str, Any] = {
        "subject_refs": list(versions),
        "before": [before for before, _now in versions.values()],
        "now": [now for _before, now in versions.values()],
        "kinds": list(kinds),
    }
    with connection.cursor() as cursor:
        cursor.execute(HOLDS_AGAIN, values)

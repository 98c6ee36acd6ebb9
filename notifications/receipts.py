"""What providers tell us afterwards: stored as it comes, applied later, in any order, many times.

A receipt only moves a message forward, and the first word on its end stands: one that contradicts
it is kept and changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from notifications import outbox, problems
from notifications.clock import database_now
from notifications.models import Attempt, OutboxMessage, Receipt
from notifications.models.outbox import UNSURE_OUTCOMES, WAITING_STATES
from notifications.sms import base

State = OutboxMessage.State
# A receipt may come before our own commit of what it is about.
EARLY = timedelta(minutes=5)
PAGE = 500
LONGEST_EVENT = 250
# Told by e-mail providers alone: it arrived, and was not wanted.
COMPLAINT = "complaint"
MEANS = {
    "pending": State.SENT,
    "delivered": State.DELIVERED,
    COMPLAINT: State.DELIVERED,
    "undeliverable": State.UNDELIVERABLE,
}
BEGINNING = (datetime(1970, 1, 1, tzinfo=UTC), 0)

# Those that match nothing yet must not stand before the others: pages go on after the last one.
WAITING = """
SELECT * FROM notifications_receipt
WHERE applied_at IS NULL AND kind = 'receipt' AND (received_at, id) > (%(at)s, %(id)s)
ORDER BY received_at, id
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
"""
BY_PROVIDER_ID = """
SELECT receipt.id, message.id
FROM notifications_receipt receipt
JOIN notifications_outboxmessage message
  ON message.route = receipt.route AND message.provider_id = receipt.provider_id
WHERE receipt.id = ANY (%(receipts)s) AND message.provider_id <> ''
"""
MOVE = """
UPDATE notifications_outboxmessage message
SET state = moved.state, sent_at = coalesce(message.sent_at, moved.at),
    delivered_at = CASE WHEN moved.state = 'delivered' THEN moved.at END,
    route = moved.route, provider_id = moved.provider_id, last_error = moved.error,
    lease_until = NULL, lease_owner = NULL, settle_at = NULL
FROM jsonb_to_recordset(%(moves)s::jsonb) AS moved (
    id bigint, state text, at timestamptz, route text, provider_id text, error text)
WHERE message.id = moved.id
"""
# An answer was lost, and this is it.
SETTLE = """
UPDATE notifications_attempt attempt
SET closed_at = clock_timestamp(), outcome = 'found', provider_id = moved.provider_id
FROM jsonb_to_recordset(%(moves)s::jsonb) AS moved (id bigint, provider_id text)
WHERE attempt.message_id = moved.id AND attempt.closed_at IS NULL
"""
DONE = """
UPDATE notifications_receipt receipt
SET applied_at = clock_timestamp(), message_id = done.message
FROM unnest(%(receipts)s::bigint[], %(messages)s::bigint[]) AS done (receipt, message)
WHERE receipt.id = done.receipt
"""


def store(
    route: str, *, receipts: Iterable[base.Receipt] = (), replies: Iterable[base.Inbound] = ()
) -> None:
    """Keep what a call says, each event once, by one statement: nothing is made of it yet."""
    rows = [_row_of_receipt(route, one) for one in receipts]
    rows += [_row_of_reply(route, one) for one in replies]
    Receipt.objects.bulk_create(rows, ignore_conflicts=True)


def apply_waiting(limit: int = PAGE) -> int:
    """Apply all that waits, `limit` in each transaction; how many receipts came to their end.

    Two at once share the work. A message that somebody else has locked is left for the next time.
    """
    applied, last = 0, BEGINNING
    while True:
        with transaction.atomic():
            page = list(
                Receipt.objects.raw(WAITING, {"at": last[0], "id": last[1], "limit": limit})
            )
            if not page:
                return applied
            applied += _apply(page)
        last = (page[-1].received_at, page[-1].pk)


def next_state(state: str, told: str) -> str:
    """The state of a message once a receipt is applied: forward, or as it was. One that is to be
    sent again, because its provider did not seem to have it, has left after all."""
    if state in (State.UNCERTAIN, *WAITING_STATES) or (state == State.SENT and told != "pending"):
        return MEANS.get(told, State.SENT)
    return state


@dataclass(slots=True)
class _Verdict:
    """What a page of receipts changes."""

    done: dict[int, int | None] = field(default_factory=dict)
    moves: dict[int, dict[str, Any]] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)
    problems: list[problems.Problem] = field(default_factory=list)


def _apply(page: Sequence[Receipt]) -> int:
    found = _by_provider_id(page)
    rest = [receipt for receipt in page if receipt.pk not in found]
    tries = list(Attempt.objects.filter(closed_at=None).select_related("message")) if rest else []
    found |= _by_reference(rest, [*tries, *_thought_absent(rest)])
    locked = OutboxMessage.objects.filter(pk__in=set(found.values())).order_by("pk")
    messages = {one.pk: one for one in locked.select_for_update(skip_locked=True)}
    verdict, now = _Verdict(), database_now()
    for receipt in page:
        if receipt.pk not in found:
            if not _may_match_later(receipt, tries, now=now):
                verdict.done[receipt.pk] = None
        elif message := messages.get(found[receipt.pk]):
            _judge(receipt, message, verdict)
    _write(verdict)
    return len(verdict.done)


def _by_provider_id(page: Sequence[Receipt]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(BY_PROVIDER_ID, {"receipts": [receipt.pk for receipt in page]})
        return dict(cursor.fetchall())


def _by_reference(rest: Sequence[Receipt], tries: Sequence[Attempt]) -> dict[int, int]:
    """Of messages whose provider's number is not known yet, which are few: an attempt is open, or
    was closed without that number."""
    known = {(one.route, outbox.reference(one.message)): one.message_id for one in tries}
    keys = {one.pk: (one.route, one.reference.replace("-", "").lower()) for one in rest}
    return {pk: known[key] for pk, key in keys.items() if key in known}


def _thought_absent(rest: Sequence[Receipt]) -> list[Attempt]:
    """Of messages that wait to be sent again, since their provider seemed not to have them."""
    routes = {receipt.route for receipt in rest if receipt.reference}
    if not routes:
        return []
    closed = Attempt.objects.filter(outcome__in=UNSURE_OUTCOMES, route__in=routes)
    return list(closed.filter(message__state__in=WAITING_STATES).select_related("message"))


def _may_match_later(receipt: Receipt, tries: Sequence[Attempt], *, now: datetime) -> bool:
    """It is early; or it names the provider's number alone, and we wait to be told that number."""
    if now - receipt.received_at < EARLY:
        return True
    return not receipt.reference and any(
        one.route == receipt.route and one.opened_at <= receipt.received_at for one in tries
    )


def _judge(receipt: Receipt, message: OutboxMessage, verdict: _Verdict) -> None:
    if message.state == State.SENDING:
        return  # our own commit comes first
    verdict.done[receipt.pk] = message.pk
    state = next_state(message.state, receipt.state)
    if state != message.state:
        if message.state == State.UNCERTAIN:
            verdict.settled.add(message.pk)
        message.state = state
        verdict.moves[message.pk] = {
            "id": message.pk,
            "state": state,
            "at": _instant(receipt, message).isoformat(),
            "route": receipt.route,
            "provider_id": receipt.provider_id or message.provider_id,
            "error": receipt.reason if state == State.UNDELIVERABLE else "",
        }
    verdict.problems += _problem(receipt, message)


def _instant(receipt: Receipt, message: OutboxMessage) -> datetime:
    """When it happened by the provider's clock, if that can be."""
    told, arrived = receipt.happened_at, receipt.received_at
    return told if told and message.created_at <= told <= arrived else arrived


def _problem(receipt: Receipt, message: OutboxMessage) -> list[problems.Problem]:
    address = (message.channel, message.recipient)
    if receipt.state == COMPLAINT:
        return [problems.Problem(*address, problems.Reason.COMPLAINT, receipt.reason)]
    if receipt.is_number_dead and message.state == State.UNDELIVERABLE:
        return [problems.Problem(*address, problems.Reason.DEAD, receipt.reason)]
    return []


def _write(verdict: _Verdict) -> None:
    moves = list(verdict.moves.values())
    settled = [move for move in moves if move["id"] in verdict.settled]
    with connection.cursor() as cursor:
        if moves:
            cursor.execute(MOVE, {"moves": json.dumps(moves)})
        if settled:
            cursor.execute(SETTLE, {"moves": json.dumps(settled)})
        if verdict.done:
            done: Mapping[str, Any] = {
                "receipts": list(verdict.done),
                "messages": list(verdict.done.values()),
            }
            cursor.execute(DONE, done)
    problems.record(verdict.problems)


def _row_of_receipt(route: str, told: base.Receipt) -> Receipt:
    return Receipt(
        route=route,
        kind=Receipt.Kind.RECEIPT,
        event_id=_event(told.event_id),
        provider_id=_fit(told.provider_id, 120),
        reference=_fit(told.reference, 120),
        state=told.state,
        reason=_fit(told.reason, 200),
        is_number_dead=told.is_number_dead,
        happened_at=told.at,
        received_at=Now(),
    )


def _row_of_reply(route: str, told: base.Inbound) -> Receipt:
    return Receipt(
        route=route,
        kind=Receipt.Kind.INBOUND,
        event_id=_event(told.event_id),
        received_at=Now(),
        **reply_fields(told),
    )


def reply_fields(told: base.Inbound) -> dict[str, Any]:
    """What somebody wrote, from whom and when, as it is kept."""
    return {
        "sender": _fit(told.sender, 40),
        "text": _fit(told.text, 1600),
        "happened_at": told.at,
    }


def _event(event_id: str) -> str:
    """Two long ones that begin alike stay two."""
    fitting = _fit(event_id, LONGEST_EVENT)
    if len(event_id) <= LONGEST_EVENT:
        return fitting
    return hashlib.sha256(event_id.encode("utf-8", "replace")).hexdigest()


def _fit(text: str, longest: int) -> str:
    """As the database can hold it: no NUL, no half of a character."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:longest]

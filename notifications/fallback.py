"""Another way when one fails: a message that reached nobody is written anew for the next address.

Codes are asked for again by whoever waits for one, and what was withdrawn is not true any more.
What has no other way left stays on the list of people to phone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from notifications import hours, outbox
from notifications.clock import database_now
from notifications.hours import Opening, Way
from notifications.models import ContactProblem, OutboxMessage
from notifications.problems import Address, canonical, problems_of
from notifications.words.kinds import KINDS

PAGE = 200
# A reminder is worth a second try while there is time to read it; news of a change always is.
REMINDERS = ("reminder",)
LEAD = timedelta(hours=2)

LOST = """
SELECT * FROM notifications_outboxmessage
WHERE state IN ('failed', 'undeliverable', 'suppressed') AND handled_as = ''
  AND NOT is_withdrawn AND kind <> 'code' AND alternatives <> '[]'
  AND valid_until > clock_timestamp()
      + CASE WHEN kind = ANY (%(reminders)s) THEN %(lead)s ELSE interval '0' END
ORDER BY id
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
"""
LINK = """
UPDATE notifications_outboxmessage message SET instead_of_id = written.old
FROM unnest(%(old)s::bigint[], %(keys)s::text[]) AS written (old, key)
WHERE message.intent_key = written.key
"""


def change_channels(limit: int = PAGE) -> int:
    """Give every lost message that can have one another way; how many were given one.

    Twice or by several at once changes nothing: the original is marked, and the new one's key says
    which it stands for.
    """
    changed = 0
    while True:
        with transaction.atomic():
            lost = list(
                OutboxMessage.objects.raw(
                    LOST, {"reminders": list(REMINDERS), "lead": LEAD, "limit": limit}
                )
            )
            if not lost:
                return changed
            changed += _change(lost)


def _change(lost: list[OutboxMessage]) -> int:
    now = database_now()
    ways = [(way["channel"], way["recipient"]) for one in lost for way in one.alternatives]
    closed = problems_of(ways)
    intents: dict[int, outbox.Intent] = {}
    for message in lost:
        intent = _another_way(message, closed, now=now)
        if intent is None:
            message.alternatives = []  # none is open: a person's turn
        else:
            intents[message.pk] = intent
            message.handled_as = OutboxMessage.Handled.AUTOMATIC
            message.handled_by, message.handled_at = "system", now
    OutboxMessage.objects.bulk_update(
        lost, ["alternatives", "handled_as", "handled_by", "handled_at"]
    )
    outbox.enqueue(intents.values(), now=now)
    _link(intents)
    return len(intents)


def _another_way(
    message: OutboxMessage, closed: Mapping[Address, ContactProblem], *, now: datetime
) -> outbox.Intent | None:
    """The same for the next address that works, in a channel that has words for it."""
    for place, way in enumerate(message.alternatives):
        address = canonical(way["channel"], way["recipient"])
        if address in closed or address.channel not in KINDS.get(message.kind, {}):
            continue
        opening = hours.opening(message, way, now=now)
        if opening is None:
            continue
        intent = _intent(message, way, message.alternatives[place + 1 :], opening)
        if intent.is_useful:
            return intent
    return None


def _intent(
    message: OutboxMessage, way: Way, others: Sequence[Way], opening: Opening
) -> outbox.Intent:
    return outbox.Intent(
        intent_key=f"{message.intent_key}:{way['channel']}:1",
        kind=message.kind,
        subject_ref=message.subject_ref,
        person_ref=message.person_ref,
        scope=message.scope,
        channel=way["channel"],
        recipient=way["recipient"],
        sender=message.sender,
        language=message.language,
        version=message.version,
        context=message.context,
        alternatives=[(other["channel"], other["recipient"]) for other in others],
        priority=message.priority,
        send_at=opening.send_at,
        valid_until=message.valid_until,
        leave_by=opening.leave_by,
    )


def _link(intents: Mapping[int, outbox.Intent]) -> None:
    if intents:
        keys = [intent.intent_key for intent in intents.values()]
        with connection.cursor() as cursor:
            cursor.execute(LINK, {"old": list(intents), "keys": keys})

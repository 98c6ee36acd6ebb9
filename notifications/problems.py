"""Addresses that nothing is sent to any more: numbers that do not exist, complaints, STOP."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import connection, transaction

from notifications.models import ContactProblem, OutboxMessage

Reason = ContactProblem.Reason
EMAIL = OutboxMessage.Channel.EMAIL
# To an address that works but wants no messages these go all the same: the last one says that its
# STOP was heard, and whoever waits for a code has just asked for it.
PASSES = ("reply_stop", "code")

# The first reason stays, but a STOP is somebody's wish, which weighs more than a breakdown.
RECORD = """
INSERT INTO notifications_contactproblem AS known (channel, address, reason, detail, since)
SELECT DISTINCT ON (channel, address) channel, address, reason, detail, clock_timestamp()
FROM jsonb_to_recordset(%(problems)s::jsonb)
    AS problem (channel text, address text, reason text, detail text)
ORDER BY channel, address, reason = 'stop' DESC
ON CONFLICT (channel, address) DO UPDATE
SET reason = excluded.reason, detail = excluded.detail, since = excluded.since
WHERE excluded.reason = 'stop' AND known.reason <> 'stop'
RETURNING channel, address
"""
# One that somebody has locked is just leaving or changing: whoever claims it asks us again.
SUPPRESS = """
UPDATE notifications_outboxmessage message
SET state = 'suppressed', lease_until = NULL, last_error = waiting.reason
FROM (
    SELECT one.id, problem.reason
    FROM notifications_outboxmessage one
    JOIN notifications_contactproblem problem
      ON problem.channel = one.channel AND problem.address = CASE
         WHEN one.channel = 'email' THEN lower(one.recipient) ELSE one.recipient END
    WHERE one.state IN ('planned', 'claimed') AND problem.address = ANY (%(addresses)s)
      AND (problem.reason = 'dead' OR one.kind <> ALL (%(passes)s))
    ORDER BY one.id
    FOR UPDATE OF one SKIP LOCKED
) waiting
WHERE message.id = waiting.id
"""


class Address(NamedTuple):
    channel: str
    address: str


class Problem(NamedTuple):
    channel: str
    address: str
    reason: str
    detail: str = ""


def canonical(channel: str, address: str) -> Address:
    """The same mailbox is the same address, however it is written."""
    address = address.strip()
    return Address(channel, address.lower() if channel == EMAIL else address)


def problems_of(addresses: Iterable[tuple[str, str]]) -> dict[Address, ContactProblem]:
    """Of these (channel, address) those that have a problem: one query, none for no address.

    Keys are as `canonical` writes them.
    """
    asked = {canonical(*address) for address in addresses}
    if not asked:
        return {}
    found = ContactProblem.objects.filter(address__in={one.address for one in asked})
    by_address = {Address(problem.channel, problem.address): problem for problem in found}
    return {address: by_address[address] for address in asked & by_address.keys()}


def is_dead(channel: str, address: str) -> bool:
    """Whether nothing can arrive there, whoever asks for it."""
    found = problems_of([(channel, address)])
    return any(problem.reason == Reason.DEAD for problem in found.values())


def record(problems: Sequence[Problem]) -> int:
    """Send nothing more to these addresses; what still waits for them is withheld, so that it takes
    another way (see fallback). How many were not known yet."""
    if not problems:
        return 0
    rows = [
        {**problem._asdict(), "address": canonical(problem.channel, problem.address).address}
        for problem in problems
    ]
    addresses = [row["address"] for row in rows]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(RECORD, {"problems": json.dumps(rows)})
        new = len(cursor.fetchall())
        cursor.execute(SUPPRESS, {"addresses": addresses, "passes": list(PASSES)})
    return new


def lift(problem: ContactProblem) -> None:
    """A person says that the address works again: what is written from now on goes there."""
    problem.delete()

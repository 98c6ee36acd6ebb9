"""Claiming and beginning as the senders do, and what the ledger says of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection

from notifications import ledger
from notifications.ledger import Begun
from notifications.models import Attempt, OutboxMessage
from notifications.rendering import Rendered

MINUTE = timedelta(minutes=1)


def words(text: str = "RDV") -> Rendered:
    return Rendered("fr", "Objet", text, "<p>RDV</p>")


def only() -> OutboxMessage:
    return OutboxMessage.objects.get()


def claim_one(channel: str = "email") -> OutboxMessage:
    (message,) = ledger.claim(channel=channel, limit=1)
    return message


def begin(message: OutboxMessage, *, route: str = "smtp") -> Begun | None:
    return ledger.begin(message, words(), route=route, deadline=MINUTE)


def begun(channel: str = "email", *, route: str = "smtp") -> Begun:
    found = begin(claim_one(channel), route=route)
    assert found is not None
    return found


def attempts() -> list[tuple[int, str, str]]:
    """Number, route and outcome of each; an open one has no outcome."""
    return list(Attempt.objects.order_by("id").values_list("number", "route", "outcome"))


def make_due(**changes: Any) -> None:
    """Whatever waits is due now: the database's clock cannot be moved."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE notifications_outboxmessage SET send_at = least(send_at, clock_timestamp()),"
            " lease_until = CASE WHEN lease_until > clock_timestamp() THEN clock_timestamp()"
            " ELSE lease_until END,"
            " settle_at = CASE WHEN settle_at > clock_timestamp() THEN clock_timestamp()"
            " ELSE settle_at END"
        )
    if changes:
        OutboxMessage.objects.update(**changes)


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)

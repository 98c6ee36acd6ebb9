"""What e-mail providers tell of a message, read by Anymail's own parsers: bounces and complaints.

Opens and clicks are not read: nobody's reading is watched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from anymail.signals import AnymailTrackingEvent, EventType
from anymail.webhooks.base import AnymailCoreWebhookView
from anymail.webhooks.brevo import BrevoTrackingWebhookView
from anymail.webhooks.mailjet import MailjetTrackingWebhookView

from notifications.sms.base import Receipt, State
from notifications.sms.numbers import without_numbers

STATES: dict[str, State] = {
    EventType.QUEUED: "pending",
    EventType.SENT: "pending",
    EventType.DEFERRED: "pending",
    EventType.DELIVERED: "delivered",
    EventType.COMPLAINED: "complaint",
    EventType.BOUNCED: "undeliverable",
    EventType.REJECTED: "undeliverable",
    EventType.FAILED: "undeliverable",
}
# What Anymail's parsers let through when a field is not what it should be.
WRONG_TYPES = (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError)


class Unreadable(ValueError):
    """Not what this provider's documentation says."""


class Vendor(NamedTuple):
    """Anymail's parser, and what it does not tell: whether the address itself is wrong."""

    parser: type[AnymailCoreWebhookView]
    is_hard: Callable[[Mapping[str, Any]], bool]


VENDORS = {
    "brevo": Vendor(
        BrevoTrackingWebhookView, lambda call: call.get("event") in ("hard_bounce", "invalid_email")
    ),
    "mailjet": Vendor(MailjetTrackingWebhookView, lambda call: call.get("hard_bounce") is True),
}


def read(vendor: str, body: bytes) -> list[Receipt]:
    """The events of one call, alone or several at once. Raises Unreadable."""
    if vendor not in VENDORS:
        return []
    try:
        told = json.loads(body)
        calls = told if isinstance(told, list) else [told]
        receipts = [_receipt(VENDORS[vendor], call) for call in calls]
    except (*WRONG_TYPES, RecursionError) as error:
        raise Unreadable(type(error).__name__) from None
    return [receipt for receipt in receipts if receipt is not None]


def _receipt(vendor: Vendor, call: Mapping[str, Any]) -> Receipt | None:
    # The secret is in our address and was looked at: this one only keeps Anymail from warning.
    event: AnymailTrackingEvent = vendor.parser(webhook_secret="-:-").esp_to_anymail_event(call)  # noqa: S106
    state = STATES.get(event.event_type)
    if state is None or not event.message_id:
        return None
    said = " ".join(str(one) for one in (event.reject_reason, event.mta_response) if one)
    key = f"{event.message_id}\n{event.event_type}\n{event.reject_reason}\n{event.recipient}"
    return Receipt(
        provider_id=str(event.message_id),
        reference=_reference(event),
        state=state,
        reason=without_numbers(f"{event.event_type} {said}".strip()),
        is_number_dead=state == "undeliverable" and vendor.is_hard(call),
        at=event.timestamp,
        event_id=f"email:{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}",
    )


def _reference(event: AnymailTrackingEvent) -> str:
    """Ours, where we gave it: in the metadata, else as the only tag."""
    metadata = event.metadata if isinstance(event.metadata, Mapping) else {}
    tags = event.tags if isinstance(event.tags, list) else []
    return str(metadata.get("reference") or (tags[0] if len(tags) == 1 else ""))

"""Messages as people read them: those sent as they left, the others as they would leave now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from notifications.composing import Content, compose
from notifications.models import OutboxMessage
from notifications.rendering import render


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """One message with its text; `attachments` are {name, type, body}."""

    id: int
    kind: str
    recipient: str
    language: str
    subject: str
    text: str
    html: str
    state: str
    state_label: str
    created_at: datetime
    sent_at: datetime | None
    attachments: Sequence[Mapping[str, str]]


def recent_messages(limit: int = 50) -> list[ReadMessage]:
    """The newest messages, whatever their state: one query."""
    return [_read(message) for message in OutboxMessage.objects.order_by("-id")[:limit]]


def readable(message: OutboxMessage) -> ReadMessage | None:
    """One message with its words; None when they cannot be put together (then it never left)."""
    try:
        return _read(message)
    except Exception:  # noqa: BLE001  whatever spoiled it, the family is still to be phoned
        return None


def _read(message: OutboxMessage) -> ReadMessage:
    content = compose(message) or Content(message.context, message.attachments)
    rendered = render(message, content)
    return ReadMessage(
        id=message.pk,
        kind=message.kind,
        recipient=message.recipient,
        language=rendered.language,
        subject=message.sent_subject or rendered.subject,
        text=message.sent_body or rendered.text,
        html=rendered.html,
        state=message.state,
        state_label=message.get_state_display(),
        created_at=message.created_at,
        sent_at=message.sent_at,
        attachments=content.attachments,
    )

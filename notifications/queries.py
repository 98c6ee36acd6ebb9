"""Messages as people read them: those sent as they left, the others as they would leave now."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext

from notifications.composing import Content, compose
from notifications.models import OutboxMessage
from notifications.rendering import MissingValue, Rendered, render, sms_sender
from notifications.segments import Size, measure
from notifications.words.kinds import (
    EMAIL,
    LANGUAGE_NAMES,
    RIGHT_TO_LEFT,
    SMS,
    html_language,
    known_language,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """One message with its text; `attachments` are {name, type, body}.

    `is_composed` is False for one that is to leave later and was not asked for; `is_void` when
    there is nothing true to say any more, so that it will not leave.
    """

    id: int
    kind: str
    channel: str
    recipient: str
    sender: str
    language: str
    language_name: str
    direction: str
    subject: str
    text: str
    html: str
    state: str
    state_label: str
    created_at: datetime
    send_at: datetime
    sent_at: datetime | None
    is_waiting: bool
    is_composed: bool = True
    is_void: bool = False
    size: Size | None = None
    attachments: Sequence[Mapping[str, str]] = field(default_factory=list)

    @property
    def is_sms(self) -> bool:
        return self.channel == SMS


def recent_messages(
    limit: int = 50,
    *,
    skip: int = 0,
    search: str = "",
    now: datetime | None = None,
    opened: int | None = None,
) -> list[ReadMessage]:
    """The last sent or written, whatever their state; `search` is a part of an address or number.

    Given `now`, those that are to leave later are not composed, save the one `opened`: reading
    them all would cost queries for each.
    """
    found = OutboxMessage.objects.order_by(Coalesce("sent_at", "created_at").desc(), "-id")
    if search.strip():
        found = found.filter(_addressed(search.strip()))
    return [_read(message, now=now, opened=opened) for message in found[skip : skip + limit]]


def readable(message: OutboxMessage) -> ReadMessage | None:
    """One message with its words; None when they cannot be put together (then it never left)."""
    read = _read(message, now=None, opened=None)
    return read if read.text else None


def letter_of(pk: int) -> str:
    """An e-mail's HTML; "" when there is no such e-mail, or nothing of it can be said any more."""
    message = OutboxMessage.objects.filter(pk=pk, channel=EMAIL).first()
    rendered = _rendered(message, _content(message)) if message else None
    return rendered.html if rendered else ""


def _addressed(search: str) -> Q:
    """Numbers are found however they are typed: 06 12…, 0612… or +33 6 12…"""
    wanted = Q(recipient__icontains=search)
    digits = "".join(filter(str.isdigit, search))
    if len(digits) >= 4:
        wanted |= Q(channel=SMS, recipient__contains=digits.removeprefix("0"))
    return wanted


def _read(message: OutboxMessage, *, now: datetime | None, opened: int | None) -> ReadMessage:
    is_waiting = message.state in {OutboxMessage.State.PLANNED, OutboxMessage.State.CLAIMED}
    is_later = is_waiting and now is not None and message.send_at > now and message.pk != opened
    rendered, content = None, None
    if not is_later:
        content = _content(message)
        rendered = _rendered(message, content)
    text = message.sent_body or (rendered.text if rendered else "")
    language = known_language(message.language)
    return ReadMessage(
        id=message.pk,
        kind=message.kind,
        channel=message.channel,
        recipient=message.recipient,
        sender=sms_sender(message) if message.channel == SMS else "",
        language=html_language(language),
        language_name=gettext(LANGUAGE_NAMES[language]),
        direction="rtl" if language in RIGHT_TO_LEFT else "ltr",
        subject=message.sent_subject or (rendered.subject if rendered else ""),
        text=text,
        html=rendered.html if rendered else "",
        state=message.state,
        state_label=message.get_state_display(),
        created_at=message.created_at,
        send_at=message.send_at,
        sent_at=message.sent_at,
        is_waiting=is_waiting,
        is_composed=not is_later,
        is_void=is_waiting and not is_later and not text,
        size=measure(text) if message.channel == SMS and text else None,
        attachments=content.attachments if content else [],
    )


def _content(message: OutboxMessage) -> Content | None:
    try:
        return compose(message)
    except Exception:
        # One that cannot be composed must not hide the others.
        logger.exception("Message %d (%s) cannot be read", message.pk, message.kind)
        return None


def _rendered(message: OutboxMessage, content: Content | None) -> Rendered | None:
    try:
        return render(message, content) if content else None
    except (MissingValue, LookupError, ValueError):
        return None

"""What a message says, composed when it leaves: the house that had it written knows its facts.

`notifications` sees no appointment. Other houses register, by kind, who composes their messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from notifications.models import OutboxMessage


class Content(NamedTuple):
    """The templates' variables, already in words, and the files: {name, type, body} each."""

    context: Mapping[str, Any]
    attachments: Sequence[Mapping[str, str]] = ()


Composer = Callable[[OutboxMessage], Content | None]

_composers: dict[str, Composer] = {}


def register(kind: str, composer: Composer) -> None:
    """Have messages of this kind composed by it."""
    _composers[kind] = composer


def compose(message: OutboxMessage) -> Content | None:
    """What to say. None when nothing is true any more of what the message was to tell.

    A message already sent says what it said; one whose kind nobody composes says what was written
    with it.
    """
    composer = _composers.get(message.kind)
    if composer is None or message.sent_at is not None:
        return Content(message.context, message.attachments)
    return composer(message)

"""A message's subject, text and HTML, in its own language, in the words now in use for it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.conf import settings

from notifications import wordings
from notifications.composing import Content
from notifications.models import OutboxMessage
from notifications.models import Wording as Version
from notifications.sms.senders import takes_replies
from notifications.wordings import Place
from notifications.words.compose import MissingValue, compose_email, compose_sms
from notifications.words.defaults import Wording
from notifications.words.kinds import (
    EMAIL,
    FRENCH,
    FRENCH_BELOW,
    SMS,
    html_language,
    known_language,
)
from notifications.words.template import Values

__all__ = ["MissingValue", "Rendered", "known_language", "render"]

logger = logging.getLogger(__name__)

REMINDER, REMINDER_WITHOUT_REPLY = "reminder", "reminder_no_reply"


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is sent. An SMS is its text alone; `wording_id` is None in the shipped words."""

    language: str
    subject: str
    text: str
    html: str
    wording_id: int | None = None
    attachments: Sequence[Mapping[str, str]] = ()


def render(message: OutboxMessage, content: Content) -> Rendered:
    """Raises MissingValue when the context lacks what the message is about, and LookupError when
    there is no such message. Words of somebody's own that cannot be used never stop a message."""
    place = _place(message, content)
    own, french = wordings.current(place), _french_below(place, content)
    if own is not None or french is not None:
        try:
            return _rendered(place, content, own, french)
        except MissingValue:
            raise  # the shipped words would miss it too
        except Exception:
            versions = [version.pk for version in (own, french) if version]
            logger.exception("Wordings %s cannot be used: shipped words instead", versions)
    return _rendered(place, content, None, None)


def sms_sender(message: OutboxMessage) -> str:
    """Whom an SMS comes from: the household's own choice, or the Département's name."""
    return message.sender or str(settings.SMS_SENDER)


def _place(message: OutboxMessage, content: Content) -> Place:
    # Whoever composes may know that other words fit better.
    kind = str(content.context.get("kind") or message.kind)
    if kind == REMINDER and message.channel == SMS and not takes_replies(sms_sender(message)):
        kind = REMINDER_WITHOUT_REPLY
    return Place(
        kind,
        message.channel,
        known_language(message.language),
        str(content.context.get("centre_slug") or message.scope),
        str(content.context.get("type_slug") or ""),
    )


def _french_below(place: Place, content: Content) -> Version | None:
    """Somebody's own French words, when the e-mail says it all again in French."""
    if place.channel != EMAIL or place.language not in FRENCH_BELOW or not _french(content):
        return None
    return wordings.current(replace(place, language=FRENCH))


def _french(content: Content) -> Values | None:
    values: Values | None = content.context.get("french")
    return values


def _rendered(
    place: Place, content: Content, own: Version | None, french: Version | None
) -> Rendered:
    pk = own.pk if own else None
    if place.channel == SMS:
        text = compose_sms(place.kind, place.language, content.context, wording=_words(own))
        return Rendered(html_language(place.language), "", _whole(text), "", pk)
    mail = compose_email(
        place.kind,
        place.language,
        content.context,
        wording=_words(own),
        french_values=_french(content),
        french_wording=_words(french),
    )
    return Rendered(
        mail.language, _whole(mail.subject), mail.text, mail.html, pk, content.attachments
    )


def _whole(text: str) -> str:
    """Lines whose values are missing go: of some words nothing is left then."""
    if not text:
        raise ValueError("words that say nothing")
    return text


def _words(version: Version | None) -> Wording | None:
    return Wording(version.body, version.subject) if version else None

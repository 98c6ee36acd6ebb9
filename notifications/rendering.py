"""A message's subject, plain text and HTML, in its own language, from the templates of its kind."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import get_supported_language_variant

from notifications.composing import Content
from notifications.models import OutboxMessage


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is sent."""

    language: str
    subject: str
    text: str
    html: str
    wording_id: int | None = None
    attachments: Sequence[Mapping[str, str]] = ()


def known_language(language: str) -> str:
    """The nearest language the service speaks; its first one when it speaks no such language."""
    try:
        return get_supported_language_variant(language)
    except LookupError:
        return settings.LANGUAGE_CODE


def render(message: OutboxMessage, content: Content) -> Rendered:
    """Raises Django's template errors and whatever a bad context provokes."""
    folder = f"notifications/{message.kind}"
    language = known_language(message.language)
    with translation.override(language):
        subject = render_to_string(f"{folder}/subject.txt", content.context)
        context = {**content.context, "subject": _one_line(subject), "language": language}
        text = render_to_string(f"{folder}/email.txt", context)
        html = render_to_string(f"{folder}/email.html", context)
    return Rendered(
        language,
        _one_line(subject),
        _tidy(text),
        html.strip() + "\n",
        attachments=content.attachments,
    )


def _one_line(text: str) -> str:
    return re.sub(r"[\r\n]+", " ", text.strip())


def _tidy(text: str) -> str:
    """Tags leave empty lines behind: no more than one between two paragraphs."""
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"

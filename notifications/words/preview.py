"""How a template would be read, on values that look real: for whoever edits it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from notifications.segments import Size, measure
from notifications.words.compose import compose_email, compose_sms
from notifications.words.defaults import Wording
from notifications.words.examples import discreet_values, example_values, longest_values
from notifications.words.kinds import (
    FRENCH,
    FRENCH_BELOW,
    RIGHT_TO_LEFT,
    SMS,
    gettext_noop,
    html_language,
    known_language,
)
from notifications.words.template import Values

CASES: dict[str, tuple[str, Callable[[str], Values]]] = {
    "ordinary": (gettext_noop("Un rendez-vous ordinaire"), example_values),
    "longest": (gettext_noop("Les valeurs les plus longues"), longest_values),
    "discreet": (gettext_noop("Un motif discret"), discreet_values),
}


@dataclass(frozen=True, slots=True)
class Preview:
    """One example. `size` is an SMS's, `html` an e-mail's."""

    case: str
    says: str
    language: str
    direction: str
    subject: str
    text: str
    html: str = ""
    size: Size | None = None


def previews(kind: str, channel: str, language: str, wording: Wording) -> list[Preview]:
    """Raises LookupError when there is no such message. An SMS holds nothing discreet."""
    return list(_previews(kind, channel, known_language(language), wording))


def _previews(kind: str, channel: str, language: str, wording: Wording) -> Iterator[Preview]:
    speech = (html_language(language), "rtl" if language in RIGHT_TO_LEFT else "ltr")
    for case, (says, values) in CASES.items():
        if channel == SMS and case != "discreet":
            text = compose_sms(kind, language, values(language), wording=wording)
            yield Preview(case, says, *speech, "", text, size=measure(text))
        elif channel != SMS:
            french = values(FRENCH) if language in FRENCH_BELOW else None
            mail = compose_email(
                kind, language, values(language), wording=wording, french_values=french
            )
            yield Preview(case, says, *speech, mail.subject, mail.text, mail.html)

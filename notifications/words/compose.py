"""A message in one language, ready to send: the door for whoever renders what the outbox holds."""

from __future__ import annotations

from notifications.segments import GSM7, to_gsm7
from notifications.words.defaults import Wording, default_wording
from notifications.words.kinds import (
    EMAIL,
    FRENCH,
    FRENCH_BELOW,
    GSM_LANGUAGES,
    MAY_BE_EMPTY,
    SMS,
    form_of,
    known_language,
)
from notifications.words.letter import Letter, Page, letter
from notifications.words.neutral import PLACE_LENGTH, cut, forbidden_words
from notifications.words.template import Values, cleaned, fill, items_of, one_line, parse, plain


class MissingValue(ValueError):
    """A message without its date or its code would be worse than none."""


def compose_email(
    kind: str,
    language: str,
    values: Values,
    *,
    wording: Wording | None = None,
    french_values: Values | None = None,
    french_wording: Wording | None = None,
) -> Letter:
    """The e-mail; without `wording`, in the shipped words.

    Given French values, the reader's language is followed by French where FRENCH_BELOW says so.
    Raises MissingValue, or LookupError if the kind has no e-mail.
    """
    language = known_language(language)
    pages = [_page(kind, language, values, wording)]
    if french_values is not None and language in FRENCH_BELOW:
        pages.append(_page(kind, FRENCH, french_values, french_wording))
    return letter(pages, department=cleaned(str(values.get("department", ""))))


def _page(kind: str, language: str, values: Values, wording: Wording | None) -> Page:
    words = wording or default_wording(kind, EMAIL, language)
    said = _permitted(kind, EMAIL, values, language)
    subject = fill(parse(words.subject, has_markup=False), said, language=language)
    lines = fill(parse(words.body, has_markup=True), said, language=language)
    return Page(language, one_line(subject), lines)


def compose_sms(kind: str, language: str, values: Values, *, wording: Wording | None = None) -> str:
    """The text as it leaves: in GSM-7 where the language allows it.

    Raises MissingValue, or LookupError if the kind has no SMS.
    """
    language = known_language(language)
    words = wording or default_wording(kind, SMS, language)
    said = _permitted(kind, SMS, values, language)
    lines = fill(parse(words.body, has_markup=False), said, language=language)
    text = plain(lines, language=language)
    return to_gsm7(text) if language in GSM_LANGUAGES else text


def _permitted(kind: str, channel: str, values: Values, language: str) -> Values:
    """Only what this message may hold."""
    form = form_of(kind, channel)
    kept = {name: value for name, value in values.items() if name in form.allowed}
    if channel == SMS:
        kept["place_short"] = _neutral(" ".join(items_of(kept.get("place_short"))), language)
    for group in form.needed:
        if not group & MAY_BE_EMPTY and not any(items_of(kept.get(name)) for name in group):
            raise MissingValue(f"{kind} {channel}: {' or '.join(sorted(group))}")
    return kept


def _neutral(place: str, language: str) -> str:
    """A short name for an SMS; none if it gives something away. One odd sign in it must not
    double the price of the whole message."""
    if forbidden_words(place, FRENCH):
        return ""
    if language in GSM_LANGUAGES:
        place = "".join(c for c in to_gsm7(place) if c in GSM7)
    return cut(cleaned(place), PLACE_LENGTH)

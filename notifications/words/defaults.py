"""The shipped texts, one file per language: templates by kind, and small phrases around them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from notifications.words.kinds import EMAIL, FRENCH, form_of, known_language

FOLDER = Path(__file__).parent / "defaults"
PHRASES = "phrases"


@dataclass(frozen=True, slots=True)
class Wording:
    """The template of one message in one channel and language; an SMS has no subject."""

    body: str
    subject: str = ""


@cache
def _shipped(language: str) -> Mapping[str, Any]:
    with (FOLDER / f"{language}.toml").open("rb") as file:
        return tomllib.load(file)


def shipped_kinds(language: str) -> frozenset[str]:
    """The kinds that a language's file writes."""
    return frozenset(_shipped(language)) - {PHRASES}


def default_wording(kind: str, channel: str, language: str) -> Wording:
    """The shipped template, in French when the language has none. Raises LookupError."""
    form_of(kind, channel)
    for candidate in (known_language(language), FRENCH):
        texts = _shipped(candidate).get(kind, {})
        if channel in texts:
            return Wording(texts[channel], texts["subject"] if channel == EMAIL else "")
    raise LookupError((kind, channel, language))


def phrase(name: str, language: str) -> str:
    """A small text of the layout or of a value, in French when the language has none."""
    own = _shipped(known_language(language))[PHRASES]
    return str(own.get(name) or _shipped(FRENCH)[PHRASES][name])

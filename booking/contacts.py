"""How families are written to: in which languages; their addresses and numbers, half hidden as
pages show them, and whether they work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from django.utils.text import capfirst
from django.utils.translation import gettext

from booking.actors import EMAIL, SMS
from booking.models import Guardian
from notifications import problems
from notifications.models import ContactProblem
from notifications.words.kinds import LANGUAGE_NAMES

# Those that messages are written in (notifications.words), each named in itself.
LANGUAGES = {
    "fr": "Français",
    "fr-x-facile": "Français facile",
    "en": "English",
    "ar": "العربية",
    "tr": "Türkçe",
    "pt": "Português",
    "uk": "Українська",
}


def spoken_language(code: str) -> str:
    """anglais: for staff, named as the page speaks; one we do not know is shown as it is."""
    return gettext(LANGUAGE_NAMES[code]) if code in LANGUAGE_NAMES else code


def spoken_languages() -> list[tuple[str, str]]:
    """What staff choose from."""
    return [(code, capfirst(spoken_language(code))) for code in LANGUAGES]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactChoices:
    """What a household says of its messages; the columns of the same names."""

    language: str
    contact_by: str
    contact_from: time | None = None
    contact_until: time | None = None


def problems_of(*guardians: Guardian) -> list[ContactProblem]:
    """Why nothing is sent any more to these guardians' addresses or numbers: one query."""
    found = []
    for guardian in guardians:
        for channel, address in ((EMAIL, guardian.email), (SMS, guardian.number)):
            if address:
                found.append((channel, address))
    return list(problems.problems_of(found).values())


def masked_number(number: str) -> str:
    """06 •• •• •• 34: its owner knows it again, and who finds the page learns little."""
    if not number:
        return ""
    start = f"0{number[3]}" if number.startswith("+33") else number[:4]
    return f"{start} •• •• •• {number[-2:]}"


def masked_email(email: str) -> str:
    """l•••@example.org"""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}•••@{domain}" if name else ""

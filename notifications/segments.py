"""How a text travels as SMS: its alphabet, its parts, and our own words spelt in the cheap one.

3GPP TS 23.038 (alphabets) and 23.040 (long messages). No Django: a test gateway counts by it too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

# One septet each. The escape sign of the table (0x1B) is no character.
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# The escape sign, then another: two septets.
EXTENDED = frozenset("\f^{}\\[~]|€")
GSM7 = BASIC | EXTENDED

# How many units fit in a message on its own, and in each part of a long one (less its header).
ROOM = {"GSM-7": (160, 153), "UCS-2": (70, 67)}

# What neither is in the alphabet nor becomes so by taking accents off (NFKD does that).
SPELLINGS = {
    "`": "'", "´": "'", "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'",
    "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"', "‹": "'", "›": "'",
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "•": "-", "·": "-",
    "⁄": "/", "×": "x", "÷": "/", "→": "->", "°": "o", "©": "(c)", "®": "(r)",
    "œ": "oe", "Œ": "OE", "ı": "i", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D",
    "þ": "th", "Þ": "Th", "ẞ": "SS", "ħ": "h", "Ħ": "H",
    "\t": " ", "\u2028": "\n", "\u2029": "\n",
    # Seen by nobody: soft hyphen, zero-width spaces and joiners, direction and byte-order marks.
    "\u00ad": "", "\u200b": "", "\u200c": "", "\u200d": "", "\u200e": "", "\u200f": "",
    "\u2060": "", "\ufeff": "",
}  # fmt: skip
# French quotation marks take their inner spaces with them.
OPENING, CLOSING = re.compile(r"([«‹])\s+"), re.compile(r"\s+([»›])")

Encoding = Literal["GSM-7", "UCS-2"]


@dataclass(frozen=True, slots=True)
class Size:
    """What a text costs: septets or UTF-16 units, parts, and what still fits without another."""

    encoding: Encoding
    units: int
    segments: int
    left: int


def is_gsm7(text: str) -> bool:
    return GSM7.issuperset(text)


def septets(text: str) -> int:
    """The length of a GSM-7 text; characters reached by the escape sign count twice."""
    return sum(map(_septets, text))


def segments(text: str) -> int:
    """How many SMS a text is sent, and billed, as; an empty one is none."""
    return measure(text).segments


def measure(text: str) -> Size:
    encoding: Encoding = "GSM-7" if is_gsm7(text) else "UCS-2"
    widths = [_septets(c) if encoding == "GSM-7" else _utf16(c) for c in text]
    alone, in_part = ROOM[encoding]
    units = sum(widths)
    if units <= alone:
        return Size(encoding, units, min(units, 1), alone - units)
    parts, used = _packed(widths, in_part)
    return Size(encoding, units, parts, in_part - used)


def to_gsm7(text: str) -> str:
    """Our own words in the GSM-7 alphabet: ç as c, ê as e, ’ as ', ° as o, thin spaces as spaces.

    A text that cannot be spelt so (Arabic, Ukrainian, an emoji) comes back as it is: half of it
    would be no cheaper.
    """
    if is_gsm7(text):
        return text
    whole = CLOSING.sub(r"\1", OPENING.sub(r"\1", unicodedata.normalize("NFC", text)))
    spelt = "".join(c if c in GSM7 else _spelt(c) for c in whole)
    return spelt if is_gsm7(spelt) else text


def _spelt(character: str) -> str:
    if character in SPELLINGS:
        return SPELLINGS[character]
    apart = unicodedata.normalize("NFKD", character)
    plain = "".join(SPELLINGS.get(c, c) for c in apart if not unicodedata.combining(c))
    return plain or character


def _septets(character: str) -> int:
    return 2 if character in EXTENDED else 1


def _utf16(character: str) -> int:
    return 2 if ord(character) > 0xFFFF else 1


def _packed(widths: Iterable[int], room: int) -> tuple[int, int]:
    """Parts and the units used in the last. No character is cut in two by the end of a part."""
    parts, used = 1, 0
    for width in widths:
        if used + width > room:
            parts, used = parts + 1, 0
        used += width
    return parts, used

"""How names of communes are compared when a family types one (pure)."""

from __future__ import annotations

import re
import unicodedata

ABBREVIATIONS = {"st": "saint", "ste": "sainte"}


def search_key(name: str) -> str:
    """A name without accents, case, hyphens or apostrophes; "St-Aubin" is "saint aubin"."""
    folded = unicodedata.normalize("NFKD", name.replace("œ", "oe").replace("Œ", "oe"))
    letters = "".join(char for char in folded if not unicodedata.combining(char)).casefold()
    words = re.findall(r"[a-z0-9]+", letters)
    return " ".join(ABBREVIATIONS.get(word, word) for word in words)

"""What appointment types are called, and what to bring, in the languages of messages that pages are
not in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from centres.reference.tables import read_table

COLUMNS = "slug language label what_to_bring certainty"
# "likely": no native reader has checked it yet.
CERTAINTIES = ("sure", "likely")
# By type (its slug) and language: label, what_to_bring.
Words = Mapping[str, Mapping[str, Mapping[str, str]]]


def read_words(path: Path, types: Collection[str]) -> Words:
    """None at all without such a file: then these languages read the French. Raises BadReference,
    also when a type is not one of `types` (slugs)."""
    if not path.exists():
        return {}
    words: dict[str, dict[str, dict[str, str]]] = {}
    for row in read_table(path, columns=COLUMNS.split(), key=("slug", "language")):
        slug = row.known("slug", row.text("slug", longest=50), types, "type")
        # French and English have columns of their own beside the type.
        language = row.matching("language", r"(?!fr|en)[a-z]{2}", "the code of a further language")
        row.choice("certainty", CERTAINTIES)
        things = row.text("what_to_bring", longest=1000, required=False).split(";")
        words.setdefault(slug, {})[language] = {
            "label": row.text("label", longest=120),
            "what_to_bring": "\n".join(thing.strip() for thing in things if thing.strip()),
        }
    return words

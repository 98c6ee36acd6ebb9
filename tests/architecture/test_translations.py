"""Families who read English miss nothing: the catalogue is complete and says the same."""

import gettext
import re
from collections.abc import Iterator
from io import BytesIO

import pytest
from babel.messages import Catalog
from babel.messages.catalog import Message
from babel.messages.mofile import write_mo

from tests import catalogue

REMEDY = "run `python -m tests.catalogue`, then translate what it counts"
# What must stand in both texts: placeholders of Python and of the scripts, tags and their links.
HELD = re.compile(r"%\(\w+\)s|\{\w+\}|</?[a-z]+(?: [^>]*)?>")
FRENCH_SPACE = re.compile(r"[\s\u00a0\u202f][:;!?»]|[«»]|\u202f")
ENDINGS = ".?!:…"

Pair = tuple[str, str]


@pytest.fixture(scope="module")
def known() -> Catalog:
    return catalogue.read()


@pytest.fixture(scope="module")
def marked() -> Catalog:
    """All sources are read for it: once."""
    return catalogue.marked()


def entries(known: Catalog) -> Iterator[Message]:
    return (message for message in known if message.id)


def pairs(known: Catalog) -> Iterator[Pair]:
    """French and English, a plural beside a plural."""
    for message in entries(known):
        if isinstance(message.id, str):
            yield message.id, str(message.string)
        else:
            yield from zip(message.id, message.string, strict=True)


def keys(known: Catalog) -> set[object]:
    return {(message.id, message.context) for message in entries(known)}


def test_every_marked_text_is_in_the_catalogue(known: Catalog, marked: Catalog) -> None:
    assert len(keys(marked)) > 500
    assert keys(marked) - keys(known) == set(), REMEDY


def test_the_catalogue_keeps_no_text_that_nobody_shows(known: Catalog, marked: Catalog) -> None:
    assert keys(known) - keys(marked) == set(), REMEDY
    assert not known.obsolete


def test_every_text_is_translated(known: Catalog) -> None:
    assert [french for french, english in pairs(known) if not english.strip()] == []
    assert [message.id for message in entries(known) if message.fuzzy] == []


def test_placeholders_tags_and_links_are_the_same(known: Catalog) -> None:
    wrong = [
        (french, english)
        for french, english in pairs(known)
        if sorted(HELD.findall(french)) != sorted(HELD.findall(english))
    ]
    assert wrong == []
    assert [error for message in entries(known) for error in message.check(known)] == []


def test_both_texts_end_alike(known: Catalog) -> None:
    wrong = [
        (french, english)
        for french, english in pairs(known)
        if _ending(french) != _ending(english) or english != english.strip()
    ]
    assert wrong == []


def _ending(text: str) -> str:
    return text[-1] if text[-1] in ENDINGS else ""


def test_english_is_set_as_english(known: Catalog) -> None:
    """No space before a colon or a question mark, curly quotes, no word left from the French."""
    plain = [re.sub(r"<[^>]*>", "", english) for _french, english in pairs(known)]
    assert [text for text in plain if FRENCH_SPACE.search(text)] == []
    assert [text for text in plain if re.search(r"['\"]|\.\.\.", text)] == []
    assert [text for text in plain if re.search(r"\b(vous|votre|rendez)\b", text, re.I)] == []


def test_the_file_is_as_the_tool_writes_it(known: Catalog) -> None:
    """A person's hand and the tool then make no differences but their own."""
    assert catalogue.merged(catalogue.marked(), known) == catalogue.CATALOGUE.read_text(
        encoding="utf-8"
    ), REMEDY


def test_it_compiles_and_answers(known: Catalog) -> None:
    file = BytesIO()
    write_mo(file, known)
    file.seek(0)
    english = gettext.GNUTranslations(file)
    assert english.gettext("Mes rendez-vous") == "My appointments"
    said = [english.ngettext("%(count)s an", "%(count)s ans", number) for number in (0, 1, 2)]
    assert said == ["%(count)s years", "%(count)s year", "%(count)s years"]

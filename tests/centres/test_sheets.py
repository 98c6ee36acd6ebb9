"""Spreadsheets are read whatever program saved them, and faults are told by line and column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centres.sheets import MOST_BYTES, MOST_LINES, BadSheet, Row, decode, read, write

COLUMNS = ("professionnel", "à", "premier jour")
CELLS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u00a0\u2028\u2029\u0085'"),
    max_size=12,
).map(lambda text: " ".join(text.split()))
TEXT = "professionnel;à;premier jour\r\nNadia Guivarc’h;9:00;01/12/2026\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_any_encoding_and_separator_is_read(encoding: str, separator: str) -> None:
    raw = TEXT.replace(";", separator).encode(encoding)
    rows, faults = read(decode(raw), COLUMNS)
    assert faults == []
    assert rows == [Row(2, dict(zip(COLUMNS, TEXT.splitlines()[1].split(";"), strict=True)))]


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8))
def test_what_is_written_is_read_back(lines: list[tuple[str, ...]]) -> None:
    rows, faults = read(decode(write(COLUMNS, lines).encode()), COLUMNS)
    assert faults == []
    assert [tuple(row.cells.values()) for row in rows] == [each for each in lines if any(each)]


def test_nothing_written_is_a_formula() -> None:
    assert "\n'=1+1;" in write(COLUMNS, [("=1+1", "", "")])


def test_lines_are_numbered_as_a_spreadsheet_does_and_empty_ones_left_out() -> None:
    text = 'à;professionnel;premier jour\n\n;;\n9:00;"deux\nlignes";x\n10:00;y;z;\n'
    rows, _ = read(text, COLUMNS)
    assert [row.line for row in rows] == [4, 6]
    assert rows[0].cells["professionnel"] == "deux\nlignes"


def test_titles_need_no_accent_nor_order_and_some_may_lack() -> None:
    rows, _ = read("Premier  Jour;A\n01/12/2026;9:00", COLUMNS, optional=["professionnel"])
    assert rows[0].cells == {"professionnel": "", "à": "9:00", "premier jour": "01/12/2026"}


def test_too_many_cells_are_a_fault_of_their_line() -> None:
    _, faults = read(f"{TEXT}a;b;c;d\n", COLUMNS)
    assert [(fault.line, fault.details) for fault in faults] == [(3, {"count": 4, "wanted": 3})]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "vide"),
        (b"PK\x03\x04rest", "classeur"),
        (b"\x81\x8d", "pas du texte"),
        (b"a\0b", "pas du texte"),
        (b"x" * (MOST_BYTES + 1), "50 ko"),
        ("professionnel;à".encode(), "Il manque : premier jour"),
        (f"{TEXT.splitlines()[0]};couleur\n".encode(), "inconnues : couleur"),
        (f"{TEXT.splitlines()[0]};à\n".encode(), "deux fois : à"),
        (f'{TEXT}"ouvert;b;c'.encode(), "Ligne 3 : un guillemet"),
        ((TEXT + "a;b;c\n" * MOST_LINES).encode(), "300 lignes"),
    ],
)
def test_what_cannot_be_read_says_why(raw: bytes, reason: str) -> None:
    with pytest.raises(BadSheet) as refusal:
        read(decode(raw), COLUMNS)
    assert reason in str(refusal.value).replace("\u00a0", " ")

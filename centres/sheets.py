"""Spreadsheets as people save them: any encoding and separator, faults by line and cell (pure)."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from centres.errors import Refusal, gettext_noop

MOST_BYTES = 50_000
MOST_LINES = 300
SEPARATORS = ";,\t"
# What a spreadsheet program would take for a formula.
FORMULA = ("=", "+", "-", "@")

TOO_BIG = gettext_noop("Ce fichier dépasse %(size)s ko. Coupez-le en plusieurs.")
TOO_LONG = gettext_noop("Ce fichier dépasse %(lines)s lignes. Coupez-le en plusieurs.")
IS_EMPTY = gettext_noop("Ce fichier est vide.")
IS_WORKBOOK = gettext_noop(
    "C’est un classeur, pas un fichier CSV. Dans votre tableur : Enregistrer sous, puis CSV."
)
NO_TEXT = gettext_noop("Ce fichier n’est pas du texte : ni UTF-8, ni Windows-1252.")
NO_COLUMNS = gettext_noop(
    "La première ligne doit nommer les colonnes. Il manque : %(missing)s. Prenez le fichier "
    "d’exemple."
)
UNKNOWN_COLUMNS = gettext_noop("Colonnes inconnues : %(names)s. Prenez le fichier d’exemple.")
TWICE = gettext_noop("Colonne nommée deux fois : %(name)s.")
BAD_QUOTES = gettext_noop("Ligne %(line)s : un guillemet n’est pas fermé.")
TOO_MANY_CELLS = gettext_noop("%(count)s cases, il en faut %(wanted)s.")


class BadSheet(Refusal):
    """The file as a whole cannot be read; the sentence says why."""

    code = "bad_sheet"


class Fault(NamedTuple):
    """What is wrong in one cell: its line in the file, its column, and what is expected."""

    line: int
    column: str
    message: str
    details: Mapping[str, object] = {}


class Row(NamedTuple):
    """A line of the file, its cells by column."""

    line: int
    cells: dict[str, str]


def decode(raw: bytes) -> str:
    """The text of a file: UTF-8 with or without its mark, UTF-16 with it, else Windows-1252, as
    Excel writes. Raises BadSheet."""
    if len(raw) > MOST_BYTES:
        raise BadSheet(TOO_BIG, size=MOST_BYTES // 1000)
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise BadSheet(IS_WORKBOOK)
    marked = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp1252"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise BadSheet(NO_TEXT)


def read(
    text: str, columns: Sequence[str], optional: Iterable[str] = ()
) -> tuple[list[Row], list[Fault]]:
    """The lines of a sheet that have anything in them, and those with too many cells. Raises
    BadSheet."""
    if len(text.encode()) > MOST_BYTES:
        raise BadSheet(TOO_BIG, size=MOST_BYTES // 1000)
    lines = _lines(text)
    header = next(lines, None)
    if header is None:
        raise BadSheet(IS_EMPTY)
    names = _names(header[1], columns, set(optional))
    rows: list[Row] = []
    faults: list[Fault] = []
    for line, cells in lines:
        if len(rows) >= MOST_LINES:
            raise BadSheet(TOO_LONG, lines=MOST_LINES)
        if len(cells) > len(names):
            details = {"count": len(cells), "wanted": len(names)}
            faults.append(Fault(line, "", TOO_MANY_CELLS, details))
            continue
        filled = dict(zip(names, cells, strict=False))
        rows.append(Row(line, {name: filled.get(name, "") for name in columns}))
    return rows, faults


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each line with its number; a cell may go on over several."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    before = 0
    try:
        for typed in reader:
            cells = [_unguarded(cell) for cell in typed]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                yield before + 1, cells
            before = reader.line_num
    except csv.Error as error:
        raise BadSheet(BAD_QUOTES, line=before + 1) from error


def _separator(text: str) -> str:
    """The one most used in the line that names the columns."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(SEPARATORS, key=first.count)


def _unguarded(cell: str) -> str:
    cell = cell.replace("\u00a0", " ").strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] in FORMULA else cell


def _names(header: Sequence[str], columns: Sequence[str], optional: set[str]) -> list[str]:
    known = {plain(name): name for name in columns}
    names = [known.get(plain(cell), "") for cell in header]
    unknown = [cell for cell, name in zip(header, names, strict=True) if not name]
    missing = [name for name in columns if name not in names and name not in optional]
    if missing:
        raise BadSheet(NO_COLUMNS, missing=", ".join(missing))
    if unknown:
        raise BadSheet(UNKNOWN_COLUMNS, names=", ".join(unknown))
    for name in names:
        if names.count(name) > 1:
            raise BadSheet(TWICE, name=name)
    return names


def plain(text: str) -> str:
    """Without accents, capitals, odd spaces and apostrophes: what two cells are compared by."""
    bare = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    return " ".join("".join(c for c in bare if not unicodedata.combining(c)).split())


def write(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """As a French spreadsheet program opens it by a double click: semicolons, UTF-8 with a mark."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_guarded(cell) for cell in row] for row in rows)
    return "\ufeff" + out.getvalue()


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell

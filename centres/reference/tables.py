"""CSV tables whose every fault is told by file, line, column and reason."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

NARROW_SPACE, NO_BREAK_SPACE = "\u202f", "\u00a0"


class BadReference(ValueError):
    """A reference file is wrong. The message says where and why; nothing was loaded."""

    def __init__(self, file: str, problem: str, *, line: int = 0, column: str = "") -> None:
        where = [file]
        where += [f"line {line}"] if line else []
        where += [f"column {column}"] if column else []
        super().__init__(f"{', '.join(where)}: {problem}")


def typeset(text: str) -> str:
    """French typography: ’ as apostrophe, and the spaces that must not break."""
    text = text.replace("'", "’")
    text = re.sub(r" +(?=[?!;])", NARROW_SPACE, text)
    text = re.sub(r" +(?=[:»])", NO_BREAK_SPACE, text)
    return re.sub(r"(?<=«) +", NO_BREAK_SPACE, text)


class Row:
    """One line of a table, read cell by cell, each with its own check."""

    def __init__(self, file: str, line: int, cells: dict[str, str]) -> None:
        self.file = file
        self.line = line
        self._cells = cells

    def bad(self, column: str, problem: str) -> BadReference:
        return BadReference(self.file, problem, line=self.line, column=column)

    def text(self, column: str, *, longest: int, required: bool = True) -> str:
        value = self._cells[column].strip()
        if required and not value:
            raise self.bad(column, "is empty")
        if len(value) > longest:
            raise self.bad(column, f"has {len(value)} characters, {longest} at most")
        return value

    def shown(self, column: str, *, longest: int, required: bool = True) -> str:
        """A text that people read in French."""
        return typeset(self.text(column, longest=longest, required=required))

    def matching(self, column: str, pattern: str, meaning: str) -> str:
        value = self._cells[column].strip()
        if not re.fullmatch(pattern, value):
            raise self.bad(column, f"“{value}” is not {meaning}")
        return value

    def choice(self, column: str, options: Iterable[str]) -> str:
        value, known = self._cells[column].strip(), list(options)
        if value not in known:
            raise self.bad(column, f"“{value}” is not one of {', '.join(known)}")
        return value

    def flag(self, column: str) -> bool:
        return self.choice(column, ("yes", "no")) == "yes"

    def number(self, column: str, *, least: int = 0, most: int = 32767) -> int:
        value = self._cells[column].strip()
        if not re.fullmatch(r"\d{1,9}", value):
            raise self.bad(column, f"“{value}” is not a whole number")
        if not least <= int(value) <= most:
            raise self.bad(column, f"{value} is not between {least} and {most}")
        return int(value)

    def optional_number(self, column: str, *, most: int) -> int | None:
        return self.number(column, most=most) if self._cells[column].strip() else None

    def degrees(self, column: str, *, most: int) -> float:
        value = self._cells[column].strip()
        if not re.fullmatch(r"-?\d{1,3}(\.\d+)?", value):
            raise self.bad(column, f"“{value}” is not a number of degrees")
        if abs(float(value)) > most:
            raise self.bad(column, f"{value} is not between -{most} and {most}")
        return float(value)

    def known(self, column: str, value: str, keys: Iterable[str], what: str) -> str:
        if value not in keys:
            raise self.bad(column, f"“{value}” is not a known {what}")
        return value


def read_table(path: Path, *, columns: Iterable[str], key: tuple[str, ...]) -> Iterator[Row]:
    """The rows of a CSV file (UTF-8, comma, header). Raises BadReference on its first fault."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    except FileNotFoundError as error:
        raise BadReference(path.name, f"not found in {path.parent}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadReference(path.name, f"cannot be read as UTF-8 text: {error}") from error
    reader = csv.reader(lines, strict=True)
    try:
        header = next(reader, [])
        for column in columns:
            if column not in header:
                raise BadReference(path.name, "is missing", line=1, column=column)
        yield from _rows(path.name, reader, header, key)
    except csv.Error as error:
        raise BadReference(path.name, str(error), line=reader.line_num) from error


def _rows(
    file: str, reader: Iterator[list[str]], header: list[str], key: tuple[str, ...]
) -> Iterator[Row]:
    seen: dict[tuple[str, ...], int] = {}
    line = 1
    for cells in reader:
        first, line = line + 1, int(getattr(reader, "line_num", line + 1))
        if not cells:
            continue
        if len(cells) != len(header):
            problem = f"has {len(cells)} cells, the header {len(header)}"
            raise BadReference(file, problem, line=first)
        row = Row(file, first, dict(zip(header, cells, strict=True)))
        mark = tuple(row.text(column, longest=200) for column in key)
        if mark in seen:
            raise row.bad(key[-1], f"“{mark[-1]}” is already on line {seen[mark]}")
        seen[mark] = first
        yield row

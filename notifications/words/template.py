"""The tiny language of templates: `{variable}`, `# heading`, `- item`, `[label]({link})`.

Lines are read before they are filled, so a value is never taken for markup and never adds a line.
A line whose variable is empty disappears whole, with the line ending in a colon just above it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache

from notifications.words.kinds import RIGHT_TO_LEFT, VARIABLES

Value = str | int | Sequence[str]
Values = Mapping[str, Value]

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
BUTTON = re.compile(r"\[([^\[\]{}]+)\]\(\{([a-z_]+)\}\)")
WEB_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
# They begin a sentence when they begin a line.
SPOKEN = frozenset({"when", "when_with_year", "day"})
ISOLATE, END_ISOLATE = "\u2068", "\u2069"
NBSP = "\u00a0"


class Style(Enum):
    """What a line is."""

    TEXT = "text"
    HEADING = "heading"
    ITEM = "item"
    BUTTON = "button"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of the template itself, or (with a name) a variable's place and later its value."""

    text: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; a button's `target` is a variable's name in a template, an address once filled."""

    style: Style
    pieces: tuple[Piece, ...] = ()
    target: str = ""

    @property
    def names(self) -> list[str]:
        """The variables it holds."""
        found = [piece.name for piece in self.pieces if piece.name]
        return [*found, self.target] if self.target else found

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    @property
    def is_lone(self) -> bool:
        """Whether a variable stands alone on it."""
        return len(self.pieces) == 1 and bool(self.pieces[0].name)


Lines = tuple[Line, ...]


@lru_cache(maxsize=1024)
def parse(text: str, *, has_markup: bool) -> Lines:
    """Read a template; anything unknown in it is plain text. E-mails alone have markup."""
    return tuple(
        _line(line.strip(" \t"), has_markup=has_markup) for line in text.strip().splitlines()
    )


def _line(text: str, *, has_markup: bool) -> Line:
    if not text:
        return Line(Style.BLANK)
    if has_markup:
        if button := BUTTON.fullmatch(text):
            return Line(Style.BUTTON, (Piece(button[1].strip()),), button[2])
        for mark, style in (("# ", Style.HEADING), ("- ", Style.ITEM)):
            if text.startswith(mark):
                return Line(style, _pieces(text.removeprefix(mark).strip()))
    return Line(Style.TEXT, _pieces(text))


def _pieces(text: str) -> tuple[Piece, ...]:
    """Odd parts of the split are the names."""
    parts = PLACEHOLDER.split(text)
    pieces = (Piece(name=part) if odd % 2 else Piece(part) for odd, part in enumerate(parts))
    return tuple(piece for piece in pieces if piece != Piece())


def fill(template: Lines, values: Values, *, language: str) -> Lines:
    """The lines as people read them."""
    said = [list(_filled(line, values, language)) for line in template]
    return tuple(_without_gaps(_without_orphans(template, said)))


def plain(lines: Lines, *, language: str, is_isolated: bool = False) -> str:
    """As plain text. Isolated, each value keeps its own direction among words of another one."""
    return "\n".join(_plain(line, language, is_isolated=is_isolated) for line in lines).strip()


def one_line(lines: Lines) -> str:
    """As a subject."""
    return " ".join(line.text for line in lines if line.text)


def _plain(line: Line, language: str, *, is_isolated: bool) -> str:
    if line.style is Style.BUTTON:
        colon = f"{NBSP}:" if language.startswith("fr") else ":"
        return f"{line.text}{colon}\n{line.target}"
    text = "".join(
        f"{ISOLATE}{p.text}{END_ISOLATE}" if is_isolated and _needs_isolation(p) else p.text
        for p in line.pieces
    )
    return f"- {text}" if line.style is Style.ITEM else text


def _needs_isolation(piece: Piece) -> bool:
    return bool(piece.name) and not WEB_ADDRESS.fullmatch(piece.text)


def cleaned(text: str) -> str:
    """One line of what it says: no control character, no invisible change of direction."""
    if text.replace(NBSP, " ").isprintable() and "  " not in text:
        return text.strip()  # nearly all of them
    kept = (
        " " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c
        for c in text
        if unicodedata.category(c) not in {"Cf", "Cs"}
    )
    return re.sub(r" {2,}", " ", "".join(kept)).strip()


def items_of(value: Value | None) -> list[str]:
    """A value as the texts it is made of; none when it is empty."""
    given = [value] if isinstance(value, str | int) else value or []
    return [text for text in (cleaned(str(item)) for item in given) if text]


def _filled(line: Line, values: Values, language: str) -> Iterator[Line]:
    """The line with its values: several lines for a list alone, none if one of them is empty."""
    said = {name: items_of(values.get(name)) for name in line.names}
    if line.style is Style.BLANK:
        yield line
    if not line.pieces or not all(said.values()):
        return
    if line.style is Style.BUTTON:
        (address,) = said[line.target][:1]
        if WEB_ADDRESS.fullmatch(address):
            yield replace(line, target=address)
        return
    if line.is_lone and _is_list(line) and line.style in {Style.TEXT, Style.ITEM}:
        name = line.pieces[0].name
        yield from (Line(Style.ITEM, (Piece(text, name),)) for text in said[name])
        return
    joint = "، " if language in RIGHT_TO_LEFT else ", "
    pieces = [
        Piece(_set(joint.join(said[p.name]), p.name), p.name) if p.name else p for p in line.pieces
    ]
    yield replace(line, pieces=(_capital(pieces[0]), *pieces[1:]))


def _is_list(line: Line) -> bool:
    variable = VARIABLES.get(line.pieces[0].name)
    return variable is not None and variable.is_list


def _set(text: str, name: str) -> str:
    """A number stays on one line; right to left, no-break spaces also keep its groups in order."""
    return text.replace(" ", NBSP) if name == "phone" else text


def _capital(piece: Piece) -> Piece:
    if piece.name in SPOKEN:
        return replace(piece, text=piece.text[:1].upper() + piece.text[1:])
    return piece


def _without_orphans(template: Lines, said: list[list[Line]]) -> list[Line]:
    """Without lines that introduce nothing: "À apporter :" above a list that is empty."""
    kept: list[Line] = []
    for index, (line, filled) in enumerate(zip(template, said, strict=True)):
        follower = index + 1 < len(template) and bool(template[index + 1].names)
        introduces = line.style is not Style.BUTTON and line.text.endswith(":") and not line.names
        if not (introduces and follower and not said[index + 1]):
            kept += filled
    return kept


def _without_gaps(lines: Iterable[Line]) -> Iterator[Line]:
    """No heading without anything beneath it, one blank line at most, none at the ends."""
    waiting: list[Line] = []
    has_begun = False
    for line in lines:
        if line.style is Style.BLANK:
            waiting = waiting if waiting and waiting[-1].style is Style.BLANK else [*waiting, line]
        elif line.style is Style.HEADING:
            waiting = [Line(Style.BLANK), line]
        else:
            yield from waiting if has_begun else _from_heading(waiting)
            yield line
            waiting, has_begun = [], True


def _from_heading(waiting: list[Line]) -> list[Line]:
    return waiting[1:] if waiting and waiting[0].style is Style.BLANK else waiting

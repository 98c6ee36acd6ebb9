"""What somebody typed to find a family, told apart: names, phones, birth dates, e-mail addresses.

Pure. Each thing typed is a list of the terms (models.FamilySearch) any of which will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

LONGEST = 100
MAIL = re.compile(r"[^\s@<>]+@[^\s@<>]*")
# Nine digits and more, as people part them; a date has slashes, or fewer digits.
PHONE = re.compile(r"(?<![\d/])(?:\+|00)?\d(?:[\s.()\-‐‑–]*\d){8,14}(?![\d/])")
DATE = re.compile(r"(?<![\d/.-])(\d{1,2})[\s./-]+(\d{1,2})[\s./-]+(\d{4})(?!\d)")
SHORT_DATE = re.compile(r"(?<![\d/.-])(\d{1,2})[\s./-]+(\d{1,2})[\s./-]+(\d{2})(?!\d)")
ISO_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
DIGITS = re.compile(r"\d(?:[\s.-]*\d)*")
# How many of a number's last digits the database keeps as terms.
ENDS = (9, 8, 6, 4)


@dataclass(frozen=True, slots=True)
class Sought:
    """Names as typed, and for anything else typed the terms of which a family must have one."""

    names: str
    any_of: tuple[tuple[str, ...], ...]

    @property
    def is_enough(self) -> bool:
        """Whether it asks for anything: one letter asks for everybody."""
        return bool(self.any_of) or sum(map(str.isalpha, self.names)) > 1


def sought(typed: str, *, today: date) -> Sought:
    """What was typed, in any order and spelling. Two-digit years are of the last hundred years."""
    left = " ".join(typed[:LONGEST].replace("\0", " ").split())
    found: list[tuple[str, ...]] = []
    # In this order: whole dates, whole numbers, then what could be the one or the other.
    for pattern, read in (
        (MAIL, _mail),
        (ISO_DATE, _iso_date),
        (DATE, _date),
        (PHONE, _phone),
        (SHORT_DATE, _date_or_end),
        (DIGITS, _digits),
    ):
        parts = {each.group(0): tuple(read(each, today)) for each in pattern.finditer(left)}
        for text, terms in parts.items():
            if terms:
                found.append(terms)
                left = left.replace(text, " ", 1)
    return Sought(re.sub(r"\d", " ", left).strip(), tuple(found))


def _mail(typed: re.Match[str], _today: date) -> Iterator[str]:
    yield f"e:{typed.group(0).lower()}"


def _iso_date(typed: re.Match[str], today: date) -> Iterator[str]:
    year, month, day = typed.groups()
    yield from _born(day, month, year, today)


def _date(typed: re.Match[str], today: date) -> Iterator[str]:
    day, month, year = typed.groups()
    yield from _born(day, month, year, today)


def _date_or_end(typed: re.Match[str], today: date) -> Iterator[str]:
    """24 11 26 may be a day, or the end of a phone number; 24/11/26 is a day."""
    yield from _date(typed, today)
    if "/" not in typed.group(0):
        yield from _end("".join(typed.groups()))


def _born(day: str, month: str, year: str, today: date) -> Iterator[str]:
    number = int(year)
    if len(year) == 2:
        number += today.year // 100 * 100
        number -= 100 if number > today.year else 0
    try:
        yield f"d:{date(number, int(month), int(day)).isoformat()}"
    except ValueError:
        return


def _phone(typed: re.Match[str], _today: date) -> Iterator[str]:
    yield from _end(re.sub(r"\D", "", typed.group(0)).lstrip("0"))


def _digits(typed: re.Match[str], today: date) -> Iterator[str]:
    """24112026, 241126, or the last digits of a number."""
    digits = re.sub(r"\D", "", typed.group(0))
    if len(digits) in (6, 8):
        yield from _born(digits[:2], digits[2:4], digits[4:], today)
    yield from _end(digits)


def _end(digits: str) -> Iterator[str]:
    kept = next((length for length in ENDS if len(digits) >= length), 0)
    if kept:
        yield f"p:{digits[-kept:]}"

"""Reading a date typed in three boxes, the way people write dates (pure)."""

from __future__ import annotations

import re
from datetime import date

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("janvier", "janv", "january", "jan"),
            ("fevrier", "fevr", "fev", "february", "feb"),
            ("mars", "march", "mar"),
            ("avril", "avr", "april", "apr"),
            ("mai", "may"),
            ("juin", "june", "jun"),
            ("juillet", "juil", "july", "jul"),
            ("aout", "august", "aug"),
            ("septembre", "sept", "sep", "september"),
            ("octobre", "oct", "october"),
            ("novembre", "nov", "november"),
            ("decembre", "dec", "december"),
        ),
        start=1,
    )
    for name in names
}


class NotADate(ValueError):
    """What was typed is no date. `part` names the box to look at: day, month, year or whole."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.part = part


def read(day: str, month: str, year: str) -> date | None:
    """The date in three boxes, or None when all are empty. A whole date pasted into the first box
    is read too: 1/2/2026, 01-02-2026, 2026-02-01. Raises NotADate."""
    day, month, year = day.strip(), month.strip(), year.strip()
    if not (day or month or year):
        return None
    if day and not month and not year:
        day, month, year = _split(day)
    return _whole(_number(day, "day", 31), _month(month), _year(year))


def _split(text: str) -> tuple[str, str, str]:
    parts = re.findall(r"[^\W_]+", text)
    if len(parts) != 3:
        raise NotADate("whole")
    if len(parts[0]) == 4:
        parts.reverse()
    return parts[0], parts[1], parts[2]


def _number(text: str, part: str, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,2}(er)?", text, re.IGNORECASE):
        raise NotADate(part)
    number = int(re.sub(r"\D", "", text))
    if not 1 <= number <= most:
        raise NotADate(part)
    return number


def _month(text: str) -> int:
    name = text.casefold().rstrip(".").translate(str.maketrans("éèû", "eeu"))
    return MONTHS[name] if name in MONTHS else _number(text, "month", 12)


def _year(text: str) -> int:
    if re.fullmatch(r"[0-9]{2}", text):
        return 2000 + int(text)
    if not re.fullmatch(r"(19|20)[0-9]{2}", text):
        raise NotADate("year")
    return int(text)


def _whole(day: int, month: int, year: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise NotADate("whole") from error

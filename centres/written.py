"""Days, times, numbers and yes or no as people and spreadsheets write them (pure)."""

from __future__ import annotations

import re
from datetime import date, time

YES = frozenset({"oui", "o", "x", "vrai", "1", "yes", "true"})
NO = frozenset({"non", "n", "", "faux", "0", "no", "false"})
CLOCK = re.compile(r"([0-9]{1,2})\s*(?:h|:|\.)\s*([0-9]{2})?(?::00)?")
FRENCH_DAY = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4}|[0-9]{2})")
FARTHEST_YEARS = (2000, 2099)


def read_clock(text: str) -> time:
    """9:00 · 9h · 9 h 30 · 09:30:00. Raises ValueError."""
    said = CLOCK.fullmatch(" ".join(text.casefold().split()))
    if said is None:
        raise ValueError(text)
    return time(int(said[1]), int(said[2] or 0))


def read_day(text: str) -> date:
    """1/12/2026 · 01.12.26 · 2026-12-01. Raises ValueError."""
    text = text.strip()
    said = FRENCH_DAY.fullmatch(text)
    if said:
        year = int(said[3]) + (2000 if len(said[3]) == 2 else 0)
        day = date(year, int(said[2]), int(said[1]))
    else:
        day = date.fromisoformat(text)
    if not FARTHEST_YEARS[0] <= day.year <= FARTHEST_YEARS[1]:
        raise ValueError(text)
    return day


def read_flag(text: str) -> bool:
    """oui or non; nothing is no. Raises ValueError."""
    word = text.strip().casefold()
    if word not in YES | NO:
        raise ValueError(text)
    return word in YES


def read_number(text: str, low: int, high: int) -> int:
    """A whole number within limits. Raises ValueError."""
    if not re.fullmatch(r"[0-9]{1,6}", text.strip()) or not low <= int(text) <= high:
        raise ValueError(text)
    return int(text)


def write_clock(clock: time) -> str:
    return f"{clock:%H:%M}"


def write_day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""


def write_flag(flag: bool) -> str:  # noqa: FBT001 - the flag is what is written
    return "oui" if flag else "non"

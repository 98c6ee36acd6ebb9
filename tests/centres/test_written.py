"""Days, hours and yes or no are read as people write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from typing import Any

import pytest

from centres.written import read_clock, read_day, read_flag, read_number


@pytest.mark.parametrize("text", ["9:30", "09:30", "9h30", "9 h 30", "9H30", "09:30:00", "9.30"])
def test_an_hour_is_read(text: str) -> None:
    assert read_clock(text) == time(9, 30)


@pytest.mark.parametrize(
    "text", ["1/12/2026", "01/12/26", "01-12-2026", "1.12.2026", "2026-12-01", " 1/12/2026 "]
)
def test_a_day_is_read(text: str) -> None:
    assert read_day(text) == date(2026, 12, 1)


@pytest.mark.parametrize(
    ("text", "flag"), [("Oui", True), ("x", True), ("NON", False), ("", False)]
)
def test_yes_and_no_are_read(text: str, flag: bool) -> None:
    assert read_flag(text) is flag


@pytest.mark.parametrize(
    ("how", "text"),
    [
        (read_clock, "midi"),
        (read_clock, "25:00"),
        (read_clock, "9:3"),
        (read_day, "31/02/2026"),
        (read_day, "1/12/1926"),
        (read_day, "demain"),
        (read_flag, "peut-être"),
        (lambda text: read_number(text, 1, 9), "10"),
        (lambda text: read_number(text, 1, 9), "-1"),
        (lambda text: read_number(text, 1, 9), "²"),
    ],
)
def test_anything_else_is_refused(how: Callable[[str], Any], text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        how(text)

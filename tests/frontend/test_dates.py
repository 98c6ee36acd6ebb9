"""Dates typed in three boxes, the way people write them."""

from datetime import date

import pytest

from frontend.dates import NotADate, read


@pytest.mark.parametrize(
    "boxes",
    [
        ("1", "2", "2026"),
        ("01", "02", "2026"),
        (" 1er ", "février", "2026"),
        ("1", "FEB", "26"),
        ("1/2/2026", "", ""),
        ("01-02-2026", "", ""),
        ("2026-02-01", "", ""),
        ("1 février 2026", "", ""),
        ("01.02.26", "", ""),
    ],
)
def test_a_date_is_read_however_it_is_written(boxes: tuple[str, str, str]) -> None:
    assert read(*boxes) == date(2026, 2, 1)


def test_nothing_typed_is_no_date() -> None:
    assert read("", " ", "") is None


@pytest.mark.parametrize(
    ("boxes", "part"),
    [
        (("32", "1", "2026"), "day"),
        (("", "1", "2026"), "day"),
        (("1", "13", "2026"), "month"),
        (("1", "brumaire", "2026"), "month"),
        (("1", "2", "226"), "year"),
        (("1", "2", "3026"), "year"),
        (("1", "2", ""), "year"),
        (("30", "2", "2026"), "whole"),
        (("29", "2", "2027"), "whole"),
        (("demain", "", ""), "whole"),
        (("1/2", "", ""), "whole"),
        (("²", "2", "2026"), "day"),
    ],
)
def test_a_wrong_date_says_which_box_to_look_at(boxes: tuple[str, str, str], part: str) -> None:
    with pytest.raises(NotADate) as refused:
        read(*boxes)
    assert refused.value.part == part

"""What is typed into the one field that finds families, told apart without a database."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.seeking import Sought, sought

TODAY = date(2026, 11, 26)


def terms(typed: str) -> list[str]:
    return [term for group in sought(typed, today=TODAY).any_of for term in group]


@pytest.mark.parametrize(
    "typed",
    ["24/11/2026", "24 11 2026", "24-11-2026", "24.11.26", "24/11/26", "2026-11-24", "24112026"],
)
def test_a_birth_date_is_known_in_every_spelling(typed: str) -> None:
    assert "d:2026-11-24" in terms(typed)


def test_two_digits_of_a_year_are_of_the_last_hundred_years() -> None:
    assert terms("01/02/98") == ["d:1998-02-01"]
    assert terms("01/02/27") == ["d:1927-02-01"]


@pytest.mark.parametrize(
    "typed",
    [
        "0639981234",
        "06 39 98 12 34",
        "06.39.98.12.34",
        "06-39-98-12-34",
        "+33639981234",
        "+33 (0)6 39 98 12 34",
        "0033 6 39 98 12 34",
        "639981234",
    ],
)
def test_a_phone_is_known_in_every_spelling(typed: str) -> None:
    assert terms(typed) == ["p:639981234"]


def test_the_last_digits_of_a_phone_do() -> None:
    assert terms("12 34") == ["p:1234"]
    assert terms("le goff 981234") == ["p:981234"]


def test_what_may_be_a_day_or_the_end_of_a_phone_is_both() -> None:
    assert terms("24 11 26") == ["d:2026-11-24", "p:241126"]
    assert terms("98 12 34") == ["p:981234"]


def test_all_at_once_in_any_order() -> None:
    asked = sought("06 39 98 12 34 Le Goff 24/11/2026 Karim@Example.org", today=TODAY)
    assert asked.names == "Le Goff"
    assert sorted(asked.any_of) == [
        ("d:2026-11-24",),
        ("e:karim@example.org",),
        ("p:639981234",),
    ]


def test_one_letter_or_nothing_is_not_enough() -> None:
    assert [sought(typed, today=TODAY).is_enough for typed in ("", " ", "k", "7", "-'")] == [
        False
    ] * 5
    assert sought("ka", today=TODAY).is_enough


@given(st.text(max_size=120))
def test_whatever_is_typed_is_read(typed: str) -> None:
    asked = sought(typed, today=TODAY)
    assert isinstance(asked, Sought)
    assert all(group for group in asked.any_of)


@given(st.dates(date(1927, 1, 1), TODAY), st.sampled_from("/ .-"))
def test_any_date_of_these_hundred_years_is_found_again(born: date, between: str) -> None:
    assert f"d:{born.isoformat()}" in terms(born.strftime(f"%d{between}%m{between}%Y"))


@given(st.from_regex(r"[67]\d{8}", fullmatch=True), st.sampled_from(["", " ", ".", "-", "\u00a0"]))
def test_any_mobile_is_found_again(national: str, between: str) -> None:
    digits = f"0{national}"
    pairs = between.join(digits[i : i + 2] for i in range(0, 10, 2))
    assert terms(pairs) == [f"p:{national}"]

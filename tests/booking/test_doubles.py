"""Who stands twice in one household, most likely."""

from __future__ import annotations

from datetime import date

import pytest

from booking.doubles import Kid, Parent, kids, parents

MARCH = date(2025, 3, 4)


def parent(pk: int, name: str, *ways: str, has_proved: bool = False) -> Parent:
    first, _, last = name.partition(" ")
    return Parent(pk, first, last, frozenset(ways), has_proved)


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        (("Inès Le Goff",), ("ines LE-GOFF",), True),
        (("Nour Haddad",), ("Haddad Nour",), True),
        (("Nour Haddad",), ("Nour Haddad Benali",), True),
        (("Nour Haddad", "a@b.fr"), ("Nour Benali", "a@b.fr"), True),
        # A couple shares name and address; two friends a first name.
        (("Nour Haddad", "a@b.fr"), ("Karim Haddad", "a@b.fr"), False),
        (("Nour Haddad",), ("Nour Benali",), False),
        (("Nour ",), ("Nour Benali",), False),
        ((" ",), (" ",), False),
    ],
)
def test_one_parent_written_twice(
    one: tuple[str, ...], other: tuple[str, ...], are_one: bool
) -> None:
    found = parents([parent(1, *one), parent(2, *other)])
    assert found == ([(1, 2)] if are_one else [])


@pytest.mark.parametrize(
    ("name", "born_on", "are_one"),
    [
        ("MATHIS", MARCH, True),
        ("Mathys", MARCH, True),
        ("Mathis", date(2025, 4, 3), True),  # a day typed the other way round
        ("Mathys", date(2023, 4, 3), False),
        ("Léa", MARCH, False),
    ],
)
def test_one_child_written_twice(name: str, born_on: date, are_one: bool) -> None:
    found = kids([Kid(1, "Mathis", MARCH), Kid(2, name, born_on)])
    assert found == ([(1, 2)] if are_one else [])


def test_twins_are_two() -> None:
    assert kids([Kid(1, "Léo", MARCH), Kid(2, "Léa", MARCH)]) == []


def test_the_record_that_proved_a_contact_is_the_one_to_keep() -> None:
    old, proved = parent(1, "Nour Haddad"), parent(2, "Nour Haddad", has_proved=True)
    assert parents([old, proved]) == [(2, 1)]


def test_nobody_stands_twice_alone() -> None:
    assert parents([parent(1, "Nour Haddad")]) == kids([]) == []

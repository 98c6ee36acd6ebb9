"""Who stands twice in one household, most likely: suggested, never decided. Pure.

Two families made one bring the same parent twice, as each record wrote the name; so do an agent who
did not see it, and a family that proved its e-mail address once and its number another time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from difflib import SequenceMatcher
from itertools import combinations
from typing import NamedTuple, TypeVar

# Mathis and Mathys, not Léo and Léa: twins are born the same day too.
CLOSE = 0.8


class Parent(NamedTuple):
    """What tells one parent from another."""

    id: int
    first_name: str
    last_name: str
    ways: frozenset[str]
    has_proved: bool


class Kid(NamedTuple):
    """What tells one child from another."""

    id: int
    first_name: str
    born_on: date


P = TypeVar("P", Parent, Kid)


def words(name: str) -> frozenset[str]:
    """A name's words without accents, case or hyphens."""
    bare = unicodedata.normalize("NFKD", name.casefold())
    letters = (c if c.isalnum() else " " for c in bare if not unicodedata.combining(c))
    return frozenset("".join(letters).split())


def parents(found: Sequence[Parent]) -> list[tuple[int, int]]:
    """Pairs of ids: the record to keep first, which is the one that proved a contact, else the
    older one."""
    return _pairs(found, _are_one_parent, lambda one: (not one.has_proved, one.id))


def kids(found: Sequence[Kid]) -> list[tuple[int, int]]:
    """Pairs of ids, the older record first."""
    return _pairs(found, _are_one_kid, lambda one: (one.id,))


def _pairs(
    found: Sequence[P], are_one: Callable[[P, P], bool], rank: Callable[[P], tuple[object, ...]]
) -> list[tuple[int, int]]:
    ordered = sorted(found, key=rank)
    return [(one.id, other.id) for one, other in combinations(ordered, 2) if are_one(one, other)]


def _are_one_parent(one: Parent, other: Parent) -> bool:
    """The same name, be it with a second one, or the same first name and the same address."""
    if words(one.first_name) == words(other.first_name) and one.ways & other.ways:
        return True
    names = [words(f"{each.first_name} {each.last_name}") for each in (one, other)]
    return min(map(len, names)) > 1 and (names[0] <= names[1] or names[1] <= names[0])


def _are_one_kid(one: Kid, other: Kid) -> bool:
    """The same first name, whatever day was typed; or nearly the same, born the same day."""
    names = [" ".join(sorted(words(each.first_name))) for each in (one, other)]
    if names[0] == names[1]:
        return True
    is_close = SequenceMatcher(a=names[0], b=names[1]).ratio() >= CLOSE
    return one.born_on == other.born_on and is_close

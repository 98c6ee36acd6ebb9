"""Who may stand twice in one family, and where two records of one person are compared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.urls import reverse

from booking import doubles
from booking.models import Child, Guardian, Household


class Pair(NamedTuple):
    """Two records, the one to keep first, and the page that compares them."""

    kept: Guardian | Child
    other: Guardian | Child

    @property
    def path(self) -> str:
        is_parent = isinstance(self.kept, Guardian)
        name = "family-parent-join" if is_parent else "family-child-join"
        return reverse(name, args=[self.kept.household_id, self.kept.pk, self.other.pk])


def likely(household: Household) -> list[Pair]:
    """Of a family whose people are loaded: who is written twice, most likely. No query."""
    parents = {each.pk: each for each in household.guardians.all()}
    kids = {each.pk: each for each in household.children.all()}
    twice = doubles.parents([_parent(each) for each in parents.values()])
    kids_twice = doubles.kids([_kid(each) for each in kids.values()])
    return _pairs(twice, parents) + _pairs(kids_twice, kids)


def with_each(person: Guardian | Child, household: Household) -> list[Pair]:
    """This one and each other parent, or each other child."""
    is_parent = isinstance(person, Guardian)
    everybody: Iterable[Guardian | Child]
    everybody = household.guardians.all() if is_parent else household.children.all()
    return [Pair(person, each) for each in everybody if each.pk != person.pk]


def _pairs(
    ids: Iterable[tuple[int, int]], people: dict[int, Guardian] | dict[int, Child]
) -> list[Pair]:
    return [Pair(people[kept], people[other]) for kept, other in ids]


def _parent(guardian: Guardian) -> doubles.Parent:
    ways = frozenset({guardian.email, guardian.number} - {""})
    has_proved = any(map(guardian.has_proved, ways))
    return doubles.Parent(guardian.pk, guardian.first_name, guardian.last_name, ways, has_proved)


def _kid(child: Child) -> doubles.Kid:
    return doubles.Kid(child.pk, child.first_name, child.born_on)

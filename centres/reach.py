"""Whose account and rights somebody may touch: decided from roles alone, without a database.

Nobody touches their own, so nobody raises themselves, and the last administrator stays.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

AT_A_DESK = frozenset({"reception", "practitioner", "manager"})
OF_A_DEPARTMENT = frozenset({"administrator", "auditor"})


@dataclass(frozen=True, slots=True)
class Post:
    """A role, in one centre (its id) or in a whole Département (None)."""

    role: str
    centre: int | None
    department: int


@dataclass(frozen=True, slots=True)
class Person:
    """An account, with all its roles, suspended ones too."""

    user: int | None
    posts: Collection[Post] = ()
    # The owner of the installation, or somebody let into its administration.
    is_special: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """Who gives and takes: the centres they manage, the Départements they administer."""

    user: int
    centres: Collection[int] = ()
    departments: Collection[int] = ()
    is_owner: bool = False

    def covers(self, post: Post) -> bool:
        """Whether this post is theirs to give and to take, from whoever is theirs to touch."""
        if self.is_owner or post.department in self.departments:
            return True
        return post.role in AT_A_DESK and post.centre in self.centres

    def may_change(self, person: Person, post: Post) -> bool:
        """Whether they may give this person that post, or take it. A manager has no hand on who
        serves the Département, nor an administrator on who serves another."""
        if person.user == self.user or not self.covers(post):
            return False
        return self.is_owner or not (person.is_special or self._is_above(person))

    def may_reset(self, person: Person) -> bool:
        """Whether they may send a link, or take a lost second factor away: that is about the whole
        account, so it must not be one that manages what is not theirs."""
        if person.user == self.user:
            return False
        if self.is_owner:
            return True
        elsewhere = (each for each in person.posts if not self.covers(each))
        is_ours = any(self.covers(each) for each in person.posts)
        is_above = person.is_special or any(each.role == "manager" for each in elsewhere)
        return is_ours and not is_above and not self._is_above(person)

    def _is_above(self, person: Person) -> bool:
        return any(each.role in OF_A_DEPARTMENT and not self.covers(each) for each in person.posts)

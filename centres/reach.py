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
        account, so all it opens must be theirs. A role given here to who works elsewhere asks
        nobody there, and gives no hand on their password: who is over both places has it."""
        if person.user == self.user:
            return False
        if self.is_owner:
            return True
        is_ours = bool(person.posts) and all(self.covers(each) for each in person.posts)
        return is_ours and not person.is_special

    def _is_above(self, person: Person) -> bool:
        return any(each.role in OF_A_DEPARTMENT and not self.covers(each) for each in person.posts)

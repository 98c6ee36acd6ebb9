"""Who is told of a household's day: guardians who share one address and number together, any other
apart, so that nobody's phone shows another's visit (pure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

V = TypeVar("V")

# The party of the first visit; any other bears the number of a guardian of its own.
FIRST = 0


class Contact(NamedTuple):
    """Whose visit it is, and where they are reached."""

    guardian: int
    email: str
    phone: str
    is_discreet: bool

    @property
    def ways(self) -> tuple[str, str]:
        return (self.email, self.phone)

    @property
    def goes_with_anyone(self) -> bool:
        """Who is reached nowhere is told by the others of the household, of what is no secret."""
        return not any(self.ways) and not self.is_discreet


def parties(visits: Sequence[V], contact: Callable[[V], Contact]) -> dict[int, list[V]]:
    """The visits of a day, in their order, by whom they are told to."""
    contacts = [contact(visit) for visit in visits]
    numbers: dict[tuple[str, str], int] = {}
    for each in contacts:
        known = numbers.get(each.ways, each.guardian)
        numbers[each.ways] = min(known, each.guardian)
    if contacts:
        numbers[contacts[0].ways] = FIRST
    found: dict[int, list[V]] = {}
    for visit, each in zip(visits, contacts, strict=True):
        number = FIRST if each.goes_with_anyone else numbers[each.ways]
        found.setdefault(number, []).append(visit)
    return found


def person_ref(household: int, number: int) -> str:
    """How a message names whom it is for."""
    return f"guardian:{number}" if number else f"household:{household}"


def number_of(person_ref: str) -> int:
    """The party that a message is for."""
    kind, _, pk = person_ref.partition(":")
    return int(pk) if kind == "guardian" and pk.isdecimal() else FIRST

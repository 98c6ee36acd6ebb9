"""A child written down for a family that is known, while somebody talks with it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from django.db import transaction

from booking.actors import Actor, check_agent
from booking.locking import FamilyChanged, lock_people
from booking.models import Child, ChildAdded, Guardian, Guardianship, Household


@transaction.atomic
def add_child(
    *, guardian_id: int, first_name: str, born_on: date, now: datetime, actor: Actor
) -> tuple[Child, bool]:
    """Add a child to a guardian's household, and sign it; the child, and whether it is new.

    One of the same first name born the same day is that child, whoever pressed first: it gets the
    tie to this guardian if that lacks. Raises AgentsOnly, FamilyChanged when the family is gone.
    """
    check_agent(actor)
    household = lock_household(guardians=guardian_id)
    name = first_name.strip()
    born_then = Child.objects.filter(household=household, born_on=born_on).order_by("pk")
    same = (each for each in born_then if each.first_name.casefold() == name.casefold())
    child = next(same, None)
    is_new = child is None
    if child is None:
        child = Child.objects.create(household=household, first_name=name, born_on=born_on)
        ChildAdded.objects.create(child=child, at=now, by=actor.label)
    Guardianship.objects.get_or_create(guardian_id=guardian_id, child=child)
    return child, is_new


def lock_household(*, contacts: Collection[str] = (), **which: int) -> Household:
    """In the order of all (locking.py): those who book for it, or will by these `contacts`, then
    the household. So nobody writes the same person at once, be it by a booking of its own. Raises
    FamilyChanged."""
    found = Household.objects.filter(**which)
    lock_people(Guardian.objects.filter(household__in=found), contacts=contacts)
    household = found.select_for_update(of=("self",), no_key=True).first()
    if household is None:
        raise FamilyChanged
    return household

"""A child is written down for a known family, once whoever presses."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import timezone

from booking import actions
from booking.actors import FAMILY, Actor
from booking.errors import AgentsOnly, WrongState
from booking.models import Child, ChildAdded, Guardian
from tests.factories import make_child, make_guardian, make_household

pytestmark = pytest.mark.django_db
CLAIRE = Actor("agent", "claire@example.org")
BORN = date(2025, 11, 3)


def add(
    guardian: Guardian, name: str = "Inès", born_on: date = BORN, actor: Actor = CLAIRE
) -> tuple[Child, bool]:
    return actions.add_child(
        guardian_id=guardian.pk, first_name=name, born_on=born_on, now=timezone.now(), actor=actor
    )


def test_a_child_is_added_signed_and_tied_to_the_parent_who_told_of_it() -> None:
    karim = make_guardian()
    other = make_guardian(karim.household)
    child, is_new = add(karim)
    assert is_new
    assert (child.household, list(child.guardians.all())) == (karim.household, [karim])
    assert ChildAdded.objects.get(child=child).by == CLAIRE.label
    assert not other.children.exists()


def test_pressed_twice_there_is_one_child() -> None:
    karim = make_guardian()
    first, _is_new = add(karim)
    again, is_new = add(karim, "  inès ")
    assert (again, is_new) == (first, False)
    assert Child.objects.count() == ChildAdded.objects.count() == 1


def test_a_child_a_booking_wrote_down_is_recognised_and_gets_the_other_parents_tie() -> None:
    nour = make_guardian()
    child = make_child(nour, first_name="Inès", born_on=BORN)
    karim = make_guardian(nour.household)
    assert add(karim) == (child, False)
    assert set(child.guardians.all()) == {nour, karim}
    assert not ChildAdded.objects.exists()


@pytest.mark.parametrize(("name", "born_on"), [("Léo", BORN), ("Inès", date(2024, 1, 5))])
def test_a_twin_and_a_namesake_are_children_of_their_own(name: str, born_on: date) -> None:
    karim = make_guardian()
    add(karim)
    assert add(karim, name, born_on)[1]


def test_the_same_child_of_another_household_is_another() -> None:
    make_child(make_guardian(), first_name="Inès", born_on=BORN)
    assert add(make_guardian())[1]


def test_only_agents_add_and_only_to_a_family_that_is_there() -> None:
    karim = make_guardian(make_household())
    with pytest.raises(AgentsOnly):
        add(karim, actor=FAMILY)
    karim_pk = karim.pk
    karim.household.delete()
    with pytest.raises(WrongState):
        add(Guardian(pk=karim_pk))

"""Who did something for a family elsewhere is not named to a desk that does not know them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from booking import actions
from booking.actors import Actor
from booking.models import Guardian
from centres.actions.rights import withdraw_role
from centres.models import Centre, Membership, User
from centres.reach import Reach
from tests.booking.test_desk import visit
from tests.factories import make_centre, make_child, make_guardian
from tests.frontend.staff.people import at_desk, in_department, make_user
from tests.frontend.staff.test_family_history import signed, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def claire(redon: Centre) -> Client:
    return at_desk(redon, email="claire@example.org")


@pytest.fixture
def nour(redon: Centre) -> Guardian:
    """Known here too."""
    nour = make_guardian(first_name="Nour", last_name="Haddad")
    make_child(nour, first_name="Sami", born_on=date(2025, 3, 4))
    visit(redon, guardian=nour)
    return nour


@pytest.fixture
def jean(nour: Guardian) -> str:
    """Of another centre of this family; he corrects, adds, decides, and merges one more into it."""
    elsewhere = make_centre(name="CDAS de Vitré")
    jean = make_user("jean@example.org", "reception", elsewhere)
    User.objects.filter(pk=jean.pk).update(first_name="Jean", last_name="Dupuis")
    visit(elsewhere, guardian=nour)
    by, today = signed(actor=Actor("agent", jean.email)), timezone.localdate()
    actions.note_language(
        household_id=nour.household_id, language="tr", needs_interpreter=False, **by
    )
    actions.add_child(guardian_id=nour.pk, first_name="Ali", born_on=today, **by)
    child = nour.children.get(first_name="Sami").pk
    actions.decide_next(child_id=child, on=today + timedelta(9), today=today, **by)
    other = make_guardian(first_name="Zoé")
    actions.merge_households(kept_id=nour.household_id, merged_id=other.household_id, **by)
    return jean.email


def test_who_works_elsewhere_is_not_named(claire: Client, nour: Guardian, jean: str) -> None:
    for rest in ("", "histoire/"):
        said = told(claire, nour, rest)
        for words in ("a noté la langue", "a ajouté l’enfant", "veut revoir", "a réuni"):
            assert f"Un autre centre {words}" in said, words
        assert "Jean" not in said
        assert jean not in said
    assert "Jean Dupuis (accueil) a noté la langue" in told(in_department(), nour)
    User.objects.filter(email=jean).delete()
    assert jean not in told(claire, nour)


@pytest.mark.parametrize("is_gone", [False, True])
def test_who_has_or_had_a_role_here_too_is_named(
    claire: Client, redon: Centre, nour: Guardian, jean: str, is_gone: bool
) -> None:
    here = Membership.objects.create(
        user=User.objects.get(email=jean), department=redon.department, centre=redon, role="manager"
    )
    if is_gone:
        withdraw_role(
            membership_id=here.pk, reach=Reach(0, is_owner=True), by="x", now=timezone.now()
        )
    said = told(claire, nour)
    assert "Jean Dupuis (accueil) a noté la langue" in said
    assert "Un autre centre" not in said

"""A known family tells of a child nobody had written down: while booking, and on its page."""

from __future__ import annotations

import pytest
from django.test import Client

from booking.models import Appointment, Child, FamilyRead, Guardian
from centres.models import AppointmentType, Centre, Shift
from tests.factories import make_centre, make_child, make_guardian
from tests.frontend.staff.people import at_desk
from tests.frontend.staff.test_book_page import buttons, karim, kind, path, shift

__all__ = ["karim", "kind", "shift"]
pytestmark = pytest.mark.django_db
INES = {"child_first_name": "Inès", "child_born_on": "3 novembre 2025"}


def looked(karim: Guardian, redon: Centre, **more: object) -> dict[str, object]:
    """What the form of the wishes sends."""
    return {
        "voir": "1",
        "guardian": karim.pk,
        "kind": "medecin",
        "centre": redon.slug,
        "half": "matin",
        **more,
    }


def own(karim: Guardian) -> str:
    return f"/equipe/familles/{karim.household_id}/enfant/"


def test_a_family_without_a_child_is_asked_for_it_where_it_can_be_typed(
    claire: Client, redon: Centre, karim: Guardian, shift: Shift
) -> None:
    page = claire.post(path(karim), looked(karim, redon), follow=True)
    body = page.content.decode()
    assert page.status_code == 422
    assert "écrivez son prénom et son jour de naissance" in body
    assert 'href="#id_child_first_name"' in body
    assert "<details open>" in body
    assert 'value="medecin" selected' in body


def test_a_child_typed_with_the_wishes_is_added_and_booked_for(
    claire: Client, redon: Centre, karim: Guardian, shift: Shift
) -> None:
    page = claire.post(path(karim), looked(karim, redon, **INES), follow=True)
    ines = Child.objects.get()
    address, _status = page.redirect_chain[-1]
    assert f"child={ines.pk}" in address
    assert "half=matin" in address
    assert "In%C3%A8s" not in address
    assert "C’est noté" in page.content.decode()
    value = buttons(page.content.decode())[0]
    query = address.partition("?")[2]
    claire.post(f"{path(karim)}?{query}", looked(karim, redon, child=ines.pk) | {"creneau": value})
    assert not Appointment.objects.filter(child=ines).exists()  # `voir` only looks
    sent = looked(karim, redon, child=ines.pk, creneau=value)
    del sent["voir"]
    claire.post(path(karim), sent)
    assert Appointment.objects.get(child=ines).shift == shift


def test_sent_twice_it_is_one_child(
    claire: Client, redon: Centre, karim: Guardian, shift: Shift
) -> None:
    for said in ("C’est noté", "fait déjà partie de la famille"):
        page = claire.post(path(karim), looked(karim, redon, **INES), follow=True)
        assert said in page.content.decode()
    assert Child.objects.count() == 1


def test_one_more_child_comes_with_those_who_were_ticked(
    claire: Client, redon: Centre, karim: Guardian, shift: Shift
) -> None:
    leo = make_child(karim, first_name="Léo")
    page = claire.post(path(karim), looked(karim, redon, child=leo.pk, **INES), follow=True)
    ines = Child.objects.get(first_name="Inès")
    address = page.redirect_chain[-1][0]
    assert f"child={leo.pk}" in address
    assert f"child={ines.pk}" in address


@pytest.mark.parametrize(
    ("lacks", "said"),
    [
        ({"child_born_on": ""}, "Écrivez le jour de naissance"),
        ({"child_first_name": ""}, "Écrivez le prénom de l’enfant"),
        ({"child_born_on": "31/02/2025"}, "child_born_on"),
        ({"child_born_on": "03/11/1990"}, "Vérifiez la date de naissance"),
    ],
)
def test_half_a_child_is_said_and_nothing_typed_is_lost(
    claire: Client, redon: Centre, karim: Guardian, shift: Shift, lacks: dict[str, str], said: str
) -> None:
    typed = INES | lacks
    answer = claire.post(path(karim), looked(karim, redon, creneau="29876540-3", **typed))
    body = answer.content.decode()
    assert answer.status_code == 422
    assert said in body
    assert all(f'value="{value}"' in body for value in typed.values() if value)
    assert 'value="medecin" selected' in body
    assert 'name="creneau" value="29876540-3"' in body
    assert not Child.objects.exists()


def test_the_familys_page_adds_a_child_and_tells_who_did(claire: Client, karim: Guardian) -> None:
    family = f"/equipe/familles/{karim.household_id}/"
    assert "Ajouter cet enfant" in claire.get(family).content.decode()
    answer = claire.post(own(karim), INES | {"guardian": karim.pk}, follow=True)
    assert answer.redirect_chain[-1][0] == family
    body = answer.content.decode()
    assert "a ajouté l’enfant Inès" in body
    assert Child.objects.get().household == karim.household


def test_what_lacks_on_the_familys_page_is_said_with_what_was_typed(
    claire: Client, karim: Guardian
) -> None:
    answer = claire.post(own(karim), {"guardian": karim.pk, "child_first_name": "Inès"})
    assert answer.status_code == 422
    assert "Écrivez le jour de naissance" in answer.content.decode()
    assert 'value="Inès"' in answer.content.decode()
    assert FamilyRead.objects.filter(household=karim.household_id).exists()


def test_a_child_is_the_named_parents(claire: Client, karim: Guardian) -> None:
    nour = make_guardian(karim.household, first_name="Nour")
    claire.post(own(karim), INES | {"guardian": nour.pk})
    assert list(Child.objects.get().guardians.all()) == [nour]
    stranger = make_guardian()
    answer = claire.post(own(karim), INES | {"guardian": stranger.pk, "child_first_name": "Léo"})
    assert answer.status_code == 422


def test_another_centres_desk_adds_nobody(karim: Guardian, kind: AppointmentType) -> None:
    paul = at_desk(make_centre(), email="paul@example.org")
    assert paul.post(own(karim), INES | {"guardian": karim.pk}).status_code == 404
    sent = {"voir": "1", "guardian": karim.pk, "kind": kind.slug, **INES}
    assert paul.post(path(karim), sent).status_code == 404
    assert not Child.objects.exists()

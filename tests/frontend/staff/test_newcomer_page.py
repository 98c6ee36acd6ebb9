"""A family nobody knows is typed and booked for on one page; those that are likely it are shown."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from booking.models import Appointment, Guardian, Household
from centres.models import Centre, Shift
from frontend.forms_newcomer import first_guess
from notifications.models import OutboxMessage
from tests.booking.test_desk import visit
from tests.factories import PARIS, make_centre, make_child, make_guardian, make_shift, make_type
from tests.frontend.staff.test_book_page import buttons, school_day

pytestmark = pytest.mark.django_db
PATH = "/equipe/familles/nouvelle/"


@pytest.fixture
def shift(redon: Centre) -> Shift:
    visit(redon, guardian=make_guardian(phone="", email=""))
    site = redon.sites.get()
    starts_at = datetime.combine(school_day(), time(8), PARIS)
    return make_shift(site=site, starts_at=starts_at, types=[make_type(slug="medecin")])


def typed(redon: Centre, **more: object) -> dict[str, object]:
    return {
        "first_name": "Karim",
        "last_name": "Benali",
        "phone": "06 39 98 12 34",
        "email": "",
        "child_first_name": "Inès",
        "child_born_on": "24/11/2025",
        "language": "ar",
        "needs_interpreter": "on",
        "kind": "medecin",
        "centre": redon.slug,
        **more,
    }


def press(claire: Client, redon: Centre, **more: object) -> list[str]:
    answer = claire.post(PATH, typed(redon, voir="1", **more))
    assert answer.status_code == 200
    return buttons(answer.content.decode())


def known_of(body: str) -> str:
    found = re.search(r'name="known" value="([^"]*)"', body)
    assert found
    return found[1]


def test_two_presses_write_a_family_and_its_appointment(
    claire: Client, redon: Centre, shift: Shift
) -> None:
    families = Household.objects.count()
    values = press(claire, redon)
    assert len(values) > 3
    assert Household.objects.count() == families, "looking writes nothing"
    answer = claire.post(PATH, typed(redon, creneau=values[0]))
    booked = Appointment.objects.get(shift=shift)
    assert answer["Location"] == f"/equipe/rendez-vous/{booked.spoken_reference}/"
    household, guardian = booked.household, booked.guardian
    assert household
    assert guardian
    assert booked.child
    assert (household.language, household.needs_interpreter) == ("ar", True)
    assert (guardian.number, guardian.phone_verified_at) == ("+33639981234", None)
    assert (booked.child.first_name, str(booked.child.born_on)) == ("Inès", "2025-11-24")
    assert OutboxMessage.objects.filter(subject_ref=str(booked.uid), language="ar").exists()
    assert claire.get(f"/equipe/familles/{household.pk}/").status_code == 200


def test_to_look_later_books_nothing_when_a_time_was_chosen_before(
    claire: Client, redon: Centre, shift: Shift
) -> None:
    """The form is sent as it stands on the page, by this very button."""
    kinds = [offer.type for offer in shift.offers.all()]
    for days in range(1, 12):  # enough for there to be a later page of times
        starts_at = shift.starts_at + timedelta(days=days)
        make_shift(site=shift.site, starts_at=starts_at, types=kinds)
    chosen = press(claire, redon)[0]
    body = claire.post(PATH, typed(redon, voir="1", creneau=chosen)).content.decode()
    assert f'<input type="hidden" name="creneau" value="{chosen}">' in body
    found = re.search(r'name="([a-z]+)" value="([^"]+)">Voir plus tard', body)
    assert found
    name, value = found.groups()
    before = (Appointment.objects.count(), Household.objects.count())
    answer = claire.post(PATH, typed(redon, creneau=chosen, **{name: value}))
    assert answer.status_code == 200
    assert (Appointment.objects.count(), Household.objects.count()) == before
    later = buttons(answer.content.decode())
    assert later
    assert f'name="from" value="{value}"' in answer.content.decode()


def test_the_second_of_two_same_presses_is_the_first(
    claire: Client, redon: Centre, shift: Shift
) -> None:
    value = press(claire, redon)[0]
    before = Household.objects.count()
    first = claire.post(PATH, typed(redon, creneau=value))
    known = Appointment.objects.get(shift=shift).household_id
    again = claire.post(PATH, typed(redon, creneau=value, known=str(known)))
    assert again["Location"] == first["Location"]
    assert Household.objects.count() == before + 1


@pytest.mark.parametrize(
    "same",
    [
        {"phone": "+33639981234", "last_name": "Autre"},
        {"email": "karim@example.org", "last_name": "Autre"},
        {"last_name": "Bénalli"},
    ],
    ids=["number", "address", "birth date and names"],
)
def test_a_family_that_is_likely_the_same_is_shown_before_anything_is_booked(
    claire: Client, redon: Centre, shift: Shift, same: dict[str, str]
) -> None:
    karim = make_guardian(**{"first_name": "Karim", "phone": "", "email": "", **same})
    make_child(karim, first_name="Ines", born_on="2025-11-24")
    visit(redon, guardian=karim)
    details = typed(redon, email="karim@example.org")
    first = buttons(claire.post(PATH, {**details, "voir": "1"}).content.decode())[0]
    answer = claire.post(PATH, {**details, "creneau": first})
    body = answer.content.decode()
    assert answer.status_code == 409
    assert "C’est cette famille" in body
    assert f"/equipe/familles/{karim.household_id}/" in body
    assert not Appointment.objects.filter(shift=shift).exists()
    assert first in buttons(body)
    claire.post(PATH, {**details, "creneau": first, "known": known_of(body)})
    booked = Appointment.objects.get(shift=shift)
    assert booked.household_id != karim.household_id, "created all the same"


def test_another_centre_s_families_are_not_shown(
    claire: Client, redon: Centre, shift: Shift
) -> None:
    stranger = make_guardian(first_name="Karim", last_name="Benali", phone="+33639981234")
    visit(make_centre(), guardian=stranger)
    body = claire.post(PATH, typed(redon, voir="1")).content.decode()
    assert "C’est cette famille" not in body
    claire.post(PATH, typed(redon, creneau=buttons(body)[0]))
    assert Appointment.objects.get(shift=shift).household_id != stranger.household_id


def test_a_script_gets_the_likely_ones_alone_while_the_form_is_still_full_of_holes(
    claire: Client, redon: Centre, shift: Shift
) -> None:
    karim = make_guardian(phone="+33639981234")
    visit(redon, guardian=karim)
    asked = {"phone": "06 39 98 12 34"}
    body = claire.post(PATH, asked, headers={"x-likely": "1"}).content.decode()
    assert "<html" not in body
    assert f"/equipe/familles/{karim.household_id}/" in body


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"last_name": ""}, "Écrivez le nom du parent."),
        ({"phone": "12"}, "field__error"),
        ({"child_first_name": ""}, "écrivez son prénom"),
        ({"child_born_on": ""}, "écrivez son jour de naissance"),
        ({"child_born_on": "31/02/2025"}, "Cette date n’existe pas"),
        ({"child_born_on": "24/11/2099"}, "Vérifiez la date de naissance"),
        ({"kind": ""}, "field__error"),
    ],
)
def test_what_is_missing_is_said_and_nothing_typed_is_lost(
    claire: Client, redon: Centre, shift: Shift, change: dict[str, str], said: str
) -> None:
    before = Guardian.objects.count()
    answer = claire.post(PATH, typed(redon, creneau="1-1", **change))
    body = answer.content.decode()
    assert answer.status_code == 422
    assert said in body
    assert 'value="Karim"' in body
    assert Guardian.objects.count() == before


def test_a_refusal_leaves_no_family_behind(claire: Client, redon: Centre, shift: Shift) -> None:
    value = press(claire, redon)[0]
    claire.post(PATH, typed(redon, creneau=value))
    before = Household.objects.count()
    other = {"first_name": "Nour", "last_name": "Haddad", "phone": "", "child_first_name": "Lila"}
    answer = claire.post(PATH, typed(redon, creneau=value, child_born_on="1/2/2025", **other))
    assert answer.status_code == 409
    assert "Ce créneau n’est pas pris" in answer.content.decode()
    assert Household.objects.count() == before


def test_what_a_search_did_not_find_is_typed_already(claire: Client, redon: Centre) -> None:
    body = claire.get("/equipe/familles/", {"q": "Benali Karim 0639981234"}).content.decode()
    (link,) = re.findall(r'href="(/equipe/familles/nouvelle/[^"]*)"', body)
    page = claire.get(link.replace("&amp;", "&")).content.decode()
    for value in ("Benali", "Karim", "0639981234"):
        assert f'value="{value}"' in page


@pytest.mark.parametrize(
    ("said", "guess"),
    [
        ("", {}),
        ("Benali", {"last_name": "Benali"}),
        ("Le Goff Maëlys", {"last_name": "Le Goff", "first_name": "Maëlys"}),
        ("24/11/2025", {"child_born_on": "24/11/2025"}),
        ("06 39 98 12 34", {"phone": "06 39 98 12 34"}),
        ("k@example.org Karim", {"email": "k@example.org", "last_name": "Karim"}),
    ],
)
def test_each_thing_typed_goes_where_it_likely_belongs(said: str, guess: dict[str, str]) -> None:
    assert first_guess(said) == guess


@pytest.mark.parametrize("many", [1, 10])
def test_queries_do_not_grow_with_the_likely_families(
    claire: Client, redon: Centre, shift: Shift, many: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    for _ in range(many):
        visit(redon, guardian=make_guardian(phone="+33639981234"))
    claire.post(PATH, typed(redon, voir="1"))  # what changed is indexed once
    with django_assert_num_queries(13):
        claire.post(PATH, typed(redon, voir="1"))

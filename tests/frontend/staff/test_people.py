"""A family's people are put right from its page: the forms, the refusals, the history."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking.models import Appointment, FamilyRead, Guardian
from centres.models import Centre
from tests.booking.test_desk import visit
from tests.factories import make_child, make_guardian
from tests.frontend.pages import read, text

pytestmark = pytest.mark.django_db
QUERIES = 12
NOUR = {
    "first_name": "Nour",
    "last_name": "Haddad",
    "phone": "06 39 98 12 34",
    "email": "nour@example.org",
}


@pytest.fixture
def nour() -> Guardian:
    return make_guardian(**NOUR | {"phone": "+33639981234"}, email_verified_at=timezone.now())


@pytest.fixture(autouse=True)
def appointment(redon: Centre, nour: Guardian) -> Appointment:
    make_child(nour, first_name="Inès", born_on=date(2025, 11, 3))
    return visit(redon, guardian=nour)


def family(nour: Guardian) -> str:
    return f"/equipe/familles/{nour.household_id}/"


def parent(nour: Guardian) -> str:
    return f"{family(nour)}parent/{nour.pk}/"


def shown(client: Client, path: str) -> dict[str, str]:
    """What the form sends when nothing is typed."""
    page = client.get(path).content.decode()
    inputs = re.findall(r'<input type="(?:text|tel|email|hidden)" name="([\w-]+)"([^>]*)>', page)
    values = {name: re.search(r'value="([^"]*)"', rest) for name, rest in inputs}
    return {name: unescape(value[1]) if value else "" for name, value in values.items()}


def child(nour: Guardian) -> str:
    return f"{family(nour)}enfant/{nour.children.get().pk}/"


def test_a_number_is_corrected_and_the_page_tells_who_did(claire: Client, nour: Guardian) -> None:
    page = claire.get(parent(nour)).content.decode()
    assert 'value="06 39 98 12 34"' in page
    body = shown(claire, parent(nour)) | {"phone": "06 39 98 77 66"}
    answer = claire.post(parent(nour), body, follow=True)
    nour.refresh_from_db()
    assert nour.number == "+33639987766"
    said = text(answer)
    assert "C’est corrigé." in said
    assert "a corrigé le téléphone (Nour Haddad)." in said
    assert "06 39 98 12 34" not in said


@pytest.mark.parametrize(
    "number",
    ["+33639981234", "+33299023535", "+262692001234", "+32470123456", "+447400123456",
     "+351912345678", ""],
)  # fmt: skip
def test_what_did_not_change_is_said_whatever_the_country(
    claire: Client, nour: Guardian, number: str
) -> None:
    Guardian.objects.filter(pk=nour.pk).update(phone=number)
    answer = claire.post(parent(nour), shown(claire, parent(nour)), follow=True)
    assert "Rien n’a changé." in text(answer)
    nour.refresh_from_db()
    assert nour.email_verified_at is not None
    assert nour.number == number


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"first_name": ""}, "Écrivez le prénom du parent."),
        ({"last_name": " "}, "Écrivez le nom du parent."),
        ({"email": "nour@"}, "Cette adresse n’est pas complète."),
        ({"phone": "12"}, "numéro"),
        ({"first_name": "x" * 61}, "60"),
        ({"first_name": "a\0b"}, "nul"),
    ],
)
def test_what_cannot_be_is_refused_loses_nothing_typed_and_changes_nothing(
    claire: Client, nour: Guardian, typed: dict[str, str], said: str
) -> None:
    answer = claire.post(parent(nour), NOUR | {"last_name": "Autre"} | typed)
    assert answer.status_code == 422
    assert said in text(answer)
    assert typed.keys() & {"last_name"} or 'value="Autre"' in answer.content.decode()
    nour.refresh_from_db()
    assert nour.last_name == "Haddad"


def test_the_same_person_elsewhere_is_said(claire: Client, redon: Centre) -> None:
    other = make_guardian(first_name="nour", last_name="haddad", email="")
    visit(redon, guardian=other)
    answer = claire.post(parent(other), shown(claire, parent(other)) | NOUR)
    assert answer.status_code == 422
    assert "Une personne du même nom a déjà cette adresse" in text(answer)


def test_a_second_parent_is_added_once(claire: Client, nour: Guardian) -> None:
    karim = {"first_name": "Karim", "last_name": "Haddad", "phone": "", "email": ""}
    for said in ("Karim Haddad fait partie", "Karim Haddad fait déjà partie"):
        answer = claire.post(f"{family(nour)}parent/", karim, follow=True)
        assert said in text(answer)
    assert 'value="Karim"' in answer.content.decode()  # to be corrected
    assert nour.household.guardians.count() == 2
    assert "a ajouté Karim Haddad à la famille." in read(claire, family(nour))


def test_a_child_s_birthday_is_corrected_and_what_fits_no_more_named(
    claire: Client, nour: Guardian, appointment: Appointment
) -> None:
    kind = appointment.type
    kind.audience, kind.age_min_months, kind.age_max_months = "child", 0, 36
    kind.save()
    Appointment.objects.update(child=nour.children.get())
    body = shown(claire, child(nour)) | {"child_born_on": "3 novembre 2020"}
    answer = claire.post(child(nour), body, follow=True)
    assert nour.children.get().born_on == date(2020, 11, 3)
    said = text(answer)
    assert "ne convient plus" in said
    assert "a corrigé la date de naissance (Inès)." in said


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"child_first_name": "Inès", "child_born_on": ""},
        {"child_first_name": "", "child_born_on": "03/11/2025"},
        {"child_first_name": "Inès", "child_born_on": "31/02/2025"},
        {
            "child_first_name": "Inès",
            "child_born_on": f"{date.today() + timedelta(days=2):%d/%m/%Y}",  # noqa: DTZ011
        },
    ],
)
def test_a_day_that_cannot_be_is_refused(
    claire: Client, nour: Guardian, body: dict[str, str]
) -> None:
    assert claire.post(child(nour), body).status_code == 422
    assert nour.children.get().born_on == date(2025, 11, 3)


def test_another_family_s_people_are_not_found_here(claire: Client, nour: Guardian) -> None:
    stranger = make_guardian()
    mine = make_child(stranger)
    for path in (f"parent/{stranger.pk}/", f"enfant/{mine.pk}/"):
        assert claire.get(family(nour) + path).status_code == 404
    assert claire.get(parent(stranger)).status_code == 404


def test_opening_a_form_is_on_record(claire: Client, nour: Guardian) -> None:
    claire.get(child(nour))
    assert FamilyRead.objects.get().household_id == nour.household_id


def test_a_form_asks_as_much_of_one_person_as_of_ten(
    claire: Client, nour: Guardian, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    claire.get(parent(nour))
    with django_assert_num_queries(QUERIES):
        claire.get(parent(nour))
    for _ in range(9):
        make_child(make_guardian(nour.household))
    with django_assert_num_queries(QUERIES):
        claire.get(parent(nour))

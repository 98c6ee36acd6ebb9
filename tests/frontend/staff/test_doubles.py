"""A person written twice in a family: suggested, compared, made one; nothing of it is lost."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking.models import Appointment, FamilyRead, Guardian
from centres.models import Centre
from tests.booking.test_desk import visit
from tests.factories import make_centre, make_child, make_guardian, make_household
from tests.frontend.pages import read, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def nour(redon: Centre) -> Guardian:
    nour = make_guardian(first_name="Nour", last_name="Haddad", email="nour@example.org")
    make_child(nour, first_name="Inès", born_on=date(2025, 11, 3))
    visit(redon, guardian=nour)
    return nour


@pytest.fixture
def again(nour: Guardian) -> Guardian:
    return make_guardian(
        nour.household, first_name="nour", last_name="Haddad", email="n.haddad@example.org",
        phone="+33639981234", phone_verified_at=timezone.now(),
    )  # fmt: skip


def page_of(guardian: Guardian) -> str:
    return f"/equipe/familles/{guardian.household_id}/"


def comparing(kept: Guardian, other: Guardian) -> str:
    return f"{page_of(kept)}parent/{kept.pk}/reunir/{other.pk}/"


def test_merging_two_families_leads_to_who_stands_there_twice_and_both_become_one(
    claire: Client, redon: Centre, nour: Guardian
) -> None:
    twin = make_guardian(
        make_household(), first_name="Nour", last_name="Haddad", email="", email_verified_at=None,
        phone="+33639981234", phone_verified_at=timezone.now(),
    )  # fmt: skip
    booked = visit(redon, guardian=twin, days=5)
    merged = claire.post(f"{page_of(nour)}reunir/{twin.household_id}/", follow=True)
    assert "Peut-être deux fois la même personne" in text(merged)
    assert f'href="{comparing(nour, twin)}"' in merged.content.decode()
    done = claire.post(comparing(nour, twin), follow=True)
    said = text(done)
    assert "Nour Haddad n’est plus qu’une fois dans la famille." in said
    assert "a réuni deux fiches (Nour Haddad)." in said
    assert "Peut-être deux fois" not in said
    booked.refresh_from_db()
    assert booked.guardian == nour
    nour.refresh_from_db()
    assert (nour.email, nour.number) == ("nour@example.org", "+33639981234")


def test_both_records_are_shown_before_anything_changes(
    claire: Client, redon: Centre, nour: Guardian, again: Guardian
) -> None:
    visit(redon, guardian=again)
    page = read(claire, comparing(nour, again))
    for words in (
        "La fiche gardée", "La fiche qui la rejoint", "06 39 98 12 34 vérifié",
        "1 rendez-vous passe à la fiche gardée", "L’adresse e-mail à garder",
        "Une adresse ou un numéro vérifié le reste.",
    ):  # fmt: skip
        assert words in page, words
    assert "Le téléphone à garder" not in page  # only one of them has any
    assert comparing(again, nour) in claire.get(comparing(nour, again)).content.decode()
    assert nour.household.guardians.count() == 2


@pytest.mark.parametrize("proved", [True, False])
def test_of_two_numbers_the_proved_one_is_chosen_at_first(
    claire: Client, nour: Guardian, again: Guardian, proved: bool
) -> None:
    Guardian.objects.filter(pk=nour.pk).update(
        phone="+33639987766", phone_verified_at=timezone.now() if proved else None
    )
    page = claire.get(comparing(nour, again)).content.decode()
    (chosen,) = re.findall(r'name="phone" value="(\w+)"[^>]*checked', page)
    assert chosen == ("garder" if proved else "prendre")


@pytest.mark.parametrize(
    ("chosen", "email"), [("garder", "nour@example.org"), ("prendre", "n.haddad@example.org")]
)
def test_the_agent_says_which_address_is_right(
    claire: Client, nour: Guardian, again: Guardian, chosen: str, email: str
) -> None:
    assert claire.post(comparing(nour, again)).status_code == 422  # said by nobody
    assert nour.household.guardians.count() == 2
    claire.post(comparing(nour, again), {"email": chosen})
    assert nour.household.guardians.get().email == email


def test_another_name_is_joined_from_the_person_s_own_page_and_loses_its_proof(
    claire: Client, nour: Guardian, again: Guardian
) -> None:
    Guardian.objects.filter(pk=again.pk).update(first_name="N.", email="")
    assert "Peut-être deux fois" not in read(claire, page_of(nour))
    own = claire.get(f"{page_of(nour)}parent/{nour.pk}/").content.decode()
    assert f'href="{comparing(nour, again)}"' in own
    assert "à vérifier de nouveau" in read(claire, comparing(nour, again))
    claire.post(comparing(nour, again))
    nour.refresh_from_db()
    assert (nour.number, nour.phone_verified_at) == ("+33639981234", None)


def test_a_child_written_twice_becomes_one_and_what_fits_no_more_is_named(
    claire: Client, redon: Centre, nour: Guardian
) -> None:
    child = nour.children.get()
    twice = make_child(nour, first_name="Ines", born_on=date(2019, 11, 3))
    booked = nour.appointments.get()
    kind = booked.type
    kind.audience, kind.age_min_months, kind.age_max_months = "child", 0, 36
    kind.save()
    Appointment.objects.update(child=child)
    path = f"{page_of(nour)}enfant/{twice.pk}/reunir/{child.pk}/"
    assert "Peut-être deux fois la même personne" in read(claire, page_of(nour))
    assert "dimanche 3 novembre 2019" in read(claire, path)
    said = text(claire.post(path, follow=True))
    assert nour.children.get() == twice
    assert f"le rendez-vous {booked.spoken_reference}" in said
    assert "ne convient plus" in said


def test_an_appointment_of_another_centre_or_a_discreet_one_is_not_named(
    claire: Client, redon: Centre, nour: Guardian
) -> None:
    child = nour.children.get()
    own, far, secret = nour.appointments.get(), visit(make_centre(), guardian=nour), visit(redon)
    for each in (own, far, secret):
        kind = each.type
        kind.audience, kind.age_min_months, kind.age_max_months = "child", 0, 36
        kind.is_discreet = each == secret
        kind.save()
    Appointment.objects.update(guardian=nour, household=nour.household, child=child)
    twice = make_child(nour, first_name="Ines", born_on=date(2019, 11, 3))
    joined = claire.post(f"{page_of(nour)}enfant/{twice.pk}/reunir/{child.pk}/", follow=True)
    notes = [str(each) for each in joined.context["messages"]]
    assert own.spoken_reference in " ".join(notes)
    assert len(notes) == 2  # that it is done, and that one
    assert far.spoken_reference not in text(joined)


def test_only_appointments_of_the_desk_s_centres_are_counted(
    claire: Client, redon: Centre, nour: Guardian, again: Guardian
) -> None:
    visit(make_centre(), guardian=again)
    mistaken = visit(redon, guardian=again)
    Appointment.objects.filter(pk=mistaken.pk).update(state="cancelled", booked_via="door")
    assert "Aucun rendez-vous de vos centres" in read(claire, comparing(nour, again))
    visit(redon, guardian=again)
    assert "1 rendez-vous passe à la fiche" in read(claire, comparing(nour, again))
    other = make_guardian(first_name="Ali")
    for centre in (redon, make_centre()):
        visit(centre, guardian=other)
    page = read(claire, f"{page_of(nour)}reunir/{other.household_id}/")
    assert "1 rendez-vous passe à la fiche" in page


def test_a_refusal_says_why_and_changes_nothing(
    claire: Client, redon: Centre, nour: Guardian, again: Guardian
) -> None:
    elsewhere = make_guardian(first_name="Nour", last_name="Haddad", email="x@example.org")
    Guardian.objects.filter(pk=again.pk).update(
        first_name="Haddad", last_name="Nour", email="y@example.org"
    )
    Guardian.objects.filter(pk=elsewhere.pk).update(email="y@example.org")
    answer = claire.post(comparing(nour, again), {"email": "prendre"})
    assert answer.status_code == 422
    assert "Rien n’a été changé" in text(answer)
    assert nour.household.guardians.count() == 2


def test_another_family_and_one_person_alone_are_not_found(
    claire: Client, nour: Guardian, again: Guardian
) -> None:
    stranger = make_guardian()
    for path in (
        comparing(nour, nour),
        f"{page_of(stranger)}parent/{stranger.pk}/reunir/{again.pk}/",
    ):
        assert (claire.get(path).status_code, claire.post(path).status_code) == (404, 404)


def test_another_family_s_people_are_told_like_nobody(claire: Client, nour: Guardian) -> None:
    stranger = make_guardian()
    child, theirs = nour.children.get(), make_child(stranger)
    answers = [
        (answer.status_code, answer["Location"])
        for kind, mine, others in (
            ("parent", nour.pk, (stranger.pk, 10**9)),
            ("enfant", child.pk, (theirs.pk, 10**9)),
        )
        for other in others
        for ask in (claire.get, claire.post)
        for answer in [ask(f"{page_of(nour)}{kind}/{mine}/reunir/{other}/")]
    ]
    assert answers == [(302, page_of(nour))] * 8
    assert Guardian.objects.filter(pk=stranger.pk).exists()
    assert stranger.children.get() == theirs


def test_comparing_is_on_record_and_costs_the_same_of_two_as_of_ten(
    claire: Client, redon: Centre, nour: Guardian, again: Guardian,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    claire.get(comparing(nour, again))
    assert FamilyRead.objects.get().household_id == nour.household_id
    for _ in range(2):
        with django_assert_num_queries(13):
            claire.get(comparing(nour, again))
        for number in range(8):
            make_child(make_guardian(nour.household), first_name=f"Enfant {number}")
            visit(redon, guardian=again, days=number + 3)
    assert Appointment.objects.filter(starts_at__gt=timezone.now() + timedelta(days=3)).exists()

"""The journal of who opened which family's pages: whose it is, what it finds, what it costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from booking.histories import JOURNAL_SHOWN
from booking.models import Appointment, FamilyMerge, FamilyRead
from centres.models import Centre, User
from tests.factories import (
    make_appointment,
    make_centre,
    make_department,
    make_guardian,
    make_household,
    make_shift,
    make_site,
)
from tests.frontend.pages import read
from tests.frontend.staff.people import at_desk, in_department, make_user

pytestmark = pytest.mark.django_db
PAGE = "/equipe/consultations/"
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def visit(centre: Centre, name: str) -> Appointment:
    return make_appointment(
        make_shift(site=make_site(centre)), guardian=make_guardian(last_name=name)
    )


def opened(visit: Appointment, *, by: str = "claire@example.org", at: datetime = NOON) -> None:
    assert visit.household_id
    FamilyRead.objects.create(
        reader=by, household_id=visit.household_id, centre=visit.centre, page="family", at=at
    )


def manager(centre: Centre) -> Client:
    return at_desk(centre, email="chef@example.org", role="manager")


def test_a_manager_sees_what_was_opened_from_the_own_centre(redon: Centre) -> None:
    claire = make_user("claire@example.org", "reception", redon)
    User.objects.filter(pk=claire.pk).update(first_name="Claire", last_name="Martin")
    opened(visit(redon, "Perrin"))
    opened(visit(make_centre(name="CDAS de Vitré"), "Tanguy"), by="jean@example.org")
    shown = read(manager(redon), PAGE)
    assert "Claire Martin (accueil), fiche de la famille" in shown
    assert "Karim Perrin" in shown
    for hidden in ("Tanguy", "jean@example.org", "Vitré"):
        assert hidden not in shown


@pytest.mark.parametrize("role", ["administrator", "auditor"])
def test_the_whole_departement_is_its_administrators_and_auditors(redon: Centre, role: str) -> None:
    opened(visit(redon, "Perrin"))
    opened(visit(make_centre(), "Tanguy"))
    shown = read(in_department(role), PAGE)
    assert "Karim Perrin" in shown
    assert "Karim Tanguy" in shown


def test_each_line_leads_to_all_who_opened_that_family_and_an_auditor_no_further(
    redon: Centre,
) -> None:
    seen = visit(redon, "Perrin")
    opened(seen)
    family = f"/equipe/familles/{seen.household_id}/"
    auditor, boss = in_department("auditor"), manager(redon)
    for client, may in ((auditor, False), (boss, True)):
        assert f'href="{family}consultations/"' in client.get(PAGE).content.decode()
        its_own = client.get(f"{family}consultations/").content.decode()
        assert (f'href="{family}"' in its_own) is may
        assert (client.get(family).status_code == 200) is may


@pytest.mark.parametrize("role", ["reception", "practitioner"])
def test_it_is_not_for_who_only_receives_families(redon: Centre, role: str) -> None:
    client = at_desk(redon, role=role)
    assert client.get(PAGE).status_code == 404
    assert PAGE not in client.get("/equipe/familles/").content.decode()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, {"Perrin", "Tanguy", "Riou"}),
        ({"qui": "martin cla"}, {"Perrin"}),
        ({"qui": "PARTI@example.org"}, {"Riou"}),
        ({"qui": "personne"}, set()),
        ({"jour": "2026-11-03"}, {"Perrin", "Riou"}),
        ({"jour": "2026-11-03", "qui": "jean"}, set()),
        ({"jour": "2026-11-04"}, {"Tanguy"}),
    ],
)
def test_a_person_and_a_day_narrow_it(
    redon: Centre, asked: dict[str, str], found: set[str]
) -> None:
    """Also somebody whose account is no more; a day is that of the clocks here."""
    claire = make_user("cm@example.org")
    User.objects.filter(pk=claire.pk).update(first_name="Claire", last_name="Martin")
    make_user("jean@example.org")
    opened(visit(redon, "Perrin"), by=claire.email)
    opened(visit(redon, "Riou"), by="parti@example.org")
    midnight = datetime(2026, 11, 3, 23, 30, tzinfo=UTC)
    opened(visit(redon, "Tanguy"), by="jean@example.org", at=midnight)
    answer = in_department("auditor").get(PAGE, asked).content.decode()
    assert {name for name in ("Perrin", "Tanguy", "Riou") if name in answer} == found
    assert ("Rien de tel" in answer) is (not found)


def test_what_is_no_day_is_told_and_nothing_typed_is_lost(redon: Centre) -> None:
    answer = in_department("auditor").get(PAGE, {"jour": "hier", "qui": "claire"})
    assert answer.status_code == 422
    assert 'value="claire"' in answer.content.decode()


def merge(gone: Appointment, kept: Appointment) -> None:
    FamilyMerge.objects.create(
        kept_id=kept.household_id,
        merged_id=gone.household_id,
        actor="x",
        at=NOON,
        guardians=[],
        children=[],
        appointments=[],
    )


def test_a_family_that_became_part_of_another_is_told_as_that_one(redon: Centre) -> None:
    gone, kept = visit(redon, "Perrin"), visit(redon, "Le Perrin")
    opened(gone)
    merge(gone, kept)
    assert "Karim Le Perrin" in read(in_department("auditor"), PAGE)


def test_a_family_merged_twice_in_a_row_is_told_as_the_last_one(redon: Centre) -> None:
    first, second, last = (visit(redon, name) for name in ("Perrin", "Riou", "Le Perrin"))
    opened(first)
    merge(first, second)
    merge(second, last)
    shown = read(in_department("auditor"), PAGE)
    assert "Karim Le Perrin" in shown
    assert "Riou" not in shown


def test_the_journal_outlives_a_family(redon: Centre) -> None:
    FamilyRead.objects.create(
        reader="claire@example.org", household_id=987654, centre=redon, page="family", at=NOON
    )
    assert "famille effacée" in read(in_department("auditor"), PAGE)


def test_it_is_read_page_by_page(redon: Centre) -> None:
    seen = visit(redon, "Perrin")
    for number in range(JOURNAL_SHOWN + 1):
        opened(seen, by=f"a{number}@example.org", at=NOON + timedelta(minutes=number))
    auditor = in_department("auditor")
    first, second = read(auditor, PAGE), read(auditor, f"{PAGE}?page=2")
    assert "Plus anciennes" in first
    assert "Plus récentes" not in first
    assert "a50@" in first
    assert "a0@" in second
    assert "Plus anciennes" not in second
    for odd in ("0", "-1", "x", "99999999999", "²"):
        assert auditor.get(PAGE, {"page": odd}).status_code == 200


def test_the_page_costs_the_same_with_ten_lines_as_with_one(
    redon: Centre, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    auditor = in_department("auditor")
    opened(visit(redon, "Perrin"), by=make_user("jean@example.org", "reception", redon).email)
    for rows in (1, 10):
        # Session, user, roles, Départements, centres; the lines, merges, staff, their roles,
        # families, parents, children, the names of centres.
        with django_assert_num_queries(13):
            assert auditor.get(PAGE).status_code == 200
        for number in range(rows, 10):
            who = make_user(f"agent{number}@example.org", "reception", redon)
            opened(visit(redon, f"Riou {number}"), by=who.email)


def test_who_audits_one_of_two_departements_comes_to_the_journal(redon: Centre) -> None:
    make_department(code="22", name="Côtes-d’Armor")
    auditor = in_department("auditor")
    assert auditor.get("/equipe/aujourdhui/")["Location"] == PAGE
    assert auditor.get(PAGE).status_code == 200


def test_a_family_without_a_parent_has_a_line_too(redon: Centre) -> None:
    household = make_household()
    FamilyRead.objects.create(
        reader="claire@example.org", household=household, centre=redon, page="family", at=NOON
    )
    assert "famille sans nom" in read(in_department("auditor"), PAGE)

"""The planning page: who will be away, what will be closed, and what it costs to say so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from centres.models import Absence, Centre, Closure, Shift
from tests.factories import make_centre, make_department, make_practitioner, make_shift, make_site
from tests.frontend.pages import read
from tests.frontend.staff.people import at_desk, in_department

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture
def shift() -> Shift:
    return make_shift(site=make_site(make_centre(name="CDAS de Redon")))


@pytest.fixture
def centre(shift: Shift) -> Centre:
    return shift.centre


def away(shift: Shift, kind: str = "leave") -> Absence:
    return Absence.objects.create(
        practitioner=shift.practitioner,
        kind=kind,
        starts_at=shift.starts_at,
        ends_at=shift.ends_at + WEEK,
    )


def shut(here: Centre, label: str, **scope: object) -> Closure:
    now = timezone.now()
    return Closure.objects.create(
        department=here.department, label=label, starts_at=now, ends_at=now + WEEK, **scope
    )


def test_who_is_away_and_what_is_closed_are_told(shift: Shift, centre: Centre) -> None:
    away(shift)
    away(make_shift())
    shut(centre, "Travaux", site=shift.site)
    shut(centre, "Pont de l’Ascension")
    shut(centre, "Ailleurs", centre=make_centre())
    page = read(at_desk(centre), f"/equipe/planning/{centre.slug}/")
    assert page.count(str(shift.practitioner)) == 1
    assert "Travaux" in page
    assert "Tout le Département" in page
    assert "Ailleurs" not in page


def test_what_is_over_is_not_told(shift: Shift, centre: Centre) -> None:
    Absence.objects.filter(pk=away(shift).pk).update(
        starts_at=timezone.now() - WEEK, ends_at=timezone.now()
    )
    page = read(at_desk(centre), f"/equipe/planning/{centre.slug}/")
    assert str(shift.practitioner) not in page


def test_who_administers_its_departement_is_led_to_its_rules(shift: Shift, centre: Centre) -> None:
    """There may be others whose Département is not theirs."""
    make_department(code="56", name="Morbihan")
    path = f"/equipe/planning/{centre.slug}/"
    assert "Plages d’ouverture" in read(in_department(), path)
    assert "Plages d’ouverture" not in read(at_desk(centre), path)


def test_one_centre_needs_no_choice_and_several_do(centre: Centre) -> None:
    answer = at_desk(centre).get("/equipe/planning/")
    assert (answer.status_code, answer["Location"]) == (302, f"/equipe/planning/{centre.slug}/")
    other = make_centre(name="CDAS de Vitré")
    assert other.name in read(in_department(), "/equipe/planning/")


def test_as_many_queries_for_ten_as_for_one(
    shift: Shift, centre: Centre, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    claire: Client = at_desk(centre)
    away(shift)
    read(claire, f"/equipe/planning/{centre.slug}/")
    counts = []
    for more in (0, 9):
        for _ in range(more):
            away(make_shift(site=shift.site, practitioner=make_practitioner()))
            shut(centre, "Travaux", site=shift.site)
        with django_assert_num_queries(7) as counted:
            read(claire, f"/equipe/planning/{centre.slug}/")
        counts.append(len(counted))
    assert len(set(counts)) == 1

"""On a family's page: when a child is usually seen next, and the day a professional decides."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from booking.models import Child, Guardian, NextVisit
from booking.tasks import forget_leftovers
from centres.models import Centre, ChildExam
from tests.booking.test_desk import visit
from tests.factories import make_appointment, make_centre, make_child, make_guardian, make_shift
from tests.frontend.pages import read
from tests.frontend.staff.people import at_desk
from tests.frontend.staff.practitioners import at_own_pages, make_exam, make_vaccine

pytestmark = pytest.mark.django_db


@pytest.fixture
def karim(redon: Centre) -> Guardian:
    karim = make_guardian(first_name="Karim", last_name="Benali")
    visit(redon, guardian=karim)
    return karim


@pytest.fixture
def ines(karim: Guardian) -> Child:
    """Sixteen months old, and twenty days more."""
    return make_child(karim, first_name="Inès", born_on=timezone.localdate() - timedelta(days=470))


@pytest.fixture
def exam() -> ChildExam:
    return make_exam()


def path(karim: Guardian) -> str:
    return f"/equipe/familles/{karim.household_id}/"


def told(client: Client, karim: Guardian) -> str:
    return read(client, path(karim))


def decide(client: Client, child: Child, on: str) -> int:
    where = f"/equipe/familles/{child.household_id}/prochain/{child.pk}/"
    return client.post(where, {"on": on}).status_code


def test_it_says_what_is_usual_and_never_what_was_done(
    redon: Centre, karim: Guardian, ines: Child, exam: ChildExam
) -> None:
    claire = at_desk(redon)
    page = told(claire, karim)
    assert "Inès Habituellement vers le" in page
    assert "Entre 16 et 18 mois" in page
    assert "nous ne savons pas ce qui a été fait" in page
    assert "repère à vérifier" not in page
    for never in ("n’a pas", "manque", "en retard", "à jour"):
        assert never not in page
    body = claire.get(path(karim)).content.decode()
    since = (ines.born_on + timedelta(days=493)).isoformat()
    wish = f"kind=medecin&amp;guardian={karim.pk}&amp;child={ines.pk}"
    assert f"{path(karim)}rendez-vous/?{wish}&amp;centre={redon.slug}&amp;from={since}" in body


@pytest.mark.usefixtures("ines")
def test_a_row_that_is_only_likely_says_so(redon: Centre, karim: Guardian) -> None:
    make_exam(certainty="likely")
    assert "repère à vérifier" in told(at_desk(redon), karim)


@pytest.mark.usefixtures("ines")
def test_what_is_not_in_force_yet_or_any_more_is_not_said(
    redon: Centre, karim: Guardian, exam: ChildExam
) -> None:
    claire, today = at_desk(redon), timezone.localdate()
    for since, until in ((today + timedelta(days=1), None), (date(2020, 1, 1), date(2021, 1, 1))):
        ChildExam.objects.update(valid_from=since, valid_until=until)
        assert "Habituellement" not in told(claire, karim)
    ChildExam.objects.update(valid_from=today, valid_until=today)
    assert "Habituellement" in told(claire, karim)


def test_what_is_usual_just_now_is_still_said_to_be_usual(
    redon: Centre, karim: Guardian, ines: Child, exam: ChildExam
) -> None:
    Child.objects.update(born_on=ines.born_on - timedelta(days=50))
    page = told(at_desk(redon), karim)
    assert re.search(r"Habituellement ces jours-ci, et jusqu’au \d+(er)? \w+( \d{4})? : ", page)


@pytest.mark.usefixtures("ines")
def test_near_a_vaccine_only_a_doctor_is_proposed(
    redon: Centre, karim: Guardian, exam: ChildExam
) -> None:
    claire = at_desk(redon)
    both = claire.get(path(karim)).content.decode()
    assert "kind=puericultrice" in both
    make_vaccine(status="at_risk")
    make_vaccine(slug="vrs", status="seasonal")
    assert "kind=puericultrice" in claire.get(path(karim)).content.decode()
    make_vaccine(slug="ror")
    page = claire.get(path(karim)).content.decode()
    assert "kind=puericultrice" not in page
    assert "kind=medecin" in page


def test_an_appointment_in_those_days_leads_to_the_next_ones(
    redon: Centre, karim: Guardian, ines: Child, exam: ChildExam
) -> None:
    make_exam(
        number=12,
        label="Vers deux ans",
        first_day=700,
        usual_day=730,
        until_day=761,
        doctor_type=exam.doctor_type,
        nurse_type=exam.nurse_type,
    )
    assert exam.doctor_type is not None
    at = timezone.now() + timedelta(days=30)
    shift = make_shift(starts_at=at, types=[exam.doctor_type])
    made = make_appointment(shift, guardian=karim, child=ines)
    page = told(at_desk(redon), karim)
    assert "Vers deux ans" in page
    assert "Entre 16 et 18 mois" not in page
    assert "Un rendez-vous est déjà pris le" in page
    made.state = "cancelled"
    made.save()
    assert "Entre 16 et 18 mois" in told(at_desk(redon, email="jean@example.org"), karim)


def test_nothing_is_proposed_that_cannot_be_booked_at_that_age(
    redon: Centre, karim: Guardian, ines: Child, exam: ChildExam
) -> None:
    claire = at_desk(redon)
    for kind in (exam.doctor_type, exam.nurse_type):
        assert kind is not None
        kind.age_max_months = 12
        kind.save()
    assert "Habituellement" not in told(claire, karim)


def test_a_professional_decides_another_day_and_takes_it_back(
    redon: Centre, karim: Guardian, ines: Child, exam: ChildExam
) -> None:
    nadia, _practitioner = at_own_pages(redon)
    on = timezone.localdate() + timedelta(days=9)
    # Decided at today's visit.
    shift = make_shift(starts_at=timezone.now() - timedelta(minutes=1), types=[exam.doctor_type])
    make_appointment(shift, guardian=karim, child=ines, state="fulfilled")
    assert decide(nadia, ines, on.isoformat()) == 302
    page = told(nadia, karim)
    assert "comme un professionnel l’a décidé" in page
    assert "Habituellement" not in page
    assert f"from={on.isoformat()}" in nadia.get(path(karim)).content.decode()
    noted = NextVisit.objects.get()
    assert (noted.on, noted.decided_by) == (on, "nadia@example.org")
    assert decide(nadia, ines, "") == 302
    assert "comme un professionnel l’a décidé" not in told(nadia, karim)


@pytest.mark.usefixtures("exam")
@pytest.mark.parametrize("typed", ["demain", "2020-01-01", "2090-01-01"])
def test_a_day_out_of_reach_is_refused_in_plain_words(
    redon: Centre, karim: Guardian, ines: Child, typed: str
) -> None:
    nadia, _practitioner = at_own_pages(redon)
    assert decide(nadia, ines, typed) == 302
    assert "Choisissez un jour à venir" in told(nadia, karim)
    assert not NextVisit.objects.exists()


def test_only_a_practitioner_of_the_family_s_centres_decides(
    redon: Centre, karim: Guardian, ines: Child
) -> None:
    on = (timezone.localdate() + timedelta(days=9)).isoformat()
    stranger, _other = at_own_pages(make_centre(), email="hugo@example.org")
    manager = at_desk(redon, role="manager")
    for client in (stranger, manager):
        assert decide(client, ines, on) == 404
    nadia, _practitioner = at_own_pages(redon)
    brother = make_child(make_guardian())
    brother.household_id = ines.household_id
    assert decide(nadia, brother, on) == 404
    assert not NextVisit.objects.exists()


def test_what_was_decided_is_forgotten_long_after(ines: Child) -> None:
    today = timezone.localdate()
    for days, is_kept in ((30, True), (90, False)):
        NextVisit.objects.update_or_create(
            child=ines,
            defaults={
                "on": today - timedelta(days=days),
                "decided_by": "nadia@example.org",
                "decided_at": timezone.now(),
            },
        )
        forget_leftovers()
        assert NextVisit.objects.exists() == is_kept

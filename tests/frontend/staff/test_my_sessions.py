"""A practitioner's own sessions, at all sites and theirs alone; what each line tells and costs."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking.models import Appointment
from centres.models import Absence, Centre, Practitioner, Shift
from frontend.bundles import BUNDLES, SOURCES
from frontend.practice import absence_words
from tests.factories import (
    PARIS,
    make_appointment,
    make_centre,
    make_child,
    make_guardian,
    make_household,
    make_shift,
    make_site,
    make_type,
)
from tests.frontend.pages import read
from tests.frontend.staff.people import at_desk, in_department
from tests.frontend.staff.practitioners import at_own_pages, make_exam, make_vaccine

pytestmark = pytest.mark.django_db
OWN = "/equipe/mes-seances/"
HEAVIEST = 80_000


def today(clock: str = "00:00") -> datetime:
    return datetime.combine(timezone.now().astimezone(PARIS), time.fromisoformat(clock), PARIS)


@pytest.fixture
def own(redon: Centre) -> tuple[Client, Practitioner]:
    return at_own_pages(redon)


@pytest.fixture
def nadia(own: tuple[Client, Practitioner]) -> Client:
    return own[0]


@pytest.fixture
def shift(redon: Centre, own: tuple[Client, Practitioner]) -> Shift:
    """Most of today, so that its first visit has begun and its day is not over."""
    site = make_site(redon, name="Espace des Halles")
    return make_shift(starts_at=today(), hours=13, site=site, practitioner=own[1])


@pytest.fixture
def booked(shift: Shift) -> Appointment:
    guardian = make_guardian()
    make_child(guardian)
    return make_appointment(shift, guardian=guardian)


def told(client: Client, path: str = OWN, **query: str) -> str:
    return read(client, path, **query)


def press(client: Client, visit: Appointment, does: str) -> int:
    return client.post(f"{OWN}noter/", {"do": f"{does}.{visit.pk}.{visit.state[0]}"}).status_code


def test_the_day_is_told_with_first_name_age_type_and_first_visit(
    nadia: Client, booked: Appointment
) -> None:
    page = told(nadia)
    for said in ("Aujourd’hui", "Espace des Halles, Redon", "Maëlys", "12 mois", "Première visite"):
        assert said in page
    assert booked.type.label in page
    assert "Le Goff" not in page


def test_all_sites_are_together_and_a_colleague_s_sessions_are_not_there(
    nadia: Client, own: tuple[Client, Practitioner], shift: Shift
) -> None:
    elsewhere = make_site(make_centre(name="CDAS de Vitré"), name="Antenne", town="Retiers")
    tomorrow = today("09:00") + timedelta(days=1)
    other = make_shift(starts_at=tomorrow, site=elsewhere, practitioner=own[1])
    make_appointment(other, guardian=make_guardian(first_name="Jeanne"))
    colleague = make_shift(starts_at=today("09:00"), site=shift.site)
    make_appointment(colleague, guardian=make_guardian(first_name="Hugo"))
    page = told(nadia)
    for said in ("Antenne, Retiers", "Jeanne"):
        assert said in page
    assert "Hugo" not in page
    # Her right to a family's page ends with her centres.
    family = Appointment.objects.get(shift=other).household_id
    assert f"/equipe/familles/{family}/" not in nadia.get(OWN).content.decode()


def test_whom_nobody_met_before_comes_first_and_whom_somebody_met_does_not(
    nadia: Client, booked: Appointment
) -> None:
    before = make_shift(starts_at=today() - timedelta(days=40))
    make_appointment(before, guardian=booked.guardian, state="noshow")
    assert "Première visite" in told(nadia)
    make_appointment(
        before,
        guardian=booked.guardian,
        state="fulfilled",
        starts_at=before.starts_at + timedelta(hours=1),
    )
    assert "Première visite" not in told(nadia)


def test_pregnancy_language_and_note_are_told(nadia: Client, shift: Shift) -> None:
    turkish = make_guardian(make_household(language="tr", needs_interpreter=True))
    make_appointment(
        shift,
        guardian=turkish,
        type=make_type(audience="pregnancy"),
        due_on=timezone.localdate() + timedelta(days=287 - 7 * 24),
        is_overbooked=True,
        note="à voir avant vendredi",
    )
    page = told(nadia)
    for said in (
        "24 semaines de grossesse",
        "Besoin d’un interprète (turc)",
        "En plus",
        "Note de l’accueil : à voir avant vendredi",
    ):
        assert said in page


def test_one_s_own_discreet_appointments_are_named(nadia: Client, shift: Shift) -> None:
    make_appointment(shift, type=make_type(label="Contraception", is_discreet=True))
    assert "Contraception" in told(nadia)
    assert "Contraception" in told(nadia, f"{OWN}{shift.pk}/")


def test_each_press_is_a_step_and_comes_back_to_its_line(
    nadia: Client, booked: Appointment
) -> None:
    for does, state in (("a", "arrived"), ("c", "in_progress"), ("f", "fulfilled")):
        answer = nadia.post(f"{OWN}noter/", {"do": f"{does}.{booked.pk}.{booked.state[0]}"})
        assert answer["Location"] == f"{OWN}#v{booked.pk}"
        booked.refresh_from_db()
        assert booked.state == state
    assert booked.actor == "nadia@example.org"


def test_a_refused_press_says_why_and_another_s_visit_is_not_found(
    nadia: Client, booked: Appointment
) -> None:
    assert press(nadia, booked, "f") == 302
    assert press(nadia, booked, "c") == 302
    assert "Ce rendez-vous a changé entre-temps" in told(nadia)
    other = make_appointment(make_shift(starts_at=today()))
    assert press(nadia, other, "a") == 404
    other.refresh_from_db()
    assert other.state == "booked"
    assert nadia.post(f"{OWN}noter/", {"do": "x"}).status_code == 400


@pytest.mark.parametrize("role", ["reception", "manager", "practitioner"])
def test_who_has_no_calendar_has_no_such_page_and_no_link_to_it(
    redon: Centre, shift: Shift, booked: Appointment, role: str
) -> None:
    claire = at_desk(redon, role=role)
    for path in (OWN, f"{OWN}{shift.pk}/"):
        assert claire.get(path).status_code == 404
    assert press(claire, booked, "a") == 404
    assert OWN not in claire.get("/equipe/familles/").content.decode()


def test_the_administration_has_none_either_and_a_practitioner_has_the_link(
    nadia: Client, redon: Centre
) -> None:
    assert in_department().get(OWN).status_code == 404
    assert OWN in nadia.get("/equipe/familles/").content.decode()


def test_who_no_longer_receives_has_no_such_page(
    nadia: Client, own: tuple[Client, Practitioner]
) -> None:
    Practitioner.objects.filter(pk=own[1].pk).update(is_active=False)
    assert nadia.get(OWN).status_code == 404


def test_a_colleague_s_session_is_answered_like_none(nadia: Client, redon: Centre) -> None:
    other = make_shift(starts_at=today("09:00"), site=make_site(redon))
    assert nadia.get(f"{OWN}{other.pk}/").status_code == 404


def test_the_weeks_after_are_announced_and_open_by_their_day(
    nadia: Client, own: tuple[Client, Practitioner], redon: Centre
) -> None:
    far = today("14:00") + timedelta(days=20)
    later = make_shift(starts_at=far, site=make_site(redon, name="Annexe"), practitioner=own[1])
    make_appointment(later, guardian=make_guardian(first_name="Jeanne"))
    page = told(nadia)
    assert "14 h – 17 h, Annexe, 1 rendez-vous" in page
    assert "Jeanne" not in page
    assert "Jeanne" in told(nadia, jour=far.date().isoformat())
    for wrong in ("demain", "2026-13-01", "0001-01-01", "9999-12-31"):
        assert nadia.get(OWN, {"jour": wrong}).status_code == 404


def test_one_s_absences_to_come_are_listed(nadia: Client, own: tuple[Client, Practitioner]) -> None:
    assert "Aucune absence à venir" in told(nadia)
    day = today() + timedelta(days=3)
    Absence.objects.create(practitioner=own[1], starts_at=day, ends_at=day + timedelta(days=2))
    page = told(nadia)
    assert "congés" in page
    assert "Aucune absence" not in page


def test_an_absence_is_said_as_people_say_it() -> None:
    def said(opens: datetime, closes: datetime) -> str:
        words = absence_words(Absence(starts_at=opens, ends_at=closes), PARIS)
        return words.replace("\xa0", " ")

    monday = datetime(2026, 12, 7, tzinfo=PARIS)
    assert said(monday, monday + timedelta(days=1)) == "lundi 7 décembre"
    assert said(monday, monday + timedelta(days=5)) == "du lundi 7 décembre au vendredi 11 décembre"
    nine, noon = monday.replace(hour=9), monday.replace(hour=12)
    assert said(nine, noon) == "lundi 7 décembre de 9 h à 12 h"
    until = noon + timedelta(days=1)
    assert said(nine, until) == "du lundi 7 décembre à 9 h au mardi 8 décembre à 12 h"


def test_the_printed_list_of_a_session_has_ages_and_types(
    nadia: Client, shift: Shift, booked: Appointment
) -> None:
    page = told(nadia, f"{OWN}{shift.pk}/")
    for said in ("Maëlys", "12 mois", booked.type.label, "Première visite", "À détruire"):
        assert said in page


def test_after_a_visit_the_next_one_is_proposed_with_a_way_to_book_it(
    nadia: Client, booked: Appointment
) -> None:
    make_exam()
    page = told(nadia)
    assert "Habituellement vers le" in page
    assert "Entre 16 et 18 mois" in page
    body = nadia.get(OWN).content.decode()
    assert f"/equipe/familles/{booked.household_id}/rendez-vous/?kind=medecin" in body
    assert "kind=puericultrice" in body
    make_vaccine()
    assert "kind=puericultrice" not in nadia.get(OWN).content.decode()
    assert "Habituellement vers le" in told(nadia, f"{OWN}{booked.shift_id}/")


QUERIES, SESSION_QUERIES = 15, 13


def test_it_costs_the_same_with_many_as_with_few_and_is_light(
    nadia: Client,
    own: tuple[Client, Practitioner],
    redon: Centre,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    make_exam()
    site = make_site(redon)

    def add(day: int, families: int) -> Shift:
        starts_at = today("00:00") + timedelta(days=day)
        shift = make_shift(starts_at=starts_at, hours=13, site=site, practitioner=own[1])
        for number in range(families):
            guardian = make_guardian()
            make_child(guardian)
            at = starts_at + timedelta(minutes=30 * number)
            state = ["booked", "arrived", "fulfilled"][number % 3]
            make_appointment(shift, guardian=guardian, starts_at=at, state=state)
        return shift

    first = add(0, 3)
    add(9, 1)
    nadia.get(OWN)
    with django_assert_num_queries(QUERIES):
        nadia.get(OWN)
    with django_assert_num_queries(SESSION_QUERIES):
        nadia.get(f"{OWN}{first.pk}/")
    more = [add(day, 10) for day in (1, 2, 3, 4, 8, 10, 15)]
    with django_assert_num_queries(QUERIES):
        page = nadia.get(OWN).content
    with django_assert_num_queries(SESSION_QUERIES):
        nadia.get(f"{OWN}{more[0].pk}/")
    own_style = (SOURCES / "staff" / "board.css").read_bytes()
    shared = "".join(BUNDLES[f"frontend/{name}.css"]() for name in ("site", "staff"))
    assert sum(map(len, [page, own_style, shared.encode()])) < HEAVIEST

"""An agent books while talking: the family's page, what for, one press."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking.models import Appointment, Child, FamilyRead, Guardian
from centres.models import AppointmentType, Centre, PublicHoliday, Shift
from tests.booking.test_desk import visit
from tests.factories import PARIS, make_centre, make_child, make_guardian, make_shift, make_type
from tests.factories import make_practitioner as make_doctor
from tests.frontend.staff.people import at_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def karim(redon: Centre) -> Guardian:
    karim = make_guardian(first_name="Karim", last_name="Benali", phone="+33639981234")
    visit(redon, guardian=karim)
    return karim


@pytest.fixture
def ines(karim: Guardian) -> Child:
    return make_child(karim, first_name="Inès")


@pytest.fixture
def kind() -> AppointmentType:
    return make_type(slug="medecin")


def school_day() -> date:
    """A Monday to come, in no holiday that the database knows."""
    today = timezone.localdate()
    return today + timedelta(days=7 + (0 - today.weekday()) % 7)


@pytest.fixture
def shift(redon: Centre, karim: Guardian, kind: AppointmentType) -> Shift:
    """Eight o'clock to noon, beside what the family has already."""
    site = Appointment.objects.get(guardian=karim).site
    starts_at = datetime.combine(school_day(), time(8), PARIS)
    return make_shift(site=site, starts_at=starts_at, hours=4, types=[kind])


def path(karim: Guardian) -> str:
    return f"/equipe/familles/{karim.household_id}/rendez-vous/"


def wish(karim: Guardian, child: Child | None, redon: Centre, **more: object) -> dict[str, object]:
    return {
        "guardian": karim.pk,
        "child": child.pk if child else "",
        "kind": "medecin",
        "centre": redon.slug,
        **more,
    }


def buttons(body: str) -> list[str]:
    return re.findall(r'name="creneau" value="([^"]+)"', body)


def test_three_times_are_proposed_and_one_press_books(
    claire: Client, redon: Centre, karim: Guardian, ines: Child, shift: Shift
) -> None:
    page = claire.get(path(karim), wish(karim, ines, redon))
    values = buttons(page.content.decode())
    assert len(values) > 3
    answer = claire.post(path(karim), wish(karim, ines, redon, creneau=values[0]))
    booked = Appointment.objects.get(shift=shift)
    assert answer["Location"] == f"/equipe/rendez-vous/{booked.spoken_reference}/"
    assert (booked.guardian, booked.child, booked.state) == (karim, ines, "booked")
    assert FamilyRead.objects.filter(household=karim.household_id).exists()


def test_the_first_page_asks_and_offers_nothing_yet(claire: Client, karim: Guardian) -> None:
    body = claire.get(path(karim)).content.decode()
    assert "Voir les créneaux" in body
    assert not buttons(body)
    assert "error-summary" not in body


def test_a_time_taken_meanwhile_is_said_and_others_are_proposed(
    claire: Client, redon: Centre, karim: Guardian, ines: Child, shift: Shift
) -> None:
    first = buttons(claire.get(path(karim), wish(karim, ines, redon)).content.decode())[0]
    other = make_guardian()
    claire.post(path(karim), wish(karim, ines, redon, creneau=first))
    visit(redon, guardian=other)
    brother = make_child(other)
    answer = claire.post(path(other), wish(other, brother, redon, creneau=first))
    body = answer.content.decode()
    assert answer.status_code == 409
    assert "Ce créneau n’est pas pris" in body
    assert first not in buttons(body)
    assert buttons(body)
    assert not Appointment.objects.filter(child=brother).exists()


def test_outside_school_time_leaves_the_early_morning(
    claire: Client, redon: Centre, karim: Guardian, ines: Child, shift: Shift
) -> None:
    asked = wish(karim, ines, redon, is_outside_school="on")
    at_ease = claire.get(path(karim), asked).content.decode()
    assert len(set(buttons(at_ease))) == 2  # 8:00 and 8:15
    PublicHoliday.objects.create(department=redon.department, on=school_day(), name="Jour férié")
    assert len(set(buttons(claire.get(path(karim), asked).content.decode()))) > 2


def test_one_person_is_wished_for(
    claire: Client, redon: Centre, karim: Guardian, ines: Child, shift: Shift, kind: AppointmentType
) -> None:
    doctor = make_doctor(redon.department)
    later = shift.starts_at + timedelta(days=1)
    own = make_shift(site=shift.site, starts_at=later, practitioner=doctor, types=[kind])
    asked = wish(karim, ines, redon, practitioner=doctor.pk)
    values = buttons(claire.get(path(karim), asked).content.decode())
    claire.post(path(karim), {**asked, "creneau": values[0]})
    assert Appointment.objects.get(child=ines).shift == own


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"child": ""}, "Ce motif est pour un enfant"),
        ({"kind": "inconnu"}, "kind"),
        ({"centre": "ailleurs"}, "centre"),
        ({"guardian": "999999"}, "guardian"),
        ({"practitioner": "999999"}, "practitioner"),
    ],
)
def test_what_is_missing_or_not_theirs_is_said_and_books_nothing(
    claire: Client, redon: Centre, karim: Guardian, ines: Child, shift: Shift,
    change: dict[str, str], said: str,
) -> None:  # fmt: skip
    asked = wish(karim, ines, redon) | change
    for answer in (
        claire.get(path(karim), asked),
        claire.post(path(karim), {**asked, "creneau": "1-1"}),
    ):
        assert answer.status_code == 422
        assert said in answer.content.decode()
    assert not Appointment.objects.filter(shift=shift).exists()


@pytest.mark.parametrize(
    ("audience", "is_optional"), [("child", False), ("adult", True), ("", False)]
)
def test_a_child_is_called_optional_only_where_nobody_needs_one(
    claire: Client, redon: Centre, karim: Guardian, ines: Child, audience: str, is_optional: bool
) -> None:
    for alone in (False, True):
        if alone:
            ines.delete()
        asked = {"centre": redon.slug}
        if audience:
            AppointmentType.objects.filter(slug="medecin").delete()
            asked["kind"] = make_type(slug="medecin", audience=audience).slug
        page = claire.get(path(karim), asked).content.decode()
        label = "Prénom de l’enfant" if alone else "Enfants"
        (rest,) = re.findall(rf">{label}(.*?)</(?:legend|label)>", page)
        assert ("facultatif" in rest) == is_optional


def test_a_pregnancy_asks_for_its_date(
    claire: Client, redon: Centre, karim: Guardian, shift: Shift
) -> None:
    kind = make_type(slug="grossesse", audience="pregnancy", age_max_months=None)
    asked = wish(karim, None, redon) | {"kind": kind.slug}
    assert "accouchement" not in claire.get(path(karim)).content.decode()
    assert "Écrivez la date prévue" in claire.get(path(karim), asked).content.decode()
    due = timezone.localdate() + timedelta(days=100)
    asked |= {"due_on_day": due.day, "due_on_month": due.month, "due_on_year": due.year}
    make_shift(site=shift.site, starts_at=shift.starts_at + timedelta(days=1), types=[kind])
    values = buttons(claire.get(path(karim), asked).content.decode())
    claire.post(path(karim), {**asked, "creneau": values[0]})
    assert Appointment.objects.get(type=kind).due_on == due


def test_a_time_that_is_none_is_refused_plainly(
    claire: Client, redon: Centre, karim: Guardian, ines: Child, shift: Shift
) -> None:
    for value in ("", "x", "1-1", "99999999999-1", f"1-{shift.site_id}"):
        answer = claire.post(path(karim), wish(karim, ines, redon, creneau=value))
        assert 400 <= answer.status_code < 500, value
    assert not Appointment.objects.filter(shift=shift).exists()


def test_another_centres_family_is_answered_like_none(karim: Guardian) -> None:
    stranger = at_desk(make_centre(), email="paul@example.org")
    assert stranger.get(path(karim)).status_code == 404
    assert stranger.post(path(karim), {"kind": "medecin"}).status_code == 404


@pytest.mark.parametrize("many", [1, 10])
def test_queries_do_not_grow_with_the_times(
    claire: Client, redon: Centre, karim: Guardian, ines: Child, shift: Shift,
    kind: AppointmentType, django_assert_num_queries: DjangoAssertNumQueries, many: int,
) -> None:  # fmt: skip
    for number in range(1, many):
        make_shift(
            site=shift.site, starts_at=shift.starts_at + timedelta(days=number), types=[kind]
        )
    claire.get(path(karim))  # the reading is noted once
    with django_assert_num_queries(QUERIES):
        claire.get(path(karim), wish(karim, ines, redon))


QUERIES = 16

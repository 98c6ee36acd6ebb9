"""Today's page: who opens it, what it tells whom, what each press does, and what it costs."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking.board import BEFORE
from booking.models import Appointment
from centres.calendar import to_minute
from centres.models import AppointmentType, Centre, Membership, Shift
from frontend.board import KEYS, UNDO_KEY, Watcher, presses, spoken_age
from frontend.bundles import BUNDLES, SOURCES
from frontend.staff import Desk
from tests.booking.test_desk import asked, lost, visit
from tests.factories import (
    PARIS,
    make_appointment,
    make_centre,
    make_child,
    make_department,
    make_guardian,
    make_household,
    make_shift,
    make_site,
    make_type,
)
from tests.frontend.pages import read
from tests.frontend.staff.people import at_desk, in_department

pytestmark = pytest.mark.django_db
HEAVIEST = 80_000


def today(clock: str = "00:00") -> datetime:
    return datetime.combine(timezone.now().astimezone(PARIS), time.fromisoformat(clock), PARIS)


@pytest.fixture
def centre() -> Centre:
    return make_centre(name="CDAS de Redon")


@pytest.fixture
def shift(centre: Centre) -> Shift:
    """Most of today, so that its first visit has begun and its day is not over."""
    return make_shift(starts_at=today(), hours=13, site=make_site(centre))


@pytest.fixture
def booked(shift: Shift) -> Appointment:
    guardian = make_guardian(phone="+33639981234")
    make_child(guardian)
    return make_appointment(shift, guardian=guardian)


@pytest.fixture
def claire(centre: Centre) -> Client:
    return at_desk(centre)


def url(centre: Centre, more: str = "") -> str:
    return f"/equipe/aujourdhui/{centre.slug}/{more}"


def words(client: Client, centre: Centre, more: str = "", **query: str) -> str:
    return read(client, url(centre, more), **query)


def press(client: Client, appointment: Appointment, state: str, seen: str = "") -> HttpResponse:
    seen = seen or appointment.state
    key = UNDO_KEY if BEFORE.get(seen) == state else KEYS[state]
    does = f"{key}.{appointment.pk}.{seen[0]}"
    answer: Any = client.post(url(appointment.centre, "noter/"), {"do": does})
    appointment.refresh_from_db()
    return answer  # type: ignore[no-any-return]


def test_the_day_is_told_family_by_family(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    page = words(claire, centre)
    for told in ("0 h", "Maëlys Le Goff", "12 mois, Karim Le Goff", booked.type.label):
        assert told in page
    assert str(booked.practitioner) in page


def test_one_s_only_centre_opens_at_once(claire: Client, centre: Centre) -> None:
    assert claire.get("/equipe/aujourdhui/")["Location"] == url(centre)


def test_among_several_centres_the_last_one_opens_again(centre: Centre) -> None:
    claire, other = at_desk(centre), make_centre(name="CDAS de Vitré")
    user = Membership.objects.get(centre=centre).user
    Membership.objects.create(
        user=user, department=make_department(), centre=other, role="reception"
    )
    page = read(claire, "/equipe/aujourdhui/")
    assert "CDAS de Redon" in page
    assert "CDAS de Vitré" in page
    words(claire, other)
    assert claire.get("/equipe/aujourdhui/")["Location"] == url(other)
    assert "CDAS de Redon" in read(claire, "/equipe/aujourdhui/", choisir="")


def test_a_centre_of_another_s_is_not_remembered_and_not_found(claire: Client) -> None:
    other = make_centre()
    claire.cookies["board"] = other.slug
    assert claire.get("/equipe/aujourdhui/")["Location"] != url(other)
    for more in ("", "imprimer/"):
        assert claire.get(url(other, more)).status_code == 404


def test_an_auditor_sees_no_family(centre: Centre) -> None:
    auditor = in_department("auditor")
    assert auditor.get(url(centre)).status_code == 404
    assert auditor.get("/equipe/aujourdhui/")["Location"] == reverse("health")


def test_a_manager_declares_whoever_is_ill_from_the_board(centre: Centre) -> None:
    """The reason is filled in as on the form itself: it would else be leave."""
    shift = make_shift(site=make_site(centre), starts_at=today() + timedelta(hours=9))
    boss = at_desk(centre, email="boss@example.org", role="manager")
    link = f"what=p{shift.practitioner_id}&amp;since_on={timezone.localdate()}&amp;kind=sick"
    assert link in boss.get(url(centre)).content.decode()


@pytest.mark.parametrize("role", ["reception", "practitioner", "manager"])
def test_why_somebody_comes_discreetly_is_the_manager_s_to_know_and_no_colleague_s(
    centre: Centre, shift: Shift, role: str
) -> None:
    kind = make_type(label="Contraception", is_discreet=True, audience="adult")
    make_appointment(shift, type=kind)
    page = words(at_desk(centre, role=role), centre)
    assert ("Contraception" in page) == (role == "manager")
    assert "Discret" in page


def test_one_s_own_discreet_appointments_are_told_whatever_one_s_role(
    centre: Centre, shift: Shift, claire: Client
) -> None:
    kind = make_type(label="Contraception", is_discreet=True, audience="adult")
    make_appointment(shift, type=kind)
    assert "Contraception" not in words(claire, centre)
    shift.practitioner.user = Membership.objects.get(centre=centre).user
    shift.practitioner.save()
    assert "Contraception" in words(claire, centre)


def test_a_discreet_session_does_not_say_what_it_is_about(centre: Centre, claire: Client) -> None:
    kind = make_type(label="Contraception", is_discreet=True, mode="group", capacity=8)
    make_shift(starts_at=today(), types=[kind], site=make_site(centre), seats=8)
    page = words(claire, centre)
    assert "Contraception" not in page
    assert "places prises sur 8" in page


def test_language_interpreter_and_overbooking_are_told(
    claire: Client, centre: Centre, shift: Shift
) -> None:
    turkish = make_guardian(make_household(language="tr", needs_interpreter=True))
    make_appointment(shift, guardian=turkish)
    silent = make_guardian(make_household(contact_by="none"))
    make_appointment(shift, guardian=silent, is_overbooked=True, note="urgent")
    page = words(claire, centre)
    for told in ("Besoin d’un interprète (turc)", "En plus", "Discret"):
        assert told in page


def test_a_walk_in_session_a_hold_and_the_calls_of_the_day_are_there(
    claire: Client, centre: Centre, shift: Shift
) -> None:
    walk_in = make_type(label="Pesée", booking=AppointmentType.Booking.WALK_IN)
    make_shift(starts_at=today(), types=[walk_in], site=shift.site)
    make_appointment(
        shift,
        state="held",
        guardian=None,
        starts_at=today("11:00"),
        expires_at=timezone.now() + timedelta(minutes=9),
    )
    asked(centre)
    lost(visit(centre))
    page = words(claire, centre)
    for told in (
        "Sans rendez-vous : Pesée",
        "Quelqu’un remplit ce créneau",
        "Rappels à faire : 1",
        "Messages à reprendre : 1",
    ):
        assert told in page


def test_other_days_and_sites_open_and_wrong_days_do_not(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    tomorrow = (today() + timedelta(days=1)).date()
    make_shift(starts_at=today("09:00") + timedelta(days=1), site=booked.site)
    page = words(claire, centre, jour=tomorrow.isoformat())
    assert "Libre jusqu’à 12 h" in page
    assert "Maëlys" not in page
    site = make_site(centre, slug="annexe")
    assert "Maëlys" not in words(claire, centre, site=site.slug)
    assert "Maëlys" in words(claire, centre, site="inconnu")
    for wrong in ("demain", "2026-13-01", "0001-01-01", "9999-12-31"):
        assert claire.get(url(centre), {"jour": wrong}).status_code == 404


def test_each_press_is_a_step_signed_by_its_agent(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    for state in ("arrived", "in_progress", "fulfilled", "in_progress", "arrived", "booked"):
        answer = press(claire, booked, state)
        assert answer["Location"] == f"{url(centre)}#v{booked.pk}"
        assert booked.state == state
    press(claire, booked, "noshow")
    assert booked.state == "noshow"
    assert booked.actor == "claire@example.org"


def test_a_refused_press_says_why_in_plain_words(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    press(claire, booked, "fulfilled")
    assert booked.state == "booked"
    assert "Ce rendez-vous a changé entre-temps" in words(claire, centre)
    later = make_appointment(booked.shift, starts_at=today() + timedelta(days=1))
    press(claire, later, "arrived")
    assert later.state == "booked"
    assert "C’est trop tôt pour le noter" in words(claire, centre)


def test_a_script_gets_the_board_alone_and_the_refusal_with_it(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    does = {"do": f"a.{booked.pk}.b"}
    answer = claire.post(url(centre, "noter/"), does, headers={"X-Board": "1"})
    assert answer.status_code == 200
    assert answer.content.startswith(b'<div class="board"')
    wrong = {"do": f"f.{booked.pk}.b"}
    answer = claire.post(url(centre, "noter/"), wrong, headers={"X-Board": "1"})
    assert answer.status_code == 409
    assert "a changé entre-temps" in answer.content.decode()


def test_two_agents_who_take_back_the_same_step_go_back_one(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    colleague = at_desk(centre, email="jean@example.org")
    for state in ("arrived", "in_progress"):
        press(claire, booked, state)
    for agent in (claire, colleague):
        press(agent, booked, "arrived", seen="in_progress")
        assert booked.state == "arrived"


def test_another_centre_s_appointment_is_not_pressed_and_nonsense_is_refused(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    other = make_appointment(make_shift(starts_at=today()))
    for path in (url(centre, "noter/"), url(other.centre, "noter/")):
        answer = claire.post(path, {"do": f"a.{other.pk}.b"})
        assert answer.status_code == 404
    other.refresh_from_db()
    assert other.state == "booked"
    for wrong in ("", "x", "a", f"z.{booked.pk}.b", "a.x.b", "a.1.h", "u.1.b"):
        assert claire.post(url(centre, "noter/"), {"do": wrong}).status_code == 400
    assert claire.get(url(centre, "noter/")).status_code == 405


def watch(client: Client, centre: Centre) -> tuple[str, str]:
    """The address that a board asks every few seconds, and the version it was drawn from."""
    page = client.get(url(centre)).content.decode()
    after = page.split("data-version=")[1]
    return after.split("data-watch=")[1].split('"')[1], after.split('"')[1]


def test_a_colleague_s_change_is_seen_by_one_query_and_nothing_else_is(
    claire: Client,
    centre: Centre,
    booked: Appointment,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    path, version = watch(claire, centre)
    known = {"If-None-Match": f'"{version}"'}
    for client in (claire, Client()):
        with django_assert_num_queries(1):
            answer = client.get(path, headers=known)
        assert (answer.status_code, answer.content) == (304, b"")
        assert "no-store" in answer["Cache-Control"]
    press(at_desk(centre, email="jean@example.org"), booked, "arrived")
    answer = claire.get(path, headers=known)
    assert answer.status_code == 200
    assert answer["ETag"] == f'"{watch(claire, centre)[1]}"'


def test_a_forged_address_watches_nothing(claire: Client, centre: Centre) -> None:
    path, _version = watch(claire, centre)
    for wrong in (path[:-2] + "/", "/equipe/veille/x/"):
        assert claire.get(wrong).status_code == 404


def test_it_costs_the_same_with_ten_as_with_one_and_is_light(
    claire: Client, centre: Centre, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def add(people: int, families: int) -> None:
        for _ in range(people):
            shift = make_shift(starts_at=yesterday, hours=13, site=centre.sites.first())
            for number in range(families):
                guardian = make_guardian()
                make_child(guardian)
                starts_at = yesterday + timedelta(minutes=30 * number)
                state = ["booked", "arrived", "fulfilled"][number % 3]
                make_appointment(shift, guardian=guardian, starts_at=starts_at, state=state)

    make_site(centre)
    yesterday = today() - timedelta(days=1)
    address = url(centre, f"?jour={yesterday.date().isoformat()}")
    add(1, 3)
    claire.get(address)
    with django_assert_num_queries(QUERIES):
        claire.get(address)
    add(9, 6)
    add(1, 3)
    with django_assert_num_queries(QUERIES):
        page = claire.get(address).content
    own = [(SOURCES / "staff" / name).read_bytes() for name in ("board.css", "board.js")]
    shared = BUNDLES["frontend/site.css"]().encode()
    assert Appointment.objects.count() == 60
    assert sum(map(len, [page, *own, shared])) < HEAVIEST


QUERIES = 19


def test_on_paper_there_are_two_days_and_no_phone_unless_asked_for(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    monday = make_shift(starts_at=today("09:00") + timedelta(days=3), site=booked.site)
    make_appointment(monday, guardian=make_guardian(first_name="Jeanne"))
    page = words(claire, centre, "imprimer/")
    assert "Maëlys Le Goff" in page
    assert "Jeanne Le Goff" in page
    assert "06 39 98 12 34" not in page
    assert "06 39 98 12 34" in words(claire, centre, "imprimer/", telephones="1")


def test_on_paper_a_discreet_reason_is_not_named_to_the_reception(
    claire: Client, centre: Centre, shift: Shift
) -> None:
    make_appointment(shift, type=make_type(label="Contraception", is_discreet=True))
    assert "Contraception" not in words(claire, centre, "imprimer/")


def watcher(booked: Appointment, **ahead: float) -> Watcher:
    now = booked.starts_at + timedelta(**ahead)
    return Watcher(Desk("", [], False, False), booked.centre, to_minute(now))


@pytest.mark.parametrize(
    ("state", "keys"),
    [("booked", "an"), ("arrived", "cfu"), ("in_progress", "fu"), ("fulfilled", "u")],
)
def test_each_state_offers_its_next_steps(booked: Appointment, state: str, keys: str) -> None:
    booked.state = state
    assert "".join(each.key for each in presses(booked, watcher(booked))) == keys


def test_nothing_is_offered_that_would_be_refused() -> None:
    shift = make_shift()
    booked = make_appointment(shift)
    assert presses(booked, watcher(booked, days=-1)) == []
    assert [each.key for each in presses(booked, watcher(booked, minutes=-1))] == ["a"]
    booked.state = "noshow"
    assert [each.key for each in presses(booked, watcher(booked))] == ["a", "u"]


@pytest.mark.parametrize(
    ("born_on", "age"),
    [
        (date(2026, 3, 1), "1 jour"),
        (date(2026, 2, 20), "10 jours"),
        (date(2026, 2, 2), "1 mois"),
        (date(2024, 3, 3), "23 mois"),
        (date(2024, 3, 2), "2 ans"),
    ],
)
def test_an_age_is_said_as_people_say_it(born_on: date, age: str) -> None:
    assert spoken_age(born_on, date(2026, 3, 2)) == age

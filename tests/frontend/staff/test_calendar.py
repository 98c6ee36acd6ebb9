"""The calendar's pages: what they show to whom, what is remembered, what they cost."""

from __future__ import annotations

import gzip
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking.models import Appointment
from centres.models import Absence, AppointmentType, Centre, Closure, Membership, Shift
from frontend.bundles import BUNDLES, SOURCES
from tests.factories import (
    PARIS,
    make_appointment,
    make_centre,
    make_child,
    make_department,
    make_guardian,
    make_household,
    make_practitioner,
    make_shift,
    make_site,
    make_type,
)
from tests.frontend.pages import read
from tests.frontend.staff.people import at_desk, in_department

pytestmark = pytest.mark.django_db
HEAVIEST = 250_000
VENDORED = "vendor/event-calendar-5.10.1/event-calendar.min"


def tomorrow(clock: str = "09:00", *, days: int = 1) -> datetime:
    on = timezone.now().astimezone(PARIS).date() + timedelta(days=days)
    return datetime.combine(on, time.fromisoformat(clock), PARIS)


@pytest.fixture
def centre() -> Centre:
    return make_centre(name="CDAS de Redon")


@pytest.fixture
def shift(centre: Centre) -> Shift:
    return make_shift(starts_at=tomorrow(), site=make_site(centre))


@pytest.fixture
def booked(shift: Shift) -> Appointment:
    guardian = make_guardian(phone="+33639981234")
    make_child(guardian)
    return make_appointment(shift, guardian=guardian)


@pytest.fixture
def claire(centre: Centre) -> Client:
    return at_desk(centre)


def url(centre: Centre, more: str = "") -> str:
    return f"/equipe/calendrier/{centre.slug}/{more}"


def words(client: Client, centre: Centre, more: str = "", **query: str) -> str:
    query.setdefault("le", tomorrow().date().isoformat())
    return read(client, url(centre, more), **query)


def days_of(client: Client, centre: Centre, **query: str) -> str:
    """What is said of the days, without the tools above them."""
    return words(client, centre, **query).partition("Vu à")[2]


def data(client: Client, centre: Centre, **query: str) -> dict[str, Any]:
    query.setdefault("le", tomorrow().date().isoformat())
    answer = client.get(url(centre, "donnees/"), query)
    assert answer.status_code == 200
    return answer.json()  # type: ignore[no-any-return]


def blocks(client: Client, centre: Centre, kind: str, **query: str) -> list[dict[str, Any]]:
    return [each for each in data(client, centre, **query)["events"] if each["k"] == kind]


def test_the_list_tells_all_that_the_grid_shows(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    page = days_of(claire, centre)
    for told in (
        "9 h – 12 h",
        "Maëlys Le Goff",
        "Libre : 9 h 30",
        "Déplacer",
        str(booked.practitioner),
    ):
        assert told in page
    (visit,) = blocks(claire, centre, "visit")
    assert visit["t"] == "Maëlys Le Goff"
    assert visit["s"] == tomorrow().strftime("%Y-%m-%dT09:00")
    assert visit["m"].endswith("/deplacer/")
    free = blocks(claire, centre, "free")
    assert [each["t"].replace("\xa0", " ") for each in free][:2] == ["9 h 30", "9 h 45"]
    for each in free:
        assert (
            f"/creneau/{each['id'][1:]}/"
            in claire.get(url(centre), {"le": tomorrow().date().isoformat()}).content.decode()
        )


def test_holds_sessions_absences_and_closures_are_told(
    claire: Client, centre: Centre, shift: Shift
) -> None:
    make_appointment(
        shift,
        state="held",
        guardian=None,
        starts_at=tomorrow("11:00"),
        expires_at=timezone.now() + timedelta(minutes=9),
    )
    group = make_type(label="Éveil musical", mode="group", capacity=8)
    session = make_shift(starts_at=tomorrow(), types=[group], seats=8, site=shift.site)
    make_appointment(session)
    hours = {"starts_at": tomorrow("10:00"), "ends_at": tomorrow("10:30")}
    Absence.objects.create(practitioner=shift.practitioner, **hours)
    Closure.objects.create(department=centre.department, centre=centre, label="Travaux", **hours)
    minutes = [int(at.timestamp()) // 60 for at in hours.values()]
    Shift.objects.filter(pk=shift.pk).update(closed=minutes)
    page = days_of(claire, centre)
    for told in (
        "Quelqu’un remplit ce créneau, jusqu’à",
        "Éveil musical : 1 place prise sur 8",
        "Inscrire une famille",
        "Absence : de 10 h à 10 h 30",
        "Travaux jusqu’à 10 h 30",
    ):
        assert told in page
    (block,) = blocks(claire, centre, "session")
    assert block["d"][0].replace("\xa0", " ") == "1 place prise sur 8, 7 libres"
    assert [each["t"] for each in block["v"]] == ["Karim Le Goff"]
    assert [each["t"] for each in blocks(claire, centre, "closed")] == ["Travaux"]
    assert len(blocks(claire, centre, "hold")) == 1
    assert "Travaux" in data(claire, centre)["notes"][0]


def test_a_time_held_for_days_is_said_with_its_day(
    claire: Client, centre: Centre, shift: Shift
) -> None:
    """Nobody fills a form in for two days: a family has been asked."""
    held = make_appointment(
        shift,
        state="held",
        guardian=None,
        starts_at=tomorrow("11:00"),
        expires_at=timezone.now() + timedelta(hours=48),
        actor="waiting-list",
    )
    assert "Proposé à une famille en attente, jusqu’au" in days_of(claire, centre)
    Appointment.objects.filter(pk=held.pk).update(moves=make_appointment(shift), actor="claire")
    Appointment.objects.filter(pk=held.pk).update(booked_via="agent")
    assert "Proposé à une famille, dont on attend la réponse" in days_of(claire, centre)


def test_a_cancelled_half_day_is_seen_with_whoever_is_still_in_it(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    Shift.objects.update(status="cancelled")
    page = days_of(claire, centre)
    for told in ("Annulée", "Maëlys Le Goff", "Hors demi-journée"):
        assert told in page
    assert "Libre" not in page
    assert [each["t"] for each in blocks(claire, centre, "closed")] == ["Demi-journée annulée"]
    assert "Hors demi-journée" in blocks(claire, centre, "visit")[0]["d"]


def test_what_agents_keep_is_told_apart(claire: Client, centre: Centre) -> None:
    kind = make_type(booking=AppointmentType.Booking.AGENTS)
    make_shift(starts_at=tomorrow(), types=[kind], site=make_site(centre))
    assert "9 h pour les agents" in days_of(claire, centre)
    assert all(each["a"] for each in blocks(claire, centre, "free"))


@pytest.mark.parametrize("role", ["reception", "practitioner", "manager"])
def test_a_discreet_reason_is_the_manager_s_to_know_and_no_colleague_s(
    centre: Centre, shift: Shift, role: str
) -> None:
    kind = make_type(label="Contraception", is_discreet=True, audience="adult")
    make_appointment(shift, type=kind)
    client = at_desk(centre, role=role)
    for told in (days_of(client, centre), str(data(client, centre))):
        assert ("Contraception" in told) == (role == "manager")
        assert "Discret" in told


def test_a_week_shows_its_working_days_by_person_or_by_place(
    claire: Client, centre: Centre, shift: Shift
) -> None:
    other = make_shift(starts_at=tomorrow(), site=make_site(centre, name="Annexe"))
    page = days_of(claire, centre, vue="semaine", colonnes="lieux")
    assert page.index("Annexe") < page.index(str(other.practitioner))
    seen = data(claire, centre, vue="semaine")
    assert len(seen["dates"]) >= 5
    assert [each["id"] for each in seen["columns"]] == [
        f"p{shift.practitioner_id}",
        f"p{other.practitioner_id}",
    ]
    by_place = data(claire, centre, colonnes="lieux")
    assert {each["title"] for each in by_place["columns"]} == {"Annexe", shift.site.name}


def test_filters_narrow_both_forms_and_are_remembered(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    other = make_shift(starts_at=tomorrow(), site=make_site(centre, name="Annexe"))
    for query in (
        {"lieu": other.site.slug},
        {"avec": str(other.practitioner_id)},
        {"motif": other.offers.get().type.slug},
    ):
        assert "Maëlys" not in days_of(claire, centre, **query)
        assert blocks(claire, centre, "visit", **query) == []
        assert blocks(claire, centre, "free", **query) != []
        assert "Maëlys" not in days_of(claire, centre), "remembered"
        assert "Maëlys" in days_of(claire, centre, vue="jour"), "and cleared"


def test_what_is_remembered_of_one_centre_does_not_narrow_another(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    other = make_shift(starts_at=tomorrow(), site=make_site())
    Membership.objects.create(
        user=Membership.objects.get(centre=centre).user,
        department=make_department(),
        centre=other.centre,
        role="reception",
    )
    words(claire, other.centre, avec=str(other.practitioner_id), vue="semaine", forme="liste")
    assert "Maëlys" in days_of(claire, centre)
    assert "semaine du" in words(claire, centre)
    assert claire.get("/equipe/calendrier/")["Location"] == url(centre)


def test_a_centre_of_another_s_or_no_day_is_not_found(claire: Client, centre: Centre) -> None:
    other = make_centre()
    for more in ("", "donnees/", "creneau/1-2-3/"):
        assert claire.get(url(other, more)).status_code == 404
    for wrong in ("demain", "2026-13-01", "0001-01-01", "9999-12-31"):
        assert claire.get(url(centre), {"le": wrong}).status_code == 404
    assert claire.get("/equipe/calendrier/")["Location"] == url(centre)
    assert in_department("auditor").get(url(centre)).status_code == 404


def free_time(shift: Shift, clock: str = "09:00") -> str:
    return f"{int(tomorrow(clock).timestamp()) // 60}-{shift.site_id}-{shift.practitioner_id}"


def test_a_free_time_leads_to_the_family_with_all_that_is_known(
    claire: Client, centre: Centre, shift: Shift
) -> None:
    answer = claire.get(url(centre, f"creneau/{free_time(shift)}/"))
    kind = shift.offers.get().type.slug
    assert answer["Location"] == (
        f"/equipe/familles/?kind={kind}&centre={centre.slug}&creneau={free_time(shift)}"
    )


def test_a_free_time_is_booked_in_three_presses(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    """The time, the family, the time again to be sure."""
    choice = free_time(booked.shift, "10:00")
    found = claire.get(url(centre, f"creneau/{choice}/"))["Location"] + "&q=le+goff"
    family = f"/equipe/familles/{booked.household_id}/rendez-vous/?"
    asked = claire.get(found).content.decode().partition(f'href="{family}')[2].partition('"')[0]
    page = claire.get(family + asked.replace("&amp;", "&"))
    assert choice in page.content.decode()
    sent = QueryDict(asked.replace("&amp;", "&"), mutable=True)
    assert booked.guardian is not None
    assert booked.child is not None
    sent.update({"guardian": booked.guardian_id, "child": booked.child_id, "creneau": choice})
    answer = claire.post(family, sent.dict())
    assert answer.status_code == 302
    made = Appointment.objects.latest("id")
    assert (made.starts_at, made.practitioner) == (tomorrow("10:00"), booked.practitioner)


def test_a_time_for_several_types_asks_for_which_unless_one_is_looked_at(
    claire: Client, centre: Centre
) -> None:
    kinds = [make_type(label="Bilan"), make_type(label="Vaccin", duration_min=60)]
    shift = make_shift(starts_at=tomorrow(), types=kinds, site=make_site(centre))
    page = words(claire, centre, f"creneau/{free_time(shift)}/")
    assert "Bilan" in page
    assert "Vaccin" in page
    for query, at in (({"motif": kinds[1].slug}, "09:00"), ({}, "11:30")):
        answer = claire.get(url(centre, f"creneau/{free_time(shift, at)}/"), query)
        assert answer.status_code == 302


def test_a_time_taken_meanwhile_leads_back_and_says_so(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    choice = free_time(booked.shift)
    answer = claire.get(url(centre, f"creneau/{choice}/"))
    assert answer["Location"].startswith(url(centre))
    assert "Ce créneau n’est plus libre" in words(claire, centre)
    for wrong in ("x", "1-2", f"{choice}-4"):
        assert claire.get(url(centre, f"creneau/{wrong}/")).status_code == 404


def test_a_script_gets_the_days_alone(claire: Client, centre: Centre, shift: Shift) -> None:
    answer = claire.get(url(centre), headers={"X-Calendar": "1"})
    assert answer.content.startswith(b'<div class="calendar-list')


def crowd(centre: Centre, people: int, visits: int) -> None:
    site = centre.sites.first()
    for _ in range(people):
        who = make_practitioner()
        for days in range(1, 6):
            shift = make_shift(starts_at=tomorrow(days=days), site=site, practitioner=who)
            for number in range(visits):
                guardian = make_guardian(make_household())
                make_child(guardian)
                starts_at = tomorrow(days=days) + timedelta(minutes=30 * number)
                make_appointment(shift, guardian=guardian, starts_at=starts_at)


def test_it_costs_the_same_with_ten_as_with_one_and_is_light(
    claire: Client, centre: Centre, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_site(centre)
    crowd(centre, 1, 1)
    query = {"le": tomorrow().date().isoformat(), "vue": "semaine"}
    pages = (url(centre), url(centre, "donnees/"))
    for page in pages:
        claire.get(page, query)
    for people in (0, 9):
        crowd(centre, people, 3)
        for page in pages:
            with django_assert_num_queries(QUERIES):
                answer = claire.get(page, query)
                assert answer.status_code == 200
    sent = [claire.get(page, query).content for page in pages]
    own = (
        "staff/calendar.css",
        "staff/calendar-grid.css",
        "staff/calendar.js",
        f"{VENDORED}.js",
        f"{VENDORED}.css",
    )
    files = [(SOURCES / name).read_bytes() for name in own]
    bundles = [read().encode() for read in BUNDLES.values()]
    weight = sum(len(gzip.compress(each)) for each in [*sent, *files, *bundles])
    assert weight < HEAVIEST
    assert sum(map(len, files)) < HEAVIEST


QUERIES = 15

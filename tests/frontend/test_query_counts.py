"""Queries per page, the same with one row and with ten of everything."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from booking import throttle
from booking.access import contact_token
from booking.models import Appointment
from centres.communes import search_key
from centres.models import Centre, Commune, Shift
from tests.factories import (
    make_appointment,
    make_centre,
    make_guardian,
    make_practitioner,
    make_shift,
    make_site,
    make_type,
)
from tests.frontend.funnel import Scene, hold, make_scene

pytestmark = pytest.mark.django_db

Counted = Callable[[str], list[str]]


@pytest.fixture
def queries(client: Client) -> Counted:
    def read(url: str) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return [query["sql"] for query in captured]

    return read


def pressed(client: Client, scene: Scene, quarter: int) -> list[str]:
    """The statements of a press on a time's button, without a test's own savepoints."""
    client.cookies.pop("hold", None)
    throttle.forget()
    with CaptureQueriesContext(connection) as captured:
        hold(client, scene, quarter)
    texts = [query["sql"] for query in captured]
    return [text for text in texts if not text.startswith(("SAVEPOINT", "RELEASE"))]


def availability(sql: list[str]) -> int:
    names = ("centres_shifttype o", "booking_first_shifts")
    return sum(any(name in query for name in names) for query in sql)


def add_commune(number: int, centre: Centre) -> None:
    name = f"Commune {number}"
    commune = Commune.objects.create(
        insee=f"{35000 + number}",
        name=name,
        search_name=search_key(name),
        postal_codes=["35600"],
        population=1,
        latitude=48,
        longitude=-2,
        certainty="likely",
    )
    commune.centres.add(centre)


def grow(scene: Scene) -> None:
    """Ten centres, communes, sites, practitioners and days more."""
    for number in range(10):
        centre = make_centre()
        add_commune(number + 2, centre)
        make_shift(site=make_site(centre), types=[scene.kind])
        make_site(scene.centre)
        make_type()
        start = scene.shift.starts_at + timedelta(days=number % 3)
        make_shift(
            site=scene.site,
            types=[scene.kind],
            practitioner=make_practitioner(),
            starts_at=start,
        )


def test_each_page_reads_the_same_number_of_times_at_any_size(queries: Counted) -> None:
    scene = make_scene()
    add_commune(1, scene.centre)
    search = f"/rdv/{scene.kind.slug}/?q=commune+1"
    expected = {
        "/": 1,  # the needs in use
        "/urgence/": 0,
        "/motifs/enfant/": 1,  # its types
        search: 5,  # type, communes, districts, centres, next free times
        scene.when_url: 4,  # type, centre, sites, times
    }
    assert {url: len(queries(url)) for url in expected} == expected
    grow(scene)
    assert {url: len(queries(url)) for url in expected} == expected


def test_the_time_pages_ask_availability_twice_at_most(queries: Counted) -> None:
    scene = make_scene()
    empty = make_centre()
    assert availability(queries(scene.when_url)) == 1
    assert availability(queries(f"{scene.when_url}?jours=1")) == 2
    assert availability(queries(f"/rdv/{scene.kind.slug}/")) == 1
    # Nothing free here: both looks at this centre, then one at all the others.
    assert availability(queries(f"/rdv/{scene.kind.slug}/{empty.slug}/")) == 3
    # Nor elsewhere: all that is left is kept for agents.
    Shift.objects.update(agent_reserve=99)
    for day in range(60):
        make_shift(
            starts_at=scene.shift.starts_at + timedelta(days=1 + day),
            site=scene.site,
            types=[scene.kind],
            agent_reserve=99,
        )
    assert availability(queries(f"/rdv/{scene.kind.slug}/{empty.slug}/")) == 3


def test_only_a_proved_contact_s_press_asks_whom_it_met(client: Client) -> None:
    scene, guardian = make_scene(), make_guardian()
    mornings = [scene.shift]
    for _ in range(2):
        doctor = make_practitioner()
        mornings.append(make_shift(site=scene.site, types=[scene.kind], practitioner=doctor))
    pressed(client, scene, 0)  # what it is and where is remembered from now on
    anonymous = pressed(client, scene, 1)
    assert not [text for text in anonymous if "booking_guardian" in text]
    client.cookies["contact"] = contact_token(guardian.email, now=timezone.now())
    for quarter, morning in enumerate(mornings, start=2):
        before = make_shift(
            starts_at=timezone.now() - timedelta(days=9), practitioner=morning.practitioner
        )
        met = make_appointment(before, guardian=guardian)
        assert len(pressed(client, scene, 2 * quarter)) == len(anonymous) + 1
        held = Appointment.objects.latest("id")
        assert held.practitioner == morning.practitioner, "the one met before, whoever is less busy"
        met.delete()

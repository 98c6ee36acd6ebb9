"""Queries per page, the same with one row and with ten of everything."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from centres.communes import search_key
from centres.models import Centre, Commune
from tests.factories import make_centre, make_practitioner, make_shift, make_site, make_type
from tests.frontend.funnel import Scene, make_scene

pytestmark = pytest.mark.django_db

Counted = Callable[[str], list[str]]


@pytest.fixture
def queries(client: Client) -> Counted:
    def read(url: str) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return [query["sql"] for query in captured]

    return read


def availability(sql: list[str]) -> int:
    return sum("centres_shifttype o" in query for query in sql)


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

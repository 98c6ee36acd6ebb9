"""The pages of centres: who is open, what they offer, where, and when one may just come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from centres.calendar import to_minute
from centres.communes import search_key
from centres.models import AppointmentType, Centre, Commune, Shift
from centres.rollout import Stage
from tests.factories import make_centre, make_shift, make_site, make_type
from tests.frontend.pages import read

pytestmark = pytest.mark.django_db
INDEX, WALK_INS = "/centres/", "/sans-rendez-vous/"


def page_of(client: Client, centre: Centre) -> str:
    return read(client, reverse("centre", args=[centre.slug]))


def session(*, centre: Centre | None = None, days: float = 1, **fields: object) -> Shift:
    """A walk-in weighing in so many days, two hours long."""
    kind = make_type(label="Pesée libre", booking=AppointmentType.Booking.WALK_IN)
    starts_at = (datetime.now(UTC) + timedelta(days=days)).replace(second=0, microsecond=0)
    site = make_site(centre or make_centre())
    return make_shift(starts_at=starts_at, hours=2, types=[kind], site=site, **fields)


def test_the_list_names_each_centre_its_town_phone_and_stage(client: Client) -> None:
    make_centre(name="CDAS de Vitré", town="Vitré", is_pilot=True)
    make_centre(name="CDAS de Combourg", stage=Stage.PREPARING, phone="02 99 73 05 69")
    make_centre(name="CDAS de Fougères", stage=Stage.PAUSED)
    page = read(client, INDEX)
    names = [page.index(f"CDAS de {town}") for town in ("Combourg", "Fougères", "Vitré")]
    assert names == sorted(names)
    assert "02 99 73 05 69 Par téléphone" in page
    assert "En pause" in page
    assert "Ouvert en ligne Centre pilote" in page


def test_a_scheduled_opening_is_announced_then_in_force_by_itself(client: Client) -> None:
    later = datetime.now(UTC) + timedelta(days=40)
    centre = make_centre(stage=Stage.AGENTS_ONLY, next_stage=Stage.OPEN, next_stage_at=later)
    assert "En ligne dès le" in read(client, INDEX)
    assert "La prise de rendez-vous en ligne ouvre le" in page_of(client, centre)
    Centre.objects.update(next_stage_at=datetime.now(UTC) - timedelta(minutes=1))
    assert "Ouvert en ligne" in read(client, INDEX)
    assert "ouvre le" not in page_of(client, centre)


def test_a_centre_offers_only_what_its_coming_half_days_offer(client: Client) -> None:
    site = make_site()
    offered, past = make_type(label="Vaccination"), make_type(label="Massage")
    agents = make_type(label="Psychologue", booking=AppointmentType.Booking.AGENTS)
    cancelled = make_type(label="Allaitement")
    make_shift(site=site, types=[offered, agents])
    make_shift(site=site, types=[past], starts_at=datetime.now(UTC) - timedelta(days=3))
    make_shift(site=site, types=[cancelled], status=Shift.Status.CANCELLED)
    page = page_of(client, site.centre)
    assert "Vaccination" in page
    for label in ("Massage", "Psychologue", "Allaitement"):
        assert label not in page
    body = client.get(reverse("centre", args=[site.centre.slug])).content.decode()
    assert reverse("when", args=[offered.slug, site.centre.slug]) in body


def test_a_centre_says_where_and_never_invents_an_address(client: Client) -> None:
    centre = make_centre()
    make_site(centre, name="Maison", address="3 rue Haute", certainty="sure")
    make_site(centre, name="Mairie de Pipriac", address="", town="Pipriac")
    page = page_of(client, centre)
    assert "3 rue Haute Redon" in page
    assert "Pipriac Adresse à confirmer" in page
    assert page.count("Adresse à confirmer") == 1


@pytest.mark.parametrize("stage", [Stage.PREPARING, Stage.AGENTS_ONLY, Stage.PAUSED])
def test_a_centre_not_open_gives_its_phone_and_the_nearest_open_ones(
    client: Client, stage: Stage
) -> None:
    here = make_centre(stage=stage)
    make_shift(site=make_site(here), types=[make_type(label="Vaccination")])
    make_centre(name="CDAS lointain", latitude=48.6)
    make_centre(name="CDAS proche", latitude=47.7)
    make_centre(name="CDAS fermé", latitude=47.66, stage=Stage.PREPARING)
    page = page_of(client, here)
    assert "02 99 71 00 00" in page
    assert page.index("CDAS proche") < page.index("CDAS lointain")
    assert "CDAS fermé" not in page
    assert "Vaccination" not in page


def test_an_unknown_centre_is_an_unknown_page(client: Client) -> None:
    assert client.get(reverse("centre", args=["nowhere"])).status_code == 404


def test_walk_in_sessions_of_the_next_two_weeks_are_shown_day_by_day(client: Client) -> None:
    centre = make_centre(name="CDAS de Redon")
    session(centre=centre, days=1)
    session(centre=make_centre(name="CDAS de Dinard"), days=13.5)
    session(centre=make_centre(name="CDAS de Janzé"), days=15)
    session(centre=make_centre(name="CDAS de Pacé"), days=-1)
    page = read(client, WALK_INS)
    assert page.index("CDAS de Redon") < page.index("CDAS de Dinard")
    assert "Pesée libre" in page
    assert "CDAS de Janzé" not in page
    assert "CDAS de Pacé" not in page
    assert "Pesée libre" in page_of(client, centre)


def test_one_going_on_now_is_still_shown(client: Client) -> None:
    session(days=-1 / 24)
    assert "Pesée libre" in read(client, WALK_INS)


def test_closures_shorten_a_session_and_cancelled_ones_are_gone(client: Client) -> None:
    cut = session(centre=make_centre(name="CDAS coupé"))
    start = to_minute(cut.starts_at)
    Shift.objects.filter(pk=cut.pk).update(closed=[start, start + 60])
    shut = session(centre=make_centre(name="CDAS fermé"))
    begin, end = to_minute(shut.starts_at), to_minute(shut.ends_at)
    Shift.objects.filter(pk=shut.pk).update(closed=[begin, end])
    session(centre=make_centre(name="CDAS annulé"), status=Shift.Status.CANCELLED)
    page = read(client, WALK_INS)
    assert "CDAS coupé" in page
    assert page.count("De ") == 1
    assert "CDAS fermé" not in page
    assert "CDAS annulé" not in page


def commune(name: str, *centres: Centre) -> None:
    found = Commune.objects.create(
        insee=f"35{Commune.objects.count():03}",
        name=name,
        search_name=search_key(name),
        postal_codes=["35600"],
        population=1,
        latitude=47.65,
        longitude=-2.08,
        certainty="likely",
    )
    found.centres.set(centres)


def test_a_family_that_says_where_it_lives_sees_its_own_centre_first(client: Client) -> None:
    own, far = make_centre(name="CDAS de Redon"), make_centre(name="CDAS lointain", latitude=48.6)
    near = make_centre(name="CDAS voisin", latitude=47.7)
    others = [make_centre(name=f"CDAS {number}", latitude=48.2) for number in range(3)]
    for number, centre in enumerate((own, far, near, *others)):
        session(centre=centre, days=1 + number)
    commune("Redon", own)
    page = read(client, WALK_INS, q="redon")
    assert page.index("CDAS de Redon") < page.index("CDAS voisin") < page.index("CDAS 0")
    assert "CDAS lointain" not in page, "four centres are enough to choose from"
    assert "6 km, 1 séance" in page
    assert "CDAS lointain" in read(client, WALK_INS)


def test_its_own_centre_without_a_session_is_named_with_its_phone(client: Client) -> None:
    session(centre=make_centre(name="CDAS voisin"))
    commune("Redon", make_centre(name="CDAS de Redon", phone="02 99 71 11 11"))
    page = read(client, WALK_INS, q="35600")
    assert page.index("CDAS de Redon") < page.index("02 99 71 11 11") < page.index("CDAS voisin")


def test_several_communes_are_offered_and_an_unknown_one_is_said(client: Client) -> None:
    commune("Saint-Malo", make_centre())
    commune("Saint-Lunaire", make_centre())
    session(centre=make_centre(name="CDAS de Redon"))
    page = read(client, WALK_INS, q="saint")
    assert "Quelle commune" in page
    assert "CDAS de Redon" not in page
    for query in ("nantes", "x" * 200, "a\x00b"):
        page = read(client, WALK_INS, q=query)
        assert "Nous ne trouvons pas" in page
        assert "CDAS de Redon" in page
    assert "Nous ne trouvons pas" in read(client, WALK_INS, commune="99999")


def test_no_session_at_all_is_said(client: Client) -> None:
    assert "Aucune séance prévue" in read(client, WALK_INS)


def test_the_pages_cost_the_same_for_one_and_ten(client: Client) -> None:
    counts: dict[str, list[int]] = {}
    here = make_centre()
    commune("Redon", here)
    of_place = f"{WALK_INS}?q=redon"
    for more in (1, 9):
        for _ in range(more):
            session()
            session(centre=here)
            make_shift(site=make_site(here), types=[make_type()])
        for path in (INDEX, WALK_INS, of_place, reverse("centre", args=[here.slug])):
            with CaptureQueriesContext(connection) as queries:
                client.get(path)
            counts.setdefault(path, []).append(len(queries))
    # For a place: the sessions, communes and districts, the centres.
    assert list(counts.values()) == [[1, 1], [1, 1], [4, 4], [4, 4]]

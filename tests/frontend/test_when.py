"""When: proposals, the week, filters, and what is shown when nothing is free."""

import re
from datetime import time, timedelta

import pytest
from django.test import Client

from centres.rollout import Stage
from frontend.week import monday_of, week_name
from tests.factories import make_centre, make_shift, make_site, make_type, next_tuesday
from tests.frontend.funnel import Scene, hold, make_scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def buttons(page: str) -> list[str]:
    return re.findall(r'<button class="slot" name="creneau" value="(\d+-\d+)"', page)


def proposals(page: str) -> list[str]:
    return re.findall(r'<button class="slot slot--big" name="creneau" value="(\d+-\d+)"', page)


def test_three_proposals_then_the_week_of_the_first_free_time(client: Client, scene: Scene) -> None:
    page = client.get(scene.when_url).content.decode()
    assert len(proposals(page)) == 3
    assert proposals(page)[0] == scene.choice()
    assert buttons(page) == [scene.choice(quarter) for quarter in range(11)]


def test_a_start_two_practitioners_offer_is_shown_once(client: Client, scene: Scene) -> None:
    make_shift(site=scene.site, types=[scene.kind])
    assert len(buttons(client.get(scene.when_url).content.decode())) == 11


def test_another_week_has_no_proposals_and_leads_to_the_next_free_time(
    client: Client, scene: Scene
) -> None:
    monday = monday_of(scene.shift.occurs_on)
    empty = week_name(monday - timedelta(days=7))
    page = client.get(scene.when_url, {"semaine": empty}).content.decode()
    assert proposals(page) == buttons(page) == []
    assert f'href="?semaine={week_name(monday)}#semaine"' in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"moment": "matin"}, 11),
        ({"moment": "apres-midi"}, 0),
        ({"jours": "2"}, 11),
        ({"jours": ["1", "3"]}, 0),
        ({"jours": "9", "moment": "nuit", "lieu": "inconnu"}, 11),
    ],
)
def test_filters_narrow_and_nonsense_is_ignored(
    client: Client, scene: Scene, query: dict[str, str], shown: int
) -> None:
    page = client.get(scene.when_url, query).content.decode()
    assert len(buttons(page)) == shown


def test_a_filter_by_place_keeps_that_place(client: Client, scene: Scene) -> None:
    other = make_site(scene.centre, name="Annexe")
    make_shift(site=other, types=[scene.kind], starts_at=next_tuesday(time(14)), hours=1)
    page = client.get(scene.when_url, {"lieu": other.slug}).content.decode()
    assert {value.partition("-")[2] for value in buttons(page)} == {str(other.pk)}


@pytest.mark.parametrize("week", ["2026-W60", "hier", "9999-W99", "0000-W01"])
def test_a_week_that_does_not_exist_is_a_bad_request(
    client: Client, scene: Scene, week: str
) -> None:
    assert client.get(scene.when_url, {"semaine": week}).status_code == 400


@pytest.mark.parametrize("week", ["2001-W01", "9998-W01"])
def test_a_week_out_of_reach_shows_the_nearest_one(client: Client, scene: Scene, week: str) -> None:
    assert client.get(scene.when_url, {"semaine": week}).status_code == 200


@pytest.mark.parametrize("weeks", [1, 2, 8, 500])
def test_after_the_last_time_only_that_week_is_empty_and_one_can_go_back(
    client: Client, scene: Scene, weeks: int
) -> None:
    """A centre that has times sooner must not be said to have none, up to the horizon's end."""
    monday = monday_of(scene.shift.occurs_on)
    asked = week_name(monday + timedelta(weeks=weeks))
    page = client.get(scene.when_url, {"semaine": asked}).content.decode()
    assert "Aucun créneau libre cette semaine." in page
    assert "en ce moment" not in page
    assert "Des créneaux libres dans d’autres centres" not in page
    assert 'rel="prev"' in page
    assert "Revenir aux premiers créneaux" in page
    back = re.findall(r'href="(\?[^"#]*)#semaine" rel="prev"', page)[0]
    assert client.get(scene.when_url + back).status_code == 200
    assert (back == f"?semaine={week_name(monday)}") is (weeks == 1)


def test_after_the_last_time_that_fits_the_filters_stay(client: Client, scene: Scene) -> None:
    asked = week_name(monday_of(scene.shift.occurs_on) + timedelta(weeks=1))
    query = {"semaine": asked, "moment": "matin"}
    page = client.get(scene.when_url, query).content.decode()
    assert "Aucun créneau ne correspond à vos choix cette semaine." in page
    assert 'href="?moment=matin"' in page
    assert re.search(r'href="[^"]*moment=matin[^"]*" rel="prev"', page)


def test_a_week_asked_for_where_nothing_is_free_at_all_says_so(client: Client) -> None:
    scene = make_scene()
    scene.shift.delete()
    page = client.get(scene.when_url, {"semaine": "2001-W01"}).content.decode()
    assert "dans ce centre en ce moment" in page


def test_no_time_at_all_offers_a_call_back_and_other_centres(client: Client, scene: Scene) -> None:
    empty = make_centre()
    page = client.get(f"/rdv/{scene.kind.slug}/{empty.slug}/").content.decode()
    assert "Aucun créneau libre" in page
    assert f'href="/rappel/{scene.kind.slug}/{empty.slug}/"' in page
    assert f'href="{scene.when_url}"' in page


@pytest.mark.parametrize(
    ("stage", "said"), [(Stage.PAUSED, "en pause"), (Stage.PREPARING, "pas encore ouvert")]
)
def test_a_centre_not_open_gives_its_phone_and_what_is_open_nearby(
    client: Client, scene: Scene, stage: Stage, said: str
) -> None:
    closed = make_centre(stage=stage, phone="0299710000")
    make_shift(site=make_site(closed), types=[scene.kind])
    page = client.get(f"/rdv/{scene.kind.slug}/{closed.slug}/").content.decode()
    assert said in page
    assert "tel:+33299710000" in page
    assert f'href="{scene.when_url}"' in page
    assert buttons(page) == []


def test_a_time_already_held_is_recalled(client: Client, scene: Scene) -> None:
    url = hold(client, scene)
    page = client.get(scene.when_url).content.decode()
    assert "Vous retenez déjà" in page
    assert f'href="{url}"' in page
    assert scene.choice() not in buttons(page)


@pytest.mark.parametrize("path", ["inconnu/inconnu", "{kind}/inconnu", "inconnu/{centre}"])
def test_unknown_types_and_centres_are_not_found(client: Client, scene: Scene, path: str) -> None:
    path = path.format(kind=scene.kind.slug, centre=scene.centre.slug)
    assert client.get(f"/rdv/{path}/").status_code == 404


def test_a_type_not_booked_online_leads_to_its_page(client: Client, scene: Scene) -> None:
    kind = make_type(booking="agents")
    answer = client.get(f"/rdv/{kind.slug}/{scene.centre.slug}/")
    assert answer["Location"] == f"/rdv/{kind.slug}/"


def test_a_full_week_of_ten_practitioners_stays_light(client: Client) -> None:
    scene = make_scene(step_min=5, duration_min=20)
    for _ in range(10):
        for day in range(3):
            start = next_tuesday() + timedelta(days=day)
            make_shift(site=scene.site, types=[scene.kind], starts_at=start, hours=8)
    answer = client.get(scene.when_url)
    assert len(buttons(answer.content.decode())) > 200
    assert len(answer.content) < 40_000

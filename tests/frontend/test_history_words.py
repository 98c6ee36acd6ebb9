"""Each event of an appointment is one sentence a person would say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from booking.models import AppointmentEvent
from frontend.history_words import message_sentence, sentences, withdrawn_by
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
        "appointment_id": 1,
        "sequence": 0,
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
    step = message_sentence(message, [], zone=PARIS)
    assert step.says.startswith("Rappel du rendez-vous")
    assert "SMS" in step.says or state == "superseded"
    assert step.is_trouble == (state in {"failed", "undeliverable", "expired", "suppressed"})


def test_it_is_said_in_english_too() -> None:
    with translation.override("en"):
        assert said(event("cancel"))[0].startswith("Claire (accueil) cancelled the appointment")


# What a change withdrew before it left


PLANNED = datetime(2026, 10, 20, 9, tzinfo=UTC)


def withdrawn(**fields: Any) -> OutboxMessage:
    values = {"kind": "confirmation", "subject_ref": "an-appointment", "channel": "sms"}
    return OutboxMessage(state="superseded", created_at=PLANNED, **values | fields)


def after(days: float, action: str = "move", *, version: int = 1, **fields: Any) -> Any:
    return event(action, at=PLANNED + timedelta(days=days), sequence=version, **fields)


BOOKED = after(0, "book", version=0)
REMINDER = {"kind": "reminder", "subject_ref": "day:7:2026-11-03"}


def why(message: OutboxMessage, *events: AppointmentEvent) -> AppointmentEvent | None:
    return withdrawn_by(message, events, zone=PARIS)


def test_a_message_is_withdrawn_by_the_first_later_version() -> None:
    noted, moved, cancelled = after(1, "again", version=0), after(2), after(3, "cancel", version=2)
    assert why(withdrawn(), BOOKED, noted, moved, cancelled) is moved
    assert why(withdrawn(version=1), BOOKED, moved, cancelled) is cancelled
    assert why(withdrawn(version=2), BOOKED, moved, cancelled) is None


def test_a_day_s_reminder_is_withdrawn_by_the_first_change_of_that_day() -> None:
    reminder, cancelled = withdrawn(**REMINDER), after(2, "cancel")
    other = {"appointment_id": 2, "starts_at": THURSDAY}
    elsewhere = [after(0.5, "book", version=0, **other), after(1, **other)]
    assert why(reminder, BOOKED, *elsewhere, cancelled) is cancelled
    left = after(1, starts_at=THURSDAY)
    assert why(reminder, BOOKED, left, after(2, "cancel", version=2)) is left, "from that day"
    came = after(1, appointment_id=2)
    assert why(reminder, BOOKED, elsewhere[0], came, cancelled) is came, "to that day"
    assert why(reminder, BOOKED, after(1, "book", version=5, appointment_id=2)) is None
    assert why(reminder, BOOKED, after(1, "arrive", version=0)) is None


def test_what_planned_a_reminder_did_not_withdraw_it() -> None:
    """Its line is written some milliseconds after the message's own instant."""
    planned = event("move", at=PLANNED + timedelta(milliseconds=30), sequence=1)
    booked = event("book", at=PLANNED - timedelta(days=1))
    cancelled = after(1, "cancel", version=2)
    assert why(withdrawn(**REMINDER), booked, planned, cancelled) is cancelled


def test_what_was_withdrawn_has_the_hour_of_the_change_or_none() -> None:
    moved = after(2)
    step = message_sentence(withdrawn(), [BOOKED, moved], zone=PARIS)
    assert (step.at, step.is_dated) == (moved.at, True)
    assert step.says.replace("\xa0", " ") == (
        "Confirmation du rendez-vous : message retiré, le rendez-vous avait changé."
    )
    unknown = message_sentence(withdrawn(), [BOOKED], zone=PARIS)
    assert (unknown.at, unknown.is_dated) == (PLANNED, False)
    planned = OutboxMessage(kind="reminder", channel="sms", state="planned", created_at=PLANNED)
    assert message_sentence(planned, [moved], zone=PARIS).at == PLANNED

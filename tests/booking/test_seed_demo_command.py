"""The command that makes the demo: where it refuses, what it prints, the same demo each time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from pytest_django import Settings

from booking.demo import seeding, staff
from booking.demo.letters import write_messages
from booking.demo.names import of_town
from booking.demo.seeding import Seeded
from booking.demo.staff import LogIn
from booking.management.commands import seed_demo
from booking.models import Appointment, Household
from centres.models import Centre
from centres.reference import load
from notifications.models import OutboxMessage
from tests.factories import PARIS, make_appointment

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 10, 40, tzinfo=PARIS)


def test_without_centres_it_says_what_to_run_first() -> None:
    with pytest.raises(CommandError, match=r"run `manage\.py load_reference` first"):
        call_command("seed_demo")


def test_the_same_seed_and_day_make_the_same_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    load(now=NOW)
    Centre.objects.exclude(slug__in=["redon", "guichen", "semnon"]).delete()
    few = dict.fromkeys(staff.HEADCOUNT, 2) | {staff.DOCTOR: 3, staff.NURSE: 6}
    monkeypatch.setattr(staff, "HEADCOUNT", few)

    def made(now: datetime) -> Sequence[tuple[object, ...]]:
        with transaction.atomic():
            seeding.seed(now=now, random_seed=7, scale=0.2, months=1)
            # Who is at a door just now is another at each hour.
            booked = Appointment.objects.exclude(booked_via="door")
            found = booked.order_by("reference").values_list(
                "reference", "starts_at", "ends_at", "created_at", "type__slug", "centre__slug"
            )
            rows = list(found)
            transaction.set_rollback(True)
        return rows

    morning, evening = made(NOW), made(NOW + timedelta(hours=8))
    assert len(morning) > 50
    assert morning == evening
    assert not Household.objects.exists()


def test_it_refuses_outside_a_demo(settings: Settings) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=1"):
        call_command("seed_demo")


def test_log_ins_are_printed_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Seeded(45, 118, 37_000, 11_000, 70_000, [LogIn("a@example.org", "Accueil", "Redon")])
    monkeypatch.setattr(seed_demo, "seed", lambda **_: made)
    said, file = StringIO(), tmp_path / "logins.txt"
    call_command("seed_demo", logins=file, stdout=said)
    written = file.read_text(encoding="utf-8").strip()
    assert said.getvalue().endswith(f"{written}\n")
    assert written.splitlines()[1:] == ["  a@example.org  Accueil, Redon"]


@pytest.mark.parametrize(
    ("town", "phrase"),
    [
        ("Pacé", "de Pacé"),
        ("Orgères", "d’Orgères"),
        ("Le Rheu", "du Rheu"),
        ("Les Iffs", "des Iffs"),
    ],
)
def test_town_names_join_their_preposition(town: str, phrase: str) -> None:
    assert of_town(town) == phrase


def test_its_messages_are_written_as_any_other() -> None:
    booked = [
        make_appointment(starts_at=NOW + timedelta(days=9, hours=hour), changed_at=NOW)
        for hour in range(2)
    ]
    assert write_messages(now=NOW) == 0  # written with the confirmations
    assert OutboxMessage.objects.filter(kind="confirmation").count() == len(booked)
    assert OutboxMessage.objects.filter(kind="reminder").count() == 3 * len(booked)
    assert write_messages(now=NOW) == 0
    assert OutboxMessage.objects.count() == 4 * len(booked)

"""The history of an appointment: written by the database, and only ever added to."""

import pytest
from django.db import IntegrityError, connection, transaction

from booking import actions
from booking.models import Appointment, AppointmentEvent
from tests.architecture.source import HOUSES, files, name
from tests.booking.scene import AGENT, after, clock, open_morning

pytestmark = pytest.mark.django_db
AS_ELSEWHERE = "SET LOCAL emgav.may_empty_history = ''"  # as it is outside these tests


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)


def history(appointment: Appointment) -> list[tuple]:
    return list(
        AppointmentEvent.objects.filter(appointment=appointment).values_list(
            "action", "actor", "note", "state", "sequence", "starts_at"
        )
    )


def test_every_change_leaves_one_line() -> None:
    scene = open_morning()
    booked = scene.book("09:00")
    scene.move(booked.uid, "10:00")
    actions.cancel(uid=booked.uid, now=after(1), actor=AGENT, reason="Déménagement")
    assert history(booked) == [
        ("book", "family", "", "booked", 0, clock("09:00")),
        ("move", "family", "", "booked", 1, clock("10:00")),
        ("call_off", AGENT.label, "Déménagement", "cancelled", 2, clock("10:00")),
    ]


def test_a_change_by_plain_sql_leaves_a_line_too() -> None:
    booked = open_morning().book()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE booking_appointment SET state = 'noshow', actor = 'psql', last_action = 'fix'"
        )
    assert history(booked)[-1][:2] == ("fix", "psql")


def test_a_change_of_nothing_that_matters_leaves_none() -> None:
    booked = open_morning().book()
    Appointment.objects.filter(pk=booked.pk).update(changed_at=after(9))
    assert len(history(booked)) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE booking_appointmentevent SET note = 'autre chose'",
        "UPDATE booking_appointmentevent SET at = at",
        "DELETE FROM booking_appointmentevent",
    ],
)
def test_the_database_refuses_to_rewrite_it(sql: str) -> None:
    booked = open_morning().book()
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert len(history(booked)) == 1


def test_a_line_without_an_appointment_is_refused() -> None:
    booked = open_morning().book()
    event = AppointmentEvent.objects.get(appointment=booked)
    event.pk, event.appointment_id = None, booked.pk + 1000
    with pytest.raises(IntegrityError), transaction.atomic():
        event.save(force_insert=True)


def test_it_goes_with_its_appointment_when_that_is_erased() -> None:
    booked = open_morning().book()
    booked.delete()
    assert not AppointmentEvent.objects.exists()


@pytest.mark.parametrize(
    "sql",
    [
        "TRUNCATE booking_appointmentevent",
        "TRUNCATE booking_appointment CASCADE",
        "TRUNCATE centres_centre CASCADE",
    ],
)
def test_the_database_refuses_to_empty_it(sql: str) -> None:
    booked = open_morning().book()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        run("SET CONSTRAINTS ALL IMMEDIATE", AS_ELSEWHERE, sql)
    assert len(history(booked)) == 1


def test_without_that_trigger_truncate_takes_it_all() -> None:
    """Row triggers, which refuse everything else, do not see it."""
    booked = open_morning().book()
    run("SET CONSTRAINTS ALL IMMEDIATE", AS_ELSEWHERE)
    run("DROP TRIGGER history_is_never_emptied ON booking_appointmentevent")
    run("TRUNCATE booking_appointmentevent")
    assert history(booked) == []


def test_only_a_session_that_says_so_empties_it() -> None:
    booked = open_morning().book()
    run("SET CONSTRAINTS ALL IMMEDIATE", "SET LOCAL emgav.may_empty_history = 'yes'")
    run("TRUNCATE booking_appointmentevent")
    assert history(booked) == []


def test_what_runs_in_production_never_says_so() -> None:
    said = [
        name(path)
        for path in files(".py", *HOUSES)
        if "may_empty_history" in path.read_text(encoding="utf-8")
    ]
    assert said == []

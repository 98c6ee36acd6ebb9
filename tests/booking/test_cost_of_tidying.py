"""Sweep and purge look at the few holds, however many appointments there have been."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from booking.models import Appointment
from booking.tasks import forget_leftovers, lapse_holds
from tests.booking.scene import open_morning

pytestmark = pytest.mark.django_db
# Cancelled ones clash with nobody, so a history of any length fits in one morning.
HISTORY = """
INSERT INTO booking_appointment (
    uid, reference, state, sequence, shift_id, practitioner_id, centre_id, site_id, type_id,
    starts_at, ends_at, busy_from, busy_until, seat, household_id, guardian_id, is_extended,
    is_overbooked, booked_via, created_at, changed_at, reoffer_at, last_action, actor, note)
SELECT gen_random_uuid(), 'X' || n, 'cancelled', 1, shift_id, practitioner_id, centre_id, site_id,
    type_id, starts_at, ends_at, busy_from, busy_until, seat, household_id, guardian_id, false,
    false, 'web', created_at, now() - n * interval '1 hour', now() - n * interval '1 hour',
    'cancel', 'family', ''
FROM booking_appointment, generate_series(1, 5000) n WHERE state = 'booked'
"""


# As a plan names it: others begin like it.
TABLE = "booking_appointment"
HOLDS = {"10:00": "held", "10:30": "lapsed", "11:00": "lapsed"}


class Plans:
    """Notes how PostgreSQL finds the rows of each statement about appointments."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "booking_appointment" in sql and "RELEASE" not in sql:
            with context["connection"].connection.cursor() as cursor:
                rows = cursor.execute(f"EXPLAIN {sql}", params).fetchall()
            self.found.append("\n".join(row[0] for row in rows))
        return execute(sql, params, many, context)


@pytest.fixture
def plans() -> Plans:
    """Holds expired and lapsed long ago, beside a long history."""
    scene = open_morning()
    scene.book("09:00")
    ago = timezone.now() - timedelta(days=2)
    states = {scene.hold(at).pk: state for at, state in HOLDS.items()}
    for pk, state in states.items():
        Appointment.objects.filter(pk=pk).update(state=state, expires_at=ago, changed_at=ago)
    with connection.cursor() as cursor:
        cursor.execute(HISTORY)
        cursor.execute("ANALYZE booking_appointment")
    return Plans()


def test_the_sweep_reads_held_ones_only(plans: Plans) -> None:
    with connection.execute_wrapper(plans):
        assert lapse_holds() == 1
    assert any("appointment_held" in plan for plan in plans.found), plans.found
    assert not any(f"Seq Scan on {TABLE} " in plan for plan in plans.found)


def test_the_purge_reads_lapsed_ones_only(plans: Plans) -> None:
    with connection.execute_wrapper(plans):
        forget_leftovers()
    assert Appointment.objects.filter(state="lapsed").count() == 0
    assert any("appointment_lapsed" in plan for plan in plans.found)
    assert not any(f"Seq Scan on {TABLE} " in plan for plan in plans.found)


def test_without_its_index_the_purge_reads_everything(plans: Plans) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("DROP INDEX appointment_lapsed")
    with connection.execute_wrapper(plans):
        forget_leftovers()
    assert any(f"Seq Scan on {TABLE} " in plan for plan in plans.found)

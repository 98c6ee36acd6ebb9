"""The lock every change of an appointment takes first: its shift's row (ADR 0004).

One order for all — shifts by id, then appointments — so actions wait for each other briefly and
never in a ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from booking.errors import WrongState
from booking.models import Appointment

LOCK_SHIFTS_OF = """
SELECT id FROM centres_shift
WHERE id IN (SELECT shift_id FROM booking_appointment WHERE uid = ANY(%s))
ORDER BY id FOR NO KEY UPDATE
"""


def lock_address(email: str) -> None:
    """Let one transaction at a time book first for an address that has no row to lock yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [email])


def lock_appointments(uids: Sequence[UUID]) -> dict[UUID, Appointment]:
    """Lock the shifts of these appointments, then the appointments; all that they name is loaded.

    Raises WrongState when one was moved to another shift while we waited: the caller's page is old.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SHIFTS_OF, [list(uids)])
        locked = {row[0] for row in cursor.fetchall()}
    found = {
        appointment.uid: appointment
        for appointment in Appointment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("type", "centre", "site", "practitioner", "guardian", "child", "household")
        .filter(uid__in=uids)
        .order_by("id")
    }
    if any(appointment.shift_id not in locked for appointment in found.values()):
        raise WrongState
    return found

"""The lock every change of an appointment takes first: its shift's row (ADR 0004).

One order for all — shifts by id, then appointments — so actions wait for each other briefly and
never in a ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from booking.errors import WrongState
from booking.loading import load_appointments
from booking.models import Appointment
from centres.models import Shift

# Their own shifts, and any other of their practitioner at that time (a cancelled one under its
# replacement): the trigger that recounts `busy` writes to all of these.
LOCK_SHIFTS_OF = """
SELECT id FROM centres_shift WHERE id IN (
    SELECT shift_id FROM booking_appointment WHERE uid IN (%(first)s, %(last)s)
    UNION
    SELECT s.id FROM booking_appointment a JOIN centres_shift s
    ON s.practitioner_id = a.practitioner_id AND s.starts_at < a.busy_until
       AND s.starts_at > a.busy_from - interval '14 hours' AND s.ends_at > a.busy_from
    WHERE a.uid IN (%(first)s, %(last)s))
ORDER BY id FOR NO KEY UPDATE
"""
LOCK_SHIFTS_BESIDE = """
SELECT id FROM centres_shift WHERE id IN (
    SELECT %(shift)s
    UNION
    SELECT s.id FROM centres_shift own JOIN centres_shift s
    ON s.practitioner_id = own.practitioner_id AND s.starts_at < %(until)s
       AND s.starts_at > %(since)s - interval '14 hours' AND s.ends_at > %(since)s
    WHERE own.id = %(shift)s)
ORDER BY id FOR NO KEY UPDATE
"""


def lock_address(email: str) -> None:
    """Let one transaction at a time book for an address, until it ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [email])


def lock_appointments(uids: Sequence[UUID]) -> dict[UUID, Appointment]:
    """Lock the shifts of these one or two appointments, then themselves; all they name is loaded.

    Raises WrongState when one was moved to another shift while we waited: the caller's page is old.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SHIFTS_OF, {"first": uids[0], "last": uids[-1]})
        locked = {row[0] for row in cursor.fetchall()}
    found = load_appointments(uids, lock=True)
    if any(appointment.shift_id not in locked for appointment in found.values()):
        raise WrongState
    return found


def lock_shift(shift_id: int, *, since: datetime, until: datetime) -> Shift:
    """Lock a shift for an appointment to be written into it, and all that its time touches."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SHIFTS_BESIDE, {"shift": shift_id, "since": since, "until": until})
    return Shift.objects.select_related("centre__department", "site").get(pk=shift_id)

"""The lock every change of an appointment takes first: its shift's row (ADR 0004).

One order for all — who books, shifts by id, appointments, last households — so actions wait for
each other briefly and never in a ring.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from booking.errors import WrongState
from booking.loading import load_locked
from booking.models import Appointment
from centres.models import Shift

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

# Of many appointments: their shifts, and any other of their practitioners at that time.
LOCK_SHIFTS_OF = """
SELECT id FROM centres_shift WHERE id IN (
    SELECT shift_id FROM booking_appointment WHERE id = ANY (%(ids)s)
    UNION
    SELECT s.id FROM booking_appointment a JOIN centres_shift s
    ON s.practitioner_id = a.practitioner_id AND s.starts_at < a.busy_until
       AND s.starts_at > a.busy_from - interval '14 hours' AND s.ends_at > a.busy_from
    WHERE a.id = ANY (%(ids)s))
ORDER BY id FOR NO KEY UPDATE
"""

# Half-days that change, and all that these people have at those times: the appointments of any of
# them are counted anew.
LOCK_HALF_DAYS = """
SELECT id FROM centres_shift WHERE id IN (
    SELECT unnest(%(ids)s::bigint[])
    UNION
    SELECT s.id FROM centres_shift own JOIN centres_shift s
    ON s.practitioner_id = ANY (%(people)s) AND s.starts_at < own.ends_at
       AND s.starts_at > own.starts_at - interval '14 hours' AND s.ends_at > own.starts_at
    WHERE own.id = ANY (%(ids)s))
ORDER BY id FOR NO KEY UPDATE
"""

# Of one appointment to be moved: its shift, those that could take the start, and any other of the
# people concerned at either time, since the trigger that recounts `busy` writes to all.
LOCK_SHIFTS_TO_MOVE = """
SELECT id FROM centres_shift WHERE id IN (
    WITH moved AS (
        SELECT *, %(start)s::timestamptz - (starts_at - busy_from) AS since,
            %(start)s::timestamptz + (busy_until - starts_at) AS until
        FROM booking_appointment WHERE uid = %(uid)s),
    candidates AS (
        SELECT s.id, s.practitioner_id FROM moved m
        JOIN centres_shifttype o ON o.type_id = m.type_id AND o.centre_id = m.centre_id
            AND o.starts_at > %(start)s::timestamptz - interval '14 hours'
            AND o.starts_at <= %(start)s
        JOIN centres_shift s ON s.id = o.shift_id)
    SELECT shift_id FROM moved
    UNION SELECT id FROM candidates
    UNION SELECT s.id FROM moved m JOIN centres_shift s
    ON s.practitioner_id = m.practitioner_id AND s.starts_at < m.busy_until
       AND s.starts_at > m.busy_from - interval '14 hours' AND s.ends_at > m.busy_from
    UNION SELECT s.id FROM moved m CROSS JOIN candidates c JOIN centres_shift s
    ON s.practitioner_id = c.practitioner_id AND s.starts_at < m.until
       AND s.starts_at > m.since - interval '14 hours' AND s.ends_at > m.since)
ORDER BY id FOR NO KEY UPDATE
"""


def lock_address(contact: str) -> None:
    """Let one transaction at a time book for an e-mail address or a number, until it ends; before
    any shift."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [contact])


def lock_appointments(
    uids: Sequence[UUID], *, address: str = "", seen: Collection[Appointment] = ()
) -> dict[UUID, Appointment]:
    """Lock the shifts of these one or two appointments, then themselves; all they name is loaded.

    With an `address`, lock first who books. `seen` are those the caller has loaded for this same
    request (see load_locked). Raises WrongState when one was moved to another shift while we
    waited: the caller's page is old.
    """
    found, is_elsewhere = load_locked(uids, address=address, seen=seen)
    if is_elsewhere:
        raise WrongState
    return found


def lock_shift(shift_id: int, *, since: datetime, until: datetime) -> Shift:
    """Lock a shift for an appointment to be written into it, and all that its time touches."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SHIFTS_BESIDE, {"shift": shift_id, "since": since, "until": until})
    return Shift.objects.select_related("centre__department", "site").get(pk=shift_id)


def lock_shifts_of(appointment_ids: Collection[int]) -> list[int]:
    """Lock the shifts of many appointments, before any of them is changed; their ids.

    Whoever changes several in one transaction begins so: each change also locks its household,
    which comes after all shifts.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SHIFTS_OF, {"ids": list(appointment_ids)})
        return [pk for (pk,) in cursor.fetchall()]


def lock_half_days(ids: Collection[int], people: Collection[int]) -> None:
    """Lock half-days that are to change, and those of these people beside them; after the people
    themselves, before any appointment."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_HALF_DAYS, {"ids": list(ids), "people": list(people)})


def lock_shifts_to_move(uid: UUID, *, start: datetime) -> list[int]:
    """Lock all shifts that moving this appointment to this start may touch; their ids."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SHIFTS_TO_MOVE, {"uid": uid, "start": start})
        return [pk for (pk,) in cursor.fetchall()]

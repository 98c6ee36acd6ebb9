"""Appointments with all that they name, read by statements written once (ADR 0010).

The ORM compiles its SQL anew at each call; for ten joined tables that costs more than the database
takes to answer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from django.db import connection

from booking import offers
from booking.actors import EMAIL, SMS, Who
from booking.models import Appointment, Child, Guardian, Household
from booking.models.appointment import new_reference
from booking.rows import Reader, Table, twin
from centres.models import AppointmentType, Centre, Department, Practitioner, Shift, Site

WHOLE = Reader(
    Table(Appointment, "a"),
    Table(Shift, "shift"),
    Table(AppointmentType, "kind"),
    Table(Centre, "centre"),
    Table(Department, "department"),
    Table(Site, "site"),
    Table(Practitioner, "practitioner"),
    Table(Guardian, "guardian"),
    Table(Child, "child"),
    Table(Household, "household"),
)
# Which version of an appointment's row was read, and of its shift, type and centre (which may have
# been paused): any change makes another.
VERSION = f"concat_ws(' ', a.ctid, a.xmin, shift.ctid, shift.xmin, {offers.ROWS})"
# One or two uids, never an array: for two values PostgreSQL keeps its plan, for an array of unknown
# length it would plan ten joins anew at each call (6 ms instead of 0.4).
APPOINTMENTS = f"""
SELECT {WHOLE.columns}, {VERSION}
FROM booking_appointment a
JOIN centres_shift shift ON shift.id = a.shift_id
JOIN centres_appointmenttype kind ON kind.id = a.type_id
JOIN centres_centre centre ON centre.id = a.centre_id
JOIN centres_department department ON department.id = centre.department_id
JOIN centres_site site ON site.id = a.site_id
JOIN centres_practitioner practitioner ON practitioner.id = a.practitioner_id
LEFT JOIN booking_guardian guardian ON guardian.id = a.guardian_id
LEFT JOIN booking_child child ON child.id = a.child_id
LEFT JOIN booking_household household ON household.id = a.household_id
WHERE a.uid IN (%(first)s, %(last)s)
ORDER BY a.id
"""  # noqa: S608 - made of our own column names
# What confirming a hold asks, and no more: nobody is named by it yet. With the ids of the family
# that will perhaps be new: what is written for it can then be written at once.
HOLD = Reader(Table(Appointment, "a"), Table(Shift, "shift"))
HOLDS = f"""
SELECT {HOLD.columns}, {VERSION}, {offers.VERSION},
    nextval('booking_household_id_seq'), nextval('booking_guardian_id_seq')
FROM booking_appointment a
JOIN centres_shift shift ON shift.id = a.shift_id
JOIN centres_appointmenttype kind ON kind.id = a.type_id
JOIN centres_centre centre ON centre.id = a.centre_id
WHERE a.uid = %(uid)s
"""  # noqa: S608 - made of our own column names
LOCKED = """
SELECT uid, version, is_elsewhere
FROM booking_lock_rows(%(first)s, %(last)s, %(address)s)
"""
FAMILY = Reader(Table(Guardian, "guardian"), Table(Household, "household"))
# Whether the names are the same is PostgreSQL's to say: its idea of "İ" is not Python's.
GUARDIANS = f"""
SELECT {FAMILY.columns},
    lower(guardian.first_name) = lower(%(first_name)s)
    AND lower(guardian.last_name) = lower(%(last_name)s)
FROM booking_guardian guardian
JOIN booking_household household ON household.id = guardian.household_id
WHERE {{is_known}}
ORDER BY guardian.{{field}}_verified_at IS NULL, guardian.id
"""  # noqa: S608 - made of our own column names
FIELD = {EMAIL: "email", SMS: "phone"}
# Whom a proved contact means: those who proved it; and those who had only given it, beside the
# other one, when that one is proved and is given again now. Either alone, only typed, means nobody.
IS_KNOWN = {
    channel: f"""
guardian.{FIELD[channel]} = %({FIELD[channel]})s
AND (guardian.{FIELD[channel]}_verified_at IS NOT NULL
     OR %({FIELD[other]})s <> '' AND guardian.{FIELD[other]} = %({FIELD[other]})s
        AND guardian.{FIELD[other]}_verified_at IS NOT NULL)"""
    for channel, other in ((EMAIL, SMS), (SMS, EMAIL))
}
GUARDIANS_BY = {
    channel: GUARDIANS.format(is_known=IS_KNOWN[channel], field=FIELD[channel]) for channel in FIELD
}

# What a hold writes; all else of its row is null, or as the model begins.
HELD = (
    "uid", "reference", "state", "shift", "practitioner", "centre", "site", "type", "starts_at",
    "ends_at", "busy_from", "busy_until", "seat", "expires_at", "moves", "booked_via", "created_at",
    "changed_at", "actor",
)  # fmt: skip
FIELDS = {field.name: field for field in Appointment._meta.concrete_fields}  # noqa: SLF001
HELD_FIELDS = [FIELDS[name] for name in HELD]
INSERT_HOLD = f"""
INSERT INTO booking_appointment
    ({", ".join(str(field.column) for field in HELD_FIELDS)},
     sequence, is_extended, is_overbooked, last_action, note)
VALUES ({", ".join(["%s"] * len(HELD))}, 0, false, false, 'hold', '')
ON CONFLICT (reference) DO NOTHING
RETURNING id
"""  # noqa: S608 - made of our own column names


def load_appointments(uids: Sequence[UUID]) -> dict[UUID, Appointment]:
    """These one or two appointments with their shift, type, centre, department, site and people."""
    found: dict[UUID, Appointment] = {}
    for appointment, shift, kind, centre, department, site, *people in WHOLE.fetch(
        APPOINTMENTS, {"first": uids[0], "last": uids[-1]}
    ):
        centre.department = department
        appointment.shift, appointment.type = shift, kind
        appointment.centre, appointment.site = centre, site
        appointment.practitioner, appointment.guardian = people[0], people[1]
        appointment.child, appointment.household = people[2], people[3]
        if appointment.guardian is not None:
            appointment.guardian.household = appointment.household
        appointment.row_version = people[4]
        found[appointment.uid] = appointment
    return found


def load_hold(uid: UUID) -> Appointment | None:
    """A hold with its shift, type and centre: all that a family's details are judged by. What else
    it names is read when asked for."""
    for appointment, shift, version, offered, *new_ids in HOLD.fetch(HOLDS, {"uid": uid}):
        offer = offers.of_version(appointment.type_id, appointment.centre_id, offered)
        appointment.shift, appointment.type, appointment.centre = shift, offer.kind, offer.centre
        appointment.row_version, appointment.new_ids = version, tuple(new_ids)
        return cast(Appointment, appointment)
    return None


def load_locked(
    uids: Sequence[UUID], *, address: str, seen: Collection[Appointment]
) -> tuple[dict[UUID, Appointment], bool]:
    """The same, locked with their shifts until the transaction ends; whether one of them was moved
    to a shift that is not.

    Those `seen`, loaded by the caller just before and untouched since, are not read again unless
    they, or their shift, type or centre, have changed: the locks say so.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCKED, {"first": uids[0], "last": uids[-1], "address": address})
        rows = cursor.fetchall()
    known = {appointment.uid: appointment for appointment in seen}
    if all(uid in known and known[uid].row_version == version for uid, version, _ in rows):
        found = {uid: twin(known[uid]) for uid, _, _ in rows}
    else:
        loaded = load_appointments(uids)
        # One that moved on while we waited for its row is not among those locked.
        found = {uid: loaded[uid] for uid, _, _ in rows}
    return found, any(is_elsewhere for _, _, is_elsewhere in rows)


def load_guardians(who: Who) -> tuple[list[Guardian], Guardian | None]:
    """The guardians that a person's contact means, with their household, those who proved it first;
    and the one of this name, if any."""
    values = {
        "email": who.email,
        "phone": who.phone,
        "first_name": who.first_name,
        "last_name": who.last_name,
    }
    guardians, same = [], None
    for guardian, household, is_same in FAMILY.fetch(GUARDIANS_BY[who.channel], values):
        guardian.household = household
        guardians.append(guardian)
        same = guardian if is_same and same is None else same
    return guardians, same


def insert_hold(held: Appointment) -> None:
    """Write a new hold and learn its id; a reference somebody has already is drawn anew. Raises
    IntegrityError, as saving it would."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(INSERT_HOLD, [getattr(held, field.attname) for field in HELD_FIELDS])
            if row := cursor.fetchone():
                (held.pk,) = row
                return
            held.reference = new_reference()


@lru_cache(maxsize=32)
def _update(names: tuple[str, ...]) -> tuple[str, list[Any]]:
    fields = [FIELDS[name] for name in names]
    changes = ", ".join(f"{field.column} = %s" for field in fields)
    return f"UPDATE booking_appointment SET {changes} WHERE id = %s", fields  # noqa: S608


def update_appointment(appointment: Appointment, *names: str) -> None:
    """Write these fields. Raises IntegrityError, as saving them would."""
    sql, fields = _update(names)
    values = [f.get_db_prep_save(getattr(appointment, f.attname), connection) for f in fields]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, appointment.pk])

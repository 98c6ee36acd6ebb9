"""The half-days that could take a start, and what takes their time: seen, or locked; and a hold
written into one of them if it still is as it was seen (ADR 0035)."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, connection
from django.db.models import Field

from booking import offers
from booking.availability import ShiftLoad
from booking.constraints import refuse_clash
from booking.loading import HELD_FIELDS
from booking.models import Appointment
from booking.rows import write_at_once

# Each tells, without a statement more, whether the type and the centre are those remembered.
_CANDIDATES = f"""
SELECT {offers.VERSION}, candidate.*
FROM centres_appointmenttype kind
JOIN centres_centre centre ON centre.id = %(centre)s
LEFT JOIN {{function}} candidate ON true
WHERE kind.id = %(kind)s
"""  # noqa: S608 - made of our own column names
SEE = _CANDIDATES.format(
    function="booking_see_candidates(%(kind)s::bigint, %(centre)s::bigint, "
    "%(start)s::timestamptz, %(now)s::timestamptz)"
)
# In id order: the unit of contention (ADR 0004).
LOCK = _CANDIDATES.format(
    function="booking_lock_candidates(%(kind)s::bigint, %(centre)s::bigint, "
    "%(start)s::timestamptz, %(now)s::timestamptz, %(releasing)s::uuid)"
)


class Start(NamedTuple):
    """A type at a centre, by their ids, and a start; asked at `now`."""

    kind: int
    centre: int
    start: datetime
    now: datetime


class Candidate(NamedTuple):
    """A shift that could take the start; its seats in use; holds on it that expired; and, if it was
    only seen, the version of all that."""

    load: ShiftLoad
    seats_used: set[int]
    lapsed: list[int]
    version: str = ""


def see(start: Start) -> tuple[set[str], list[Candidate]]:
    """The version of the type and the centre, and the shifts as they are just now, unlocked."""
    return _read(SEE, start._asdict())


def lock(start: Start, *, releasing: UUID | None) -> tuple[set[str], list[Candidate]]:
    """The same, locked until the transaction ends. The caller's own former hold is given back too:
    it must not be in its owner's way."""
    return _read(LOCK, start._asdict() | {"releasing": releasing})


def _read(sql: str, values: dict[str, Any]) -> tuple[set[str], list[Candidate]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    size = len(ShiftLoad._fields)
    found = [
        Candidate(ShiftLoad._make(rest[:size]), set(rest[size]), *rest[size + 1 :])
        for _, *rest in rows
        if rest[0] is not None
    ]
    return {offered for offered, *_ in rows}, found


@cache
def _insert_seen() -> str:
    columns = ", ".join(str(field.column) for field in HELD_FIELDS)
    values = ", ".join(f"%s::{_type_of(field)}" for field in HELD_FIELDS)
    return f"""
INSERT INTO booking_appointment
    ({columns}, sequence, is_extended, is_overbooked, last_action, note)
SELECT {values}, 0, false, false, 'hold', ''
WHERE booking_lock_shift(%s, %s, %s) = %s
ON CONFLICT (reference) DO NOTHING
RETURNING id
"""


def _type_of(field: Field[Any, Any]) -> str:
    """Without its length: what is too long is refused, not cut, as if no cast were needed."""
    return str(field.db_type(connection)).partition("(")[0]


def insert_seen(held: Appointment, seen: Candidate, *, now: datetime) -> bool:
    """Lock the shift and write the hold in one statement, a transaction by itself. False, and
    nothing is written, when the shift is not any more as it was seen, offers the type no more, or
    somebody has the time by another way."""
    values = [getattr(held, field.attname) for field in HELD_FIELDS]
    seen_as = [held.shift_id, held.type_id, now, seen.version]
    try:
        row = write_at_once(_insert_seen(), [*values, *seen_as])
    except IntegrityError as error:
        refuse_clash(error)
        return False
    if row is not None:
        (held.pk,) = row
    return row is not None

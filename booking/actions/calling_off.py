"""The centre calls off many appointments at once: somebody is absent, a half-day is cancelled."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from booking import messages
from booking.actors import Actor
from booking.locking import lock_shifts_of
from booking.models import Appointment

# Whoever moved to another shift while we waited is not concerned any more. The time is free at
# once, as far as anybody is there to receive.
CANCEL = """
UPDATE booking_appointment SET
    state = 'cancelled', sequence = sequence + 1, last_action = 'cancel', actor = %(actor)s,
    changed_at = %(now)s, note = coalesce(nullif(%(reason)s, ''), note)
WHERE id IN (
    SELECT id FROM booking_appointment
    WHERE id = ANY (%(ids)s) AND shift_id = ANY (%(shifts)s) AND state = 'booked'
      AND starts_at > %(now)s
    ORDER BY id FOR NO KEY UPDATE)
RETURNING id
"""


class CalledOff(NamedTuple):
    """Those cancelled, and among them those whose family no message can reach."""

    cancelled: list[Appointment]
    unreached: list[Appointment]


@transaction.atomic
def cancel_for_centre(
    *, appointment_ids: Collection[int], now: datetime, actor: Actor, reason: str = ""
) -> CalledOff:
    """Cancel all of these that are still ahead, or none if anything fails, and tell each family by
    every way it allows. As many statements as for one; done again, nothing is left to do."""
    values: dict[str, Any] = {
        "ids": list(appointment_ids),
        "shifts": lock_shifts_of(appointment_ids),
        "now": now,
        "actor": actor.label,
        "reason": reason.strip()[:200],
    }
    with connection.cursor() as cursor:
        cursor.execute(CANCEL, values)
        done = [pk for (pk,) in cursor.fetchall()]
    if not done:
        return CalledOff([], [])
    named = ("type", "centre", "guardian", "household")
    cancelled = list(
        Appointment.objects.filter(pk__in=done).select_related(*named).order_by("starts_at", "id")
    )
    return CalledOff(cancelled, messages.closed(cancelled, now=now, actor=actor))

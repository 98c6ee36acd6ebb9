"""Reminders and calls put right: rules that changed, rows that are missing, half-days that changed
in the administration or overnight, whatever else went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from django.db import connection, transaction

from booking import announcing, planning, policy, queries
from booking.actors import SYSTEM
from booking.models import Appointment
from booking.planning import DayKey
from centres.models import Centre

BATCH = 200
# A reminder may leave some days before its rule's own day, over a weekend and holidays.
EARLIER = timedelta(days=8)
LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('booking.heal_reminders', 0))"


class Healed(NamedTuple):
    """How many days were looked at, how many were not right, how many reminders were written."""

    looked_at: int
    put_right: int
    written: int


def heal_reminders(*, now: datetime, is_dry: bool = False) -> Healed:
    """Compare the reminders of all days that rules reach with what they should be, and put right
    those that are not. Safe at any time, twice or at once; `is_dry` only counts.

    Days are compared without a lock; those that differ are planned again under one, a batch to a
    transaction. Where another healing is at work, this one leaves the rest to it.
    """
    policy.forget()
    reach = timedelta(days=policy.current(now=now).most_days_before) + EARLIER
    booked = {DayKey(*row) for row in queries.household_days(now=now, until=now + reach)}
    # Rules that are gone reached further: whatever is soon to leave is looked at too.
    days = sorted(booked | planning.about_to_leave(before=now + EARLIER))
    wrong = [key for batch in _batches(days) for key in planning.out_of_date(batch, now=now)]
    if is_dry:
        return Healed(len(days), len(wrong), 0)
    put_right, written = 0, 0
    for batch in _batches(wrong):
        done = _plan_again(batch, now=now)
        if done is None:
            break
        put_right, written = put_right + len(batch), written + done
    return Healed(len(days), put_right, written)


@transaction.atomic
def _plan_again(keys: Sequence[DayKey], *, now: datetime) -> int | None:
    """None when another healing holds the lock."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        if not cursor.fetchone()[0]:
            return None
    return planning.apply(planning.plan_days(keys, now=now), now=now)


@transaction.atomic
def heal_calls(*, now: datetime) -> int:
    """What the administration or the night's expansion has left outside its half-day is to be
    phoned, what is received again is not: how many calls were added or taken back. A batch at a
    time, soonest first; run again, nothing is left to do."""
    centres = list(Centre.objects.values_list("pk", flat=True))  # one range of their index each
    booked = Appointment.objects.filter(
        centre__in=centres,
        state=Appointment.State.BOOKED,
        starts_at__gt=now,
        household__isnull=False,
    )
    outside = announcing.uncalled(booked.outside()).select_related(*announcing.NAMED)
    left_out = list(outside.order_by("starts_at", "pk")[:BATCH])
    # Two passes at once decide the same; a later one, about what changed again, decides anew.
    decision = f"night{now:%Y%m%d%H}{now.minute // 10}"
    if left_out:
        announcing.called_off(left_out, decision=decision, now=now)
    back = announcing.called_in_vain(now=now)
    if back:
        announcing.called_on(back, decision=decision, by=SYSTEM.label, now=now)
    return len(left_out) + len(back)


def _batches(keys: Sequence[DayKey]) -> Iterator[list[DayKey]]:
    rest = iter(keys)
    while batch := list(islice(rest, BATCH)):
        yield batch

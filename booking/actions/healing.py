"""Reminders put right: rules that changed, rows that are missing, whatever else went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from django.db import connection, transaction

from booking import planning, policy, queries
from booking.planning import DayKey

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


def _batches(keys: Sequence[DayKey]) -> Iterator[list[DayKey]]:
    rest = iter(keys)
    while batch := list(islice(rest, BATCH)):
        yield batch

"""When a message that failed may leave by another channel: nobody is woken, nor told by a phone
that somebody else holds."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from booking import reaching
from booking.models import Guardian, Household
from booking.reaching import Way
from centres.models import Centre
from notifications.models import OutboxMessage


def moment(message: OutboxMessage, channel: str, now: datetime) -> datetime | None:
    """Now, or when the hours of the family, or of everyone, begin. None: too late by then."""
    centre = Centre.objects.filter(slug=message.scope).only("time_zone").first()
    if centre is None:
        return now
    household = _household_of(message.person_ref)
    return reaching.moment(
        Way(channel, message.recipient),
        reaching.hours_of(household) if household else None,
        zone=ZoneInfo(centre.time_zone),
        now=now,
        before=message.valid_until,
    )


def _household_of(person_ref: str) -> Household | None:
    """Of `household:<id>` or `guardian:<id>`."""
    kind, _, pk = person_ref.partition(":")
    if not pk.isdecimal():
        return None
    if kind == "household":
        return Household.objects.filter(pk=int(pk)).first()
    guardian = Guardian.objects.filter(pk=int(pk)).select_related("household").first()
    return guardian.household if guardian else None

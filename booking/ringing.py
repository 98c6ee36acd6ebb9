"""When a message that failed may leave by another channel: nobody is woken, nor told by a phone
that somebody else holds."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from booking.models import Guardian, Household
from centres.calendar import wall
from centres.models import Centre
from notifications.models import OutboxMessage

# An SMS that cannot wait for the morning may still ring in the evening.
OPENS, CLOSES = time(8), time(22)


def moment(message: OutboxMessage, channel: str, now: datetime) -> datetime | None:
    """Now, or when hours of the family, or of everyone, begin. None: too late by then, and the
    family's own hours may not be passed over; without such hours a late SMS beats none."""
    centre = Centre.objects.filter(slug=message.scope).only("time_zone").first()
    household = _household_of(message.person_ref)
    own = household is not None and household.contact_from is not None
    if centre is None or (channel == OutboxMessage.Channel.EMAIL and not own):
        return now
    opens, closes = OPENS, CLOSES
    if household is not None and household.contact_from and household.contact_until:
        opens, closes = household.contact_from, household.contact_until
    zone = ZoneInfo(centre.time_zone)
    local = now.astimezone(zone)
    if opens <= local.time() < closes:
        return now
    day = local.date() + timedelta(days=local.time() >= closes)
    at = wall(day, opens, zone)
    if at < message.valid_until:
        return at
    return None if own else now


def _household_of(person_ref: str) -> Household | None:
    """Of `household:<id>` or `guardian:<id>`."""
    kind, _, pk = person_ref.partition(":")
    if not pk.isdecimal():
        return None
    if kind == "household":
        return Household.objects.filter(pk=int(pk)).first()
    guardian = Guardian.objects.filter(pk=int(pk)).select_related("household").first()
    return guardian.household if guardian else None

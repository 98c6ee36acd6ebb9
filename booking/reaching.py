"""By which ways a family may be told, best first, and when its phone may ring."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings

from booking.models import Appointment, Guardian, Household
from booking.reminders import EMAIL, SMS, Hours
from centres.calendar import wall
from notifications.hours import Opening
from notifications.sms.numbers import is_mobile

By = Household.ContactBy
COMMON_MOBILE = re.compile(r"\+33[67]\d{8}")
# A change told by staff may ring later than a reminder: the family has to know before the morning.
LATE_HOURS = Hours(time(8), time(22))


class Way(NamedTuple):
    """A channel and an address of it."""

    channel: str
    recipient: str


def has_sms() -> bool:
    """Whether this installation sends SMS at all."""
    return bool(settings.SMS_URL)


def ways(
    *,
    contact_by: str,
    email: str,
    phone: str,
    is_discreet: bool,
    has_proved_email: bool,
    has_proved_phone: bool,
    is_proved_only: bool = False,
) -> list[Way]:
    """Where this person may be told, best first: e-mail, which costs nothing and holds the calendar
    file, then SMS. A discreet reason goes to what was proved, and to the phone alone where it can:
    families share e-mail addresses more than phones."""
    is_proved_only = is_proved_only or is_discreet
    found = []
    if email and contact_by in {By.ANY, By.EMAIL} and (has_proved_email or not is_proved_only):
        found.append(Way(EMAIL, email))
    may_ring = contact_by in {By.ANY, By.SMS} and (has_proved_phone or not is_proved_only)
    if may_ring and has_sms() and _can_receive(phone):
        found.append(Way(SMS, phone))
    if is_discreet and len(found) > 1:
        return [way for way in found if way.channel == SMS]
    return found


def _can_receive(phone: str) -> bool:
    """The commonest numbers are known without asking the whole numbering plan of the world."""
    return bool(COMMON_MOBILE.fullmatch(phone)) or is_mobile(phone)


def ways_of(
    appointment: Appointment,
    guardian: Guardian,
    household: Household,
    *,
    is_proved_only: bool = False,
) -> list[Way]:
    """Where whoever booked may be told of an appointment. What families themselves make us send
    goes where one is proved to read it: else anybody's phone could be made to ring."""
    return ways(
        contact_by=household.contact_by,
        email=guardian.email,
        phone=str(guardian.phone or ""),
        is_discreet=appointment.type.is_discreet,
        has_proved_email=guardian.email_verified_at is not None,
        has_proved_phone=guardian.phone_verified_at is not None,
        is_proved_only=is_proved_only,
    )


def ways_together(visits: Sequence[Appointment]) -> list[Way]:
    """Where a family may be told of several visits at once: as of the first, and as discreetly as
    any of them wants. Nowhere without a visit, or whoever booked it."""
    guardian = visits[0].guardian if visits else None
    household = visits[0].household if visits else None
    if guardian is None or household is None:
        return []
    return ways(
        contact_by=household.contact_by,
        email=guardian.email,
        phone=str(guardian.phone or ""),
        is_discreet=any(visit.type.is_discreet for visit in visits),
        has_proved_email=guardian.email_verified_at is not None,
        has_proved_phone=guardian.phone_verified_at is not None,
    )


def hours_of(household: Household) -> Hours | None:
    """The hours a household chose itself."""
    if household.contact_from is None or household.contact_until is None:
        return None
    return Hours(household.contact_from, household.contact_until)


def opening(
    way: Way, hours: Hours | None, *, zone: ZoneInfo, now: datetime, before: datetime
) -> Opening | None:
    """When staff's news may be sent by this way: now, or once the phone may ring, until it may not.

    None when a household's own hours leave no time before the visit: somebody else may hold the
    phone, so it has to be told in person. Without such hours a late SMS beats a journey in vain.
    """
    if hours is None and way.channel == EMAIL:
        return Opening(now, None)
    window = hours or LATE_HOURS
    local = now.astimezone(zone)
    if window.opens <= local.time() < window.closes:
        return Opening(now, wall(local.date(), window.closes, zone))
    day: date = local.date() + timedelta(days=local.time() >= window.closes)
    at = wall(day, window.opens, zone)
    if at < before:
        return Opening(at, wall(day, window.closes, zone))
    return None if hours else Opening(now, None)

"""When a message may leave by a way, now that it failed by another or missed its hours: nobody is
woken, nor told by a phone that somebody else holds."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from booking import policy, reaching
from booking.loading import load_appointments
from booking.messages import ABOUT_APPOINTMENT, TOGETHER
from booking.models import Appointment, Guardian, Household
from booking.parties import number_of
from booking.planning import REMINDER, DayKey
from booking.queries import visits_of_day, visits_told
from booking.reaching import Way
from booking.reminders import SMS, Hours, decent, is_off
from centres.calendar import wall
from centres.models import Centre
from notifications.hours import Opening
from notifications.hours import Way as WayOf
from notifications.models import OutboxMessage
from notifications.problems import canonical

# No row of holidays is longer than this.
DAYS = 8


def opening(message: OutboxMessage, way: WayOf, now: datetime) -> Opening | None:
    """Now, or when the hours of the family, or of everyone, begin. None: too late by then, or not a
    way the family may be told by any more."""
    centre = Centre.objects.filter(slug=message.scope).only("time_zone", "department_id").first()
    zone = ZoneInfo(centre.time_zone) if centre else ZoneInfo(timezone.get_default_timezone_name())
    household = _household_of(message.person_ref)
    hours = reaching.hours_of(household) if household else None
    by = Way(way["channel"], way["recipient"])
    if not _is_allowed(message, by):
        return None
    if message.kind == REMINDER and (hours or by.channel == SMS):
        department = centre.department_id if centre else 0
        return _of_reminder(message, hours, zone=zone, now=now, department=department)
    return reaching.opening(by, hours, zone=zone, now=now, before=message.valid_until)


def _is_allowed(message: OutboxMessage, way: Way) -> bool:
    """Whether whoever it is for may be told by this way now: they may have chosen another since, or
    have a visit that only their phone may know of. A person's own choice of address stands."""
    if message.instead_of_id and (message.channel, message.recipient) == way:
        return True
    try:
        about = _visits_of(message)
    except ValueError:  # not of ours
        return True
    return canonical(*way) in {canonical(*each) for each in reaching.ways_together(about)}


def _visits_of(message: OutboxMessage) -> list[Appointment]:
    """What it is about, as it is now. Raises ValueError."""
    if message.kind == REMINDER:
        return visits_told(*DayKey.of(message.subject_ref), message.person_ref)
    if message.kind == TOGETHER:
        of_day = visits_of_day(*DayKey.of(message.subject_ref))
        return [each for each in of_day if each.guardian_id == number_of(message.person_ref)]
    if message.kind in ABOUT_APPOINTMENT:
        return list(load_appointments([UUID(message.subject_ref)]).values())
    raise ValueError(message.kind)


def _of_reminder(
    message: OutboxMessage,
    hours: Hours | None,
    *,
    zone: ZoneInfo,
    now: datetime,
    department: int,
) -> Opening | None:
    """As it would have been planned: within decent hours, ahead on ordinary days only."""
    window, holidays = decent(hours), policy.current(now=now).holidays.get(department, ())
    today = now.astimezone(zone).date()
    last = message.valid_until.astimezone(zone).date()
    for on in (today + timedelta(days=days) for days in range(DAYS)):
        opens, closes = (wall(on, clock, zone) for clock in window)
        send_at, leave_by = max(opens, now), min(closes, message.valid_until)
        if send_at < leave_by and (on == last or not is_off(on, holidays)):
            return Opening(send_at, leave_by)
    return None


def _household_of(person_ref: str) -> Household | None:
    """Of `household:<id>` or `guardian:<id>`."""
    kind, _, pk = person_ref.partition(":")
    if not pk.isdecimal():
        return None
    if kind == "household":
        return Household.objects.filter(pk=int(pk)).first()
    guardian = Guardian.objects.filter(pk=int(pk)).select_related("household").first()
    return guardian.household if guardian else None

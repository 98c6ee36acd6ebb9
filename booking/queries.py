"""What availability and the pages read, each in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from booking.availability import ShiftLoad, Slot, Timing, Window, session_seats, slots
from booking.models import Appointment, Case, Guardian
from booking.parties import Contact, number_of, parties
from booking.rules import TypeRules, public_window
from centres.calendar import from_minute
from centres.models import AppointmentType, Centre, PublicHoliday
from notifications.models import ContactProblem
from notifications.problems import Address, canonical, problems_of

# Starts of shifts looked at before the window: a shift begun earlier may still have free times.
LONGEST_SHIFT = timedelta(hours=14)

# One statement finds the shifts of a type and what blocks them for a while. The index of ShiftType
# gives (type, centre, period) as one range; `room` leaves out shifts with no stretch long enough;
# holds and times not yet re-offered are few, each found by its shift in a small partial index.
SHIFT_COLUMNS = """
    s.id, s.practitioner_id, s.site_id, s.centre_id,
    (extract(epoch FROM s.starts_at) / 60)::int, (extract(epoch FROM s.ends_at) / 60)::int,
    s.seats, s.taken, s.agent_reserve, s.closed, s.busy,
    ARRAY(SELECT unnest(ARRAY[(extract(epoch FROM a.busy_from) / 60)::int,
                              (extract(epoch FROM a.busy_until) / 60)::int])
          FROM booking_appointment a
          WHERE a.shift_id = s.id AND (a.state = 'held' OR a.reoffer_at IS NOT NULL)
            AND (a.state = 'held' AND a.expires_at > %(now)s OR a.reoffer_at > %(now)s))
"""
# A centre's shifts in a period.
SHIFTS_BETWEEN = f"""
SELECT {SHIFT_COLUMNS}
FROM centres_shifttype o JOIN centres_shift s ON s.id = o.shift_id
WHERE o.type_id = %(type)s AND o.centre_id = %(centre)s
  AND o.starts_at >= %(since)s AND o.starts_at < %(until)s
  AND s.ends_at > %(earliest)s AND s.status = 'open'
  AND s.room >= CASE WHEN s.seats > 1 THEN 1 ELSE %(needed)s END
ORDER BY o.starts_at, o.shift_id
"""  # noqa: S608 - made of constants
# Of each of many centres the shift with its first free start, each centre with its own window: a
# function of the database walks half-days in order of start until none to come can be earlier.
FIRST_SHIFTS = f"""
SELECT {SHIFT_COLUMNS}
FROM booking_first_shifts(
    %(type)s::bigint, %(before)s::int, %(duration)s::int, %(after)s::int, %(step)s::int,
    %(now)s::timestamptz, %(centres)s::bigint[], %(earliest)s::int[], %(latest)s::int[]) s
"""  # noqa: S608 - made of constants


def type_rules(kind: AppointmentType) -> TypeRules:
    """The pure rules of an appointment type."""
    return TypeRules(
        timing=Timing(
            kind.duration_min, kind.step_min, kind.buffer_before_min, kind.buffer_after_min
        ),
        notice_min=kind.notice_min,
        notice_working_days=kind.notice_working_days,
        horizon_days=kind.horizon_days,
        cancel_notice_min=kind.cancel_notice_min,
        age_min_months=kind.age_min_months,
        age_max_months=kind.age_max_months,
        week_min=kind.week_min,
        week_max=kind.week_max,
    )


def window_for(
    kind: AppointmentType, centre: Centre, *, now: datetime, holidays: Iterable[date] = ()
) -> Window:
    """The starts families may choose of this type at this centre now."""
    return public_window(
        type_rules(kind),
        now=now,
        zone=ZoneInfo(centre.time_zone),
        release=centre.release_time,
        holidays=frozenset(holidays),
    )


def holidays_near(kind: AppointmentType, centre: Centre, *, now: datetime) -> list[date]:
    """Public holidays that may lengthen a notice in working days; no query when there is none."""
    if not kind.notice_working_days:
        return []
    until = now.date() + timedelta(days=3 * kind.notice_working_days + 14)
    return list(
        PublicHoliday.objects.filter(
            department_id=centre.department_id, on__range=(now.date(), until)
        ).values_list("on", flat=True)
    )


def contact_problems(household_ids: Iterable[int]) -> dict[int, list[ContactProblem]]:
    """Of these households, those with an address that nothing is sent to any more, and why: two
    queries, whatever their number."""
    guardians = Guardian.objects.filter(household__in=set(household_ids)).order_by("pk")
    addresses: dict[Address, set[int]] = {}
    for guardian in guardians:
        for channel, address in (("email", guardian.email), ("sms", str(guardian.phone or ""))):
            if address:
                key = canonical(channel, address)
                addresses.setdefault(key, set()).add(guardian.household_id)
    found: dict[int, list[ContactProblem]] = {}
    for key, problem in problems_of(addresses).items():
        for household in addresses[key]:
            found.setdefault(household, []).append(problem)
    return found


def _read(sql: str, values: dict[str, Any]) -> list[ShiftLoad]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(map(ShiftLoad._make, cursor.fetchall()))


def load_shifts(
    *,
    kind: AppointmentType,
    centre_id: int,
    window: Window,
    now: datetime,
    together: int = 1,
) -> list[ShiftLoad]:
    """The shifts of a centre that offer the type in the window, with a free stretch for so many
    visits one after the other (0: whatever is free of them): one query."""
    earliest = from_minute(window.earliest)
    return _read(
        SHIFTS_BETWEEN,
        {
            "type": kind.pk,
            "centre": centre_id,
            "since": earliest - LONGEST_SHIFT,
            "earliest": earliest,
            "until": from_minute(window.latest),
            "needed": together * type_rules(kind).timing.occupied,
            "now": now,
        },
    )


def search(
    *,
    kind: AppointmentType,
    centre: Centre,
    window: Window,
    now: datetime,
    site_id: int | None = None,
    for_public: bool = True,
    together: int = 1,
) -> list[Slot]:
    """Every bookable slot of a centre in the window, by start: one query. `together`: only where so
    many visits fit one after the other, or so many seats are left in a session."""
    shifts = [
        shift
        for shift in load_shifts(
            kind=kind, centre_id=centre.pk, window=window, now=now, together=together
        )
        if (site_id is None or shift.site == site_id)
        and (shift.seats == 1 or session_seats(shift, for_public=for_public) >= together)
    ]
    timing = type_rules(kind).timing.times(together)
    return sorted(slots(shifts, timing, window, for_public=for_public))


def next_free(
    *, kind: AppointmentType, windows: dict[int, Window], now: datetime
) -> dict[int, Slot]:
    """The first free slot of each centre (by id) that has one in its window: one query."""
    if not windows:
        return {}
    timing = type_rules(kind).timing
    shifts = _read(
        FIRST_SHIFTS,
        {
            "type": kind.pk,
            **timing._asdict(),
            "now": now,
            "centres": list(windows),
            "earliest": [window.earliest for window in windows.values()],
            "latest": [window.latest for window in windows.values()],
        },
    )
    found = {
        each.centre: next(slots([each], timing, windows[each.centre]), None) for each in shifts
    }
    return {centre: slot for centre, slot in found.items() if slot is not None}


def local(minute: int, centre: Centre) -> datetime:
    """A slot's minute as the wall clock of the centre shows it."""
    return from_minute(minute, ZoneInfo(centre.time_zone))


def visits_of_day(household_id: int, on: date) -> list[Appointment]:
    """The appointments a household still has on a day of their centre's calendar, by start, with
    all that a message names: one query, by the index of each guardian's appointments."""
    midnight = datetime.combine(on, time(), UTC)
    near = Appointment.objects.filter(
        guardian__household=household_id,
        state=Appointment.State.BOOKED,
        starts_at__gte=midnight - timedelta(days=1),
        starts_at__lt=midnight + timedelta(days=2),
    ).select_related("type", "centre__department", "site", "guardian", "household", "shift")
    return [
        visit
        for visit in near.order_by("starts_at", "id")
        if visit.starts_at.astimezone(ZoneInfo(visit.centre.time_zone)).date() == on
    ]


def visits_told(household_id: int, on: date, person_ref: str) -> list[Appointment]:
    """Those of them that this person is told of; not what the centre has to change, of which it
    says itself what becomes, nor what its half-day does not receive any more."""
    in_limbo = Case.objects.in_limbo().filter(appointment__guardian__household=household_id)
    changing = set(in_limbo.values_list("appointment", flat=True))
    of_day = visits_of_day(household_id, on)
    visits = [each for each in of_day if each.is_received and each.pk not in changing]
    return told_to(person_ref, visits)


def told_to(person_ref: str, visits: Sequence[Appointment]) -> list[Appointment]:
    """Of all visits of a household's day, those that this person is told of."""
    return parties(visits, _contact).get(number_of(person_ref), [])


def _contact(visit: Appointment) -> Contact:
    guardian, is_discreet = visit.guardian, visit.type.is_discreet
    if guardian is None:
        return Contact(0, "", "", is_discreet)
    return Contact(guardian.pk, guardian.email, str(guardian.phone or ""), is_discreet)


# Each centre's appointments between two instants are one range of an index.
DAYS_AHEAD = """
SELECT DISTINCT a.household_id, (a.starts_at AT TIME ZONE c.time_zone)::date
FROM centres_centre c
JOIN booking_appointment a ON a.centre_id = c.id
WHERE a.starts_at > %(now)s AND a.starts_at < %(until)s
  AND a.state = 'booked' AND a.household_id IS NOT NULL
ORDER BY 2, 1
"""


def household_days(*, now: datetime, until: datetime) -> list[tuple[int, date]]:
    """The days on which households have appointments ahead: one query, whatever the history."""
    with connection.cursor() as cursor:
        cursor.execute(DAYS_AHEAD, {"now": now, "until": until})
        return [(household, on) for household, on in cursor.fetchall()]

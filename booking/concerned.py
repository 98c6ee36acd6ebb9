"""Whom an absence or a closure hits, and what each family could have instead: read before anything
is saved, in as many queries for five hundred families as for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q, QuerySet

from booking import queries, rules
from booking.availability import ShiftLoad, footprint, shift_starts
from booking.intervals import Interval
from booking.models import Appointment
from booking.reaching import Way, ways_of
from booking.rehousing import DAY, Need, Offer, Place, propose
from centres.calendar import to_minute, to_minute_up, wall
from centres.models import Absence, AppointmentType, Closure
from centres.rollout import is_open_to_agents
from notifications.problems import canonical

Period = Absence | Closure
# A family has to read that its time has changed before the new one comes.
SOONEST = timedelta(hours=24)
LOOK_AHEAD = timedelta(weeks=8)
LIVE = ("booked", "arrived", "in_progress")
NAMED = (
    *("type", "centre__department", "site", "practitioner"),
    *("guardian", "household", "child"),
)

OFFERS = f"""
SELECT o.type_id, {queries.SHIFT_COLUMNS},
    ARRAY(SELECT a.seat FROM booking_appointment a
          WHERE a.shift_id = s.id AND a.seat > 0 AND a.state NOT IN ('cancelled', 'lapsed')
            AND (a.state <> 'held' OR a.expires_at > %(now)s))
FROM centres_shifttype o JOIN centres_shift s ON s.id = o.shift_id
WHERE o.type_id = ANY (%(types)s) AND o.centre_id = ANY (%(centres)s)
  AND o.starts_at >= %(since)s AND o.starts_at < %(until)s
  AND s.ends_at > %(earliest)s AND s.status = 'open' AND s.room > 0
"""  # noqa: S608 - made of constants
# The same of half-days named, as they have become.
OFFERS_OF = f"""
SELECT o.type_id, {queries.SHIFT_COLUMNS},
    ARRAY(SELECT a.seat FROM booking_appointment a
          WHERE a.shift_id = s.id AND a.seat > 0 AND a.state NOT IN ('cancelled', 'lapsed')
            AND (a.state <> 'held' OR a.expires_at > %(now)s))
FROM centres_shifttype o JOIN centres_shift s ON s.id = o.shift_id
WHERE s.id = ANY (%(shifts)s) AND s.status = 'open'
"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Concerned:
    """A family that cannot come when it was to; where else it could, and how it can be told."""

    appointment: Appointment
    places: Sequence[Place] = field(default_factory=list)
    ways: Sequence[Way] = field(default_factory=list)


class Offered(NamedTuple):
    """A half-day as one type can be booked in it, and the seats of it that are taken."""

    kind: int
    load: ShiftLoad
    seats: set[int]


def hit_by(period: Period, *, now: datetime) -> QuerySet[Appointment]:
    """The appointments still ahead that a period leaves without anybody to receive them."""
    found = Appointment.objects.filter(
        state=Appointment.State.BOOKED,
        starts_at__gt=now,
        starts_at__lt=period.ends_at,
        ends_at__gt=period.starts_at,
    )
    return found.filter(_scope(period)).order_by("starts_at", "id")


def _scope(period: Period) -> Q:
    if isinstance(period, Absence):
        return Q(practitioner=period.practitioner_id)
    if period.site_id:
        return Q(site=period.site_id)
    if period.centre_id:
        return Q(centre=period.centre_id)
    return Q(centre__department=period.department_id)


def covers(period: Period, load: ShiftLoad) -> bool:
    """Whether a half-day loses time to it. One of the whole Département covers all there are."""
    if load.starts >= to_minute(period.ends_at) or load.ends <= to_minute(period.starts_at):
        return False
    if isinstance(period, Absence):
        return load.practitioner == period.practitioner_id
    if period.site_id:
        return load.site == period.site_id
    return period.centre_id is None or load.centre == period.centre_id


def concerned(period: Period, *, now: datetime) -> list[Concerned]:
    """Those a period hits, by time, each with the two best other times: six queries."""
    hit = list(hit_by(period, now=now).select_related(*NAMED))
    if not hit:
        return []
    places = _places(period, hit, now=now)
    bad = _bad_addresses(hit)
    return [Concerned(each, places.get(each.pk, []), _ways(each, bad)) for each in hit]


def _places(period: Period, hit: Sequence[Appointment], *, now: datetime) -> dict[int, list[Place]]:
    kinds = {each.type_id: each.type for each in hit}
    offers: defaultdict[Offer, list[Place]] = defaultdict(list)
    earliest = to_minute_up(now + SOONEST)
    for offered in _offers(hit, now=now):
        closed = _closed_too(period, offered.load)
        kind = kinds[offered.kind]
        places = offers[offered.kind, offered.load.centre]
        places.extend(
            place
            for place in places_in(offered._replace(load=closed), kind)
            if place.start >= earliest
        )
    needs = [need_of(each, earliest=earliest) for each in hit]
    return propose(needs, offers, _busy(hit, now=now))


def _closed_too(period: Period, load: ShiftLoad) -> ShiftLoad:
    """The half-day as it will be once the period is declared."""
    if not covers(period, load):
        return load
    since, until = to_minute(period.starts_at), to_minute_up(period.ends_at)
    return load._replace(closed=[*load.closed, since, until])


def _offers(hit: Sequence[Appointment], *, now: datetime) -> list[Offered]:
    earliest = now + SOONEST
    return _read_offers(
        OFFERS,
        {
            "types": sorted({each.type_id for each in hit if is_bookable(each.type)}),
            "centres": sorted(
                {each.centre_id for each in hit if is_open_to_agents(each.centre, now=now)}
            ),
            "since": earliest - queries.LONGEST_SHIFT,
            "earliest": earliest,
            "until": max(now, *(each.starts_at for each in hit)) + LOOK_AHEAD,
            "now": now,
        },
    )


def is_bookable(kind: AppointmentType) -> bool:
    return kind.is_active and kind.booking != AppointmentType.Booking.WALK_IN


def offers_of(shifts: Collection[int], *, now: datetime) -> list[Offered]:
    """These half-days as they are now, by type: one query."""
    return _read_offers(OFFERS_OF, {"shifts": sorted(shifts), "now": now})


def _read_offers(sql: str, values: dict[str, Any]) -> list[Offered]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    return [Offered(kind, ShiftLoad._make(load), set(seats)) for kind, *load, seats in rows]


def places_in(offered: Offered, kind: AppointmentType) -> Iterator[Place]:
    """What agents can still give of a half-day."""
    load, timing = offered.load, queries.type_rules(kind).timing
    starts = shift_starts(load, timing, for_public=False)
    if load.seats > 1:
        left = [seat for seat in range(1, load.seats + 1) if seat not in offered.seats]
        for start in starts:
            for seat in left:
                whole = (load.starts, load.ends)
                yield Place(start, load.ends, load.id, load.practitioner, load.site, seat, *whole)
        return
    for start in starts:
        end = start + timing.duration
        yield Place(start, end, load.id, load.practitioner, load.site, 0, *footprint(start, timing))


def need_of(appointment: Appointment, *, earliest: int) -> Need:
    """What this family needs instead: within the days that suit the child, or the pregnancy."""
    kind, child = appointment.type, appointment.child
    limits = queries.type_rules(kind)
    days = rules.ANY_DAY
    if kind.audience == AppointmentType.Audience.CHILD and child is not None:
        days = rules.fitting_days(limits, born_on=child.born_on)
    if kind.audience == AppointmentType.Audience.PREGNANCY and appointment.due_on is not None:
        days = rules.fitting_days(limits, due_on=appointment.due_on)
    zone = ZoneInfo(appointment.centre.time_zone)
    start = to_minute(appointment.starts_at)
    last = _midnight(days.last + timedelta(days=1), zone) if days.last else start + 400 * DAY
    first = _midnight(days.first, zone) if days.first else earliest
    return Need(
        appointment.pk,
        appointment.type_id,
        appointment.centre_id,
        appointment.site_id,
        appointment.practitioner_id,
        appointment.household_id or -appointment.pk,
        start,
        max(first, earliest),
        last,
    )


def _midnight(on: date, zone: ZoneInfo) -> int:
    return to_minute(wall(on, time(), zone))


def _busy(hit: Sequence[Appointment], *, now: datetime) -> dict[int, list[Interval]]:
    """Where these families have to be already, but for what is to change."""
    others = Appointment.objects.filter(
        guardian__household__in={each.household_id for each in hit if each.household_id},
        state__in=LIVE,
        starts_at__gt=now,
    ).exclude(pk__in=[each.pk for each in hit])
    busy: defaultdict[int, list[Interval]] = defaultdict(list)
    for household, starts_at, ends_at in others.values_list("household", "starts_at", "ends_at"):
        busy[household].append((to_minute(starts_at), to_minute_up(ends_at)))
    return busy


def _bad_addresses(hit: Iterable[Appointment]) -> set[tuple[str, str]]:
    """Where nothing is sent to any more."""
    households = {each.household_id for each in hit if each.household_id}
    problems = queries.contact_problems(households).values()
    return {(each.channel, each.address) for found in problems for each in found}


def _ways(appointment: Appointment, bad: Collection[tuple[str, str]]) -> list[Way]:
    guardian, household = appointment.guardian, appointment.household
    if guardian is None or household is None:
        return []
    known = ways_of(appointment, guardian, household)
    return [way for way in known if tuple(canonical(way.channel, way.recipient)) not in bad]

"""A centre's day as its desk reads it: a fixed number of queries, whatever the day holds.

`version` tells in one query whether anything of it has changed since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.core import signing
from django.db import connection
from django.db.models import Prefetch, Q

from booking import board
from booking.access import BadLink
from booking.board import Board, HalfDay, Visit
from booking.models import Appointment, AppointmentEvent
from centres.calendar import from_minute, to_minute, wall
from centres.models import (
    Absence,
    AppointmentType,
    Centre,
    Closure,
    Practitioner,
    PublicHoliday,
    Shift,
    ShiftType,
    Site,
)

State = Appointment.State
WATCH = "booking.watch"
# A board left open overnight asks for a new address in the morning.
WATCHED_FOR = timedelta(hours=20)

# Any change of a row makes another xmin, whoever made it and in whatever order they committed; a
# date of change would hide the slower of two. Absences and closures change their half-days.
ROWS = """(SELECT concat_ws('-', count(*), bit_xor(hashtextextended(concat_ws(' ', id, xmin), 0)))
    FROM {table} WHERE centre_id = %(centre)s
    AND starts_at >= %(since)s AND starts_at < %(until)s)"""
VERSION = "SELECT concat_ws('.', {}, {})".format(
    ROWS.format(table="booking_appointment"), ROWS.format(table="centres_shift")
)


class Span(NamedTuple):
    """A day of a centre, by the clock on its wall."""

    centre: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a centre's day holds."""

    on: date
    board: Board
    practitioners: dict[int, Practitioner]
    absences: Sequence[Absence]
    closures: Sequence[Closure]
    holiday: str


def span_of(centre: Centre, on: date) -> Span:
    zone = ZoneInfo(centre.time_zone)
    since, until = (wall(day, time(), zone) for day in (on, on + timedelta(days=1)))
    return Span(centre.pk, since, until)


def version(span: Span) -> str:
    """Another text once any appointment or half-day of the day has changed: one query."""
    with connection.cursor() as cursor:
        cursor.execute(VERSION, span._asdict())
        return str(cursor.fetchone()[0])


def watch_token(span: Span) -> str:
    """What lets its holder ask for the version of this day, and for nothing else."""
    values = [span.centre, to_minute(span.since), to_minute(span.until)]
    return signing.dumps(values, salt=WATCH)


def watched(token: str) -> Span:
    """The day that a token watches. Raises BadLink when it is forged or too old."""
    try:
        centre, since, until = signing.loads(token, salt=WATCH, max_age=WATCHED_FOR)
    except (signing.BadSignature, ValueError) as error:
        raise BadLink from error
    return Span(centre, from_minute(since), from_minute(until))


def read_day(centre: Centre, *, on: date, now: datetime, site: Site | None = None) -> Day:
    """A day of a centre, of one of its sites or of all: seven queries."""
    span = span_of(centre, on)
    half_days, visits = _half_days(span, site), _visits(span, site)
    people = {each.practitioner_id: each.practitioner for each in half_days}
    people |= {each.practitioner_id: each.practitioner for each in visits}
    is_today = span.since <= now < span.until
    return Day(
        on=on,
        board=board.build(
            [half_day(each) for each in half_days],
            facts(visits),
            now=to_minute(now),
            is_today=is_today,
        ),
        practitioners=people,
        absences=_absences(people, span),
        closures=_closures(centre, span, site),
        holiday=_holiday(centre, on),
    )


def _half_days(span: Span, site: Site | None) -> list[Shift]:
    found = Shift.objects.filter(
        centre=span.centre, starts_at__gte=span.since, starts_at__lt=span.until
    )
    if site is not None:
        found = found.filter(site=site)
    offers = Prefetch("offers", ShiftType.objects.select_related("type").order_by("type__position"))
    return list(
        found.select_related("practitioner", "site")
        .prefetch_related(offers)
        .order_by(
            "practitioner__last_name", "practitioner__first_name", "practitioner", "starts_at", "id"
        )
    )


def _visits(span: Span, site: Site | None) -> list[Appointment]:
    found = Appointment.objects.filter(
        centre=span.centre, starts_at__gte=span.since, starts_at__lt=span.until
    ).exclude(state=State.LAPSED)
    if site is not None:
        found = found.filter(site=site)
    return list(
        found.select_related("practitioner", "type", "guardian", "child", "household").order_by(
            "starts_at", "id"
        )
    )


def half_day(shift: Shift) -> HalfDay:
    """A half-day (its offers prefetched) as the board takes it."""
    kinds = [offer.type for offer in shift.offers.all()]
    walk_in = AppointmentType.Booking.WALK_IN
    return HalfDay(
        shift.pk,
        shift.practitioner_id,
        to_minute(shift.starts_at),
        to_minute(shift.ends_at),
        shift.seats,
        shift.closed,
        is_cancelled=shift.status == Shift.Status.CANCELLED,
        is_walk_in=bool(kinds) and all(kind.booking == walk_in for kind in kinds),
        subject=shift,
    )


def facts(visits: Sequence[Appointment]) -> list[Visit]:
    """Appointments as the board takes them: one query, for those who wait."""
    arrived = [each.pk for each in visits if each.state == State.ARRIVED]
    since = _arrivals(arrived)
    return [
        Visit(
            each.pk,
            each.practitioner_id,
            each.shift_id,
            each.state,
            to_minute(each.starts_at),
            to_minute(each.ends_at),
            to_minute(each.busy_from),
            to_minute(each.busy_until),
            until=_until(each),
            since=since.get(each.pk),
            is_overbooked=each.is_overbooked,
            subject=each,
        )
        for each in visits
    ]


def _until(visit: Appointment) -> int | None:
    until = visit.expires_at if visit.state == State.HELD else visit.reoffer_at
    return to_minute(until) if until else None


def _arrivals(arrived: Collection[int]) -> dict[int, int | None]:
    """Since when each of these waits: their own history, never the others'."""
    told: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
    events = AppointmentEvent.objects.filter(appointment__in=arrived).order_by("id")
    for pk, state, at in events.values_list("appointment_id", "state", "at"):
        told[pk].append((state, to_minute(at)))
    return {pk: board.waiting_since(steps) for pk, steps in told.items()}


def _absences(practitioners: Collection[int], span: Span) -> list[Absence]:
    found = Absence.objects.filter(
        practitioner__in=practitioners, ends_at__gt=span.since, starts_at__lt=span.until
    )
    return list(found.order_by("starts_at", "id"))


def _closures(centre: Centre, span: Span, site: Site | None) -> list[Closure]:
    """What closes the whole Département, this centre, or one of the sites looked at."""
    sites = Q(site=site) if site else Q(site__centre=centre)
    return list(
        Closure.objects.filter(
            Q(centre__isnull=True, site__isnull=True) | Q(centre=centre) | sites,
            department=centre.department_id,
            ends_at__gt=span.since,
            starts_at__lt=span.until,
        )
        .select_related("site")
        .order_by("starts_at", "id")
    )


def _holiday(centre: Centre, on: date) -> str:
    found = PublicHoliday.objects.filter(department=centre.department_id, on=on)
    return found.values_list("name", flat=True).first() or ""


def next_day(centre: Centre, *, after: date) -> date | None:
    """The first day after this one on which somebody works there: one query."""
    span = span_of(centre, after)
    starts_at = (
        Shift.objects.filter(centre=centre, starts_at__gte=span.until, status=Shift.Status.OPEN)
        .order_by("starts_at")
        .values_list("starts_at", flat=True)
        .first()
    )
    return starts_at.astimezone(ZoneInfo(centre.time_zone)).date() if starts_at else None

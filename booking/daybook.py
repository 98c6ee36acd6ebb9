"""A centre's day as its desk reads it: a fixed number of queries, whatever the day holds.

`version` tells in one query whether anything of it has changed since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.core import signing
from django.db import connection
from django.db.models import (
    BooleanField,
    Count,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Cast, Coalesce, Extract

from booking import board
from booking.access import BadLink
from booking.board import Board, HalfDay, Visit
from booking.desk import LOOK_BACK, UNCERTAIN_FOR
from booking.models import Appointment, AppointmentEvent, CountedArrival
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
from notifications.models.outbox import LOST_STATES

State = Appointment.State
WATCH = "booking.watch"
# A board left open overnight asks for a new address in the morning.
WATCHED_FOR = timedelta(hours=20)

# Any change of a row makes another xmin, whoever made it and in whatever order they committed; a
# date of change would hide the slower of two. Absences and closures change their half-days.
# Whom the desk has to phone is watched too: few rows, by indexes of what is still open.
ROWS = """(SELECT concat_ws('-', count(*), bit_xor(hashtextextended(concat_ws(' ', id, xmin), 0)))
    FROM {table} WHERE {condition})"""
OF_DAY = "centre_id = centre.id AND starts_at >= %(since)s AND starts_at < %(until)s"
WATCHED = {
    "booking_appointment": OF_DAY,
    "centres_shift": OF_DAY,
    "booking_countedarrival": "centre_id = centre.id AND at >= %(since)s AND at < %(until)s",
    "booking_callbackrequest": """centre_id = centre.id AND state = 'open'
        AND coalesce(again_on, promised_on) <= (%(now)s AT TIME ZONE centre.time_zone)::date""",
    "booking_waitinglistoffer": "centre_id = centre.id AND state = 'open' AND answer_by > %(now)s",
    "notifications_outboxmessage": f"""scope = centre.slug AND state IN {LOST_STATES}
        AND handled_as = '' AND valid_until > %(now)s - %(look_back)s""",
    "notifications_inbound": "scope = centre.slug AND needs_person AND handled_at IS NULL",
    "notifications_outboxmessage AS unsure": """scope = centre.slug AND state = 'uncertain'
        AND handled_as = '' AND EXISTS (SELECT FROM notifications_attempt WHERE closed_at IS NULL
        AND message_id = unsure.id AND unknown_since <= %(now)s - %(uncertain_for)s)""",
}
CHECKSUMS = [ROWS.format(table=table, condition=which) for table, which in WATCHED.items()]
VERSION = f"""SELECT concat_ws('.', {", ".join(CHECKSUMS)})
    FROM centres_centre AS centre WHERE id = %(centre)s"""  # noqa: S608 - made of our own names
# How many were counted without a name in each half-day read, and no query more.
COUNTED = Coalesce(
    Subquery(
        CountedArrival.objects.filter(shift=OuterRef("pk"))
        .order_by()
        .values("shift")
        .annotate(number=Count("pk"))
        .values("number"),
        output_field=IntegerField(),
    ),
    0,
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
    half_days: Sequence[HalfDay]
    visits: Sequence[Visit]
    practitioners: dict[int, Practitioner]
    absences: Sequence[Absence]
    closures: Sequence[Closure]
    holiday: str


class Looked(NamedTuple):
    """What is looked at of a centre's days. None: all."""

    site: Site | None = None
    practitioner: Practitioner | None = None
    # Half-days that offer it, with all that is in them.
    kind: AppointmentType | None = None


ALL = Looked()


def span_of(centre: Centre, on: date, *, days: int = 1) -> Span:
    zone = ZoneInfo(centre.time_zone)
    since, until = (wall(day, time(), zone) for day in (on, on + timedelta(days=days)))
    return Span(centre.pk, since, until)


def version(span: Span, *, now: datetime) -> str:
    """Another text once any appointment or half-day of the day, or whom the centre has to phone,
    has changed: one query."""
    with connection.cursor() as cursor:
        cursor.execute(VERSION, asked(span, now=now))
        return str(cursor.fetchone()[0])


def asked(span: Span, *, now: datetime) -> dict[str, Any]:
    """What VERSION is asked with."""
    return span._asdict() | {"now": now, "look_back": LOOK_BACK, "uncertain_for": UNCERTAIN_FOR}


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
    (day,) = read_days(centre, on=on, days=1, now=now, looked=Looked(site))
    return day


def read_days(
    centre: Centre, *, on: date, days: int, now: datetime, looked: Looked = ALL
) -> list[Day]:
    """Some days in a row from this one: seven queries, whatever their number."""
    whole = span_of(centre, on, days=days)
    shifts, visits = _half_days(whole, looked), _visits(whole, looked)
    people = {each.practitioner_id: each.practitioner for each in shifts}
    people |= {each.practitioner_id: each.practitioner for each in visits}
    absences, closures = _absences(people, whole), _closures(centre, whole, looked.site)
    holidays = _holidays(centre, on, days)
    half_days, everyone = [half_day(each) for each in shifts], facts(visits)
    found = []
    for day in (on + timedelta(days=number) for number in range(days)):
        span = span_of(centre, day)
        since, until = to_minute(span.since), to_minute(span.until)
        own = [each for each in half_days if since <= each.starts < until]
        met = [each for each in everyone if since <= each.starts < until]
        today = span.since <= now < span.until
        found.append(
            Day(
                on=day,
                board=board.build(own, met, now=to_minute(now), is_today=today),
                half_days=own,
                visits=met,
                practitioners=people,
                absences=[each for each in absences if _touches(each, span)],
                closures=[each for each in closures if _touches(each, span)],
                holiday=holidays.get(day, ""),
            )
        )
    return found


def _touches(period: Absence | Closure, span: Span) -> bool:
    return period.starts_at < span.until and period.ends_at > span.since


def _half_days(span: Span, looked: Looked) -> list[Shift]:
    found = Shift.objects.filter(
        centre=span.centre, starts_at__gte=span.since, starts_at__lt=span.until
    )
    if looked.site is not None:
        found = found.filter(site=looked.site)
    if looked.practitioner is not None:
        found = found.filter(practitioner=looked.practitioner)
    if looked.kind is not None:
        found = found.filter(offers__type=looked.kind)
    return list(
        for_half_day(found).order_by(
            "practitioner__last_name", "practitioner__first_name", "practitioner", "starts_at", "id"
        )
    )


def for_half_day(found: QuerySet[Shift]) -> QuerySet[Shift]:
    """With all that `half_day` takes of them: two queries."""
    offers = ShiftType.objects.select_related("type").order_by("type__position")
    return (
        found.select_related("practitioner", "site")
        .annotate(counted_number=COUNTED)
        .prefetch_related(Prefetch("offers", offers))
    )


def read_half_day(centre: Centre, pk: int) -> Shift | None:
    """One half-day of this centre, as `half_day` takes it; None when it is another's: two
    queries."""
    return for_half_day(Shift.objects.filter(pk=pk, centre=centre)).first()


def _visits(span: Span, looked: Looked) -> list[Appointment]:
    """Those that stand, and what keeps a time off the lists for a while: also what a move left
    behind, which is nobody's."""
    found = Appointment.objects.filter(
        centre=span.centre, starts_at__gte=span.since, starts_at__lt=span.until
    ).exclude(state=State.LAPSED, reoffer_at=None)
    if looked.site is not None:
        found = found.filter(site=looked.site)
    if looked.practitioner is not None:
        found = found.filter(practitioner=looked.practitioner)
    if looked.kind is not None:
        found = found.filter(
            Exists(ShiftType.objects.filter(shift=OuterRef("shift"), type=looked.kind))
        )
    return list(
        found.select_related(
            "practitioner",
            "type",
            "guardian",
            "child",
            "household",
            "site",
            "waiting_offer",
            "remark",
        ).order_by("starts_at", "id")
    )


def half_day(shift: Shift) -> HalfDay:
    """A half-day (read by `for_half_day`) as the board takes it."""
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
        takes_walk_ins=any(kind.booking == walk_in for kind in kinds),
        counted=shift.counted_number,  # type: ignore[attr-defined]
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
            board.CANCELLED if each.state == State.LAPSED else each.state,
            to_minute(each.starts_at),
            to_minute(each.ends_at),
            to_minute(each.busy_from),
            to_minute(each.busy_until),
            until=_until(each),
            since=since.get(each.pk),
            is_overbooked=each.is_overbooked,
            is_walk_in=each.is_walk_in,
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


def _holidays(centre: Centre, on: date, days: int) -> dict[date, str]:
    found = PublicHoliday.objects.filter(
        department=centre.department_id, on__range=(on, on + timedelta(days=days - 1))
    )
    return dict(found.values_list("on", "name"))


def _minute(instant: str) -> Cast:
    return Cast(Extract(instant, "epoch") / 60, IntegerField())


# Absences and closures leave nothing of the half-day.
IS_ALL_CLOSED = CombinedExpression(
    Func(F("closed"), function="booking_spans"),
    "@>",
    Func(_minute("starts_at"), _minute("ends_at"), function="int4range"),
    output_field=BooleanField(),
)


def next_day(centre: Centre, *, after: date, site: Site | None = None) -> date | None:
    """The first day after this one on which somebody receives there, at one of its sites or at any,
    whatever absences and closures take: one query."""
    span = span_of(centre, after)
    found = Shift.objects.filter(centre=centre, starts_at__gte=span.until, status=Shift.Status.OPEN)
    found = found.exclude(IS_ALL_CLOSED)
    if site is not None:
        found = found.filter(site=site)
    starts_at = found.order_by("starts_at").values_list("starts_at", flat=True).first()
    return starts_at.astimezone(ZoneInfo(centre.time_zone)).date() if starts_at else None

"""Builds the whole demo in one transaction, in bulk, with the database's constraints on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from booking.availability import ShiftLoad
from booking.demo import staff, timetable
from booking.demo.bulk import copy_rows, draw_ids, skip_ids, triggers_off
from booking.demo.diary import Diary, Offer, Visit
from booking.demo.doors import come_in
from booking.demo.families import Registry
from booking.demo.remarks import write_remarks
from booking.demo.staff import LogIn, Place
from booking.demo.stages import Rollout, roll_out
from booking.models import (
    Appointment,
    AppointmentEvent,
    CallbackRequest,
    FamilyRead,
    Household,
    WaitingListEntry,
)
from centres.actions import expand_rules, months_after
from centres.calendar import add_working_days, from_minute, to_minute, wall
from centres.models import AppointmentType, Centre, Department, Practitioner, Shift

# Off while rows are copied: what these would do row by row is done once, in bulk, just after.
ROW_TRIGGERS = ("appointment_busy_insert", "appointment_history_insert", "appointment_seat")
OFFERS = """
SELECT s.id, s.practitioner_id, s.site_id, s.centre_id,
       (extract(epoch FROM s.starts_at) / 60)::int, (extract(epoch FROM s.ends_at) / 60)::int,
       s.seats, 0, 0, s.closed, '{}'::int[], '{}'::int[],
       array_agg(o.type_id ORDER BY o.type_id)
FROM centres_shift s JOIN centres_shifttype o ON o.shift_id = s.id
WHERE s.status = 'open'
GROUP BY s.id ORDER BY s.starts_at, s.id
"""
# What the triggers would have counted (tests compare with booking_refresh_shift).
REFRESH_SHIFTS = """
UPDATE centres_shift s SET busy = fresh.busy, taken = fresh.taken
FROM (
    SELECT a.shift_id, max(a.seat) AS taken,
           coalesce(array_agg(edge ORDER BY a.busy_from, a.id, edge)
                    FILTER (WHERE a.seat = 0), '{}') AS busy
    FROM booking_appointment a, unnest(ARRAY[
        (extract(epoch FROM a.busy_from) / 60)::int,
        (extract(epoch FROM a.busy_until) / 60)::int]) edge
    WHERE a.state <> 'cancelled'
    GROUP BY a.shift_id
) fresh
WHERE s.id = fresh.shift_id
"""
TABLES = (
    "centres_shift",
    "centres_shifttype",
    "booking_household",
    "booking_guardian",
    "booking_child",
    "booking_appointment",
    "booking_appointmentevent",
)
APPOINTMENT_COLUMNS = (
    "id",
    "uid",
    "reference",
    "state",
    "sequence",
    "shift_id",
    "practitioner_id",
    "centre_id",
    "site_id",
    "type_id",
    "starts_at",
    "ends_at",
    "busy_from",
    "busy_until",
    "seat",
    "household_id",
    "guardian_id",
    "child_id",
    "due_on",
    "is_extended",
    "is_overbooked",
    "booked_via",
    "created_at",
    "changed_at",
    "last_action",
    "actor",
    "note",
)
EVENT_COLUMNS = (
    "appointment_id",
    "at",
    "action",
    "actor",
    "note",
    "state",
    "sequence",
    "starts_at",
    "practitioner_id",
    "site_id",
)


class CannotSeed(Exception):
    """The demo cannot be built here. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was made, and accounts to try it with."""

    sites: int
    practitioners: int
    shifts: int
    families: int
    appointments: int
    log_ins: list[LogIn]


def seed(*, now: datetime, random_seed: int, scale: float, months: int = 12) -> Seeded:
    """Build the demo Département around `now`, the same for a seed and a day. Raises CannotSeed.

    `scale` multiplies families and appointments; above 1, practitioners too, so that there is room.
    """
    department = _empty_department()
    zone = ZoneInfo(department.time_zone)
    today = now.astimezone(zone).date()
    rng = Random(f"{random_seed} {today}")  # noqa: S311 - invented data, no secret
    times = max(1, math.ceil(scale))
    first, last = months_after(today, -months), months_after(today, months)
    with transaction.atomic():
        places = staff.build_places(department)
        workers = staff.hire(department, places, rng, times)
        log_ins = staff.open_desks(department, places, rng)
        rollouts = roll_out(places, now=now, today=today)
        timetable.plan_rules(workers, first, today, rng)
        timetable.plan_time_off(department, places, workers, (first, today, last), rng)
        with triggers_off(Shift, "shift_busy"):  # there is no appointment to count yet
            made = expand_rules(today=today, since=first, months=months)
        registry = Registry(places, today=today, scale=scale, rng=rng)
        diary = Diary(
            kinds=AppointmentType.objects.in_bulk(),
            registry=registry,
            rollouts=rollouts,
            agents={place.centre.pk: place.agents for place in places},
            zone=zone,
            now=to_minute(now),
            midnight=to_minute(wall(today, time(), zone)),
            fullness=scale / times,
            rng=rng,
        )
        with triggers_off(Appointment, *ROW_TRIGGERS):
            visits = _save_visits(diary.fill(_offers()))
            registry.share_custody()
            registry.save(now)
        _save_history(visits)
        _note_reads(visits, now)
        _ask_for_callbacks(places, rollouts, now, rng)
        _wait_for_earlier(places, rollouts, now, rng)
        _receive(places, now, rng)
    _analyse()
    return Seeded(
        sites=sum(1 + len(place.antennas) for place in places),
        practitioners=len(workers),
        shifts=made.made,
        families=len(registry.families),
        appointments=len(visits),
        log_ins=staff.worth_showing(log_ins, workers, places),
    )


def _empty_department() -> Department:
    department = Department.objects.first()
    if department is None or not Centre.objects.exists():
        raise CannotSeed("there are no centres yet: run `manage.py load_reference` first")
    families, people = Household.objects.count(), Practitioner.objects.count()
    if families or people:
        raise CannotSeed(
            f"{families} families and {people} practitioners are there already: "
            "the demo only goes into a database without any"
        )
    return department


def _offers() -> list[Offer]:
    with connection.cursor() as cursor:
        cursor.execute(OFFERS)
        return [Offer(ShiftLoad(*row[:-1]), tuple(row[-1])) for row in cursor.fetchall()]


def _save_visits(drawn: Iterator[Visit]) -> list[Visit]:
    """Copy appointments while they are drawn: the database works as we do."""
    visits = []
    # No one else can draw ids between: a table whose triggers were switched is locked.
    ids = itertools.count(draw_ids(Appointment, 1)[0])

    def rows() -> Iterator[Sequence[object]]:
        for visit in drawn:
            visit.id = next(ids)
            visits.append(visit)
            yield _appointment_row(visit)

    copy_rows(Appointment, APPOINTMENT_COLUMNS, rows())
    skip_ids(Appointment, next(ids))
    return visits


def _save_history(visits: list[Visit]) -> None:
    copy_rows(AppointmentEvent, EVENT_COLUMNS, _event_rows(visits))
    with connection.cursor() as cursor:
        cursor.execute(REFRESH_SHIFTS)


def _note_reads(visits: list[Visit], now: datetime) -> None:
    """Whoever did something for a family these last two weeks had its page open."""
    since, until = to_minute(now - timedelta(days=14)), to_minute(now)
    reads = (
        FamilyRead(
            reader=actor,
            household_id=visit.visitor.family.id,
            centre_id=visit.load.centre,
            centres=[visit.load.centre],
            page=FamilyRead.Page.FAMILY,
            at=from_minute(at),
        )
        for visit in visits
        for at, _, actor, _ in visit.events
        if since <= at <= until and "@" in actor
    )
    # A statement has room for 65,535 values.
    FamilyRead.objects.bulk_create(reads, batch_size=5_000)


def _appointment_row(visit: Visit) -> Sequence[object]:
    at, action, actor, _ = visit.events[-1]
    load, visitor = visit.load, visit.visitor
    return (
        visit.id,
        visit.uid,
        visit.reference,
        visit.state,
        visit.sequence,
        load.id,
        load.practitioner,
        load.centre,
        load.site,
        visit.kind.pk,
        from_minute(visit.start),
        from_minute(visit.end),
        from_minute(visit.busy[0]),
        from_minute(visit.busy[1]),
        visit.seat,
        visitor.family.id,
        visitor.parent.id,
        visitor.kid.id if visitor.kid else None,
        visitor.due_on if visit.state == Appointment.State.BOOKED else None,
        False,
        False,
        visit.via,
        from_minute(visit.created),
        from_minute(at),
        action,
        actor,
        visit.note,
    )


def _event_rows(visits: list[Visit]) -> Iterator[Sequence[object]]:
    for visit in visits:
        sequence, start = 0, visit.moved_from or visit.start
        for at, action, actor, state in visit.events:
            if action in {"move", "cancel"}:
                sequence, start = sequence + 1, visit.start
            yield (
                visit.id,
                from_minute(at),
                action,
                actor,
                visit.note if action == "cancel" else "",
                state,
                sequence,
                from_minute(start),
                visit.load.practitioner,
                visit.load.site,
            )


def _ask_for_callbacks(
    places: list[Place], rollouts: dict[int, Rollout], now: datetime, rng: Random
) -> None:
    """Families who found no time and wait for a call, in the centres open online."""
    kinds = list(AppointmentType.objects.filter(booking=AppointmentType.Booking.ONLINE)[:4])
    requests = []
    for place in places:
        if rollouts[place.centre.pk].online_from is None:
            continue
        for kind in kinds[: rng.randint(1, 3)]:
            asked_at = now - timedelta(hours=rng.randrange(2, 40))
            requests.append(_callback(place, kind, asked_at, rng))
    CallbackRequest.objects.bulk_create(requests)


def _wait_for_earlier(
    places: list[Place], rollouts: dict[int, Rollout], now: datetime, rng: Random
) -> None:
    """Families who have an appointment weeks ahead, and would come sooner."""
    entries: list[WaitingListEntry] = []
    for place in places:
        if rollouts[place.centre.pk].online_from is None:
            continue
        ahead = Appointment.objects.filter(
            centre=place.centre, state="booked", starts_at__gt=now + timedelta(days=14)
        ).select_related("guardian")
        latest = ahead.order_by("-starts_at", "pk")[:4]
        entries += [_entry(appointment, place, now, rng) for appointment in latest]
    WaitingListEntry.objects.bulk_create(entries)


def _entry(appointment: Appointment, place: Place, now: datetime, rng: Random) -> WaitingListEntry:
    guardian = appointment.guardian
    assert guardian is not None  # noqa: S101  whoever is booked has one, the database says
    return WaitingListEntry(
        appointment=appointment,
        household_id=guardian.household_id,
        guardian=guardian,
        child_id=appointment.child_id,
        type_id=appointment.type_id,
        centre=place.centre,
        sites=[appointment.site_id],
        days=rng.choice(([1, 2, 3, 4, 5, 6, 7], [3], [1, 2, 4])),
        closes=rng.choice((None, time(12))),
        notice_min=24 * 60,
        asked_at=now - timedelta(hours=rng.randrange(5, 400)),
        asked_by=rng.choice(("family", *place.agents[:1])),
    )


def _callback(
    place: Place, kind: AppointmentType, asked_at: datetime, rng: Random
) -> CallbackRequest:
    first, last, phone = staff.invent_caller(rng)
    promised: date = add_working_days(asked_at.date(), 2, ())
    return CallbackRequest(
        centre=place.centre,
        type=kind,
        first_name=first,
        last_name=last,
        phone=phone,
        preference=rng.choice(("", "Plutôt le matin", "Après 17 h", "Mercredi")),
        promised_on=promised,
        created_at=asked_at,
    )


def _receive(places: list[Place], now: datetime, rng: Random) -> None:
    """What desks note of who comes: those at the doors of open sessions, and remarks."""
    come_in(places, now)
    write_remarks(places, now=now, rng=rng)


def _analyse() -> None:
    """Fresh statistics at once: the planner would guess until the next autovacuum."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(TABLES)}")

"""Declaring an absence or a closure together with what becomes of the families it hits: all of it
in one transaction, or nothing."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from booking import announcing
from booking.actions.changing import PLACE_FIELDS
from booking.actors import Actor
from booking.concerned import NAMED, Period, hit_by, is_bookable, need_of, offers_of, places_in
from booking.constraints import refuse_clash
from booking.errors import PlanChanged, SlotTaken
from booking.loading import FIELDS
from booking.models import Appointment, Case, Declaration
from booking.models.appointment import new_reference
from booking.rehousing import Place
from booking.rules import LEAVES_AFTER, answer_by
from centres.actions import declare_absence, declare_closure
from centres.actions.closing import shifts_during
from centres.calendar import from_minute, to_minute
from centres.models import Absence, Centre, Closure

Choice = Case.Choice
State = Appointment.State

# All shifts that anything below will touch, in the order all writers use (ADR 0004): of the
# appointments, any other of their practitioners then; those taken instead; those that lose time.
LOCK_SHIFTS = """
SELECT id FROM centres_shift WHERE id IN (
    SELECT shift_id FROM booking_appointment WHERE id = ANY (%(appointments)s)
    UNION
    SELECT s.id FROM booking_appointment a JOIN centres_shift s
    ON s.practitioner_id = a.practitioner_id AND s.starts_at < a.busy_until
       AND s.starts_at > a.busy_from - interval '14 hours' AND s.ends_at > a.busy_from
    WHERE a.id = ANY (%(appointments)s)
    UNION
    SELECT s.id FROM centres_shift own JOIN centres_shift s
    ON s.practitioner_id = own.practitioner_id AND s.starts_at < own.ends_at
       AND s.starts_at > own.starts_at - interval '14 hours' AND s.ends_at > own.starts_at
    WHERE own.id = ANY (%(shifts)s)
    UNION
    SELECT unnest(%(shifts)s::bigint[]))
ORDER BY id FOR NO KEY UPDATE
"""
MOVE = """
UPDATE booking_appointment a SET
    shift_id = v.shift_id, practitioner_id = v.practitioner_id, centre_id = v.centre_id,
    site_id = v.site_id, starts_at = v.starts_at, ends_at = v.ends_at, busy_from = v.busy_from,
    busy_until = v.busy_until, seat = v.seat, sequence = a.sequence + 1, state = 'booked',
    is_overbooked = v.is_overbooked, last_action = %(action)s, actor = %(actor)s,
    changed_at = %(now)s, note = v.note
FROM jsonb_to_recordset(%(rows)s::jsonb) AS v (
    id bigint, shift_id bigint, practitioner_id bigint, centre_id bigint, site_id bigint,
    starts_at timestamptz, ends_at timestamptz, busy_from timestamptz, busy_until timestamptz,
    seat smallint, is_overbooked boolean, note text)
WHERE a.id = v.id
"""
CANCEL = """
UPDATE booking_appointment SET
    state = 'cancelled', sequence = sequence + 1, last_action = 'cancel', actor = %(actor)s,
    changed_at = %(now)s, note = coalesce(nullif(%(reason)s, ''), note)
WHERE id = ANY (%(ids)s)
"""


class Wanted(NamedTuple):
    """What is to be done for one family, as somebody saw it: with this version of its appointment,
    at this start (minute) of this half-day."""

    appointment: int
    sequence: int
    choice: str
    shift: int | None = None
    start: int | None = None


class Plan(NamedTuple):
    """What somebody has looked at and now declares. `period` is not saved yet; `reason` is what
    families' histories say."""

    uid: UUID
    centre: Centre
    period: Period
    title: str
    wanted: Sequence[Wanted]
    reason: str = ""


class Done(NamedTuple):
    """One family's appointment as it has become."""

    wanted: Wanted
    appointment: Appointment
    was: dict[str, Any]
    proposal: Appointment | None = None


def declare(*, plan: Plan, now: datetime, actor: Actor) -> Declaration:
    """Save the absence or the closure, move, hold, cancel and leave to a call as planned, and plan
    each family's message, which leaves once it can no longer be undone.

    Everything is checked again under locks; whatever the number of families, as many statements.
    Declaring the same plan again returns what it has become. Raises PlanChanged: other families
    are hit than were shown, one of them has changed, or a time was taken meanwhile.
    """
    try:
        return _declare(plan, now=now, actor=actor)
    except IntegrityError as error:
        refusal = refuse_clash(error)
        raise (PlanChanged() if isinstance(refusal, SlotTaken) else refusal) from error


@transaction.atomic
def _declare(plan: Plan, *, now: datetime, actor: Actor) -> Declaration:
    chosen = {each.shift for each in plan.wanted if each.shift is not None}
    lock_shifts([each.appointment for each in plan.wanted], {*chosen, *shifts_during(plan.period)})
    before = Declaration.objects.filter(uid=plan.uid).first()
    if before is not None:
        return before
    locked = _as_seen(plan, now=now)
    absence, closure = _save(plan.period)
    places = _still_free(plan, locked, now=now)
    _check_families(plan, locked, places)
    done = _carry_out(plan, locked, places, now=now, actor=actor)
    declaration = Declaration.objects.create(
        uid=plan.uid,
        centre=plan.centre,
        absence=absence,
        closure=closure,
        title=plan.title[:200],
        declared_at=now,
        declared_by=actor.label[:80],
    )
    waited = announcing.declared(
        [
            announcing.Told(each.wanted.choice, each.appointment, each.was, each.proposal)
            for each in done
        ],
        event=str(declaration.pk),
        now=now,
        leaves_at=now + LEAVES_AFTER,
        actor=actor,
    )
    Case.objects.bulk_create([_case(declaration, each, waited) for each in done])
    return declaration


def _save(period: Period) -> tuple[Absence | None, Closure | None]:
    if isinstance(period, Absence):
        return declare_absence(absence=period), None
    return None, declare_closure(closure=period)


def lock_shifts(appointments: Collection[int], shifts: Collection[int]) -> None:
    """Lock all shifts that changing these appointments and these shifts touches."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SHIFTS, {"appointments": list(appointments), "shifts": list(shifts)})


def _as_seen(plan: Plan, *, now: datetime) -> dict[int, Appointment]:
    """Those hit, locked. Raises PlanChanged unless they are those of the plan, unchanged."""
    found = hit_by(plan.period, now=now).select_related(*NAMED).order_by("id")
    locked = {each.pk: each for each in found.select_for_update(of=("self",), no_key=True)}
    seen = {each.appointment: each.sequence for each in plan.wanted}
    if seen != {pk: each.sequence for pk, each in locked.items()}:
        raise PlanChanged
    return locked


def _still_free(plan: Plan, locked: dict[int, Appointment], *, now: datetime) -> dict[int, Place]:
    """The place each of them takes, by appointment. Raises PlanChanged when one is not free."""
    kinds = {each.type_id: each.type for each in locked.values()}
    chosen = {each.shift for each in plan.wanted if each.shift is not None}
    free: defaultdict[tuple[int, int, int], list[Place]] = defaultdict(list)
    for offered in offers_of(chosen, now=now):
        if offered.kind in kinds and is_bookable(kinds[offered.kind]):
            for one in places_in(offered, kinds[offered.kind]):
                free[offered.kind, one.shift, one.start].append(one)
    found: dict[int, Place] = {}
    # Of a session every type offers the same seats.
    seated: set[tuple[int, int]] = set()
    for each in plan.wanted:
        if each.shift is None or each.start is None:
            continue
        left = free[locked[each.appointment].type_id, each.shift, each.start]
        unseated = (one for one in left if (one.shift, one.seat) not in seated)
        place = next(unseated, None)
        if place is None:
            raise PlanChanged
        left.remove(place)
        if place.seat:
            seated.add((place.shift, place.seat))
        found[each.appointment] = place
    return found


def _check_families(plan: Plan, locked: dict[int, Appointment], places: dict[int, Place]) -> None:
    """Raises PlanChanged when a time no longer suits a child's age, or a child is elsewhere."""
    for pk, place in places.items():
        need = need_of(locked[pk], earliest=0)
        if not need.earliest <= place.start < need.latest:
            raise PlanChanged
    children = {each.child_id for pk, each in locked.items() if pk in places and each.child_id}
    others = Appointment.objects.filter(
        child__in=children, state__in=[State.BOOKED, State.ARRIVED]
    ).exclude(pk__in=locked)
    busy = defaultdict(list)
    for child, starts_at, ends_at in others.values_list("child", "starts_at", "ends_at"):
        busy[child].append((to_minute(starts_at), to_minute(ends_at)))
    for pk, place in places.items():
        for since, until in busy[locked[pk].child_id or 0]:
            if since < place.end and place.start < until:
                raise PlanChanged


def _carry_out(
    plan: Plan,
    locked: dict[int, Appointment],
    places: dict[int, Place],
    *,
    now: datetime,
    actor: Actor,
) -> list[Done]:
    done = [
        Done(each, locked[each.appointment], place_of(locked[each.appointment]))
        for each in plan.wanted
    ]
    by_choice: defaultdict[str, list[Done]] = defaultdict(list)
    for each in done:
        by_choice[each.wanted.choice].append(each)
    _move(by_choice[Choice.MOVE], places, now=now, actor=actor)
    _cancel(by_choice[Choice.CANCEL], reason=plan.reason, now=now, actor=actor)
    held = _hold(by_choice[Choice.PROPOSE], places, now=now, actor=actor)
    return [each._replace(proposal=held.get(each.appointment.pk)) for each in done]


def place_of(appointment: Appointment) -> dict[str, Any]:
    """Where an appointment stands, to be put back there: plain data."""
    names = [FIELDS[name].attname for name in PLACE_FIELDS]
    values = {name: getattr(appointment, name) for name in (*names, "is_overbooked", "note")}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def placed_at(appointment: Appointment, place: Place) -> dict[str, Any]:
    """The columns of an appointment, or of the hold for it, at a place of its centre."""
    return {
        "shift_id": place.shift,
        "practitioner_id": place.practitioner,
        "centre_id": appointment.centre_id,
        "site_id": place.site,
        "starts_at": from_minute(place.start),
        "ends_at": from_minute(place.end),
        "busy_from": from_minute(place.since),
        "busy_until": from_minute(place.until),
        "seat": place.seat,
    }


def write_places(
    rows: Iterable[dict[str, Any]], *, action: str, now: datetime, actor: Actor
) -> None:
    """Put many appointments (`id`) elsewhere by one statement; none for nobody."""
    listed = list(rows)
    if not listed:
        return
    values: dict[str, Any] = {
        "rows": json.dumps(listed, default=str),
        "action": action,
        "now": now,
        "actor": actor.label,
    }
    with connection.cursor() as cursor:
        cursor.execute(MOVE, values)


def _move(moved: Sequence[Done], places: dict[int, Place], *, now: datetime, actor: Actor) -> None:
    rows = []
    for each in moved:
        appointment = each.appointment
        values = placed_at(appointment, places[appointment.pk])
        rows.append({"id": appointment.pk, "is_overbooked": False, "note": "", **values})
        for name, value in values.items():
            setattr(appointment, name, value)
        appointment.sequence += 1
    write_places(rows, action="move", now=now, actor=actor)


def _cancel(cancelled: Sequence[Done], *, reason: str, now: datetime, actor: Actor) -> None:
    if not cancelled:
        return
    ids = [each.appointment.pk for each in cancelled]
    values: dict[str, Any] = {
        "ids": ids,
        "actor": actor.label,
        "now": now,
        "reason": reason.strip()[:200],
    }
    with connection.cursor() as cursor:
        cursor.execute(CANCEL, values)
    for each in cancelled:
        each.appointment.state = State.CANCELLED
        each.appointment.sequence += 1


def _hold(
    proposed: Sequence[Done], places: dict[int, Place], *, now: datetime, actor: Actor
) -> dict[int, Appointment]:
    """The times held for families to accept, by their appointment."""
    holds = {
        each.appointment.pk: Appointment(
            state=State.HELD,
            type=each.appointment.type,
            moves=each.appointment,
            expires_at=answer_by(
                now=now,
                starts_at=each.appointment.starts_at,
                proposed_at=from_minute(places[each.appointment.pk].start),
                hours=each.appointment.centre.answer_hours,
            ),
            created_at=now,
            changed_at=now,
            actor=actor.label,
            booked_via=Appointment.Via.AGENT,
            **placed_at(each.appointment, places[each.appointment.pk]),
        )
        for each in proposed
    }
    if not holds:
        return holds
    _draw_references(holds.values())
    Appointment.objects.bulk_create(holds.values())
    return holds


def _draw_references(holds: Collection[Appointment]) -> None:
    """One that somebody has already is drawn anew."""
    by_reference = {each.reference: each for each in holds}
    known = Appointment.objects.filter(reference__in=by_reference)
    for reference in known.values_list("reference", flat=True):
        by_reference[reference].reference = new_reference()


def _case(declaration: Declaration, done: Done, waited: Mapping[int, str]) -> Case:
    return Case(
        declaration=declaration,
        appointment=done.appointment,
        choice=done.wanted.choice,
        sequence=done.appointment.sequence,
        was=done.was,
        was_waiting=waited.get(done.appointment.pk, ""),
        proposal=done.proposal,
        answer_by=done.proposal.expires_at if done.proposal else None,
    )

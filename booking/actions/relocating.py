"""An agent moves an appointment to an exact time, person and place, whether dragged or chosen."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from booking import messages, queries, rules
from booking.actions.changing import CHANGED_FIELDS, PLACE_FIELDS
from booking.actions.confirming import check_child_is_free, check_dates
from booking.actions.holding import (
    Ask,
    Wanted,
    check_open,
    check_window,
    choose,
    clear_way,
    lock_candidates,
    placed,
)
from booking.actors import Actor, check_agent
from booking.availability import footprint, without
from booking.candidates import Candidate
from booking.constraints import refuse_clash
from booking.errors import SlotTaken, WrongState
from booking.loading import update_appointment
from booking.locking import lock_appointments, lock_shifts_to_move
from booking.models import Appointment
from centres.calendar import from_minute, to_minute


@transaction.atomic
def move_to(
    *,
    uid: UUID,
    start: int,
    now: datetime,
    actor: Actor,
    site_id: int | None = None,
    practitioner_id: int | None = None,
    seen: int | None = None,
) -> Appointment:
    """Move to a start (minutes since the epoch) of the same centre, in one transaction.

    Its own time is no obstacle: half an hour can move by a quarter. Everything else is judged as
    when an agent books, and the family is told as of any move. `seen` is the version (sequence) the
    agent saw. Moving it to where it is changes nothing. Raises AgentsOnly, WrongState,
    CentreNotOpen, TypeNotBookable, TooSoon, TooFar, NotOffered, SlotTaken, AgeNotAllowed,
    WeeksNotAllowed, AlreadyBookedThen.
    """
    check_agent(actor)
    appointment = _locked(uid, start, seen=seen)
    if _is_there(appointment, start, site_id, practitioner_id):
        return appointment
    wanted = Wanted(site_id, practitioner_id, [appointment.practitioner_id])
    ask = Ask(appointment.type, appointment.centre, start, now, actor, wanted)
    check_open(ask.centre, ask.kind, now=now, actor=actor)
    check_window(ask, is_move=True)
    was, left = messages.before_move(appointment), _left_behind(appointment, now=now)
    try:
        _take(appointment, ask)
    except SlotTaken as refusal:
        # As when holding: what nobody could confirm any more is cleared, once.
        if refusal.__cause__ is None or not clear_way(ask):
            raise
        _take(appointment, ask)
    if left is not None:
        left.save(force_insert=True)
    messages.moved(appointment, now=now, was=was, actor=actor)
    return appointment


def _locked(uid: UUID, start: int, *, seen: int | None) -> Appointment:
    """The appointment, locked after every shift that its move may touch. Raises WrongState."""
    known = lock_shifts_to_move(uid, start=from_minute(start))
    shift = Appointment.objects.filter(uid=uid).values_list("shift", flat=True).first()
    # Moved while we waited: its shift now would be locked out of order.
    if shift not in known:
        raise WrongState
    appointment = lock_appointments([uid])[uid]
    if appointment.state != Appointment.State.BOOKED:
        raise WrongState
    if seen is not None and appointment.sequence != seen:
        raise WrongState
    return appointment


def _is_there(
    appointment: Appointment, start: int, site_id: int | None, practitioner_id: int | None
) -> bool:
    return (
        to_minute(appointment.starts_at) == start
        and site_id in (None, appointment.site_id)
        and practitioner_id in (None, appointment.practitioner_id)
    )


@transaction.atomic
def _take(appointment: Appointment, ask: Ask) -> None:
    """Give the appointment the best place for this start. Raises NotOffered, SlotTaken, and what
    the dates and the child's other appointments refuse."""
    kind, centre, start, now, actor, wanted = ask
    timing = queries.type_rules(kind).timing
    _clear_own(appointment, ask)
    candidates = lock_candidates(ask, releasing=None)
    if lapsed := [pk for candidate in candidates for pk in candidate.lapsed]:
        Appointment.objects.filter(pk__in=lapsed, state="held").update(state="lapsed")
    given_back = [_given_back(appointment, each) for each in candidates]
    loads = [candidate.load for candidate in given_back]
    slot = choose(loads, timing, start, actor=actor, wanted=wanted)
    chosen = next(each for each in given_back if each.load.id == slot.shift)
    place = placed(slot, chosen.load, timing, chosen.seats_used)
    check_dates(
        kind,
        centre,
        born_on=appointment.child.born_on if appointment.child else None,
        due_on=appointment.due_on,
        starts_at=place["starts_at"],
    )
    check_child_is_free(appointment, at=Appointment(**place))
    for field, value in place.items():
        setattr(appointment, field, value)
    appointment.sequence += 1
    appointment.note, appointment.is_overbooked = "", False  # the new time was free
    appointment.last_action, appointment.actor = "move", actor.label
    appointment.changed_at = now
    try:
        update_appointment(appointment, *CHANGED_FIELDS, *PLACE_FIELDS, "is_overbooked")
    except IntegrityError as error:
        raise refuse_clash(error) from error


def _clear_own(appointment: Appointment, ask: Ask) -> None:
    """What this very appointment left behind there, or its family holds there, is no obstacle: a
    move made by mistake is taken back at once."""
    since, until = footprint(ask.start, queries.type_rules(ask.kind).timing)
    Appointment.objects.filter(
        moves=appointment,
        busy_from__lt=from_minute(until),
        busy_until__gt=from_minute(since),
    ).update(state=Appointment.State.LAPSED, reoffer_at=None)


def _given_back(appointment: Appointment, candidate: Candidate) -> Candidate:
    """The same shift as if the appointment took nothing of its practitioner's time."""
    if candidate.load.practitioner != appointment.practitioner_id:
        return candidate
    own = (to_minute(appointment.busy_from), to_minute(appointment.busy_until))
    return candidate._replace(load=without(candidate.load, busy=[own]))


def _left_behind(appointment: Appointment, *, now: datetime) -> Appointment | None:
    """What keeps the old time off the list for the centre's delay, as after a cancellation."""
    at = rules.reoffer_at(
        now=now, starts_at=appointment.starts_at, delay_min=appointment.centre.reoffer_delay_min
    )
    if at is None or appointment.is_overbooked:
        return None
    fields = {field: getattr(appointment, field) for field in PLACE_FIELDS}
    return Appointment(
        state=Appointment.State.LAPSED,
        type=appointment.type,
        moves=appointment,
        reoffer_at=at,
        created_at=now,
        changed_at=now,
        actor=appointment.actor,
        **fields,
    )

"""Holding a time while a person types: take it, extend it once, give it back, clear what lapsed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from booking import offers, queries, rules
from booking.actors import FAMILY, Actor
from booking.availability import (
    ShiftLoad,
    Slot,
    Timing,
    Window,
    fairest,
    footprint,
    shift_starts,
    slots,
)
from booking.constraints import refuse_clash
from booking.errors import (
    CentreNotOpen,
    HoldExpired,
    HoldNotExtendable,
    NotOffered,
    Refusal,
    SlotTaken,
    TooFar,
    TooSoon,
    TypeNotBookable,
)
from booking.intervals import overlaps, pairs
from booking.loading import insert_hold
from booking.locking import lock_appointments
from booking.models import Appointment
from centres.calendar import from_minute, to_minute
from centres.models import AppointmentType, Centre, Shift
from centres.rollout import is_open_online, is_open_to_agents

# Locks the shifts that could take this start, in id order: the unit of contention (ADR 0004). And
# tells, without a statement more, whether the type and the centre are those remembered.
LOCK_CANDIDATES = f"""
SELECT {offers.VERSION}, candidate.*
FROM centres_appointmenttype kind
JOIN centres_centre centre ON centre.id = %(centre)s
LEFT JOIN booking_lock_candidates(
    %(type)s::bigint, %(centre)s::bigint, %(start)s::timestamptz, %(now)s::timestamptz,
    %(releasing)s::uuid) candidate ON true
WHERE kind.id = %(type)s
"""  # noqa: S608 - made of our own column names

# Holds no candidate shift knows of, in the way of its practitioner all the same: expired, or on a
# half-day that was cancelled or moved under them, which nobody could confirm any more.
CLEAR_WAY = """
UPDATE booking_appointment a SET state = 'lapsed'
FROM centres_shift s
WHERE s.id = a.shift_id AND a.state = 'held'
  AND a.practitioner_id IN (
      SELECT c.practitioner_id FROM centres_shifttype o JOIN centres_shift c ON c.id = o.shift_id
      WHERE o.type_id = %(type)s AND o.centre_id = %(centre)s AND o.starts_at <= %(start)s
        AND o.starts_at > %(start)s::timestamptz - interval '14 hours')
  AND a.busy_from < %(until)s AND a.busy_until > %(since)s
  AND a.busy_from > %(since)s::timestamptz - interval '14 hours'
  AND (a.expires_at <= %(now)s OR s.status <> 'open'
       OR NOT (s.starts_at <= a.busy_from AND a.busy_until <= s.ends_at))
"""

# Those a booking has just locked are left to it: waiting for each other could form a ring.
LAPSE_EXPIRED = """
UPDATE booking_appointment SET state = 'lapsed' WHERE id IN (
    SELECT id FROM booking_appointment WHERE state = 'held' AND expires_at <= %(now)s
    FOR UPDATE SKIP LOCKED)
"""


def check_open(centre: Centre, kind: AppointmentType, *, now: datetime, actor: Actor) -> None:
    """Raises CentreNotOpen or TypeNotBookable unless this actor may book this type here now."""
    if actor.is_agent:
        if not is_open_to_agents(centre, now=now):
            raise CentreNotOpen
        if not kind.is_active or kind.booking == AppointmentType.Booking.WALK_IN:
            raise TypeNotBookable
        return
    if not is_open_online(centre, now=now):
        raise CentreNotOpen
    if not kind.is_active or kind.booking != AppointmentType.Booking.ONLINE:
        raise TypeNotBookable


def check_window(
    centre: Centre, kind: AppointmentType, start: int, *, now: datetime, actor: Actor
) -> None:
    """Raises TooSoon or TooFar unless this actor may choose this start now."""
    if actor.is_agent:
        window = rules.agent_window(now=now)
    else:
        holidays = queries.holidays_near(kind, centre, now=now)
        window = queries.window_for(kind, centre, now=now, holidays=holidays)
    if start < window.earliest:
        raise TooSoon
    if start >= window.latest:
        raise TooFar


class OfferChangedError(Exception):
    """The type or the centre is not any more as this process remembers it."""


class Candidate(NamedTuple):
    """A locked shift that could take the start; its seats in use; holds on it that expired."""

    load: ShiftLoad
    seats_used: set[int]
    lapsed: list[int]


def lock_candidates(ask: Ask, *, releasing: UUID | None) -> list[Candidate]:
    """The shifts that could take this start, locked in id order, and what takes their time. The
    caller's own former hold is given back too: it must not be in its owner's way. Raises
    OfferChangedError."""
    values: dict[str, Any] = {
        "type": ask.kind.pk,
        "centre": ask.centre.pk,
        "start": from_minute(ask.start),
        "now": ask.now,
        "releasing": releasing,
    }
    with connection.cursor() as cursor:
        cursor.execute(LOCK_CANDIDATES, values)
        rows = cursor.fetchall()
    if ask.version and {version for version, *_ in rows} != {ask.version}:
        raise OfferChangedError
    return [
        Candidate(ShiftLoad._make(load), set(seats), lapsed)
        for _, *load, seats, lapsed in rows
        if load[0] is not None
    ]


def choose(
    loads: Sequence[ShiftLoad], timing: Timing, start: int, *, actor: Actor, wanted: Wanted
) -> Slot:
    """The best shift for this start. Raises NotOffered or SlotTaken: different news."""
    window = Window(start, start + 1)
    mine = [load for load in loads if wanted.fits(load)]
    found = list(slots(mine, timing, window, for_public=not actor.is_agent))
    if found:
        return fairest(found, wanted.preferred)[0]
    empty = [load._replace(busy=(), blocked=(), taken=0, reserve=0) for load in mine]
    if any(start in shift_starts(load, timing) for load in empty):
        raise SlotTaken
    # A neighbour's end is not on the empty shift's grid, yet was honestly offered.
    if any(start in load.busy or start in load.blocked for load in mine):
        raise SlotTaken
    raise NotOffered


class Wanted:
    """A person's wishes on who and where, within the shifts that could take the time."""

    def __init__(
        self, site_id: int | None, practitioner_id: int | None, preferred: Iterable[int]
    ) -> None:
        self.site_id = site_id
        self.practitioner_id = practitioner_id
        self.preferred = tuple(preferred)

    def fits(self, load: ShiftLoad) -> bool:
        return (self.site_id is None or load.site == self.site_id) and (
            self.practitioner_id is None or load.practitioner == self.practitioner_id
        )


def hold(
    *,
    kind: AppointmentType,
    centre: Centre,
    start: int,
    now: datetime,
    actor: Actor = FAMILY,
    site_id: int | None = None,
    practitioner_id: int | None = None,
    releasing: UUID | None = None,
    moving: UUID | None = None,
    preferred: Iterable[int] = (),
) -> Appointment:
    """Hold a start (minutes since the epoch) for 15 minutes, with the least busy practitioner.

    `releasing` gives back the caller's previous hold in the same transaction; `moving` says the
    hold is the new time of that appointment. Every rule is checked again here, whatever the page
    showed; a type and a centre that were remembered (`booking.offers`) and have changed since are
    read, and all is judged once more. A family that pressed this button before gets the hold it
    has. Raises CentreNotOpen, TypeNotBookable, TooSoon, TooFar, NotOffered, SlotTaken.
    """
    wanted = Wanted(site_id, practitioner_id, preferred)
    ask = Ask(kind, centre, start, now, actor, wanted)
    try:
        return _hold(ask, releasing=releasing, moving=moving)
    except (Refusal, OfferChangedError):
        now_is = ask.as_it_is_now()
        if now_is is None:
            raise
        return _hold(now_is, releasing=releasing, moving=moving)


def _hold(ask: Ask, *, releasing: UUID | None, moving: UUID | None) -> Appointment:
    check_open(ask.centre, ask.kind, now=ask.now, actor=ask.actor)
    check_window(ask.centre, ask.kind, ask.start, now=ask.now, actor=ask.actor)
    try:
        return _take(ask, releasing=releasing, moving=moving)
    except SlotTaken as refusal:
        # Free as far as its shift knows, yet refused by the constraint: what no other family could
        # have any more is cleared, once.
        if refusal.__cause__ is None or not clear_way(ask):
            raise
        return _take(ask, releasing=releasing, moving=moving)


class Ask(NamedTuple):
    """A time somebody wants, and every wish about it."""

    kind: AppointmentType
    centre: Centre
    start: int
    now: datetime
    actor: Actor
    wanted: Wanted

    @property
    def version(self) -> str:
        """Of the type and the centre, if they were remembered."""
        return self.kind.offer_version

    def as_it_is_now(self) -> Ask | None:
        """The same, by the type and the centre as they are now, even made anew under their names;
        None when they are what was known. Raises TypeNotBookable when one of them is gone."""
        if not self.version:
            return None
        kind, centre = self.kind, self.centre
        offer = offers.read_again(kind.pk, centre.pk) or offers.find(
            type_slug=kind.slug, centre_slug=centre.slug
        )
        if offer is None:
            raise TypeNotBookable
        if offer.version == self.version:
            return None
        return self._replace(kind=offer.kind, centre=offer.centre)


def clear_way(ask: Ask) -> int:
    """Lapse the holds in the way of this start that nobody could confirm any more; how many."""
    since, until = footprint(ask.start, queries.type_rules(ask.kind).timing)
    values: dict[str, Any] = {
        "type": ask.kind.pk,
        "centre": ask.centre.pk,
        "start": from_minute(ask.start),
        "since": from_minute(since),
        "until": from_minute(until),
        "now": ask.now,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLEAR_WAY, values)
        return int(cursor.rowcount)


@transaction.atomic
def _take(ask: Ask, *, releasing: UUID | None, moving: UUID | None) -> Appointment:
    kind, centre, start, now, actor, wanted = ask
    candidates = lock_candidates(ask, releasing=releasing)
    timing = queries.type_rules(kind).timing
    if lapsed := [pk for candidate in candidates for pk in candidate.lapsed]:
        Appointment.objects.filter(pk__in=lapsed, state="held").update(state="lapsed")
    loads = [candidate.load for candidate in candidates]
    moved = Appointment.objects.filter(uid=moving).only("pk").first() if moving else None
    if mine := _held_before(ask, loads, moved):
        return mine
    slot = choose(loads, timing, start, actor=actor, wanted=wanted)
    chosen = next(each for each in candidates if each.load.id == slot.shift)
    appointment = Appointment(
        state=Appointment.State.HELD,
        type=kind,
        centre=centre,
        expires_at=now + rules.HOLD_FOR,
        created_at=now,
        changed_at=now,
        actor=actor.label,
        booked_via=Appointment.Via.AGENT if actor.is_agent else Appointment.Via.WEB,
        moves=moved,
        **placed(slot, chosen.load, timing, chosen.seats_used),
    )
    try:
        insert_hold(appointment)
    except IntegrityError as error:
        raise refuse_clash(error) from error
    return appointment


def _held_before(
    ask: Ask, loads: Sequence[ShiftLoad], moved: Appointment | None
) -> Appointment | None:
    """This very time, held by an earlier press of the same page whose answer was lost. Asked only
    where somebody holds it, and never for a family that nothing tells apart: it could be any."""
    since, _ = footprint(ask.start, queries.type_rules(ask.kind).timing)
    held = {edge for load in loads for edge in load.blocked[::2]}
    if ask.actor.kind != FAMILY.kind or ask.actor == FAMILY or held.isdisjoint({since, ask.start}):
        return None
    place = {} if ask.wanted.site_id is None else {"site": ask.wanted.site_id}
    return Appointment.objects.filter(
        actor=ask.actor.label,
        state=Appointment.State.HELD,
        expires_at__gt=ask.now,
        shift__in=[load.id for load in loads],
        type=ask.kind,
        starts_at=from_minute(ask.start),
        moves=moved,
        **place,
    ).first()


def placed(slot: Slot, load: ShiftLoad, timing: Timing, used: set[int]) -> dict[str, Any]:
    """The columns that say where and when: a whole session's seat, or a stretch of a half-day."""
    in_session = load.seats > 1
    busy_from, busy_until = (slot.start, slot.end) if in_session else footprint(slot.start, timing)
    return {
        "shift_id": slot.shift,
        "practitioner_id": slot.practitioner,
        "site_id": slot.site,
        "starts_at": from_minute(slot.start),
        "ends_at": from_minute(slot.end),
        "busy_from": from_minute(busy_from),
        "busy_until": from_minute(busy_until),
        "seat": min(set(range(1, load.seats + 1)) - used, default=0) if in_session else 0,
    }


def _lapse(uid: UUID) -> None:
    """Give a hold back. Needs no lock on its shift: a held row takes nothing of `busy`."""
    Appointment.objects.filter(uid=uid, state=Appointment.State.HELD).update(
        state=Appointment.State.LAPSED
    )


def release_hold(*, uid: UUID, now: datetime) -> None:
    """Give a held time back at once. Nothing happens when it is held no more."""
    del now  # same shape as every action
    _lapse(uid)


@transaction.atomic
def extend_hold(*, uid: UUID, now: datetime) -> Appointment:
    """Hold for 15 minutes more, once. Raises HoldExpired, HoldNotExtendable."""
    held = live_hold(lock_appointments([uid]), uid, now=now)
    if held.is_extended:
        raise HoldNotExtendable
    held.is_extended = True
    held.expires_at = (held.expires_at or now) + rules.HOLD_FOR
    held.save(update_fields=["is_extended", "expires_at"])
    return held


def live_hold(locked: dict[UUID, Appointment], uid: UUID, *, now: datetime) -> Appointment:
    """The locked hold, still alive at `now`. Raises HoldExpired."""
    held = locked.get(uid)
    if held is None or not held.is_live_hold(now=now):
        raise HoldExpired
    return held


def check_still_there(held: Appointment) -> None:
    """Raises NotOffered when its half-day was cancelled, closed, moved or given to somebody else
    since the time was held: nobody must be sent to a door that will not open."""
    shift = held.shift
    since, until = to_minute(held.busy_from), to_minute(held.busy_until)
    is_inside = shift.starts_at <= held.busy_from and held.busy_until <= shift.ends_at
    is_same = shift.practitioner_id == held.practitioner_id and shift.site_id == held.site_id
    is_closed = overlaps(since, until, pairs(shift.closed))
    if shift.status != Shift.Status.OPEN or is_closed or not (is_inside and is_same):
        raise NotOffered


def lapse_expired_holds(*, now: datetime) -> int:
    """Mark holds whose time is over: tidiness only, they already block nothing."""
    with connection.cursor() as cursor:
        cursor.execute(LAPSE_EXPIRED, {"now": now})
        return int(cursor.rowcount)

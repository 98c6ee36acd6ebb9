"""Holding a time while a person types: take it, extend it once, give it back, clear what lapsed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from booking import candidates, offers, queries, rules
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
from booking.candidates import Candidate
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


def check_window(ask: Ask, *, is_move: bool = False) -> None:
    """Raises TooSoon or TooFar unless this actor may choose this start now. What has begun is given
    to a family at the desk; nothing is moved there (ADR 0037)."""
    kind, now = ask.kind, ask.now
    if ask.actor.is_agent and is_move:
        window = rules.agent_window(now=now)
    elif ask.actor.is_agent:
        window = rules.desk_window(now=now, duration=kind.duration_min)
    else:
        holidays = queries.holidays_near(kind, ask.centre, now=now)
        window = queries.window_for(kind, ask.centre, now=now, holidays=holidays)
    if ask.start < window.earliest:
        raise TooSoon
    if ask.start >= window.latest:
        raise TooFar


class OfferChangedError(Exception):
    """The type or the centre is not any more as this process remembers it."""


def lock_candidates(ask: Ask, *, releasing: UUID | None) -> list[Candidate]:
    """The shifts that could take this start, locked in id order, and what takes their time. Raises
    OfferChangedError."""
    offered, found = candidates.lock(ask.sought, releasing=releasing)
    ask.check_offered(offered)
    return found


def see_candidates(ask: Ask) -> list[Candidate]:
    """The same as they are just now, not locked. Raises OfferChangedError."""
    offered, found = candidates.see(ask.sought)
    ask.check_offered(offered)
    return found


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
    check_window(ask, is_move=moving is not None)
    if releasing is None and moving is None and (held := take_seen(ask)):
        return held
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

    @property
    def sought(self) -> candidates.Start:
        return candidates.Start(self.kind.pk, self.centre.pk, from_minute(self.start), self.now)

    def check_offered(self, versions: set[str]) -> None:
        """Raises OfferChangedError unless the type and the centre are those remembered, if any."""
        if self.version and versions != {self.version}:
            raise OfferChangedError

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


def take_seen(ask: Ask) -> Appointment | None:
    """Take the start by what is seen without waiting; it is written only if its shift, locked, is
    unchanged (ADR 0035). None, and nothing is written, when it is not, or when more is to be done
    than that. Raises NotOffered, SlotTaken, OfferChangedError."""
    seen = see_candidates(ask)
    loads = [candidate.load for candidate in seen]
    timing = queries.type_rules(ask.kind).timing
    if mine := _held_before(ask, loads, None):
        return mine
    slot = choose(loads, timing, ask.start, actor=ask.actor, wanted=ask.wanted)
    chosen = next(each for each in seen if each.load.id == slot.shift)
    held = _new_hold(ask, slot, chosen, None)
    if chosen.lapsed or not candidates.insert_seen(held, chosen, now=ask.now):
        return None
    return held


@transaction.atomic
def _take(ask: Ask, *, releasing: UUID | None, moving: UUID | None) -> Appointment:
    found = lock_candidates(ask, releasing=releasing)
    if lapsed := [pk for candidate in found for pk in candidate.lapsed]:
        Appointment.objects.filter(pk__in=lapsed, state="held").update(state="lapsed")
    loads = [candidate.load for candidate in found]
    moved = Appointment.objects.filter(uid=moving).only("pk").first() if moving else None
    if mine := _held_before(ask, loads, moved):
        return mine
    timing = queries.type_rules(ask.kind).timing
    slot = choose(loads, timing, ask.start, actor=ask.actor, wanted=ask.wanted)
    held = _new_hold(ask, slot, next(each for each in found if each.load.id == slot.shift), moved)
    try:
        insert_hold(held)
    except IntegrityError as error:
        raise refuse_clash(error) from error
    return held


def _new_hold(ask: Ask, slot: Slot, chosen: Candidate, moved: Appointment | None) -> Appointment:
    return Appointment(
        state=Appointment.State.HELD,
        type=ask.kind,
        centre=ask.centre,
        expires_at=ask.now + rules.HOLD_FOR,
        created_at=ask.now,
        changed_at=ask.now,
        actor=ask.actor.label,
        booked_via=Appointment.Via.AGENT if ask.actor.is_agent else Appointment.Via.WEB,
        moves=moved,
        **placed(slot, chosen.load, queries.type_rules(ask.kind).timing, chosen.seats_used),
    )


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

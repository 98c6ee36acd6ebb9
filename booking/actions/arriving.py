"""Who comes to an open session: noted by name, as a visit like any other, or counted only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from booking.actions.confirming import check_child_is_named
from booking.actions.holding import check_still_there
from booking.actions.talking import new_family
from booking.actors import Actor, Who, check_agent
from booking.errors import (
    ChildRequired,
    CountChanged,
    NotOffered,
    SessionNotOpen,
    VisitTooSoon,
    gettext_noop,
)
from booking.locking import lock_family, lock_newcomer, lock_shift
from booking.models import HERE, Appointment, Child, CountedArrival, Guardian
from booking.overbooking import added
from booking.pressed import noted_before
from centres.models import AppointmentType, Shift

State, Via = Appointment.State, Appointment.Via
MINUTE = timedelta(minutes=1)
# The database asks why a visit takes nobody's time.
AT_DOOR: dict[str, str] = {
    "state": State.ARRIVED,
    "booked_via": Via.DOOR,
    "last_action": "walk_in",
    "note": "Sans rendez-vous",
}


class KindClosed(SessionNotOpen):
    """The session is open for other reasons by now."""

    code = "kind_closed"
    message = gettext_noop(
        "Cette séance n’est plus ouverte pour ce motif : rien n’est enregistré. Vérifiez le motif, "
        "puis recommencez."
    )


@transaction.atomic
def note_arrival(
    *,
    shift_id: int,
    kind_id: int,
    guardian: Guardian,
    children: Sequence[Child],
    now: datetime,
    actor: Actor,
) -> list[Appointment]:
    """This family has come to an open session, with these children: one visit each, arrived now.
    Nobody is written to, and no slot, seat or age is asked: they stand at the door.

    Pressed twice, it is once: who is there already is not noted again. Raises AgentsOnly,
    FamilyChanged when one of them is gone, SessionNotOpen, KindClosed, VisitTooSoon,
    ChildRequired.
    """
    check_agent(actor)
    if any(child.household_id != guardian.household_id for child in children):
        raise ValueError("a child of another household")
    guardian, children = lock_family(guardian, children)
    shift, kind = _lock(shift_id, kind_id, now=now)
    return [
        _note(shift, kind, guardian, child, now=now, actor=actor)
        for child in _visitors(kind, children)
    ]


@transaction.atomic
def note_newcomer(
    *, shift_id: int, kind_id: int, who: Who, now: datetime, actor: Actor
) -> Appointment:
    """The same of a family nobody knows: a household of its own. A second press of the same agent,
    of the same person and child, is the first one. Raises as `note_arrival`; then it is not made
    either."""
    check_agent(actor)
    lock_newcomer(who, actor)
    shift, kind = _lock(shift_id, kind_id, now=now)
    check_child_is_named(kind, who)
    if pressed := noted_before(who, shift, actor):
        return pressed
    family = new_family(who, now=now)
    return _note(shift, kind, family.guardian, family.child, now=now, actor=actor)


@transaction.atomic
def count_arrival(*, shift_id: int, seen: int, now: datetime, actor: Actor) -> int:
    """One more has come to an open session, without a name; how many that makes. `seen` is how many
    the agent saw: from there it counts once. Raises AgentsOnly, SessionNotOpen, VisitTooSoon."""
    check_agent(actor)
    shift, _kind = _lock(shift_id, None, now=now)
    counted = CountedArrival.objects.filter(shift=shift)
    number = counted.count()
    _one, is_new = CountedArrival.objects.get_or_create(
        shift=shift,
        by=actor.label,
        # One that a colleague took back since is not there to count from.
        seen=min(seen, number),
        defaults={"centre": shift.centre, "at": min(now, shift.ends_at - MINUTE)},
    )
    return number + is_new


@transaction.atomic
def uncount_arrival(*, shift_id: int, seen: int, now: datetime, actor: Actor) -> int:
    """The last one counted did not come; how many are left. Taken back already: nothing more is.
    Raises AgentsOnly, SessionNotOpen, VisitTooSoon, CountChanged when others were counted since."""
    check_agent(actor)
    shift, _kind = _lock(shift_id, None, now=now)
    counted = CountedArrival.objects.filter(shift=shift).order_by("pk")
    number = len(counted)
    if number == seen and number:
        counted[number - 1].delete()
        return number - 1
    if number != seen - 1:
        raise CountChanged
    return number


def _lock(shift_id: int, kind_id: int | None, *, now: datetime) -> tuple[Shift, AppointmentType]:
    """The session, locked with all that its practitioner's time touches, and what it is for: this
    type, or any. Raises SessionNotOpen, KindClosed, VisitTooSoon."""
    known = Shift.objects.get(pk=shift_id)
    shift = lock_shift(shift_id, since=known.starts_at, until=known.ends_at)
    offers = shift.offers.select_related("type").order_by("type__position", "pk")
    kinds = [each.type for each in offers if _is_open(each.type)]
    if not kinds or shift.status != Shift.Status.OPEN:
        raise SessionNotOpen
    kind = next((each for each in kinds if kind_id in (None, each.pk)), None)
    if kind is None:
        raise KindClosed
    zone = ZoneInfo(shift.centre.time_zone)
    if now.astimezone(zone).date() < shift.starts_at.astimezone(zone).date():
        raise VisitTooSoon
    return shift, kind


def _is_open(kind: AppointmentType) -> bool:
    return kind.is_active and kind.booking == AppointmentType.Booking.WALK_IN


def _visitors(kind: AppointmentType, children: Sequence[Child]) -> Sequence[Child | None]:
    """One visit a child; what is for adults is the parent's. Raises ChildRequired."""
    if kind.audience != AppointmentType.Audience.CHILD:
        return [None]
    if not children:
        raise ChildRequired
    return children


def _note(
    shift: Shift,
    kind: AppointmentType,
    guardian: Guardian,
    child: Child | None,
    *,
    now: datetime,
    actor: Actor,
) -> Appointment:
    # Of an adult's session each parent is a visitor; a child is, whoever brings it.
    whose = {"guardian__household": guardian.household_id} if child else {"guardian": guardian}
    here = Appointment.objects.filter(
        **whose,
        shift=shift,
        child=child,
        booked_via=Via.DOOR,
        state__in=HERE,
    ).first()
    if here is not None:
        return here
    visit = _visit(shift, kind, now=now)
    visit.household_id, visit.guardian, visit.child = guardian.household_id, guardian, child
    visit.actor, visit.created_at, visit.changed_at = actor.label, now, now
    try:
        check_still_there(visit)
    except NotOffered as refusal:
        raise SessionNotOpen from refusal
    visit.save(force_insert=True)
    return visit


def _visit(shift: Shift, kind: AppointmentType, *, now: datetime) -> Appointment:
    """From the minute they came, within the session; nobody's yet."""
    came = now.replace(second=0, microsecond=0)
    starts_at = min(max(came, shift.starts_at), shift.ends_at - MINUTE)
    ends_at = min(starts_at + timedelta(minutes=kind.duration_min), shift.ends_at)
    return added(shift, kind, starts_at, ends_at, **AT_DOOR)

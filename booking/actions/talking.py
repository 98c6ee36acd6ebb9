"""Booking while talking: an agent takes a time for a family on the phone, at one press."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection, transaction

from booking import access, messages, queries
from booking.actions.confirming import check_adult_is_free, confirm, overbook
from booking.actions.families import Family
from booking.actions.holding import hold
from booking.actors import Actor, Who, check_agent
from booking.availability import Slot, Window, fairest
from booking.errors import SlotTaken
from booking.locking import lock_family, lock_newcomer, lock_parent
from booking.models import Appointment, Child, Guardian, Guardianship, Household
from booking.pressed import pressed_before, pressed_for, pressed_together
from centres.calendar import from_minute
from centres.models import AppointmentType, Centre

# A superset of what `hold` locks for each of these times, and of what `confirm` locks after it.
LOCK_SHIFTS = """
SELECT id FROM centres_shift WHERE id IN (
    SELECT beside.id FROM centres_shifttype o
    JOIN centres_shift own ON own.id = o.shift_id
    JOIN centres_shift beside ON beside.practitioner_id = own.practitioner_id
         AND beside.starts_at < %(until)s AND beside.ends_at > %(since)s
         AND beside.starts_at > %(since)s::timestamptz - interval '14 hours'
    WHERE o.type_id = %(type)s AND o.centre_id = %(centre)s AND o.starts_at < %(until)s
      AND o.starts_at > %(since)s::timestamptz - interval '14 hours')
ORDER BY id FOR NO KEY UPDATE
"""


@transaction.atomic
def book_for(
    *,
    guardian: Guardian,
    child: Child | None,
    kind: AppointmentType,
    centre: Centre,
    start: int,
    now: datetime,
    actor: Actor,
    site_id: int | None = None,
    practitioner_id: int | None = None,
    due_on: date | None = None,
) -> Appointment:
    """Book a start (minutes since the epoch) for this guardian, and this child of its household if
    one is meant. Nobody is asked to prove a contact: the family is known, and told where it said.

    Every rule is the same as for a family, but for the notice, the horizon and the seats kept for
    agents; whom its household has met goes first. A second press of the same agent (the answer was
    lost on its way) is the first one: its appointment. Raises AgentsOnly, PersonBookedThen,
    FamilyChanged when one of them is gone, and whatever `hold` and `confirm` raise; then nothing is
    held either.
    """
    check_agent(actor)
    if child is not None and child.household_id != guardian.household_id:
        raise ValueError("a child of another household")
    guardian, child = lock_parent(guardian, child)
    pressed = pressed_for(guardian, child, kind, start, actor)
    if pressed is not None:
        return pressed
    _check_adult_is_free(guardian, child, kind, start)
    held = hold(
        kind=kind,
        centre=centre,
        start=start,
        now=now,
        actor=actor,
        site_id=site_id,
        practitioner_id=practitioner_id,
        preferred=_met(guardian, practitioner_id, now=now),
    )
    return confirm(
        uid=held.uid,
        who=_who(guardian, child, due_on),
        now=now,
        actor=actor,
        family=Family(guardian, child),
    )


@transaction.atomic
def book_siblings(
    *,
    guardian: Guardian,
    children: Sequence[Child],
    kind: AppointmentType,
    centre: Centre,
    start: int,
    now: datetime,
    actor: Actor,
    site_id: int | None = None,
    practitioner_id: int | None = None,
) -> list[Appointment]:
    """Book children of one household one after the other from this start on, with one practitioner;
    in a group session, side by side. All of them or none; one message tells of all.

    A second press of the same agent is the first one: its appointments. Raises as `book_for`;
    SlotTaken when nobody has that much time then.
    """
    check_agent(actor)
    if not children or any(each.household_id != guardian.household_id for each in children):
        raise ValueError("children of another household, or none")
    guardian, children = lock_family(guardian, children)
    timing = queries.type_rules(kind).timing
    starts = [start + place * timing.occupied for place in range(len(children))]
    if pressed := pressed_together(guardian, children, kind, starts, actor):
        return pressed
    _lock_shifts(kind, centre, start, start + timing.times(len(children)).occupied)
    slot = _long_enough(
        kind,
        centre,
        Window(start, start + 1),
        now=now,
        count=len(children),
        site_id=site_id,
        practitioner_id=practitioner_id,
        preferred=_met(guardian, practitioner_id, now=now),
    )
    booked: list[Appointment] = []
    for child in children:
        in_session = bool(booked and booked[0].seat)
        at = start if in_session else start + len(booked) * timing.occupied
        one = Family(guardian, child)
        booked.append(_book_at(slot, at, one, kind=kind, centre=centre, now=now, actor=actor))
    messages.booked_together(booked, now=now)
    return booked


def _book_at(
    slot: Slot,
    start: int,
    family: Family,
    *,
    kind: AppointmentType,
    centre: Centre,
    now: datetime,
    actor: Actor,
) -> Appointment:
    """One of several, of which the family is told together."""
    held = hold(
        kind=kind,
        centre=centre,
        start=start,
        now=now,
        actor=actor,
        site_id=slot.site,
        practitioner_id=slot.practitioner,
    )
    return confirm(
        uid=held.uid,
        who=_who(family.guardian, family.child, None),
        now=now,
        actor=actor,
        family=family,
        is_told=False,
    )


def _lock_shifts(kind: AppointmentType, centre: Centre, start: int, until: int) -> None:
    """Lock at once, in the order of all, every half-day that any of these times could take: the
    household of the first is locked before the second is held."""
    with connection.cursor() as cursor:
        cursor.execute(
            LOCK_SHIFTS,
            {
                "type": kind.pk,
                "centre": centre.pk,
                "since": from_minute(start),
                "until": from_minute(until),
            },
        )


def _long_enough(
    kind: AppointmentType,
    centre: Centre,
    window: Window,
    *,
    now: datetime,
    count: int,
    site_id: int | None,
    practitioner_id: int | None,
    preferred: Sequence[int],
) -> Slot:
    """Whoever has time for all of them: one they have met, else the least busy. Raises
    SlotTaken."""
    found = queries.search(
        kind=kind,
        centre=centre,
        window=window,
        now=now,
        site_id=site_id,
        for_public=False,
        together=count,
    )
    fitting = [slot for slot in found if practitioner_id in (None, slot.practitioner)]
    if not fitting:
        raise SlotTaken
    return fairest(fitting, preferred)[0]


def _met(guardian: Guardian, practitioner_id: int | None, *, now: datetime) -> list[int]:
    """Who goes first when the family did not say whom it wants: whom its household has met."""
    if practitioner_id is not None:
        return []
    return access.practitioners_met_by(guardian.household_id, now=now)


@transaction.atomic
def book_for_newcomer(
    *,
    who: Who,
    kind: AppointmentType,
    centre: Centre,
    start: int,
    now: datetime,
    actor: Actor,
    site_id: int | None = None,
    practitioner_id: int | None = None,
) -> Appointment:
    """The same for a family nobody knows: a household of its own, whoever else has that number or
    address, which nothing proves. The agent has been shown those that are likely the same.

    A second press of the same agent, of the same person at the same time, is the first one: its
    appointment. Raises as `book_for`; then the family is not made either.
    """
    check_agent(actor)
    lock_newcomer(who, actor)
    pressed = pressed_before(who, kind, start, actor)
    if pressed is not None:
        return pressed
    held = hold(
        kind=kind,
        centre=centre,
        start=start,
        now=now,
        actor=actor,
        site_id=site_id,
        practitioner_id=practitioner_id,
    )
    family = new_family(who, now=now)
    return confirm(uid=held.uid, who=who, now=now, actor=actor, family=family)


@transaction.atomic
def overbook_for(
    *,
    guardian: Guardian,
    child: Child | None,
    kind: AppointmentType,
    shift_id: int,
    start: int,
    reason: str,
    now: datetime,
    actor: Actor,
    due_on: date | None = None,
) -> Appointment:
    """Add this family over another, with a reason; a second press of the same agent is the first
    one. Raises as `overbook`, PersonBookedThen, and FamilyChanged when one of them is gone."""
    guardian, child = lock_parent(guardian, child)
    pressed = pressed_for(guardian, child, kind, start, actor)
    if pressed is not None:
        return pressed
    _check_adult_is_free(guardian, child, kind, start)
    return overbook(
        shift_id=shift_id,
        type_id=kind.pk,
        start=start,
        who=_who(guardian, child, due_on),
        reason=reason,
        now=now,
        actor=actor,
        family=Family(guardian, child),
    )


@transaction.atomic
def overbook_newcomer(
    *,
    who: Who,
    kind: AppointmentType,
    shift_id: int,
    start: int,
    reason: str,
    now: datetime,
    actor: Actor,
) -> Appointment:
    """The same for a family nobody knows. Raises as `overbook`; then it is not made either."""
    lock_newcomer(who, actor)
    pressed = pressed_before(who, kind, start, actor)
    if pressed is not None:
        return pressed
    return overbook(
        shift_id=shift_id,
        type_id=kind.pk,
        start=start,
        who=who,
        reason=reason,
        now=now,
        actor=actor,
        family=new_family(who, now=now),
    )


def new_family(who: Who, *, now: datetime) -> Family:
    """A household with this guardian, and this child if one is meant, as an agent typed them."""
    household = Household.objects.create(
        language=who.language, needs_interpreter=who.needs_interpreter, created_at=now
    )
    guardian = Guardian.objects.create(
        household=household,
        first_name=who.first_name,
        last_name=who.last_name,
        email=who.email,
        phone=who.phone,
    )
    if not who.child_first_name or who.child_born_on is None:
        return Family(guardian, None, is_new=True)
    child = Child.objects.create(
        household=household, first_name=who.child_first_name, born_on=who.child_born_on
    )
    Guardianship.objects.create(guardian=guardian, child=child)
    return Family(guardian, child, is_new=True)


def _check_adult_is_free(
    guardian: Guardian, child: Child | None, kind: AppointmentType, start: int
) -> None:
    if child is None:
        ends_at = from_minute(start + kind.duration_min)
        check_adult_is_free(guardian, starts_at=from_minute(start), ends_at=ends_at)


def _who(guardian: Guardian, child: Child | None, due_on: date | None) -> Who:
    return Who(
        first_name=guardian.first_name,
        last_name=guardian.last_name,
        email=guardian.email,
        phone=guardian.number,
        language=guardian.household.language,
        child_first_name=child.first_name if child else "",
        child_born_on=child.born_on if child else None,
        due_on=due_on,
    )

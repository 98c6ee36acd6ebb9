"""Asking for an earlier time, or for any; changing one's mind about when and where; giving up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from booking import offer_messages, queries, rules
from booking.actions.confirming import check_dates, due_date_is_asked
from booking.actions.families import family_of
from booking.actors import FAMILY, Actor, Who
from booking.errors import LimitReached, TypeNotAtCentre, WaitingOver, WrongState
from booking.locking import lock_parent, lock_proved
from booking.models import Appointment, Child, Guardian, WaitingListEntry
from centres.directory import is_received
from centres.models import AppointmentType, Centre

Ending = WaitingListEntry.Ending
State = WaitingListEntry.State
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """When and where a family would come, and how long before it wants to know."""

    sites: tuple[int, ...]
    days: tuple[int, ...] = EVERY_DAY
    opens: time | None = None
    closes: time | None = None
    from_on: date | None = None
    until_on: date | None = None
    practitioner_id: int | None = None
    notice_min: int = 0

    def values(self) -> dict[str, Any]:
        return {
            "sites": sorted(set(self.sites)),
            "days": sorted(set(self.days)),
            "opens": self.opens,
            "closes": self.closes,
            "from_on": self.from_on,
            "until_on": self.until_on,
            "practitioner_id": self.practitioner_id,
            "notice_min": self.notice_min,
        }


@transaction.atomic
def ask_for_earlier(
    *, uid: UUID, wishes: Wishes, now: datetime, actor: Actor = FAMILY
) -> WaitingListEntry:
    """Wait for an earlier time than this appointment's. Asking again changes the wishes and keeps
    the place. Raises WrongState unless it is still ahead."""
    appointment = Appointment.objects.select_for_update(no_key=True).get(uid=uid)
    # Read after the wait: a statement that waits joins it to the family of before.
    guardian = appointment.guardian
    is_ahead = appointment.state == Appointment.State.BOOKED and appointment.starts_at > now
    if guardian is None or not is_ahead:
        raise WrongState
    known = WaitingListEntry.objects.filter(appointment=appointment, state=State.OPEN).first()
    if known is not None:
        return _change(known, wishes)
    return WaitingListEntry.objects.create(
        appointment=appointment,
        household=guardian.household,
        guardian=guardian,
        child_id=appointment.child_id,
        type_id=appointment.type_id,
        centre_id=appointment.centre_id,
        asked_at=now,
        asked_by=actor.label[:80],
        **wishes.values(),
    )


@transaction.atomic
def ask_for_any(
    *,
    guardian: Guardian,
    child: Child | None,
    kind: AppointmentType,
    centre: Centre,
    wishes: Wishes,
    now: datetime,
    actor: Actor = FAMILY,
    due_on: date | None = None,
) -> WaitingListEntry:
    """Wait for any time of this type: a family that has none. It is told where to see and change
    its request. Asking again changes the wishes, the centre and the due date, and keeps the place.

    Raises TypeNotAtCentre, AgeNotAllowed, WeeksNotAllowed: no day to come could do;
    FamilyChanged when the parent or the child is gone."""
    check_waiting(kind, centre, born_on=child.born_on if child else None, due_on=due_on, now=now)
    guardian, child = lock_parent(guardian, child)
    # One after the other, by whichever contact: two presses of one button are one request.
    locked = Guardian.objects.select_for_update(no_key=True).filter(pk=guardian.pk)
    if locked.first() is None:
        raise WrongState
    due_on = due_on if due_date_is_asked(kind) else None
    same = {"guardian": guardian, "child": child, "type": kind, "appointment": None}
    known = WaitingListEntry.objects.select_for_update(of=("self",), no_key=True).filter(**same)
    if entry := known.filter(state=State.OPEN).first():
        return _change(entry, wishes, centre=centre, due_on=due_on or entry.due_on)
    entry = WaitingListEntry.objects.create(
        **same,
        household=guardian.household,
        centre=centre,
        due_on=due_on,
        asked_at=now,
        asked_by=actor.label[:80],
        **wishes.values(),
    )
    offer_messages.noted(entry, now=now)
    return entry


@transaction.atomic
def ask_for_each(
    *,
    guardian: Guardian,
    children: Sequence[Child],
    kind: AppointmentType,
    centre: Centre,
    wishes: Wishes,
    now: datetime,
    actor: Actor,
    due_on: date | None = None,
) -> list[WaitingListEntry]:
    """Wait for any time for each of these children, or without any for the adult: all or none. Each
    waits for itself, since two places are seldom given back together. Raises as `ask_for_any`."""
    return [
        ask_for_any(
            guardian=guardian,
            child=child,
            kind=kind,
            centre=centre,
            wishes=wishes,
            now=now,
            actor=actor,
            due_on=due_on,
        )
        for child in (children or (None,))
    ]


@transaction.atomic
def join_waiting_list(
    *, who: Who, kind: AppointmentType, centre: Centre, wishes: Wishes, now: datetime
) -> WaitingListEntry:
    """A family that has proved its contact waits for any time of this type, or for an earlier one
    than the appointment of it that it has. Asking again changes nothing.

    Raises TypeNotAtCentre, AgeNotAllowed, WeeksNotAllowed (it is too late for this type),
    LimitReached.
    """
    check_waiting(kind, centre, born_on=who.child_born_on, due_on=who.due_on, now=now)
    ahead = _lock_who_joins(who, kind, now=now)
    guardian, child, _is_new = family_of(who, centre, now=now, actor=FAMILY)
    theirs = {"guardian": guardian, "child": child, "type": kind}
    booked = Appointment.objects.filter(**theirs, pk__in=ahead).first()
    waits = WaitingListEntry.objects.filter(**theirs, appointment=booked, state=State.OPEN)
    if known := waits.select_related("appointment").first():
        return known
    theirs_open = WaitingListEntry.objects.filter(household=guardian.household, state=State.OPEN)
    if theirs_open.count() >= centre.max_open_per_contact:
        raise LimitReached(limit=centre.max_open_per_contact)
    if booked is not None:
        return ask_for_earlier(uid=booked.uid, wishes=wishes, now=now)
    return ask_for_any(
        guardian=guardian,
        child=child,
        kind=kind,
        centre=centre,
        wishes=wishes,
        due_on=who.due_on,
        now=now,
    )


def _lock_who_joins(who: Who, kind: AppointmentType, *, now: datetime) -> list[int]:
    """In the order of all (locking.py), before anything is written of a family that is known: who
    books, with the parents themselves, and the appointments of this type that could become
    earlier, whose ids these are. Their household comes last, for news of it are written too."""
    known = [guardian.pk for guardian in lock_proved(who)]
    parents = Guardian.objects.filter(pk__in=known).order_by("pk")
    list(parents.select_for_update(no_key=True).values_list("pk", flat=True))
    booked = Appointment.objects.filter(
        guardian__in=known, type=kind, state=Appointment.State.BOOKED, starts_at__gt=now
    ).order_by("pk")
    return list(booked.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


def check_waiting(
    kind: AppointmentType,
    centre: Centre,
    *,
    born_on: date | None,
    due_on: date | None,
    now: datetime,
) -> None:
    """Raises TypeNotAtCentre when no time of this type can come about there; AgeNotAllowed or
    WeeksNotAllowed when no day to come is right for them any more: one that is too early still is
    what waiting is for."""
    if not is_received(kind, centre, now=now):
        raise TypeNotAtCentre
    is_child = kind.audience == AppointmentType.Audience.CHILD
    fitting = rules.fitting_days(
        queries.type_rules(kind),
        born_on=born_on if is_child else None,
        due_on=due_on if due_date_is_asked(kind) else None,
    )
    today = now.astimezone(ZoneInfo(centre.time_zone)).date()
    if fitting.last is not None and fitting.last < today:
        check_dates(kind, centre, born_on=born_on, due_on=due_on, starts_at=now)


@transaction.atomic
def change_wishes(*, uid: UUID, wishes: Wishes, now: datetime) -> WaitingListEntry:
    """Other days, hours or places. Raises WaitingOver once the request is closed."""
    del now  # same shape as every action
    entry = WaitingListEntry.objects.select_for_update(of=("self",), no_key=True).get(uid=uid)
    if not entry.is_open:
        raise WaitingOver
    return _change(entry, wishes)


def _change(entry: WaitingListEntry, wishes: Wishes, **others: Any) -> WaitingListEntry:
    changes = wishes.values() | others
    for name, value in changes.items():
        setattr(entry, name, value)
    entry.save(update_fields=list(changes))
    return entry


@transaction.atomic
def stop_waiting(
    *, uid: UUID, now: datetime, ending: str = Ending.WITHDRAWN, actor: Actor = FAMILY
) -> WaitingListEntry:
    """Close a request; what it is offered just now goes to the next family within the minute.
    Closing twice is closing once."""
    entry = WaitingListEntry.objects.select_for_update(of=("self",), no_key=True).get(uid=uid)
    if entry.is_open:
        close_entry(entry, ending, now=now, actor=actor)
    return entry


def close_entry(entry: WaitingListEntry, ending: str, *, now: datetime, actor: Actor) -> None:
    """Write the end of a locked request, signed; what is known of a pregnancy goes with it."""
    entry.state, entry.ending, entry.closed_at, entry.due_on = State.CLOSED, ending, now, None
    entry.closed_by = actor.label[:80]
    entry.save(update_fields=["state", "ending", "closed_at", "closed_by", "due_on"])

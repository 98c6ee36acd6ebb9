"""One half-day changed alone: edited, cancelled, restored. Its rule then leaves it as it is.

Appointments stay as they are; each action lists those that their half-day no longer receives.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypedDict, Unpack

from django.db import IntegrityError, transaction

from centres.actions.closing import refresh_closed
from centres.actions.expanding import columns_of, offer
from centres.actions.planning import Holidays, plan
from centres.calendar import LONGEST_SHIFT
from centres.errors import (
    EndsTooEarly,
    NothingToSwap,
    OtherCentre,
    PractitionerBusy,
    PractitionerGone,
    Refusal,
    SeatsTaken,
    ShiftCancelled,
    ShiftOver,
    TooLong,
)
from centres.locking import lock_people
from centres.models import AppointmentType, Practitioner, Shift, ShiftChange, ShiftType, Site, User
from centres.seating import check_seats

BY_CONSTRAINT: dict[str, type[Refusal]] = {
    "shift_practitioner_one_place": PractitionerBusy,
    "shift_keeps_taken_seats": SeatsTaken,
}


class ShiftFields(TypedDict, total=False):
    """What may be changed of one half-day; what is not named stays."""

    starts_at: datetime
    ends_at: datetime
    practitioner_id: int
    site_id: int
    seats: int
    agent_reserve: int
    type_ids: Collection[int]


class Change(NamedTuple):
    """A half-day after a change, and the ids of the appointments it no longer receives."""

    shift: Shift
    outside: list[int]


@transaction.atomic
def edit_shift(
    *, shift_id: int, author: User, now: datetime, note: str = "", **wanted: Unpack[ShiftFields]
) -> Change:
    """Change the time, person, place, seats or types of one half-day.

    Raises ShiftOver, ShiftCancelled, EndsTooEarly, TooLong, OtherCentre, PractitionerGone,
    PractitionerBusy, SeatsDoNotFit, SeatsTaken.
    """
    columns: dict[str, Any] = dict(wanted)
    types = {*columns.pop("type_ids")} if "type_ids" in columns else None
    shift = _lock(shift_id, wanted.get("practitioner_id"), now=now)
    if shift.status == Shift.Status.CANCELLED:
        raise ShiftCancelled
    _check(shift, columns, now=now)
    offered = _offered(shift)
    same = all(getattr(shift, name) == value for name, value in columns.items())
    if same and types in (None, offered):
        return Change(shift, _outside(shift))
    seats = columns.get("seats", shift.seats)
    if seats != shift.seats or types not in (None, offered):
        kinds = AppointmentType.objects.filter(pk__in=offered if types is None else types)
        check_seats(list(kinds), seats)
    signed = ShiftChange(action=ShiftChange.Action.EDIT, author=author, note=note, decided_at=now)
    return _write(shift, {**columns, "is_edited": True}, types, signed)


@transaction.atomic
def cancel_shift(*, shift_id: int, author: User, now: datetime, note: str = "") -> Change:
    """Offer nothing more in one half-day. Cancelling twice is once. Raises ShiftOver."""
    shift = _lock(shift_id, now=now)
    signed = ShiftChange(action=ShiftChange.Action.CANCEL, author=author, note=note, decided_at=now)
    return _write(shift, {"status": Shift.Status.CANCELLED, "is_edited": True}, None, signed)


@transaction.atomic
def restore_shift(*, shift_id: int, author: User, now: datetime, note: str = "") -> Change:
    """Make one half-day again what its rule makes of that day, and follow the rule from now on.

    Without a rule that asks for it, it is opened as it stands, and stays one edited by hand.
    Raises ShiftOver, PractitionerBusy, SeatsTaken.
    """
    known = Shift.objects.select_related("rule").get(pk=shift_id)
    shift = _lock(shift_id, known.rule.practitioner_id if known.rule else None, now=now)
    columns: dict[str, Any] = {"status": Shift.Status.OPEN, "is_edited": True}
    types = None
    if shift.rule is not None:
        day = shift.occurs_on
        planned = plan(
            shift.rule, start=day, until=day + timedelta(days=1), holidays=Holidays()
        ).get(day)
        if planned is not None:
            columns = {**columns_of(shift.rule, planned), "is_edited": False}
            columns["seats"] = shift.rule.seats
            types = {kind.pk for kind in shift.rule.types.all()}
    _check(shift, columns, now=now)
    signed = ShiftChange(
        action=ShiftChange.Action.RESTORE, author=author, note=note, decided_at=now
    )
    return _write(shift, columns, types, signed)


@transaction.atomic
def swap_shifts(
    *,
    one_id: int,
    other_id: int,
    shift_ids: Collection[int],
    author: User,
    now: datetime,
    note: str = "",
) -> list[Change]:
    """Give these half-days of two practitioners each to the other, all or nothing.

    Raises NothingToSwap, ShiftOver, ShiftCancelled, PractitionerGone, PractitionerBusy.
    """
    lock_people({one_id, other_id})
    locked = Shift.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=shift_ids)
    shifts = list(locked.order_by("pk"))
    _check_swap(shifts, {one_id, other_id}, now=now)
    owners = {shift.pk: shift.practitioner_id for shift in shifts}
    moved = Shift.objects.filter(pk__in=owners)
    try:
        with transaction.atomic():
            # Out of each other’s way first: the constraint looks at one row at a time.
            moved.update(status=Shift.Status.CANCELLED)
            for giver, taker in ((one_id, other_id), (other_id, one_id)):
                own = [pk for pk, who in owners.items() if who == giver]
                Shift.objects.filter(pk__in=own).update(practitioner=taker, is_edited=True)
            moved.update(status=Shift.Status.OPEN)
    except IntegrityError as error:
        raise _refusal(error) from error
    refresh_closed(owners)
    for shift in shifts:
        shift.refresh_from_db()
    ShiftChange.objects.bulk_create(
        ShiftChange(
            shift=shift,
            action=ShiftChange.Action.EDIT,
            changes={"practitioner_id": [owners[shift.pk], shift.practitioner_id]},
            author=author,
            author_name=str(author)[:120],
            note=note,
            decided_at=now,
        )
        for shift in shifts
    )
    return [Change(shift, _outside(shift)) for shift in shifts]


def _check_swap(shifts: Sequence[Shift], people: set[int], *, now: datetime) -> None:
    if not shifts or any(shift.practitioner_id not in people for shift in shifts):
        raise NothingToSwap
    if any(shift.ends_at <= now for shift in shifts):
        raise ShiftOver
    if any(shift.status == Shift.Status.CANCELLED for shift in shifts):
        raise ShiftCancelled
    if Practitioner.objects.filter(pk__in=people, is_active=True).count() != 2:
        raise PractitionerGone


def cancel_shifts_of(
    *, practitioner_id: int, author: User, now: datetime, note: str = ""
) -> list[Change]:
    """Cancel every half-day still to come of somebody who leaves, those edited by hand too."""
    left = Shift.objects.filter(
        practitioner=practitioner_id, status=Shift.Status.OPEN, ends_at__gt=now
    )
    return [
        cancel_shift(shift_id=pk, author=author, now=now, note=note)
        for pk in left.order_by("pk").values_list("pk", flat=True)
    ]


def _lock(shift_id: int, other: int | None = None, *, now: datetime) -> Shift:
    """Lock a half-day, and first its practitioner and the one it is to go to."""
    first = Shift.objects.only("practitioner_id").get(pk=shift_id).practitioner_id
    lock_people({first, other or first})
    shifts = Shift.objects.select_for_update(of=("self",), no_key=True)
    shift = shifts.select_related("rule__site__centre__department", "rule__practitioner").get(
        pk=shift_id
    )
    if shift.ends_at <= now:
        raise ShiftOver
    return shift


def _check(shift: Shift, columns: dict[str, Any], *, now: datetime) -> None:
    """Round the times to the minute; raise what can be said before the database is asked."""
    for name in ("starts_at", "ends_at"):
        if name in columns:
            columns[name] = columns[name].replace(second=0, microsecond=0)
    starts_at = columns.get("starts_at", shift.starts_at)
    ends_at = columns.get("ends_at", shift.ends_at)
    if starts_at >= ends_at:
        raise EndsTooEarly
    if ends_at - starts_at > LONGEST_SHIFT:
        raise TooLong
    if ends_at <= now:
        raise ShiftOver
    who = columns.get("practitioner_id", shift.practitioner_id)
    if not Practitioner.objects.filter(pk=who, is_active=True).exists():
        raise PractitionerGone
    site, centre = columns.get("site_id", shift.site_id), columns.get("centre_id", shift.centre_id)
    if not Site.objects.filter(pk=site, centre=centre).exists():
        raise OtherCentre


def _write(
    shift: Shift, columns: Mapping[str, Any], types: set[int] | None, signed: ShiftChange
) -> Change:
    """Write what differs, and who decided it; nothing when nothing does."""
    changes = {
        name: [before, value]
        for name, value in columns.items()
        if (before := getattr(shift, name)) != value
    }
    offered = _offered(shift)
    try:
        with transaction.atomic():
            Shift.objects.filter(pk=shift.pk).update(
                **{name: value for name, (_, value) in changes.items()}
            )
    except IntegrityError as error:
        raise _refusal(error) from error
    shift.refresh_from_db()
    if types is not None and types != offered:
        ShiftType.objects.filter(shift=shift).delete()
        offer({shift: types})
        changes["type_ids"] = [sorted(offered), sorted(types)]
    if changes:
        refresh_closed([shift.pk])
        signed.shift, signed.changes = shift, changes
        signed.author_name = str(signed.author)[:120]
        signed.save(force_insert=True)
    return Change(shift, _outside(shift))


def _offered(shift: Shift) -> set[int]:
    return set(shift.offers.values_list("type_id", flat=True))


def _outside(shift: Shift) -> list[int]:
    return list(shift.appointments.outside().order_by("starts_at").values_list("pk", flat=True))


def _refusal(error: IntegrityError) -> Refusal:
    """The refusal that a broken constraint stands for; any other error is a bug and goes on."""
    diagnosis = getattr(error.__cause__, "diag", None)
    refusal = BY_CONSTRAINT.get(getattr(diagnosis, "constraint_name", None) or "")
    if refusal is None:
        raise error
    return refusal()

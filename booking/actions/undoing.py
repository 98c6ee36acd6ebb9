"""Taking a declaration back within the minute: as far as nobody has acted meanwhile."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from booking import announcing
from booking.actions.declaring import lock_shifts, write_places
from booking.actors import Actor
from booking.concerned import NAMED, Period
from booking.constraints import refuse_clash
from booking.errors import PlanChanged, SlotTaken, UndoTooLate
from booking.messages import before_move
from booking.models import Appointment, Case, Declaration
from booking.rules import UNDO_FOR
from centres.actions import withdraw
from centres.actions.closing import shifts_during
from centres.models import Absence

Choice, State = Case.Choice, Appointment.State


class Undone(NamedTuple):
    """What was taken back, and what stays because somebody has acted on it or been told."""

    declaration: Declaration
    undone: list[Case]
    kept: list[Case]


# Of appointments that were to go back to their old places: those whose place somebody else has
# now. Of those that go back too, where they are does not count.
TAKEN = """
SELECT DISTINCT v.id
FROM jsonb_to_recordset(%(rows)s::jsonb) AS v (
    id bigint, practitioner_id bigint, busy_from timestamptz, busy_until timestamptz,
    seat smallint, is_overbooked boolean)
JOIN booking_appointment a ON a.practitioner_id = v.practitioner_id AND a.seat = v.seat
    AND a.busy_from < v.busy_until AND a.busy_until > v.busy_from
WHERE a.state NOT IN ('cancelled', 'lapsed') AND NOT a.is_overbooked AND NOT v.is_overbooked
  AND a.id <> ALL (%(own)s)
"""


def undo(*, uid: UUID, now: datetime, actor: Actor) -> Undone:
    """Take back the absence or the closure, every move, proposal and cancellation, and the messages
    that told of them. Done again, it says the same.

    What a family or a colleague has changed since, or a family was told of, stays as it is; so does
    what cannot go back, as somebody else has its time. Raises UndoTooLate after a minute, when
    messages leave, or when the period is gone already; PlanChanged when a time was taken meanwhile.
    """
    try:
        return _undo(uid, now=now, actor=actor)
    except IntegrityError as error:
        refusal = refuse_clash(error)
        raise (PlanChanged() if isinstance(refusal, SlotTaken) else refusal) from error


@transaction.atomic
def _undo(uid: UUID, *, now: datetime, actor: Actor) -> Undone:
    found = Declaration.objects.select_related("absence", "closure").get(uid=uid)
    period = found.absence or found.closure
    cases = list(found.cases.all())
    _lock(cases, period)
    declaration = Declaration.objects.select_for_update(of=("self",)).get(pk=found.pk)
    if declaration.undone_at is not None:
        return _as_it_was(declaration)
    if period is None or now > declaration.declared_at + UNDO_FOR:
        raise UndoTooLate
    withdraw(period=period)
    appointments = _lock_appointments(cases)
    cases = list(declaration.cases.select_related("proposal").order_by("id"))
    untouched = _with_their_place(
        [each for each in cases if _is_untouched(each, appointments.get(each.appointment_id))]
    )
    told = announcing.withdraw_declared(
        [appointments[each.appointment_id] for each in untouched],
        since=declaration.declared_at,
        by=actor.label,
        now=now,
    )
    undone = [each for each in untouched if each.appointment_id not in told]
    _put_back(undone, appointments, event=f"undo{declaration.pk}", now=now, actor=actor)
    Case.objects.filter(pk__in=[each.pk for each in undone]).update(is_undone=True)
    declaration.undone_at, declaration.undone_by = now, actor.label[:80]
    declaration.save(update_fields=["undone_at", "undone_by"])
    return Undone(declaration, undone, [each for each in cases if each not in undone])


def _as_it_was(declaration: Declaration) -> Undone:
    cases = list(declaration.cases.order_by("id"))
    return Undone(
        declaration,
        [each for each in cases if each.is_undone],
        [each for each in cases if not each.is_undone],
    )


def _lock(cases: Sequence[Case], period: Period | None) -> None:
    shifts = {int(each.was["shift_id"]) for each in cases}
    if period is not None:
        shifts |= set(shifts_during(period))
    lock_shifts([each.appointment_id for each in cases], shifts)


def _lock_appointments(cases: Sequence[Case]) -> dict[int, Appointment]:
    wanted = Appointment.objects.filter(pk__in=[each.appointment_id for each in cases])
    locked = wanted.select_related(*NAMED).order_by("id")
    return {each.pk: each for each in locked.select_for_update(of=("self",), no_key=True)}


def _is_untouched(case: Case, appointment: Appointment | None) -> bool:
    """Whether everything is still as the declaration left it."""
    if appointment is None or appointment.sequence != case.sequence:
        return False
    if case.choice == Choice.CANCEL:
        return appointment.state == State.CANCELLED
    is_left = case.choice in (Choice.PROPOSE, Choice.CALL)
    is_elsewhere = appointment.practitioner_id != case.was["practitioner_id"]
    if is_left and is_elsewhere and case.declaration.absence_id is not None:
        return False  # lent to a colleague, who receives it
    if case.choice == Choice.PROPOSE:
        is_held = case.proposal is not None and case.proposal.state == State.HELD
        return appointment.state == State.BOOKED and not case.answer and is_held
    return appointment.state == State.BOOKED


def _with_their_place(cases: Sequence[Case]) -> list[Case]:
    """Those that nobody has taken the old place of."""
    back = [each for each in cases if each.choice in (Choice.MOVE, Choice.CANCEL)]
    if not back:
        return list(cases)
    own = [each.appointment_id for each in back]
    own += [each.proposal_id for each in cases if each.proposal_id is not None]
    rows = [{"id": each.appointment_id, **each.was} for each in back]
    with connection.cursor() as cursor:
        cursor.execute(TAKEN, {"rows": json.dumps(rows), "own": own})
        taken = {pk for (pk,) in cursor.fetchall()}
    return [each for each in cases if each.appointment_id not in taken]


def _put_back(
    cases: Sequence[Case],
    appointments: dict[int, Appointment],
    *,
    event: str,
    now: datetime,
    actor: Actor,
) -> None:
    changed = [each for each in cases if each.choice in (Choice.MOVE, Choice.CANCEL)]
    held = [each.proposal_id for each in cases if each.proposal_id is not None]
    left = [before_move(appointments[each.appointment_id]) for each in changed]
    rows = [{"id": each.appointment_id, **each.was} for each in changed]
    write_places(rows, action="undo", now=now, actor=actor)
    Appointment.objects.filter(pk__in=held, state=State.HELD).update(state=State.LAPSED)
    again = Appointment.objects.filter(pk__in=[each.appointment_id for each in cases])
    by_pk = {each.pk: each for each in again.select_related(*NAMED)}
    announcing.put_back(
        [by_pk[each.appointment_id] for each in changed],
        left=left,
        waited=[(each.was_waiting, by_pk[each.appointment_id]) for each in cases],
        event=event,
        now=now,
    )


@transaction.atomic
def take_back(*, period: Period, now: datetime, actor: Actor) -> int:
    """An absence or a closure will not be: its time is offered again. What was moved or cancelled
    stays so; times held for families that have not answered are given back, and the desk tells
    those that were told otherwise that they come as first agreed: how many."""
    limbo = Case.objects.in_limbo().filter(**{_side(period): period.pk})
    _lock(list(limbo), period)
    named = (f"appointment__{name}" for name in NAMED)
    cases = list(limbo.select_related("declaration", *named).order_by("id"))
    again = stand_again(cases, by=actor.label, now=now)
    withdraw(period=period)
    return len(again)


def stand_again(cases: Sequence[Case], *, by: str, now: datetime) -> list[Case]:
    """The appointments of these take place as first agreed: what is held instead is given back,
    and the desk tells so those told otherwise; which. Under the locks of their shifts."""
    held = [each.proposal_id for each in cases if each.proposal_id is not None]
    Appointment.objects.filter(pk__in=held, state=State.HELD).update(state=State.LAPSED)
    waiting = Case.objects.unanswered().filter(pk__in=[each.pk for each in cases])
    waiting.update(answer=Case.Answer.MOOT, answered_at=now)
    return announcing.stand_again(cases, by=by, now=now)


def _side(period: Period) -> str:
    return "declaration__absence" if isinstance(period, Absence) else "declaration__closure"

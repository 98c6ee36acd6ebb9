"""What becomes of a time proposed to a family: it accepts, refuses, or does not answer."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, connection, transaction

from booking import announcing, messages
from booking.actions.changing import (
    CHANGED_FIELDS,
    PLACE_FIELDS,
    check_family_then,
    record,
    swap_places,
)
from booking.actions.confirming import check_child_is_free
from booking.actions.holding import check_still_there, live_hold
from booking.actors import FAMILY
from booking.concerned import NAMED
from booking.constraints import refuse_clash
from booking.errors import HoldExpired, WrongState
from booking.loading import update_appointment
from booking.locking import lock_appointments
from booking.models import Appointment, Case

Answer, State = Case.Answer, Appointment.State

# Proposals whose time is over, or whose appointment somebody has changed otherwise. What a family
# is just answering is left to it.
LAPSE = """
UPDATE booking_appointment SET state = 'lapsed' WHERE id IN (
    SELECT held.id FROM booking_case c
    JOIN booking_appointment held ON held.id = c.proposal_id
    JOIN booking_appointment a ON a.id = c.appointment_id
    WHERE c.choice = 'propose' AND c.answer = '' AND held.state = 'held'
      AND (c.answer_by <= %(now)s OR a.sequence <> c.sequence OR a.state <> 'booked')
    FOR UPDATE OF held SKIP LOCKED)
"""


def _locked(case_id: int) -> tuple[Case, Appointment, Appointment | None]:
    """The case, its appointment and the time held for it, locked in the order of all writers."""
    seen = Case.objects.select_related("appointment", "proposal").get(pk=case_id)
    uids = [seen.appointment.uid, *([seen.proposal.uid] if seen.proposal else [])]
    locked = lock_appointments(uids)
    case = Case.objects.select_for_update(of=("self",)).get(pk=case_id)
    held = locked.get(seen.proposal.uid) if seen.proposal else None
    appointment = locked.get(seen.appointment.uid)
    if appointment is None:
        raise WrongState
    return case, appointment, held


def _check_open(case: Case, appointment: Appointment) -> None:
    """Raises WrongState once somebody has changed the appointment, or answered otherwise."""
    if appointment.sequence != case.sequence or appointment.state != State.BOOKED or case.is_undone:
        raise WrongState
    if case.answer not in ("", Answer.EXPIRED):
        raise WrongState


@transaction.atomic
def accept_proposal(*, case_id: int, now: datetime) -> Appointment:
    """The family takes the time held for it. Accepting twice is accepting once.

    Raises WrongState, HoldExpired after the deadline, NotOffered when nobody is there then either,
    AgeNotAllowed, WeeksNotAllowed, AlreadyBookedThen.
    """
    case, appointment, held = _locked(case_id)
    if case.answer == Answer.ACCEPTED:
        return appointment
    _check_open(case, appointment)
    if held is None or case.answer:
        raise HoldExpired
    live_hold({held.uid: held}, held.uid, now=now)
    check_still_there(held)
    check_family_then(appointment, held)
    check_child_is_free(appointment, at=held)
    was = messages.before_move(appointment)
    swap_places(appointment, held, now=now)
    held.reoffer_at = None  # nobody is there to receive another family
    appointment.sequence += 1
    appointment.note, appointment.is_overbooked = "", False
    record(appointment, "accept", now=now, actor=FAMILY)
    try:
        update_appointment(held, *PLACE_FIELDS, "state", "reoffer_at")
        update_appointment(appointment, *CHANGED_FIELDS, *PLACE_FIELDS, "is_overbooked")
    except IntegrityError as error:
        raise refuse_clash(error) from error
    _answer(case, Answer.ACCEPTED, now=now)
    messages.moved(appointment, now=now, was=was)
    return appointment


@transaction.atomic
def refuse_proposal(*, case_id: int, now: datetime) -> Appointment:
    """The family does not want the time held for it: it is given back, and the desk calls.

    Refusing twice is refusing once. Raises WrongState, HoldExpired.
    """
    case, appointment, held = _locked(case_id)
    if case.answer == Answer.REFUSED:
        return appointment
    _check_open(case, appointment)
    if case.answer:
        raise HoldExpired
    if held is not None and held.state == State.HELD:
        held.state = State.LAPSED
        update_appointment(held, "state")
    _answer(case, Answer.REFUSED, now=now)
    announcing.to_call(messages.REFUSED, [appointment], event=str(case.pk), now=now)
    return appointment


def _answer(case: Case, answer: str, *, now: datetime) -> None:
    case.answer, case.answered_at = answer, now
    case.save(update_fields=["answer", "answered_at"])


@transaction.atomic
def chase_proposals(*, now: datetime) -> int:
    """Give back the times of proposals that are over, and put on the list of those to phone the
    families that have not answered; how many. May run late or twice."""
    with connection.cursor() as cursor:
        cursor.execute(LAPSE, {"now": now})
    over = (
        Case.objects.unanswered()
        .exclude(proposal__state=State.HELD)
        .select_for_update(of=("self",), skip_locked=True)
    )
    cases = list(over.order_by("id"))
    if not cases:
        return 0
    waiting = Case.objects.standing().filter(pk__in=[each.pk for each in cases])
    unanswered = list(
        waiting.select_related(*(f"appointment__{name}" for name in NAMED)).order_by("id")
    )
    expired = {each.pk for each in unanswered}
    moot = [each.pk for each in cases if each.pk not in expired]
    Case.objects.filter(pk__in=expired).update(answer=Answer.EXPIRED, answered_at=now)
    Case.objects.filter(pk__in=moot).update(answer=Answer.MOOT, answered_at=now)
    announcing.to_call_of(messages.UNANSWERED, unanswered, now=now)
    return len(unanswered)

"""What an absence had called off takes place after all: lent to a colleague, or taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from booking import actions
from booking.actions.lending import EDIT
from booking.declared import in_limbo
from booking.desk import calls
from booking.errors import PlanChanged
from booking.models import Appointment, Case, Declaration
from centres.calendar import to_minute
from centres.models import Absence, Closure, Shift, User
from notifications.handling import tell
from notifications.models import OutboxMessage
from tests.booking.illness import NEXT, Ill, ill
from tests.booking.scene import AGENT, NOW, after, clock
from tests.factories import make_appointment, make_practitioner, make_shift, make_type

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _usual_rules() -> None:
    actions.load_default_rules(now=after(days=-10))


def lend(it: Ill) -> None:
    colleague = make_practitioner(it.scene.centre.department, last_name="Kerboul")
    actions.change_half_day(
        shift_id=it.scene.shift.pk,
        do=EDIT,
        wanted={"practitioner_id": colleague.pk},
        author=User.objects.create_user("claire@example.org"),
        now=after(2),
        follows=True,
    )


def phoned(kind: str = "to_call") -> None:
    for row in OutboxMessage.objects.filter(kind=kind, handled_as=""):
        tell(pk=row.pk, by="Claire", now=after(1))


def kinds_to_call(it: Ill, minutes: int = 5) -> list[str]:
    listed = calls([it.scene.centre], now=after(minutes)).found
    return sorted(call.message.kind for call in listed if call.message)


@pytest.mark.parametrize("choice", ["call", "propose"])
def test_families_told_not_to_come_are_told_to_come_once_the_half_day_is_lent(choice: str) -> None:
    it = ill(1)
    it.declare(choice)
    phoned()
    OutboxMessage.objects.filter(kind="proposed").update(state="delivered")
    visit = it.visits[0]
    assert in_limbo(visit) is not None
    lend(it)
    visit.refresh_from_db()
    assert in_limbo(visit) is None
    assert not Appointment.objects.filter(state="held").exists()
    assert actions.chase_proposals(now=after(days=1)) == 0
    assert kinds_to_call(it) == ["time_kept"]


@pytest.mark.parametrize("choice", ["call", "propose"])
def test_lent_before_anybody_was_told_nobody_is_called(choice: str) -> None:
    it = ill(1, is_told=False)
    it.declare(choice)
    lend(it)
    assert kinds_to_call(it) == []
    assert not OutboxMessage.objects.filter(kind="proposed", state="planned").exists()
    assert OutboxMessage.objects.filter(kind="confirmation", state="planned").count() == 1


def test_an_undo_leaves_what_was_lent_meanwhile_to_the_colleague() -> None:
    it = ill(1)
    declaration = it.declare("call")
    Appointment.objects.update(practitioner=make_practitioner(it.scene.centre.department))
    done = actions.undo(uid=declaration.uid, now=NOW, actor=AGENT)
    assert [each.appointment_id for each in done.kept] == [it.visits[0].pk]


def test_a_second_proposal_without_an_answer_is_to_be_phoned_too() -> None:
    it = ill(1)
    for _ in range(2):
        case = it.declare("propose").cases.get()
        assert case.answer_by is not None
        assert actions.chase_proposals(now=case.answer_by) == 1
        assert kinds_to_call(it) == ["proposal_unanswered"]
        phoned("proposal_unanswered")
        actions.take_back(period=Absence.objects.get(), now=after(10), actor=AGENT)
        phoned("time_kept")


def test_families_phoned_are_told_when_it_is_taken_back_and_others_are_not() -> None:
    it = ill(2)
    it.declare("call")
    first = OutboxMessage.objects.filter(kind="to_call").earliest("id")
    tell(pk=first.pk, by="Claire", now=after(1))
    assert actions.take_back(period=Absence.objects.get(), now=after(2), actor=AGENT) == 1
    assert kinds_to_call(it) == ["time_kept"]
    (call,) = calls([it.scene.centre], now=after(5)).found
    assert str(call.appointments[0].uid) == first.subject_ref


def test_an_absence_and_a_closure_of_one_number_are_told_apart() -> None:
    it = ill(1)
    shift = it.scene.shift
    closed = Closure(
        department=it.scene.centre.department,
        centre=it.scene.centre,
        label="Travaux",
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
    )
    absent = it.period
    absent.pk = closed.pk = 70
    for period in (absent, closed):
        it.declare("call", period=period)
        phoned()
        assert actions.take_back(period=period, now=after(2), actor=AGENT) == 1
        assert kinds_to_call(it) == ["time_kept"]
        phoned("time_kept")


def declared_from_half_past(it: Ill, choice: str) -> Declaration:
    """One visit is from 9:00 to 9:30: the doctor leaves in the middle of it."""
    period = it.period
    period.starts_at += timedelta(minutes=15)
    return it.declare(choice, period=period)


@pytest.mark.parametrize("choice", ["move", "cancel"])
def test_a_former_time_that_was_taken_is_not_undone_and_the_rest_is(choice: str) -> None:
    it = ill(2)
    declaration = declared_from_half_past(it, choice)
    first, second = it.visits
    make_appointment(
        it.scene.shift,
        starts_at=clock("08:45"),
        ends_at=clock("09:15"),
        busy_from=clock("08:45"),
        busy_until=clock("09:15"),
    )
    done = actions.undo(uid=declaration.uid, now=NOW, actor=AGENT)
    assert [each.appointment_id for each in done.kept] == [first.pk]
    assert [each.appointment_id for each in done.undone] == [second.pk]
    assert not Absence.objects.exists()
    second.refresh_from_db()
    assert (second.starts_at, second.state) == (clock("09:30"), "booked")


def test_a_seat_that_is_no_more_is_a_refusal() -> None:
    it = ill(1)
    kind = make_type(mode="group", audience="adult")
    doctor = it.scene.shift.practitioner
    session = make_shift(
        starts_at=clock("14:00"), hours=2, seats=2, types=[kind], practitioner=doctor
    )
    make_appointment(session, seat=2)
    absence = it.period
    absence.starts_at, absence.ends_at = session.starts_at, session.ends_at
    declaration = it.declare("cancel", period=absence)
    Shift.objects.filter(pk=session.pk).update(seats=1)
    with pytest.raises(PlanChanged):
        actions.undo(uid=declaration.uid, now=NOW, actor=AGENT)
    assert Absence.objects.exists()


def test_two_types_of_one_session_are_given_two_seats() -> None:
    it = ill(1)
    group = {"mode": "group", "audience": "adult"}
    kinds = [make_type(**group), make_type(**group)]
    doctor = it.scene.shift.practitioner
    same: dict[str, Any] = {"types": kinds, "site": it.scene.shift.site, "practitioner": doctor}
    here = make_shift(starts_at=clock("14:00"), hours=2, seats=2, **same)
    make_shift(starts_at=clock("16:00", NEXT), hours=2, seats=2, **same)
    for seat, kind in enumerate(kinds, start=1):
        make_appointment(here, type=kind, seat=seat)
    absence = it.period
    absence.starts_at, absence.ends_at = here.starts_at, here.ends_at
    it.declare("move", period=absence)
    moved = Appointment.objects.filter(starts_at=clock("16:00", NEXT))
    assert sorted(moved.values_list("seat", flat=True)) == [1, 2]


@pytest.mark.parametrize("choice", ["move", "cancel", "propose", "call"])
def test_news_of_a_move_that_had_waited_is_told_once_it_is_undone(choice: str) -> None:
    it = ill(1)
    moved = it.visits[0]
    actions.move_to(uid=moved.uid, start=to_minute(clock("10:30")), now=NOW, actor=AGENT)
    assert OutboxMessage.objects.filter(kind="moved", state="planned").exists()
    uid = it.declare(choice).uid
    moved.refresh_from_db()
    about = OutboxMessage.objects.filter(kind="moved", state="planned", version=1)
    assert not about.exists()
    actions.undo(uid=uid, now=NOW, actor=AGENT)
    moved.refresh_from_db()
    assert moved.starts_at == clock("10:30")
    again = OutboxMessage.objects.filter(kind="moved", state="planned")
    assert {each.version for each in again} == {moved.sequence}


def test_a_sheet_leaves_families_to_calls_and_ends_them_when_it_moves_the_absence() -> None:
    it = ill(2)
    first, second = it.visits
    absence = it.period
    sheet: dict[str, Any] = {"centre": it.scene.centre, "actor": AGENT, "now": NOW}
    actions.declare_absences(absences=[absence], **sheet)
    assert kinds_to_call(it) == ["to_call", "to_call"]
    phoned()
    absence.starts_at = second.starts_at
    actions.declare_absences(absences=[absence], **sheet)
    assert (in_limbo(first), in_limbo(second) is not None) == (None, True)
    assert Case.objects.count() == 2
    (call,) = calls([it.scene.centre], now=after(5)).found
    assert call.appointments == [first]
    assert kinds_to_call(it) == ["time_kept"]

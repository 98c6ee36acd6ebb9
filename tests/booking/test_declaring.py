"""An absence or a closure declared with its families: all of it at once, told once, and undone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from booking import actions
from booking.desk import calls
from booking.errors import (
    HoldExpired,
    NotOffered,
    PlanChanged,
    SlotTaken,
    UndoTooLate,
    WrongState,
)
from booking.models import Appointment, AppointmentEvent, Case, Declaration, Household
from centres.calendar import to_minute
from centres.models import Absence, Closure, Shift
from notifications.composing import compose
from notifications.models import OutboxMessage
from tests.booking.illness import NEXT, ill
from tests.booking.scene import AGENT, NOW, Scene, after, clock, open_session, parent
from tests.factories import make_appointment, make_guardian, make_shift

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _usual_rules() -> None:
    actions.load_default_rules(now=after(days=-10))


def states(visits: Sequence[Appointment]) -> list[str]:
    found = {each.pk: each.state for each in Appointment.objects.all()}
    return [found[each.pk] for each in visits]


def told(kind: str) -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(kind=kind).order_by("id"))


def left() -> dict[str, Any]:
    """Everything a declaration could write."""
    return {
        "appointments": list(Appointment.objects.order_by("pk").values()),
        "messages": list(OutboxMessage.objects.order_by("pk").values("pk", "state")),
        "absences": Absence.objects.count() + Closure.objects.count(),
        "declared": Declaration.objects.count() + Case.objects.count(),
        "shifts": list(Shift.objects.order_by("pk").values("pk", "closed", "busy")),
    }


def test_families_hit_are_listed_with_distinct_times_that_can_be_booked() -> None:
    it = ill()
    found = it.seen()
    assert [each.appointment for each in found] == it.visits
    shown = [place.start for each in found for place in each.places]
    assert len(shown) == len(set(shown)) == 6
    assert all(each.ways[0].channel == "email" for each in found)
    assert not Absence.objects.exists()


def test_moving_tells_each_family_once_of_its_new_time() -> None:
    it = ill()
    it.declare("move")
    assert states(it.visits) == ["booked"] * 3
    moved = Appointment.objects.filter(shift=it.next_week).order_by("starts_at")
    assert [each.sequence for each in moved] == [1, 1, 1]
    assert {each.subject_ref for each in told("moved")} == {str(each.uid) for each in it.visits}
    assert len({each.intent_key for each in told("moved")}) == len(told("moved"))
    it.scene.shift.refresh_from_db()
    assert it.scene.shift.closed
    with pytest.raises(NotOffered):
        it.scene.hold("09:00")


def test_a_proposal_is_held_from_everybody_else_until_the_family_answers() -> None:
    it = ill(1)
    it.declare("propose")
    held = Appointment.objects.get(state="held")
    assert (held.moves_id, held.shift_id) == (it.visits[0].pk, it.next_week.pk)
    start = to_minute(held.starts_at)
    with pytest.raises(SlotTaken):
        actions.hold(kind=it.scene.kind, centre=it.scene.centre, start=start, now=after(20))
    message = told("proposed")[0]
    content = compose(message)
    assert content is not None
    assert content.context["new_day_short"]
    assert message.valid_until == held.expires_at


def test_an_accepted_proposal_is_the_family_s_appointment() -> None:
    it = ill(1)
    case = it.declare("propose").cases.get()
    held = Appointment.objects.get(state="held")
    moved = actions.accept_proposal(case_id=case.pk, now=after(10))
    assert moved.starts_at == held.starts_at
    assert actions.accept_proposal(case_id=case.pk, now=after(11)).sequence == 1
    assert AppointmentEvent.objects.filter(action="accept").count() == 1
    assert {each.state for each in told("proposed")} == {"superseded"}
    assert not calls([it.scene.centre], now=after(20)).found


@pytest.mark.parametrize("answer", ["refused", "expired"])
def test_no_or_no_answer_puts_the_family_on_the_list_of_calls(answer: str) -> None:
    it = ill(1)
    case = it.declare("propose").cases.get()
    OutboxMessage.objects.filter(kind="proposed").update(state="delivered")
    assert not calls([it.scene.centre], now=after(1)).found
    at = after(30) if answer == "refused" else case.answer_by
    assert at is not None
    if answer == "refused":
        actions.refuse_proposal(case_id=case.pk, now=at)
        actions.refuse_proposal(case_id=case.pk, now=at)
    else:
        assert actions.chase_proposals(now=at) == 1
        assert actions.chase_proposals(now=at) == 0
        with pytest.raises(HoldExpired):
            actions.accept_proposal(case_id=case.pk, now=at)
    case.refresh_from_db()
    assert case.answer == answer
    assert not Appointment.objects.filter(state="held").exists()
    (call,) = calls([it.scene.centre], now=at).found
    assert call.appointments == it.visits


def test_a_family_that_chose_another_time_itself_has_nothing_to_answer() -> None:
    it = ill(1)
    case = it.declare("propose").cases.get()
    actions.cancel(uid=it.visits[0].uid, now=after(5))
    assert actions.chase_proposals(now=after(6)) == 0
    case.refresh_from_db()
    assert case.answer == "moot"
    assert not Appointment.objects.filter(state="held").exists()
    with pytest.raises(WrongState):
        actions.accept_proposal(case_id=case.pk, now=after(7))


def test_cancelling_and_calling_tell_and_list() -> None:
    it = ill(2)
    it.declare("cancel", "call")
    assert states(it.visits) == ["cancelled", "booked"]
    assert {each.subject_ref for each in told("closed")} == {str(it.visits[0].uid)}
    (call,) = calls([it.scene.centre], now=after(5)).found
    assert call.appointments == it.visits[1:]


def test_families_that_no_message_reaches_are_to_be_phoned() -> None:
    it = ill(2)
    Household.objects.update(contact_by="none")
    it.declare("move", "cancel")
    listed = calls([it.scene.centre], now=after(5)).found
    assert sorted(call.message.kind for call in listed if call.message) == ["closed", "moved"]


def test_reminders_follow_those_moved_and_no_family_is_reminded_of_what_cannot_be() -> None:
    it = ill(2)
    it.declare("move", "call")
    days = [
        each.subject_ref.rpartition(":")[2]
        for each in OutboxMessage.objects.filter(kind="reminder", state="planned").order_by("id")
    ]
    assert "2027-03-09" in days
    untold = OutboxMessage.objects.filter(
        kind="reminder", state="planned", subject_ref__endswith="2027-03-02"
    )
    assert [compose(each) for each in untold] == [None] * len(untold)


@pytest.mark.parametrize("change", ["cancelled", "another came", "time taken"])
def test_what_changed_meanwhile_is_told_and_nothing_is_written(change: str) -> None:
    it = ill(2)
    plan = it.plan("move")
    if change == "cancelled":
        actions.cancel(uid=it.visits[0].uid, now=NOW)
    elif change == "another came":
        it.scene.book("11:00", who=parent(9))
    else:
        other = parent(8)
        start = plan.wanted[0].start
        assert start is not None
        held = actions.hold(kind=it.scene.kind, centre=it.scene.centre, start=start, now=NOW)
        actions.confirm(uid=held.uid, who=other, now=NOW)
    before = left()
    with pytest.raises(PlanChanged):
        actions.declare(plan=plan, now=NOW, actor=AGENT)
    assert left() == before


def test_pressed_twice_it_is_declared_once() -> None:
    it = ill(2)
    plan = it.plan("move")
    first = actions.declare(plan=plan, now=NOW, actor=AGENT)
    again = plan._replace(period=it.period)
    assert actions.declare(plan=again, now=after(1), actor=AGENT) == first
    assert Absence.objects.count() == 1
    assert {each.sequence for each in Appointment.objects.filter(state="booked")} == {1}


def test_a_whole_centre_is_closed_with_its_sessions() -> None:
    it = ill(2)
    session = open_session(shift={"site": it.scene.shift.site})
    scene = Scene(session.kind, session.shift)
    guardians = [make_guardian() for _ in range(2)]
    there = [make_appointment(scene.shift, guardian=each) for each in guardians]
    make_shift(
        starts_at=clock("14:00", NEXT),
        hours=2,
        seats=2,
        types=[session.kind],
        site=it.scene.shift.site,
        practitioner=scene.shift.practitioner,
    )
    closure = Closure(
        department=it.scene.centre.department,
        centre=it.scene.centre,
        label="Travaux",
        starts_at=clock("00:00"),
        ends_at=clock("23:00"),
    )
    it.declare("move", period=closure)
    moved = Appointment.objects.filter(pk__in=[each.pk for each in there])
    assert sorted(each.seat for each in moved) == [1, 2]
    assert {each.starts_at for each in moved} == {clock("14:00", NEXT)}


def test_undone_within_the_minute_everything_is_as_before_and_nobody_was_told() -> None:
    it = ill(4)
    before = {each.pk: (each.starts_at, each.state, each.shift_id) for each in it.visits}
    uid = it.declare("move", "propose", "cancel", "call").uid
    done = actions.undo(uid=uid, now=NOW + 50 * SECOND, actor=AGENT)
    assert (len(done.undone), done.kept) == (4, [])
    after_it = {
        each.pk: (each.starts_at, each.state, each.shift_id)
        for each in Appointment.objects.filter(pk__in=before)
    }
    assert after_it == before
    assert not Absence.objects.exists()
    assert not Appointment.objects.filter(state="held").exists()
    news = OutboxMessage.objects.filter(kind__in=["moved", "closed", "proposed"])
    assert {each.state for each in news} == {"superseded"}
    assert not calls([it.scene.centre], now=after(2)).found
    reminded = OutboxMessage.objects.filter(kind="reminder", state="planned")
    assert {each.subject_ref[-10:] for each in reminded} == {"2027-03-02"}
    again = actions.undo(uid=uid, now=after(30), actor=AGENT)
    assert len(again.undone) == 4
    it.scene.shift.refresh_from_db()
    assert it.scene.shift.closed == []


def test_after_an_undo_it_can_be_declared_again_and_is_told() -> None:
    it = ill(2)
    uid = it.declare("propose").uid
    actions.undo(uid=uid, now=NOW + SECOND, actor=AGENT)
    it.declare("propose")
    assert OutboxMessage.objects.filter(kind="proposed", state="planned").exists()


def test_a_confirmation_withdrawn_by_it_is_sent_again_once_undone() -> None:
    it = ill(1, is_told=False)
    uid = it.declare("move").uid
    assert {each.state for each in told("confirmation")} == {"superseded"}
    actions.undo(uid=uid, now=NOW + SECOND, actor=AGENT)
    assert [each.state for each in told("confirmation")][-1] == "planned"


def test_what_somebody_has_acted_on_stays_when_the_rest_is_undone() -> None:
    it = ill(3)
    declaration = it.declare("propose", "move", "move")
    first = declaration.cases.get(choice="propose")
    actions.accept_proposal(case_id=first.pk, now=NOW + 20 * SECOND)
    told_already = it.visits[1]
    OutboxMessage.objects.filter(kind="moved", subject_ref=str(told_already.uid)).update(
        state="sent"
    )
    done = actions.undo(uid=declaration.uid, now=NOW + 40 * SECOND, actor=AGENT)
    assert [each.appointment_id for each in done.undone] == [it.visits[2].pk]
    assert {each.appointment_id for each in done.kept} == {it.visits[0].pk, told_already.pk}
    assert not Absence.objects.exists()


def test_after_the_minute_messages_have_left_and_undoing_is_refused() -> None:
    it = ill(1)
    declaration = it.declare("move")
    assert all(each.send_at >= NOW + timedelta(seconds=61) for each in told("moved"))
    before = left()
    with pytest.raises(UndoTooLate):
        actions.undo(uid=declaration.uid, now=NOW + 61 * SECOND, actor=AGENT)
    assert left() == before


def statements(count: int) -> tuple[int, int, int]:
    it = ill(count)
    with CaptureQueriesContext(connection) as shown:
        plan = it.plan("move")
    with CaptureQueriesContext(connection) as declared:
        uid = actions.declare(plan=plan, now=NOW, actor=AGENT).uid
    with CaptureQueriesContext(connection) as undone:
        actions.undo(uid=uid, now=NOW + SECOND, actor=AGENT)
    return len(shown), len(declared), len(undone)


def test_as_many_statements_for_six_families_as_for_two() -> None:
    assert statements(2) == statements(6)

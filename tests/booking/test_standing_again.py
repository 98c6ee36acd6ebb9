"""What an absence had called off takes place after all: lent to a colleague, or taken back."""

from __future__ import annotations

import pytest

from booking import actions
from booking.actions.lending import EDIT
from booking.declared import in_limbo
from booking.desk import calls
from booking.models import Appointment
from centres.models import Absence, Closure, User
from notifications.handling import tell
from notifications.models import OutboxMessage
from tests.booking.illness import Ill, ill
from tests.booking.scene import AGENT, NOW, after
from tests.factories import make_practitioner

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

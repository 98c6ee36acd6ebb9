"""A visit that an absence and a closure both call off: as long as one stands, nobody is there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from booking import actions
from booking.actions.lending import CANCEL, RESTORE
from booking.concerned import Period
from booking.declared import in_limbo
from booking.desk import calls
from booking.models import Appointment, Case, Declaration
from centres.models import Absence, Closure, User
from notifications.composing import compose
from notifications.handling import tell
from notifications.models import OutboxMessage
from tests.booking.illness import NEXT, Ill, ill
from tests.booking.scene import AGENT, NOW, clock
from tests.booking.test_standing_again import lend

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
End = Callable[[Declaration], None]


@pytest.fixture(autouse=True)
def _usual_rules() -> None:
    actions.load_default_rules(now=NOW - timedelta(days=10))


def closure_of(it: Ill) -> Closure:
    centre, shift = it.scene.centre, it.scene.shift
    times = {"starts_at": shift.starts_at, "ends_at": shift.ends_at}
    return Closure(department=centre.department, centre=centre, label="Travaux", **times)


def declare(it: Ill, choice: str, period: Period, *, seconds: int = 0) -> Declaration:
    plan = it.plan(choice, period=period)
    return actions.declare(plan=plan, now=NOW + seconds * SECOND, actor=AGENT)


def both(it: Ill, first: str = "call", second: str = "call") -> list[Declaration]:
    """The absence, and ten seconds later the closure."""
    return [
        declare(it, first, it.period),
        declare(it, second, closure_of(it), seconds=10),
    ]


def undone(declaration: Declaration) -> None:
    actions.undo(uid=declaration.uid, now=NOW + 50 * SECOND, actor=AGENT)


def taken_back(declaration: Declaration) -> None:
    declaration.refresh_from_db()
    period = declaration.absence or declaration.closure
    assert period is not None
    actions.take_back(period=period, now=NOW + 50 * SECOND, actor=AGENT)


def to_phone(it: Ill) -> list[str]:
    listed = calls([it.scene.centre], now=NOW + 120 * SECOND).found
    return sorted(call.message.kind for call in listed if call.message)


def phoned(kind: str = "to_call", *, seconds: int) -> None:
    for row in OutboxMessage.objects.filter(kind=kind, state="failed", handled_as=""):
        tell(pk=row.pk, by="Claire", now=NOW + seconds * SECOND)


def on_their_way() -> list[str]:
    rows = OutboxMessage.objects.filter(state="planned", is_withdrawn=False)
    about = rows.exclude(kind="reminder")
    return sorted({row.kind for row in about if compose(row) is not None})


ends = pytest.mark.parametrize("end", [undone, taken_back])


@ends
@pytest.mark.parametrize("goes", [0, 1], ids=["the absence goes", "the closure goes"])
def test_one_of_two_taken_back_leaves_the_call_and_the_last_one_ends_it(
    goes: int, end: End
) -> None:
    it = ill(1, is_told=False)
    declared = both(it)
    end(declared[goes])
    assert to_phone(it) == ["to_call"]
    assert in_limbo(it.visits[0]) is not None
    assert on_their_way() == [], "nobody is there then"
    end(declared[1 - goes])
    assert to_phone(it) == []
    assert in_limbo(it.visits[0]) is None
    assert on_their_way() == ["confirmation"]
    assert not OutboxMessage.objects.filter(kind="to_call", handled_as="").exists()


@ends
@pytest.mark.parametrize("goes", [0, 1], ids=["the absence goes", "the closure goes"])
def test_told_that_it_is_off_a_family_is_told_that_it_stands_once_nothing_is_in_the_way(
    goes: int, end: End
) -> None:
    it = ill(1)
    first = declare(it, "call", it.period)
    phoned(seconds=5)
    declared = [first, declare(it, "call", closure_of(it), seconds=10)]
    end(declared[goes])
    assert "time_kept" not in to_phone(it)
    taken_back(declared[1 - goes])
    assert to_phone(it) == ["time_kept"]
    assert OutboxMessage.objects.filter(kind="time_kept").count() == 1


@ends
def test_the_time_proposed_by_the_later_one_is_still_proposed(end: End) -> None:
    it = ill(1)
    absence, closure = both(it, "propose", "propose")
    end(absence)
    assert on_their_way() == ["proposed"]
    held = Appointment.objects.get(state="held")
    assert held.pk == closure.cases.get().proposal_id
    end(closure)
    assert on_their_way() == []
    assert not Appointment.objects.filter(state="held").exists()


def test_a_family_that_said_no_is_still_to_be_phoned_when_a_later_closure_goes() -> None:
    it = ill(1)
    absence, closure = both(it, "propose", "call")
    actions.refuse_proposal(case_id=absence.cases.get().pk, now=NOW + 20 * SECOND)
    taken_back(closure)
    assert to_phone(it) == ["proposal_refused"]
    taken_back(absence)
    assert to_phone(it) == ["time_kept"]


def test_a_move_that_a_closure_has_hit_meanwhile_is_not_undone() -> None:
    it = ill(1)
    absence = declare(it, "move", it.period)
    closure = closure_of(it)
    closure.starts_at, closure.ends_at = clock("08:00", NEXT), clock("19:00", NEXT)
    later = declare(it, "call", closure, seconds=10)
    done = actions.undo(uid=absence.uid, now=NOW + 50 * SECOND, actor=AGENT)
    assert ([each.appointment for each in done.kept], done.undone) == (it.visits, [])
    assert to_phone(it) == ["to_call"]
    assert Case.objects.in_limbo().get().declaration == later


@ends
def test_an_absence_that_nobody_declared_with_its_families_counts_too(end: End) -> None:
    it = ill(1)
    closure = declare(it, "call", closure_of(it))
    absence = it.period
    absence.save()
    end(closure)
    assert to_phone(it) == ["to_call"]
    phoned(seconds=55)
    assert to_phone(it) == []


def test_lent_to_a_colleague_in_a_closed_centre_it_does_not_stand() -> None:
    it = ill(1, is_told=False)
    _absence, closure = both(it)
    lend(it)
    assert to_phone(it) == ["to_call"]
    assert on_their_way() == []
    taken_back(closure)
    assert to_phone(it) == []
    assert on_their_way() == ["confirmation"]


def test_lent_by_one_of_two_absences_it_is_confirmed_once_and_phoned_no_more() -> None:
    it = ill(1, is_told=False)
    declare(it, "call", it.period)
    declare(it, "call", it.period, seconds=10)
    lend(it)
    assert to_phone(it) == []
    assert on_their_way() == ["confirmation"]
    assert not OutboxMessage.objects.filter(kind="to_call", handled_as="").exists()


def change(it: Ill, do: str, seconds: int) -> None:
    author, _ = User.objects.get_or_create(email="chef@example.org")
    at = NOW + seconds * SECOND
    actions.change_half_day(shift_id=it.scene.shift.pk, do=do, author=author, now=at)


@pytest.mark.parametrize("is_told", [True, False], ids=["phoned", "not phoned"])
def test_a_half_day_that_is_off_besides_keeps_its_call(is_told: bool) -> None:
    it = ill(1)
    absence = declare(it, "call", it.period)
    if is_told:
        phoned(seconds=5)
    change(it, CANCEL, seconds=10)
    taken_back(absence)
    assert to_phone(it) == ["to_call"]
    change(it, RESTORE, seconds=55)
    assert to_phone(it) == (["time_kept"] if is_told else [])


@pytest.mark.parametrize("is_told", [True, False], ids=["phoned", "not phoned"])
def test_a_half_day_that_is_on_again_does_not_stand_while_its_doctor_is_away(
    is_told: bool,
) -> None:
    it = ill(1)
    absence = declare(it, "call", it.period)
    change(it, CANCEL, seconds=10)
    if is_told:
        phoned(seconds=15)
    change(it, RESTORE, seconds=20)
    assert to_phone(it) == ([] if is_told else ["to_call"])
    assert actions.heal_calls(now=NOW + 30 * SECOND) == 0
    taken_back(absence)
    assert to_phone(it) == (["time_kept"] if is_told else [])


def test_a_half_day_that_is_on_again_keeps_its_call_under_an_absence_without_one() -> None:
    it = ill(1)
    change(it, CANCEL, seconds=10)
    it.period.save()
    change(it, RESTORE, seconds=20)
    assert to_phone(it) == ["to_call"]
    assert actions.heal_calls(now=NOW + 30 * SECOND) == 0
    assert to_phone(it) == ["to_call"]
    Absence.objects.all().delete()
    assert actions.heal_calls(now=NOW + 40 * SECOND) == 1
    assert to_phone(it) == []


@ends
def test_as_many_statements_for_six_families_as_for_two(end: End) -> None:
    def statements(count: int) -> list[int]:
        it = ill(count, is_told=False)
        counts = []
        for declaration in both(it):
            with CaptureQueriesContext(connection) as found:
                end(declaration)
            counts.append(len(found))
        assert not Absence.objects.exists()
        assert not Closure.objects.exists()
        return counts

    assert statements(2) == statements(6)

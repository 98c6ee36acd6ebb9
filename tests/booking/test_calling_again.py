"""A call promised to a family: taken by one, tried until somebody answers, undone when mistaken."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from booking import actions, ringback
from booking.actors import Actor
from booking.desk import calls
from booking.errors import AskedAgain, CallbackClosed, CallbackTaken
from booking.models import CallbackRequest, CallbackTry
from centres.models import PublicHoliday
from tests.booking.scene import AGENT, NOW, Scene, after, open_morning

pytestmark = pytest.mark.django_db
MARC = Actor("agent", "marc@example.org")
MONDAY = date(2027, 3, 1)


@pytest.fixture
def scene() -> Scene:
    return open_morning()


def ask(scene: Scene, phone: str = "+33612345678", **fields: Any) -> CallbackRequest:
    details = {"first_name": "Nadia", "last_name": "Benali", "now": NOW} | fields
    return actions.request_callback(
        centre_id=scene.centre.pk, type_id=scene.kind.pk, phone=phone, **details
    )


def again(asked: CallbackRequest, **fields: Any) -> CallbackRequest:
    return actions.call_again(uid=asked.uid, **{"now": NOW, "actor": AGENT} | fields)


def test_who_does_not_answer_is_called_on_the_next_working_day(scene: Scene) -> None:
    tuesday = MONDAY + timedelta(days=1)
    PublicHoliday.objects.create(department=scene.centre.department, on=tuesday, name="Fête")
    asked = again(ask(scene), note="Messagerie pleine")
    assert (asked.state, asked.due_on) == ("open", MONDAY + timedelta(days=2))
    assert asked.promised_on == MONDAY + timedelta(days=3), "the promise itself stays"
    made = CallbackTry.objects.get()
    assert (made.by, made.outcome, made.note) == (AGENT.label, "unreached", "Messagerie pleine")


def test_or_on_the_day_that_was_agreed(scene: Scene) -> None:
    asked = again(ask(scene), again_on=date(2027, 3, 9))
    assert asked.due_on == date(2027, 3, 9)
    assert calls([scene.centre], now=after(days=4)).found == []
    assert len(calls([scene.centre], now=after(days=8)).found) == 1


def test_pressed_twice_it_was_one_call(scene: Scene) -> None:
    asked = ask(scene)
    for _ in range(2):
        again(asked, seen=0)
    again(asked, seen=1)
    assert CallbackTry.objects.count() == 2


def test_one_takes_a_call_and_colleagues_see_it_until_it_lapses(scene: Scene) -> None:
    asked = ask(scene)
    for _ in range(2):
        actions.take_callback(uid=asked.uid, now=NOW, actor=AGENT)
    with pytest.raises(CallbackTaken):
        actions.take_callback(uid=asked.uid, now=after(19), actor=MARC)
    actions.leave_callback(uid=asked.uid, now=after(19), actor=MARC)
    asked.refresh_from_db()
    assert asked.taken(now=after(19)) == AGENT.label, "not somebody else's to leave"
    assert asked.taken(now=after(20)) == ""
    taken = actions.take_callback(uid=asked.uid, now=after(21), actor=MARC)
    assert taken.taken(now=after(21)) == MARC.label
    assert again(asked, now=after(22), actor=MARC).taken(now=after(22)) == ""


def test_a_wrong_outcome_is_undone_and_stays_on_record(scene: Scene) -> None:
    asked = ask(scene)
    again(asked, again_on=date(2027, 3, 4))
    actions.close_callback(uid=asked.uid, outcome="dropped", note="", now=after(5), actor=AGENT)
    with pytest.raises(CallbackClosed):
        again(asked)
    undone = actions.undo_call(uid=asked.uid, now=after(6))
    assert (undone.state, undone.outcome, undone.due_on) == ("open", "", date(2027, 3, 4))
    undone = actions.undo_call(uid=asked.uid, now=after(7))
    assert undone.due_on == asked.promised_on
    assert actions.undo_call(uid=asked.uid, now=after(8)).state == "open", "nothing left to undo"
    assert list(CallbackTry.objects.values_list("undone_at", flat=True)) == [after(7), after(6)]


def test_an_undo_gives_back_the_day_the_family_asked_for(scene: Scene) -> None:
    asked = ask(scene, again_on=date(2027, 3, 12))
    again(asked)
    again(asked, again_on=date(2027, 3, 20))
    actions.close_callback(uid=asked.uid, outcome="dropped", note="", now=NOW, actor=AGENT)
    for number, day in enumerate((date(2027, 3, 20), date(2027, 3, 2), date(2027, 3, 12))):
        last = CallbackTry.objects.filter(undone_at=None).latest("pk")
        for _ in range(2):
            undone = actions.undo_call(uid=asked.uid, now=after(number), call=last.pk)
            assert (undone.state, undone.due_on) == ("open", day), "pressed twice, undone once"


def test_a_day_agreed_since_a_call_outlives_its_undo(scene: Scene) -> None:
    asked = again(ask(scene))
    ask(scene, again_on=date(2027, 3, 15))
    assert actions.undo_call(uid=asked.uid, now=after(1)).due_on == date(2027, 3, 15)


def test_a_request_made_anew_meanwhile_is_not_doubled_by_an_undo(scene: Scene) -> None:
    asked = ask(scene)
    actions.close_callback(uid=asked.uid, outcome="answered", note="", now=NOW, actor=AGENT)
    ask(scene)
    with pytest.raises(AskedAgain):
        actions.undo_call(uid=asked.uid, now=after(1))
    assert CallbackTry.objects.get().undone_at is None


def test_the_database_wants_an_end_to_who_has_taken_it(scene: Scene) -> None:
    asked = ask(scene)
    with pytest.raises(IntegrityError, match="callback_taken_for_a_while"):
        CallbackRequest.objects.filter(pk=asked.pk).update(taken_by="claire@example.org")


def test_calls_are_grouped_by_their_day(scene: Scene) -> None:
    late, today, later = (
        ask(scene, f"+3361234567{number}", again_on=MONDAY + timedelta(days=number - 1))
        for number in range(3)
    )
    done = ask(scene, "+33612345679")
    actions.close_callback(uid=done.uid, outcome="answered", note="", now=NOW, actor=AGENT)
    found = ringback.read_calls(scene.centre, now=after(1))
    assert (found.overdue, found.today, found.later) == ([late], [today], [later])
    assert (found.done, found.more) == ([done], 0)

"""What had still to be told of a visit is told after all once what came between is taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from booking import actions, announcing
from booking.desk import calls, is_to_be_called
from booking.models import Appointment, Household
from centres.calendar import to_minute
from centres.models import Absence, Closure, Shift
from notifications.composing import compose
from notifications.fallback import change_channels
from notifications.handling import tell
from notifications.models import OutboxMessage
from tests.booking.illness import Ill, ill
from tests.booking.scene import AGENT, NOW, after, clock
from tests.messages import become

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
BEFORE = NOW - 10 * SECOND  # when a visit of 9:00 was moved by an agent to 11:30


@pytest.fixture(autouse=True)
def _usual_rules() -> None:
    actions.load_default_rules(now=after(days=-10))


def moved_to_half_past_eleven(*, contact_by: str = "any", count: int = 1) -> Ill:
    """An agent has moved the first visit."""
    it = ill(count)
    Household.objects.update(contact_by=contact_by)
    first, start = it.visits[0], to_minute(clock("11:30"))
    it.visits[0] = actions.move_to(uid=first.uid, start=start, now=BEFORE, actor=AGENT)
    return it


def to_phone(it: Ill) -> list[str]:
    """What the desk is to phone about, of all that is ahead."""
    listed = calls([it.scene.centre], now=after(5)).found
    return sorted(call.message.kind for call in listed if call.message)


def phoned(kind: str) -> None:
    for row in OutboxMessage.objects.filter(kind=kind, state="failed", handled_as=""):
        tell(pk=row.pk, by="Claire", now=NOW + SECOND)


def on_their_way(it: Ill) -> list[str]:
    """Messages about the first visit that will leave and say what is so."""
    rows = OutboxMessage.objects.filter(
        subject_ref=str(it.visits[0].uid), state="planned", is_withdrawn=False
    )
    return sorted(row.channel for row in rows if compose(row) is not None)


# What comes between, and how it is taken back: each pair keeps the time the visit was moved to.


def by_mistake(it: Ill) -> None:
    actions.cancel(uid=it.visits[0].uid, now=NOW, actor=AGENT)


def uncancelled(_it: Ill) -> None:
    for visit in Appointment.objects.filter(state="cancelled"):
        actions.uncancel(uid=visit.uid, now=NOW + 50 * SECOND, actor=AGENT)


def away(choice: str) -> Callable[[Ill], None]:
    def declare(it: Ill) -> None:
        it.declare(choice)

    return declare


def undone(_it: Ill) -> None:
    for declaration in Absence.objects.get().declarations.all():
        actions.undo(uid=declaration.uid, now=NOW + 50 * SECOND, actor=AGENT)


def taken_back(_it: Ill) -> None:
    actions.take_back(period=Absence.objects.get(), now=NOW + 50 * SECOND, actor=AGENT)


WAYS = {
    "cancelled and uncancelled": (by_mistake, uncancelled),
    **{f"{choice}, undone": (away(choice), undone) for choice in ("move", "cancel")},
    **{f"{choice}, undone": (away(choice), undone) for choice in ("propose", "call")},
    **{f"{choice}, taken back": (away(choice), taken_back) for choice in ("propose", "call")},
}
between = pytest.mark.parametrize(("comes", "goes"), WAYS.values(), ids=WAYS)
Step = Callable[[Ill], None]


@between
def test_a_family_still_to_be_phoned_is_phoned_about_its_new_time(comes: Step, goes: Step) -> None:
    it = moved_to_half_past_eleven(contact_by="none")
    assert to_phone(it) == ["moved"]
    comes(it)
    goes(it)
    assert to_phone(it) == ["moved"]
    it.visits[0].refresh_from_db()
    assert is_to_be_called(it.visits[0])
    phoned("moved")
    assert to_phone(it) == []
    assert not is_to_be_called(it.visits[0])


@between
def test_a_family_that_was_phoned_before_is_left_in_peace(comes: Step, goes: Step) -> None:
    it = moved_to_half_past_eleven(contact_by="none")
    phoned("moved")
    comes(it)
    goes(it)
    assert to_phone(it) == []


@between
@pytest.mark.parametrize("state", ["undeliverable", "expired"])
def test_news_that_was_lost_is_told_by_telephone(comes: Step, goes: Step, state: str) -> None:
    it = moved_to_half_past_eleven()
    become(state, kind="moved")
    assert to_phone(it) == ["moved"]
    comes(it)
    goes(it)
    assert to_phone(it) == ["moved"]


@between
def test_news_that_comes_back_only_afterwards_is_told_by_telephone(comes: Step, goes: Step) -> None:
    it = moved_to_half_past_eleven()
    become("sent", kind="moved")
    comes(it)
    goes(it)
    assert to_phone(it) == []
    OutboxMessage.objects.filter(kind="moved", state="sent").update(state="undeliverable")
    assert to_phone(it) == ["moved"]


@between
@pytest.mark.parametrize("state", ["sending", "uncertain"])
def test_news_that_was_just_leaving_is_tried_again(comes: Step, goes: Step, state: str) -> None:
    it = moved_to_half_past_eleven()
    become(state, kind="moved")
    comes(it)
    goes(it)
    OutboxMessage.objects.filter(kind="moved", state=state, is_withdrawn=False).update(
        state="planned"
    )
    assert on_their_way(it) == ["email", "sms"]


@between
def test_news_that_did_not_leave_after_all_meanwhile_is_said_again(comes: Step, goes: Step) -> None:
    it = moved_to_half_past_eleven()
    become("sending", kind="moved")
    comes(it)
    OutboxMessage.objects.filter(state="sending").update(state="superseded")
    goes(it)
    assert on_their_way(it) == ["email", "sms"]


@between
def test_of_two_ways_the_one_that_had_not_left_yet_leaves(comes: Step, goes: Step) -> None:
    it = moved_to_half_past_eleven()
    become("undeliverable", kind="moved", channel="email")
    comes(it)
    goes(it)
    assert "sms" in on_their_way(it)
    assert to_phone(it) == []


@between
def test_another_way_that_was_found_meanwhile_is_taken(comes: Step, goes: Step) -> None:
    it = moved_to_half_past_eleven()
    news = OutboxMessage.objects.filter(kind="moved")
    news.filter(channel="sms").delete()
    phone = {"channel": "sms", "recipient": str(it.visits[0].guardian.phone)}
    news.update(alternatives=[phone])
    become("sent", kind="moved")
    comes(it)
    news.filter(state="sent").update(state="undeliverable", is_withdrawn=False)
    change_channels()
    goes(it)
    assert on_their_way(it) == ["sms"]
    assert to_phone(it) == []


@between
def test_a_family_that_no_way_reaches_any_more_is_to_be_phoned(comes: Step, goes: Step) -> None:
    it = moved_to_half_past_eleven()
    comes(it)
    Household.objects.update(contact_by="none")
    goes(it)
    assert on_their_way(it) == []
    assert to_phone(it) == ["moved"]


def test_told_of_the_cancellation_it_is_phoned_once_that_it_stands() -> None:
    it = moved_to_half_past_eleven(contact_by="none")
    by_mistake(it)
    phoned("closed")
    uncancelled(it)
    assert to_phone(it) == ["time_kept"]


def test_cancelled_by_mistake_twice_it_is_still_to_be_phoned_that_it_stands() -> None:
    it = moved_to_half_past_eleven(contact_by="none")
    by_mistake(it)
    phoned("closed")
    uncancelled(it)
    again = NOW + 55 * SECOND
    actions.cancel(uid=it.visits[0].uid, now=again, actor=AGENT)
    actions.uncancel(uid=it.visits[0].uid, now=again + SECOND, actor=AGENT)
    assert to_phone(it) == ["time_kept"]


def closure_of(it: Ill) -> Closure:
    shift = it.scene.shift
    return Closure(
        department=it.scene.centre.department,
        centre=it.scene.centre,
        label="Travaux",
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
    )


@pytest.mark.parametrize("is_undone", [True, False])
def test_an_absence_is_still_to_be_phoned_once_a_closure_is_taken_back(is_undone: bool) -> None:
    it = ill(1, is_told=False)
    it.declare("call")
    closure = closure_of(it)
    plan = it.plan("call", period=closure)
    later = NOW + 10 * SECOND
    declaration = actions.declare(plan=plan, now=later, actor=AGENT)
    if is_undone:
        actions.undo(uid=declaration.uid, now=later + SECOND, actor=AGENT)
    else:
        actions.take_back(period=Closure.objects.get(), now=later + SECOND, actor=AGENT)
    assert to_phone(it) == ["to_call"]
    assert on_their_way(it) == [], "nobody is there then"


def test_nothing_says_that_it_takes_place_while_its_half_day_is_off() -> None:
    it = ill(1, is_told=False)
    become("sending", kind="confirmation")
    uid = it.declare("call").uid
    OutboxMessage.objects.filter(state="sending").update(state="superseded")
    Shift.objects.filter(pk=it.scene.shift.pk).update(status="cancelled")
    actions.undo(uid=uid, now=NOW + SECOND, actor=AGENT)
    assert on_their_way(it) == []


def test_what_was_leaving_when_its_half_day_went_off_is_tried_again_once_it_is_on() -> None:
    it = moved_to_half_past_eleven()
    become("uncertain", kind="moved")
    announcing.called_off(it.visits, decision="1", now=NOW)
    assert OutboxMessage.objects.get(kind="moved", channel="email").is_withdrawn
    announcing.called_on(it.visits, decision="2", by="Claire", now=NOW + SECOND)
    assert not OutboxMessage.objects.get(kind="moved", channel="email").is_withdrawn
    assert to_phone(it) == []


@pytest.mark.parametrize("way", ["cancel, undone", "call, undone", "call, taken back"])
def test_as_many_statements_for_six_families_as_for_two(way: str) -> None:
    def statements(count: int) -> int:
        comes, goes = WAYS[way]
        it = ill(count, is_told=False)
        comes(it)
        with CaptureQueriesContext(connection) as found:
            goes(it)
        assert len(on_their_way(it)) == 1
        Absence.objects.all().delete()
        return len(found)

    assert statements(2) == statements(6)

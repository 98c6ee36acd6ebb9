"""The visit: arrived, in progress, fulfilled, not come; and what may follow what."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from booking import actions
from booking.actors import FAMILY
from booking.errors import AgentsOnly, TooSoon, VisitTooSoon, WrongState
from booking.models import Appointment, AppointmentEvent
from tests.booking.scene import AGENT, NOW, clock, open_morning

pytestmark = pytest.mark.django_db

AT_NINE = clock("09:00")
# Each action: the state it leads to, and the states it may follow.
MAY_FOLLOW = {
    "arrive": ("arrived", {"booked", "in_progress", "noshow"}),
    "await_again": ("booked", {"arrived", "noshow"}),
    "start": ("in_progress", {"arrived", "fulfilled"}),
    "fulfil": ("fulfilled", {"in_progress", "arrived"}),
    "mark_noshow": ("noshow", {"booked"}),
}
STATES = sorted(Appointment.State)


def test_a_visit_from_door_to_end_is_recorded() -> None:
    booked = open_morning().book()
    for step in (actions.arrive, actions.start, actions.fulfil):
        step(uid=booked.uid, now=AT_NINE, actor=AGENT)
    events = AppointmentEvent.objects.filter(appointment=booked).values_list("action", "actor")
    assert list(events) == [
        ("book", "family"),
        ("arrive", AGENT.label),
        ("start", AGENT.label),
        ("fulfil", AGENT.label),
    ]


@pytest.mark.parametrize("name", sorted(MAY_FOLLOW))
@pytest.mark.parametrize("state", STATES)
def test_each_step_follows_only_some(name: str, state: str) -> None:
    step: Callable[..., Appointment] = getattr(actions, name)
    booked = open_morning().book()
    # Held needs its expiry; the others need nothing more.
    Appointment.objects.filter(pk=booked.pk).update(state=state, expires_at=AT_NINE)
    reached, sources = MAY_FOLLOW[name]
    if state in sources | {reached}:
        assert step(uid=booked.uid, now=AT_NINE, actor=AGENT).state == reached
    else:
        with pytest.raises(WrongState):
            step(uid=booked.uid, now=AT_NINE, actor=AGENT)


def test_clicking_twice_is_one_event() -> None:
    booked = open_morning().book()
    for _ in range(2):
        actions.arrive(uid=booked.uid, now=AT_NINE, actor=AGENT)
    assert AppointmentEvent.objects.filter(action="arrive").count() == 1


def test_nobody_is_absent_before_the_start() -> None:
    booked = open_morning().book("09:30")
    with pytest.raises(TooSoon):
        actions.mark_noshow(uid=booked.uid, now=clock("09:29"), actor=AGENT)
    marked = actions.mark_noshow(uid=booked.uid, now=clock("09:30"), actor=AGENT)
    assert marked.state == "noshow"


def test_nobody_has_arrived_before_the_day_on_the_centre_s_clock() -> None:
    booked = open_morning().book()
    eve, midnight = clock("00:00") - timedelta(minutes=1), clock("00:00")
    for now in (NOW, eve):
        with pytest.raises(VisitTooSoon) as refused:
            actions.arrive(uid=booked.uid, now=now, actor=AGENT)
        assert refused.value.message != TooSoon.message, "it is not about booking online"
    booked.refresh_from_db()
    assert booked.state == "booked"
    assert actions.arrive(uid=booked.uid, now=midnight, actor=AGENT).state == "arrived"


@pytest.mark.parametrize("wrong", ["arrive", "mark_noshow"])
def test_a_wrong_click_is_undone_and_both_stand_in_the_history(wrong: str) -> None:
    booked = open_morning().book()
    click: Callable[..., Appointment] = getattr(actions, wrong)
    click(uid=booked.uid, now=AT_NINE, actor=AGENT)
    for _ in range(2):
        actions.await_again(uid=booked.uid, now=AT_NINE, actor=AGENT)
    booked.refresh_from_db()
    assert booked.state == "booked"
    events = AppointmentEvent.objects.filter(appointment=booked)
    assert list(events.values_list("action", "state")[2:]) == [("await", "booked")]
    assert events.last().actor == AGENT.label
    other = "arrive" if wrong == "mark_noshow" else "mark_noshow"
    assert getattr(actions, other)(uid=booked.uid, now=AT_NINE, actor=AGENT)


def test_no_family_undoes_what_the_desk_noted() -> None:
    booked = open_morning().book()
    actions.mark_noshow(uid=booked.uid, now=AT_NINE, actor=AGENT)
    with pytest.raises(AgentsOnly):
        actions.await_again(uid=booked.uid, now=AT_NINE, actor=FAMILY)
    booked.refresh_from_db()
    assert booked.state == "noshow"


def test_a_family_that_comes_after_all_has_arrived() -> None:
    booked = open_morning().book()
    actions.mark_noshow(uid=booked.uid, now=AT_NINE, actor=AGENT)
    assert actions.arrive(uid=booked.uid, now=AT_NINE, actor=AGENT).state == "arrived"


def test_an_unknown_appointment_is_refused() -> None:
    with pytest.raises(WrongState):
        actions.arrive(uid=uuid4(), now=AT_NINE, actor=AGENT)


@pytest.mark.parametrize("state", ["arrived", "in_progress", "fulfilled", "noshow"])
def test_its_time_stays_taken_whatever_came_of_it(state: str) -> None:
    scene = open_morning()
    booked = scene.book()
    Appointment.objects.filter(pk=booked.pk).update(state=state)
    scene.shift.refresh_from_db()
    assert len(scene.shift.busy) == 2


def test_a_press_counts_for_what_was_seen_only() -> None:
    """Two agents see the same visit in progress; both take that back, and it goes one step back."""
    booked = open_morning().book()
    actions.arrive(uid=booked.uid, now=AT_NINE, actor=AGENT)
    actions.start(uid=booked.uid, now=AT_NINE, actor=AGENT)
    for _ in range(2):
        undone = actions.arrive(uid=booked.uid, now=AT_NINE, actor=AGENT, seen="in_progress")
        assert undone.state == "arrived"
    actions.await_again(uid=booked.uid, now=AT_NINE, actor=AGENT, seen="arrived")
    with pytest.raises(WrongState):
        actions.arrive(uid=booked.uid, now=AT_NINE, actor=AGENT, seen="in_progress")
    assert actions.arrive(uid=booked.uid, now=AT_NINE, actor=AGENT).state == "arrived"

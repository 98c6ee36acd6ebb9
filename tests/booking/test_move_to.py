"""An agent moves an appointment to an exact time, person and place."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from booking import actions, queries
from booking.actors import FAMILY
from booking.errors import (
    AgeNotAllowed,
    AgentsOnly,
    AlreadyBookedThen,
    NotOffered,
    Refusal,
    SlotTaken,
    TooSoon,
    WrongState,
)
from booking.models import Appointment, AppointmentEvent
from booking.rules import agent_window
from centres.calendar import to_minute
from centres.models import Shift
from notifications.models import OutboxMessage
from tests.booking.scene import (
    AGENT,
    NOW,
    TUESDAY,
    Scene,
    after,
    clock,
    open_morning,
    open_session,
    parent,
)
from tests.factories import make_shift, make_site
from tests.messages import become

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return open_morning()


def move(booked: Appointment, at: str, on: date = TUESDAY, **wishes: Any) -> Appointment:
    wishes = {"now": NOW, "actor": AGENT} | wishes
    return actions.move_to(uid=booked.uid, start=to_minute(clock(at, on)), **wishes)


def offered(scene: Scene) -> set[str]:
    slots = queries.search(
        kind=scene.kind,
        centre=scene.centre,
        window=agent_window(now=NOW),
        now=NOW,
        for_public=False,
    )
    return {f"{queries.local(slot.start, scene.centre):%H:%M}" for slot in slots}


def test_it_takes_the_new_time_and_leaves_the_old_one(scene: Scene) -> None:
    booked = scene.book("09:00")
    move(booked, "10:00")
    booked.refresh_from_db()
    scene.shift.refresh_from_db()
    assert (booked.starts_at, booked.ends_at) == (clock("10:00"), clock("10:30"))
    assert (booked.state, booked.sequence) == ("booked", 1)
    assert scene.shift.busy == [to_minute(clock("10:00")), to_minute(clock("10:30"))]
    last = AppointmentEvent.objects.filter(appointment=booked).last()
    assert last is not None
    assert (last.action, last.actor) == ("move", AGENT.label)


def test_half_an_hour_moves_by_a_quarter_though_its_own_time_is_in_the_way(scene: Scene) -> None:
    booked = scene.book("09:00")
    assert move(booked, "09:15").starts_at == clock("09:15")
    assert move(booked, "09:00").starts_at == clock("09:00")
    scene.shift.refresh_from_db()
    assert scene.shift.busy == [to_minute(clock("09:00")), to_minute(clock("09:30"))]


def test_a_move_by_mistake_is_taken_back_at_once_and_by_nobody_else(scene: Scene) -> None:
    booked = scene.book("09:00")
    move(booked, "10:00")
    with pytest.raises(SlotTaken):
        scene.hold("09:00", now=after(29))
    assert move(booked, "09:00").starts_at == clock("09:00")
    assert "10:00" not in offered(scene)


def test_another_person_and_another_place_can_be_meant(scene: Scene) -> None:
    elsewhere = scene.another_doctor(site=make_site(scene.centre))
    booked = scene.book("09:00", practitioner_id=scene.shift.practitioner_id)
    moved = move(booked, "09:00", practitioner_id=elsewhere.practitioner_id)
    assert (moved.shift_id, moved.site_id) == (elsewhere.pk, elsewhere.site_id)
    assert move(booked, "10:00", site_id=scene.shift.site_id).shift_id == scene.shift.pk
    assert move(booked, "11:00").shift_id == scene.shift.pk, "who is met stays, when free"


def test_the_family_is_told_of_it(scene: Scene) -> None:
    booked = scene.book("09:00")
    become("sent")
    move(booked, "10:00")
    assert set(OutboxMessage.objects.filter(state="planned").values_list("kind", flat=True)) == {
        "moved"
    }


def test_moving_it_to_where_it_is_tells_nobody(scene: Scene) -> None:
    booked = scene.book("09:00")
    become("sent")
    assert move(booked, "09:00").sequence == 0
    assert not OutboxMessage.objects.filter(state="planned", kind="moved").exists()


def test_a_seat_of_another_session_is_taken() -> None:
    scene = open_session(seats=2)
    booked = scene.book("09:00")
    on = TUESDAY + timedelta(days=1)
    later = make_shift(
        starts_at=clock("09:00", on), hours=2, seats=2, types=[scene.kind], site=scene.shift.site
    )
    moved = move(booked, "09:00", on)
    assert (moved.shift_id, moved.seat, moved.ends_at) == (later.pk, 1, clock("11:00", on))
    taken = Shift.objects.filter(pk__in=[scene.shift.pk, later.pk]).order_by("starts_at")
    assert list(taken.values_list("taken", flat=True)) == [0, 1]


def hold_ten(scene: Scene) -> None:
    scene.hold("10:00")


def book_ten(scene: Scene) -> None:
    scene.book("10:00", who=parent(2))


def close_ten(scene: Scene) -> None:
    hours = [to_minute(clock("10:00")), to_minute(clock("10:30"))]
    Shift.objects.filter(pk=scene.shift.pk).update(closed=hours)


def overbook_nine(scene: Scene) -> None:
    actions.overbook(
        shift_id=scene.shift.pk,
        type_id=scene.kind.pk,
        start=to_minute(clock("09:00")),
        who=parent(3),
        reason="fièvre",
        now=NOW,
        actor=AGENT,
    )


@pytest.mark.parametrize(
    ("before", "at", "wishes", "refusal"),
    [
        (hold_ten, "10:00", {}, SlotTaken),
        (book_ten, "10:00", {}, SlotTaken),
        (book_ten, "09:45", {}, SlotTaken),
        (close_ten, "10:00", {}, NotOffered),
        (overbook_nine, "09:15", {}, SlotTaken),
        (None, "13:00", {}, NotOffered),
        (None, "09:07", {}, NotOffered),
        (None, "10:00", {"practitioner_id": 0}, NotOffered),
        (None, "10:00", {"now": clock("10:05")}, TooSoon),
        (None, "10:00", {"seen": 3}, WrongState),
        (None, "10:00", {"actor": FAMILY}, AgentsOnly),
    ],
)
def test_a_refused_move_changes_nothing(
    scene: Scene, before: Any, at: str, wishes: dict[str, Any], refusal: type[Refusal]
) -> None:
    booked = scene.book("09:00")
    if before:
        before(scene)
    rows = list(Appointment.objects.order_by("pk").values())
    told = OutboxMessage.objects.count()
    with pytest.raises(refusal):
        move(booked, at, **wishes)
    assert list(Appointment.objects.order_by("pk").values()) == rows
    assert OutboxMessage.objects.count() == told


def test_an_expired_hold_is_in_nobody_s_way(scene: Scene) -> None:
    booked = scene.book("09:00")
    scene.hold("10:00")
    assert move(booked, "10:00", now=after(16)).starts_at == clock("10:00")


def by_agent(scene: Scene) -> Appointment:
    held = scene.hold("09:00", actor=AGENT)
    return actions.confirm(uid=held.uid, who=parent(1), now=NOW, actor=AGENT)


def test_seats_kept_for_agents_and_short_notice_are_no_obstacle() -> None:
    scene = open_morning(notice_min=100_000, shift={"agent_reserve": 6})
    booked = by_agent(scene)
    assert move(booked, "10:00").starts_at == clock("10:00")


def test_who_came_already_is_not_moved(scene: Scene) -> None:
    booked = scene.book("09:00")
    actions.arrive(uid=booked.uid, now=clock("08:55"), actor=AGENT)
    with pytest.raises(WrongState):
        move(booked, "10:00", now=clock("08:56"))


def test_the_age_is_judged_on_the_new_day() -> None:
    scene = open_morning(age_max_months=12)
    friday = date(2027, 3, 12)
    make_shift(starts_at=clock("09:00", friday), site=scene.shift.site, types=[scene.kind])
    booked = scene.book("09:00", who=parent(1, child_born_on=date(2026, 2, 10)))
    with pytest.raises(AgeNotAllowed):
        move(booked, "09:00", friday)


def test_a_child_is_in_one_place_at_a_time(scene: Scene) -> None:
    other = scene.another_doctor()
    booked = scene.book("09:00", practitioner_id=scene.shift.practitioner_id)
    second = scene.book("10:00", practitioner_id=other.practitioner_id)
    assert second.child_id == booked.child_id
    with pytest.raises(AlreadyBookedThen):
        move(booked, "10:00", practitioner_id=scene.shift.practitioner_id)

"""Group sessions: numbered seats, never one too many."""

import pytest

from booking import actions, queries
from booking.errors import NotOffered, SlotTaken
from tests.booking.scene import AGENT, NOW, Scene, after, clock, open_session, parent

pytestmark = pytest.mark.django_db


def seats_of(scene: Scene) -> list[int]:
    live = scene.shift.appointments.exclude(state__in=["cancelled", "lapsed"])
    return sorted(live.values_list("seat", flat=True))


def test_each_family_has_a_seat_for_the_whole_session() -> None:
    scene = open_session(seats=3, buffer_before_min=10)
    booked = scene.book(who=parent(1))
    assert (booked.seat, booked.starts_at, booked.ends_at) == (1, clock("09:00"), clock("11:00"))
    assert (booked.busy_from, booked.busy_until) == (clock("09:00"), clock("11:00"))
    scene.shift.refresh_from_db()
    assert (scene.shift.taken, scene.shift.busy) == (1, [])


def test_the_last_seat_is_the_last() -> None:
    scene = open_session(seats=3)
    scene.book(who=parent(1))
    scene.hold()
    scene.hold(actor=AGENT)
    assert seats_of(scene) == [1, 2, 3]
    for wishes in ({}, {"actor": AGENT}):
        with pytest.raises(SlotTaken):
            scene.hold(**wishes)


def test_an_expired_seat_is_taken_again() -> None:
    scene = open_session(seats=2)
    for _ in range(2):
        scene.hold()
    assert scene.hold(now=after(15)).seat == 1
    assert seats_of(scene) == [1]


def test_a_cancelled_seat_waits_for_the_delay() -> None:
    scene = open_session(seats=2)
    first = scene.book(who=parent(1))
    scene.book(who=parent(2))
    actions.cancel(uid=first.uid, now=NOW)
    with pytest.raises(SlotTaken):
        scene.hold(now=after(29))
    assert scene.hold(now=after(30)).seat == 1
    assert seats_of(scene) == [1, 2]


def test_seats_kept_for_agents_are_theirs() -> None:
    scene = open_session(seats=3, shift={"agent_reserve": 2})
    scene.book(who=parent(1))
    with pytest.raises(SlotTaken):
        scene.hold()
    assert scene.hold(actor=AGENT).seat == 2


def test_a_session_begins_when_it_begins() -> None:
    with pytest.raises(NotOffered):
        open_session().hold("09:30")


def test_a_family_moves_to_another_session() -> None:
    scene = open_session(seats=2)
    later = scene.another_doctor(starts_at=clock("14:00"), hours=2, seats=2)
    booked = scene.book(who=parent(1))
    moved = scene.move(booked.uid, "14:00")
    assert (moved.shift, moved.seat, moved.ends_at) == (later, 1, clock("16:00"))
    for shift, taken in [(scene.shift, 0), (later, 1)]:
        shift.refresh_from_db()
        assert shift.taken == taken


def test_a_session_shorter_than_its_type_is_still_a_session() -> None:
    """What a search shows and what a hold takes are the same, whatever the type's length says."""
    scene = open_session(duration_min=180, mode="centre")
    window = queries.window_for(scene.kind, scene.centre, now=NOW)
    found = queries.search(kind=scene.kind, centre=scene.centre, window=window, now=NOW)
    assert [slot.start for slot in found] == [int(clock("09:00").timestamp()) // 60]
    assert scene.hold().seat == 1

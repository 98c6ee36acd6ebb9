"""What is offered can be booked, what can be booked is offered, and the clock changes neither."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from booking import actions, queries
from booking.actors import FAMILY, Actor
from booking.availability import Slot, Window
from booking.errors import NotOffered, Refusal, SlotTaken, TooSoon
from booking.models import Appointment
from centres.actions import declare_absence
from centres.models import Absence
from tests.booking.scene import (
    AGENT,
    FEW,
    NOW,
    Scene,
    after,
    clock,
    open_morning,
    open_session,
    parent,
    undone,
)

pytestmark = pytest.mark.django_db
MINUTES = st.integers(0, 170)

TYPES = st.fixed_dictionaries(
    {
        "duration_min": st.sampled_from([10, 20, 30, 45]),
        "step_min": st.sampled_from([10, 15, 20]),
        "buffer_before_min": st.sampled_from([0, 5]),
        "buffer_after_min": st.sampled_from([0, 5, 10]),
    }
)
# What happens in a morning before the list is read: (what, at which minute, in whose half-day).
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["hold", "old hold", "book", "cancel", "overbook", "absence"]),
        MINUTES,
        st.integers(0, 1),
    ),
    max_size=6,
)


# A start somebody asks for, listed or not: whose, and at which minute.
PROBES = st.lists(st.tuples(st.integers(0, 1), st.integers(-5, 185)), min_size=6, max_size=6)


@settings(FEW, max_examples=12)
@given(
    kind=TYPES,
    reserve=st.integers(0, 2),
    events=EVENTS,
    probes=PROBES,
    actor=st.sampled_from([FAMILY, AGENT]),
)
def test_a_start_is_listed_if_and_only_if_it_can_be_held(
    kind: dict[str, int], reserve: int, events: list[tuple], probes: list[tuple], actor: Actor
) -> None:
    with undone():
        scene = open_morning(shift={"agent_reserve": reserve}, **kind)
        shifts = [scene.shift, scene.another_doctor()]
        for what, minute, whose in events:
            make_happen(scene, shifts[whose], what, minute)
        listed = [(slot.practitioner, slot.start) for slot in search(scene, actor)]
        begin = int(clock("09:00").timestamp()) // 60
        probed = [(shifts[whose].practitioner_id, begin + minute) for whose, minute in probes]
        for asked in probed + listed[:: max(1, len(listed) // 5)]:
            with undone():
                if asked in listed:
                    assert hold(scene, *asked, actor).state == "held"
                else:
                    with pytest.raises((NotOffered, SlotTaken)):
                        hold(scene, *asked, actor)


@settings(FEW, max_examples=8)
@given(
    seats=st.integers(2, 4),
    reserve=st.integers(0, 2),
    events=st.lists(
        st.sampled_from(["hold", "old hold", "book", "cancel", "overbook"]), max_size=5
    ),
    actor=st.sampled_from([FAMILY, AGENT]),
)
def test_a_session_is_listed_if_and_only_if_a_seat_can_be_held(
    seats: int, reserve: int, events: list[str], actor: Actor
) -> None:
    with undone():
        scene = open_session(seats=seats, shift={"agent_reserve": reserve})
        for what in events:
            make_happen(scene, scene.shift, what, 0)
        listed = search(scene, actor)
        start = int(clock("09:00").timestamp()) // 60
        if listed:
            assert [slot.start for slot in listed] == [start]
            assert hold(scene, scene.shift.practitioner_id, start, actor).seat in range(
                1, seats + 1
            )
        else:
            with pytest.raises(SlotTaken):
                hold(scene, scene.shift.practitioner_id, start, actor)


def test_the_list_at_8_04_is_that_at_8_06_but_for_what_became_too_soon() -> None:
    scene = open_morning(notice_min=60, duration_min=20, step_min=5)
    scene.book("10:10", who=parent(1))
    actions.cancel(uid=scene.book("10:45", who=parent(2)).uid, now=NOW)
    early, late = clock("08:04"), clock("08:06")
    scene.hold("11:20", now=clock("08:00"))
    before, after_ = search(scene, FAMILY, now=early), search(scene, FAMILY, now=late)
    limit = int(clock("09:06").timestamp()) // 60
    assert after_ == [slot for slot in before if slot.start >= limit]
    assert [slot.start for slot in before if slot.start < limit], "one did become too soon"
    assert len(after_) > 10


@settings(FEW, max_examples=8)
@given(first=st.integers(0, 170), passed=st.integers(0, 30), events=EVENTS)
def test_time_alone_only_takes_what_became_too_soon(
    first: int, passed: int, events: list[tuple]
) -> None:
    """From long after the last hold expired: then nothing but the clock differs."""
    with undone():
        scene = open_morning(notice_min=45)
        for what, minute, _ in events:
            make_happen(scene, scene.shift, what, minute)
        early = clock("08:00") + timedelta(minutes=first)
        late = early + timedelta(minutes=passed)
        limit = int(late.timestamp()) // 60 + 45
        before, after_ = search(scene, FAMILY, now=early), search(scene, FAMILY, now=late)
        assert after_ == [slot for slot in before if slot.start >= limit]


def test_a_hold_hides_and_its_end_shows_the_same_list_again() -> None:
    scene = open_morning(duration_min=20)
    whole = search(scene, FAMILY)
    scene.hold("10:00")
    held = search(scene, FAMILY)
    assert set(held) < set(whole)
    assert search(scene, FAMILY, now=after(15)) == whole


def test_a_start_too_soon_for_families_is_neither_listed_nor_held() -> None:
    scene = open_morning(notice_min=60)
    at = clock("09:30")
    listed = {slot.start for slot in search(scene, FAMILY, now=at)}
    assert min(listed) == int(clock("10:30").timestamp()) // 60
    with pytest.raises(TooSoon):
        scene.hold("10:15", now=at)


def test_one_site_shows_its_own_slots_only() -> None:
    scene = open_morning()
    away = scene.another_doctor(site=None)
    window = Window(0, 10**9)
    found = queries.search(
        kind=scene.kind, centre=scene.centre, window=window, now=NOW, site_id=scene.shift.site_id
    )
    assert {slot.shift for slot in found} == {scene.shift.pk}
    assert away.centre != scene.centre


def search(scene: Scene, actor: Actor, *, now: Any = NOW) -> list[Slot]:
    window = (
        Window(int(now.timestamp()) // 60, 10**9)
        if actor.is_agent
        else queries.window_for(scene.kind, scene.centre, now=now)
    )
    return queries.search(
        kind=scene.kind, centre=scene.centre, window=window, now=now, for_public=not actor.is_agent
    )


def hold(scene: Scene, practitioner: int, start: int, actor: Actor) -> Appointment:
    return actions.hold(
        kind=scene.kind,
        centre=scene.centre,
        start=start,
        now=NOW,
        actor=actor,
        practitioner_id=practitioner,
    )


def make_happen(scene: Scene, shift: Any, what: str, minute: int) -> None:
    """One event at about this minute of the morning; what is not possible then does not happen."""
    try:
        with transaction.atomic():
            _happen(scene, shift, what, minute)
    except Refusal:
        return


def _happen(scene: Scene, shift: Any, what: str, minute: int) -> None:
    starts_at = shift.starts_at + timedelta(minutes=minute)
    if what == "absence":
        absence = Absence(
            practitioner=shift.practitioner,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=20),
        )
        declare_absence(absence=absence)
        return
    if what == "overbook":
        actions.overbook(
            shift_id=shift.pk,
            type_id=scene.kind.pk,
            start=int(starts_at.timestamp()) // 60,
            who=parent(minute),
            reason="Urgence",
            now=NOW,
            actor=AGENT,
        )
        return
    offered = [
        slot.start for slot in search(scene, AGENT) if slot.practitioner == shift.practitioner_id
    ]
    if not offered:
        return
    start = min(offered, key=lambda one: abs(one - int(starts_at.timestamp()) // 60))
    held = hold(scene, shift.practitioner_id, start, AGENT)
    if what == "old hold":
        Appointment.objects.filter(pk=held.pk).update(expires_at=NOW)
    elif what in ("book", "cancel"):
        actions.confirm(uid=held.uid, who=parent(1000 + start % 1000), now=NOW, actor=AGENT)
        if what == "cancel":
            actions.cancel(uid=held.uid, now=NOW, actor=AGENT)

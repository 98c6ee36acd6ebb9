"""A centre's free times are those of the lists, and cost the same for ten people as for one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from booking import actions, queries
from booking.daybook import Looked, read_days
from booking.freebook import free_times, places_for
from booking.models import Appointment
from booking.openings import Opening
from booking.rules import agent_window
from centres.calendar import to_minute
from centres.models import Absence, AppointmentType, Shift
from centres.rollout import Stage
from tests.booking.scene import (
    AGENT,
    NOW,
    TUESDAY,
    Scene,
    clock,
    open_morning,
    open_session,
    parent,
)
from tests.factories import make_practitioner, make_shift, make_site, make_type

pytestmark = pytest.mark.django_db
MONDAY = TUESDAY - timedelta(days=1)


def free(scene: Scene, *, days: int = 5, kind: AppointmentType | None = None) -> list[Opening]:
    read = read_days(scene.centre, on=MONDAY, days=days, now=NOW, looked=Looked(kind=kind))
    found = free_times(scene.centre, read, now=NOW, kind=kind)
    return sorted(each for shift in found.values() for each in shift)


def listed(scene: Scene, kind: AppointmentType, *, for_public: bool) -> list[tuple[int, int]]:
    if for_public:
        window = queries.window_for(kind, scene.centre, now=NOW)
    else:
        window = agent_window(now=NOW)
    slots = queries.search(
        kind=kind, centre=scene.centre, window=window, now=NOW, for_public=for_public
    )
    return sorted((slot.start, slot.practitioner) for slot in slots)


def crowded() -> Scene:
    """A morning with a booking, a hold, a time given back, a closure and a reserve; another type; a
    second doctor elsewhere."""
    scene = open_morning(notice_min=24 * 60 + 60, shift={"agent_reserve": 1})
    other = make_type(duration_min=20, step_min=20, booking="agents", buffer_after_min=5)
    make_shift(
        starts_at=clock("13:30"),
        types=[scene.kind, other],
        site=make_site(scene.centre),
        practitioner=make_practitioner(),
        agent_reserve=8,
    )
    held = scene.hold("09:30", actor=AGENT)
    actions.confirm(uid=held.uid, who=parent(1), now=NOW, actor=AGENT)
    scene.hold("11:00", actor=AGENT)
    gone = scene.hold("10:30", actor=AGENT)
    booked = actions.confirm(uid=gone.uid, who=parent(2), now=NOW, actor=AGENT)
    actions.cancel(uid=booked.uid, now=NOW, actor=AGENT)
    Shift.objects.filter(pk=scene.shift.pk).update(
        closed=[to_minute(clock("11:45")), to_minute(clock("12:00"))]
    )
    return scene


def test_they_are_the_very_slots_that_families_and_agents_are_shown() -> None:
    scene = crowded()
    for kind in AppointmentType.objects.all():
        cells = free(scene, kind=kind)
        assert [(each.start, each.practitioner) for each in cells] == listed(
            scene, kind, for_public=False
        )
        public = [(each.start, each.practitioner) for each in cells if each.is_public]
        if kind.booking == AppointmentType.Booking.ONLINE:
            assert public == listed(scene, kind, for_public=True)
            assert 0 < len(public) < len(cells)
        else:
            assert public == []


def test_a_paused_centre_has_none_for_families_and_a_closed_one_none_at_all() -> None:
    scene = open_morning()
    scene.centre.stage = Stage.PAUSED
    assert [each for each in free(scene) if each.is_public] == []
    assert free(scene)
    scene.centre.stage = Stage.PREPARING
    assert free(scene) == []


def test_walk_ins_and_cancelled_half_days_have_none() -> None:
    scene = open_morning()
    make_shift(
        starts_at=clock("14:00"), types=[make_type(booking="walk_in")], site=scene.shift.site
    )
    assert {each.shift for each in free(scene)} == {scene.shift.pk}
    Shift.objects.update(status="cancelled")
    assert free(scene) == []


def test_a_full_session_has_none() -> None:
    scene = open_session(seats=1 + 1)
    assert len(free(scene)) == 1
    scene.book()
    scene.hold()
    assert free(scene) == []


def test_what_is_looked_at_can_be_narrowed() -> None:
    scene = open_morning()
    other = scene.another_doctor(site=make_site(scene.centre), types=[make_type()])
    elsewhere = scene.book()

    def seen(looked: Looked) -> tuple[set[int], set[int]]:
        (day,) = read_days(scene.centre, on=TUESDAY, days=1, now=NOW, looked=looked)
        return {each.id for each in day.half_days}, {each.id for each in day.visits}

    assert seen(Looked()) == ({scene.shift.pk, other.pk}, {elsewhere.pk})
    for looked in (
        Looked(site=other.site),
        Looked(practitioner=other.practitioner),
        Looked(kind=other.offers.get().type),
    ):
        assert seen(looked) == ({other.pk}, set())
    assert seen(Looked(kind=scene.kind)) == ({scene.shift.pk}, {elsewhere.pk})


def test_a_week_costs_as_much_as_a_day_and_ten_people_as_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    scene = open_morning()
    for number in range(10):
        shift = scene.another_doctor()
        held = scene.hold(practitioner_id=shift.practitioner_id)
        actions.confirm(uid=held.uid, who=parent(number), now=NOW)
        Absence.objects.create(
            practitioner=shift.practitioner, starts_at=clock("11:00"), ends_at=clock("12:00")
        )
        if number in (0, 9):
            for days in (2, 7):
                with django_assert_num_queries(7):
                    free(scene, days=days)


def places(appointment: Appointment, on: date = TUESDAY) -> list[str]:
    zone = clock("09:00", on)
    found = places_for(appointment, on=on, now=NOW)
    return [f"{(each.start - to_minute(zone)) // 60 + 9:02}:{each.start % 60:02}" for each in found]


def test_an_appointment_could_go_where_it_is_and_beside() -> None:
    scene = open_morning(hours=1)
    booked = scene.book("09:00")
    assert places(booked) == ["09:00", "09:15", "09:30"]
    scene.book("09:30", who=parent(2))
    assert places(booked) == ["09:00"]
    assert places(booked, TUESDAY + timedelta(days=1)) == []
    assert places(booked, MONDAY - timedelta(days=1)) == []


def test_it_could_go_back_to_where_it_was_and_nobody_else_could() -> None:
    scene = open_morning(hours=2)
    booked, other = scene.book("09:00"), scene.book("10:30", who=parent(2))
    start = to_minute(clock("10:00"))
    booked = actions.move_to(uid=booked.uid, start=start, now=NOW, actor=AGENT)
    assert places(booked)[0] == "09:00"
    assert places(other)[0] == "09:30"

"""A centre's day as it is read: what belongs to it, at what cost, and when it has changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from booking import actions
from booking.access import BadLink
from booking.daybook import (
    Day,
    next_day,
    read_day,
    span_of,
    version,
    watch_token,
    watched,
)
from booking.models import Appointment, AppointmentEvent
from centres.actions.closing import refresh_closed
from centres.models import Absence, AppointmentType, Closure, PublicHoliday, Shift
from tests.booking.scene import AGENT, NOW, TUESDAY, Scene, clock, open_morning, parent
from tests.factories import make_centre, make_shift, make_site, make_type

pytestmark = pytest.mark.django_db
WEDNESDAY = TUESDAY + timedelta(days=1)


@pytest.fixture
def scene() -> Scene:
    return open_morning()


def day(scene: Scene, at: str = "08:00") -> Day:
    return read_day(scene.centre, on=TUESDAY, now=clock(at))


def shown(read: Day) -> list[str]:
    return [
        entry.kind.value
        for column in read.board.columns
        for block in column.blocks
        for entry in block.entries
    ]


def now_version(scene: Scene, *, now: datetime = NOW) -> str:
    return version(span_of(scene.centre, TUESDAY), now=now)


def test_the_day_of_a_centre_is_its_own_and_no_other(scene: Scene) -> None:
    scene.book()
    make_shift(starts_at=clock("09:00"))
    make_shift(starts_at=clock("09:00", WEDNESDAY), site=scene.shift.site)
    read = day(scene)
    assert [column.practitioner for column in read.board.columns] == [scene.shift.practitioner_id]
    assert shown(read) == ["now", "visit", "free"]
    assert read.board.counts.expected == 1


def test_the_last_and_the_first_minute_of_a_day_are_told_apart(scene: Scene) -> None:
    site = scene.shift.site
    make_shift(starts_at=clock("23:30"), hours=0.4, site=site)
    make_shift(starts_at=clock("00:00", WEDNESDAY), hours=0.4, site=site)
    assert len(day(scene).board.columns) == 2


def test_one_site_is_looked_at_alone(scene: Scene) -> None:
    other = make_shift(starts_at=clock("09:00"), site=make_site(scene.centre))
    read = read_day(scene.centre, on=TUESDAY, now=NOW, site=other.site)
    assert [column.practitioner for column in read.board.columns] == [other.practitioner_id]


def test_holds_are_there_until_they_end_and_lapsed_ones_never(scene: Scene) -> None:
    held = scene.hold(now=clock("08:00"))
    assert "hold" in shown(day(scene, "08:14"))
    assert "hold" not in shown(day(scene, "08:16"))
    actions.release_hold(uid=held.uid, now=clock("08:05"))
    assert "hold" not in shown(day(scene, "08:06"))


def test_a_family_waits_since_its_own_history_says(scene: Scene) -> None:
    booked = scene.book()
    actions.arrive(uid=booked.uid, now=clock("08:50"), actor=AGENT)
    for name in (actions.start, actions.arrive):
        name(uid=booked.uid, now=clock("09:00"), actor=AGENT)
    came = AppointmentEvent.objects.filter(action="arrive").earliest("id").at
    read = read_day(scene.centre, on=TUESDAY, now=came + timedelta(minutes=20))
    (block,) = read.board.columns[0].blocks
    assert [entry.waited for entry in block.entries if entry.visit] == [20]


def test_absences_closures_and_a_holiday_of_the_day_are_told(scene: Scene) -> None:
    department, other = scene.centre.department, make_site()
    hours = {"starts_at": clock("09:00"), "ends_at": clock("10:00")}
    away = Absence.objects.create(practitioner=scene.shift.practitioner, **hours)
    late = {"starts_at": clock("00:00", WEDNESDAY), "ends_at": clock("10:00", WEDNESDAY)}
    Absence.objects.create(practitioner=scene.shift.practitioner, **late)
    told = [
        Closure.objects.create(department=department, label="Grève", **hours),
        Closure.objects.create(
            department=department, centre=scene.centre, label="Travaux", **hours
        ),
        Closure.objects.create(
            department=department, site=scene.shift.site, label="Fuite", **hours
        ),
    ]
    Closure.objects.create(department=department, centre=other.centre, label="Ailleurs", **hours)
    Closure.objects.create(department=department, site=other, label="Ailleurs", **hours)
    PublicHoliday.objects.create(department=department, on=TUESDAY, name="Mardi gras")
    read = day(scene)
    assert list(read.absences) == [away]
    assert list(read.closures) == told
    assert read.holiday == "Mardi gras"


def test_walk_in_sessions_are_known_by_their_types(scene: Scene) -> None:
    walk_in = make_type(booking=AppointmentType.Booking.WALK_IN)
    make_shift(starts_at=clock("14:00"), types=[walk_in], site=scene.shift.site, seats=10)
    assert "open" in shown(day(scene))


def test_it_costs_the_same_for_ten_as_for_one(
    scene: Scene, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(10):
        shift = scene.another_doctor()
        for at in ("09:00", "10:00"):
            booked = actions.confirm(
                uid=scene.hold(at, practitioner_id=shift.practitioner_id).uid,
                who=parent(f"{number} {at}"),
                now=NOW,
            )
            actions.arrive(uid=booked.uid, now=clock("08:50"), actor=AGENT)
        if number in (0, 9):
            with django_assert_num_queries(7):
                day(scene)


CHANGES: dict[str, Callable[[Scene, Appointment], object]] = {
    "arrived": lambda _, booked: actions.arrive(uid=booked.uid, now=clock("09:00"), actor=AGENT),
    "cancelled": lambda _, booked: actions.cancel(uid=booked.uid, now=NOW),
    "moved": lambda scene, booked: scene.move(booked.uid, "11:00"),
    "held": lambda scene, _: scene.hold("10:00"),
    "booked": lambda scene, _: scene.book("10:00", who=parent(7)),
    "half-day": lambda scene, _: Shift.objects.filter(pk=scene.shift.pk).update(closed=[1, 2]),
    "by SQL, dated before": lambda _, booked: Appointment.objects.filter(pk=booked.pk).update(
        state="noshow", changed_at=NOW - timedelta(days=1)
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_makes_another_version(scene: Scene, change: str) -> None:
    booked = scene.book()
    before = now_version(scene)
    assert now_version(scene) == before
    CHANGES[change](scene, booked)
    assert now_version(scene) != before


def test_other_days_and_centres_leave_the_version_as_it_is(
    scene: Scene, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    scene.book()
    before = now_version(scene)
    make_shift(starts_at=clock("09:00", WEDNESDAY), site=scene.shift.site)
    make_shift(starts_at=clock("09:00"), site=make_site(make_centre()))
    with django_assert_num_queries(1):
        assert now_version(scene) == before


def test_a_token_watches_one_day_and_a_forged_one_none(scene: Scene) -> None:
    token = watch_token(span_of(scene.centre, TUESDAY))
    assert watched(token) == span_of(scene.centre, TUESDAY)
    for wrong in ("", "x", token[:-1], token + "x"):
        with pytest.raises(BadLink):
            watched(wrong)


def test_the_next_day_is_the_next_on_which_somebody_works(scene: Scene) -> None:
    assert next_day(scene.centre, after=TUESDAY) is None
    friday = TUESDAY + timedelta(days=3)
    make_shift(starts_at=clock("09:00", WEDNESDAY), site=scene.shift.site, status="cancelled")
    make_shift(starts_at=clock("09:00", friday), site=scene.shift.site)
    assert next_day(scene.centre, after=TUESDAY) == friday
    elsewhere = make_shift(
        starts_at=clock("09:00", friday + timedelta(days=3)), site=make_site(scene.centre)
    )
    assert next_day(scene.centre, after=TUESDAY, site=elsewhere.site) == friday + timedelta(days=3)


def test_a_day_on_which_everybody_is_away_is_not_the_next_one(
    scene: Scene, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    thursday = TUESDAY + timedelta(days=2)
    away = make_shift(starts_at=clock("09:00", WEDNESDAY), site=scene.shift.site)
    for opens, closes in (("08:00", "10:00"), ("10:00", "13:00")):
        Absence.objects.create(
            practitioner=away.practitioner,
            starts_at=clock(opens, WEDNESDAY),
            ends_at=clock(closes, WEDNESDAY),
        )
    refresh_closed([away.pk])
    make_shift(starts_at=clock("09:00", thursday), site=scene.shift.site)
    with django_assert_num_queries(1):
        assert next_day(scene.centre, after=TUESDAY) == thursday


def test_a_day_of_which_an_absence_leaves_an_hour_is_the_next_one(scene: Scene) -> None:
    late = make_shift(starts_at=clock("09:00", WEDNESDAY), site=scene.shift.site)
    Absence.objects.create(
        practitioner=late.practitioner,
        starts_at=clock("08:00", WEDNESDAY),
        ends_at=clock("11:00", WEDNESDAY),
    )
    refresh_closed([late.pk])
    assert next_day(scene.centre, after=TUESDAY) == WEDNESDAY

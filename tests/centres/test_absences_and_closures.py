"""Absences and closures take time from the half-days they touch, and give it back."""

from datetime import timedelta
from typing import Any

import pytest

from centres.actions import declare_absence, declare_closure, withdraw
from centres.models import Absence, Closure, Shift
from tests.booking.scene import Scene, clock, open_morning, open_session
from tests.factories import make_shift, make_site

pytestmark = pytest.mark.django_db


def absence(shift: Shift, since: str, until: str) -> Absence:
    period = {"starts_at": clock(since), "ends_at": clock(until)}
    return declare_absence(absence=Absence(practitioner=shift.practitioner, **period))


def closure(scene: Scene, since: str, until: str, **scope: Any) -> Closure:
    period = {"starts_at": clock(since), "ends_at": clock(until), "label": "Fermeture"}
    department = scene.centre.department
    return declare_closure(closure=Closure(department=department, **period, **scope))


def closed(shift: Shift) -> list[str]:
    """What is closed of a half-day, as minutes since 9:00."""
    shift.refresh_from_db()
    nine = int(clock("09:00").timestamp()) // 60
    flat = [edge - nine for edge in shift.closed]
    return [f"{a}-{b}" for a, b in zip(flat[::2], flat[1::2], strict=True)]


def test_an_absence_takes_its_time_at_every_site() -> None:
    scene = open_morning()
    colleague = scene.another_doctor()
    afternoon = make_shift(
        starts_at=clock("13:00"), practitioner=scene.shift.practitioner, site=make_site()
    )
    absence(scene.shift, "10:00", "14:00")
    assert closed(scene.shift) == closed(afternoon) == ["60-300"]
    assert closed(colleague) == []
    assert scene.shift.room == 60


def test_what_does_not_touch_the_half_day_takes_nothing() -> None:
    scene = open_morning()
    absence(scene.shift, "08:00", "09:00")
    absence(scene.shift, "12:00", "18:00")
    assert closed(scene.shift) == []


def test_overlapping_periods_are_all_kept() -> None:
    scene = open_morning()
    absence(scene.shift, "09:30", "10:30")
    closure(scene, "10:00", "11:00", centre=scene.centre)
    assert closed(scene.shift) == ["30-90", "60-120"]
    assert scene.shift.room == 60


def test_the_same_period_twice_is_still_closed() -> None:
    scene = open_morning()
    absence(scene.shift, "08:00", "18:00")
    closure(scene, "08:00", "18:00")
    assert closed(scene.shift) == ["-60-540"]
    assert scene.shift.room == 0


def test_seconds_close_the_whole_minute() -> None:
    scene = open_morning()
    declare_absence(
        absence=Absence(
            practitioner=scene.shift.practitioner,
            starts_at=clock("09:30") + timedelta(seconds=30),
            ends_at=clock("10:00") + timedelta(seconds=1),
        )
    )
    assert closed(scene.shift) == ["30-61"]


@pytest.mark.parametrize("scope", ["department", "centre", "site"])
def test_a_closure_reaches_as_far_as_it_says(scope: str) -> None:
    scene, other_centre = open_morning(), open_morning()
    other_site = scene.another_doctor(site=make_site(scene.centre))
    wishes: dict[str, Any] = {
        "department": {},
        "centre": {"centre": scene.centre},
        "site": {"site": scene.shift.site},
    }[scope]
    closure(scene, "09:00", "10:00", **wishes)
    hit = [bool(closed(shift)) for shift in (scene.shift, other_site, other_centre.shift)]
    assert (
        hit
        == {
            "department": [True, True, True],
            "centre": [True, True, False],
            "site": [True, False, False],
        }[scope]
    )


def test_taken_back_the_time_is_free_again_but_for_other_closures() -> None:
    scene = open_morning()
    first = absence(scene.shift, "09:00", "10:00")
    closure(scene, "11:00", "12:00")
    withdraw(period=first)
    assert closed(scene.shift) == ["120-180"]
    assert scene.shift.room == 120


def test_a_session_touched_by_a_closure_has_no_room_and_gets_it_back() -> None:
    scene = open_session(seats=3)
    period = absence(scene.shift, "10:45", "12:00")
    scene.shift.refresh_from_db()
    assert scene.shift.room == 0
    withdraw(period=period)
    scene.shift.refresh_from_db()
    assert scene.shift.room == 120


def test_an_absence_moved_to_another_time_gives_the_first_one_back() -> None:
    scene = open_morning()
    declared = absence(scene.shift, "09:00", "10:00")
    declared.starts_at, declared.ends_at = clock("11:00"), clock("12:00")
    declare_absence(absence=declared)
    assert closed(scene.shift) == ["120-180"]


def test_a_closure_moved_to_another_time_gives_the_first_one_back() -> None:
    scene = open_morning()
    declared = closure(scene, "09:00", "10:00")
    declared.starts_at, declared.ends_at = clock("11:00"), clock("12:00")
    declare_closure(closure=declared)
    assert closed(scene.shift) == ["120-180"]

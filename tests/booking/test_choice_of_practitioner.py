"""With whom, when the family has no wish: the least busy, or the one it met before."""

from collections import Counter

import pytest

from centres.models import Shift
from tests.booking.scene import Scene, open_morning, parent

pytestmark = pytest.mark.django_db
TIMES = ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]


def three_doctors() -> tuple[Scene, list[Shift]]:
    scene = open_morning()
    return scene, [scene.shift, scene.another_doctor(), scene.another_doctor()]


def test_the_load_is_spread_fairly() -> None:
    scene, _ = three_doctors()
    booked = [scene.book(at, who=parent(number)) for number, at in enumerate(TIMES)]
    assert sorted(Counter(one.practitioner_id for one in booked).values()) == [2, 2, 2]


def test_one_start_is_given_to_each_in_turn() -> None:
    scene, shifts = three_doctors()
    held = {scene.hold("10:00").practitioner_id for _ in shifts}
    assert held == {shift.practitioner_id for shift in shifts}


def test_the_one_met_before_is_preferred_even_if_busier() -> None:
    scene, shifts = three_doctors()
    known = shifts[1].practitioner_id
    scene.book("09:00", who=parent(1), practitioner_id=known)
    held = scene.hold("10:00", preferred=[known])
    assert held.practitioner_id == known


def test_a_preference_is_no_demand() -> None:
    scene, shifts = three_doctors()
    known = shifts[1].practitioner_id
    scene.hold("10:00", practitioner_id=known)
    assert scene.hold("10:00", preferred=[known]).practitioner_id != known

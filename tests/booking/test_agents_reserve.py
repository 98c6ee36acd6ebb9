"""The appointments of a half-day that only agents may give."""

import pytest

from booking.errors import SlotTaken
from tests.booking.scene import AGENT, after, open_morning, parent

pytestmark = pytest.mark.django_db


def test_families_leave_the_last_two_to_agents() -> None:
    scene = open_morning(hours=2, shift={"agent_reserve": 2})
    for number, at in enumerate(["09:00", "09:30"]):
        scene.book(at, who=parent(number))
    with pytest.raises(SlotTaken):
        scene.hold("10:00")
    assert scene.hold("10:00", actor=AGENT).state == "held"


def test_a_hold_counts_against_the_reserve_while_it_lives() -> None:
    scene = open_morning(hours=2, shift={"agent_reserve": 2})
    for at in ("09:00", "09:30"):
        scene.hold(at)
    with pytest.raises(SlotTaken):
        scene.hold("10:00")
    assert scene.hold("10:00", now=after(15)).state == "held"

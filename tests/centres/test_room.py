"""The longest free stretch of a half-day and all its free minutes, as the database keeps them."""

from __future__ import annotations

import pytest

from centres.calendar import to_minute
from centres.models import Shift
from tests.factories import make_shift

pytestmark = pytest.mark.django_db
HOURS = 3


@pytest.mark.parametrize(
    ("busy", "closed", "room", "free"),
    [
        ([], [], 180, 180),
        ([(0, 30)], [], 150, 150),
        ([(30, 60)], [], 120, 150),
        ([(-60, 30), (150, 240)], [], 120, 120),
        # One over another, at the same time or not.
        ([(0, 60), (0, 60)], [], 120, 120),
        ([(0, 60), (30, 90)], [], 90, 90),
        ([(0, 120), (30, 60)], [], 60, 60),
        ([], [(0, 150)], 30, 30),
        ([(60, 90)], [(0, 60)], 90, 90),
        ([(0, 30)], [(90, 120)], 60, 120),
        # A closure on what is booked, as long as it.
        ([(0, 150)], [(0, 150)], 30, 30),
        ([(0, 180), (0, 180)], [(0, 60)], 0, 0),
        ([(0, 60), (60, 180)], [(0, 60), (60, 180)], 0, 0),
    ],
)
def test_what_is_free_is_what_nothing_takes(
    busy: list[tuple[int, int]], closed: list[tuple[int, int]], room: int, free: int
) -> None:
    shift = make_shift(hours=HOURS)
    begins = to_minute(shift.starts_at)
    flat = {
        name: [begins + edge for pair in pairs for edge in pair]
        for name, pairs in (("busy", busy), ("closed", closed))
    }
    Shift.objects.filter(pk=shift.pk).update(**flat)
    shift.refresh_from_db()
    assert (shift.room, shift.free) == (room, free)

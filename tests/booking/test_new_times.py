"""Which half-days are new to who waits, and that each has its turn to be looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking import newly_free
from booking.models import NewTime
from centres.models import Shift
from tests.booking.scene import clock
from tests.booking.test_filling import LOOKED, SOON, opened, room
from tests.booking.waiting_room import Centre as Room

__all__ = ["room"]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("before", "now", "is_new"),
    [
        ([540, 600], [540, 720], False),
        ([540, 600], [480, 700], False),
        ([480, 660], [480, 540, 600, 660], True),
        ([480, 540, 600, 660], [480, 660], False),
        ([540, 600], [], True),
        ([], [540, 600], False),
        ([540, 600], [540, 570], True),
    ],
)
def test_a_half_day_is_new_where_a_closure_gives_minutes_back(
    room: Room, before: list[int], now: list[int], *, is_new: bool
) -> None:
    room.wait(1)
    shift = opened(room)
    Shift.objects.filter(pk=shift.pk).update(closed=before)
    NewTime.objects.all().delete()
    Shift.objects.filter(pk=shift.pk).update(closed=now)
    assert NewTime.objects.exists() is is_new


def test_more_half_days_than_one_pass_looks_at_have_their_turn(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newly_free, "MOST", 2)
    room.wait(1)
    days = [opened(room, starts_at=clock("09:00") + timedelta(days=SOON + day)) for day in range(6)]
    seen = {
        time.load.id
        for minute in range(2)
        for time in newly_free.new_times(now=LOOKED + timedelta(minutes=minute))
    }
    assert seen == {each.pk for each in days}

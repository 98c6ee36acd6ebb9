"""The cells of a calendar's free times: each start once, as long as it is anybody's."""

from __future__ import annotations

import pytest

from booking.availability import ShiftLoad, Timing, Window
from booking.openings import Offer, nearest, openings

EVER = Window(0, 10_000)
HALF_HOUR = Timing(30, 15)
HOUR = Timing(60, 30)


def load(
    *, seats: int = 1, taken: int = 0, reserve: int = 0, busy: list[int] | None = None
) -> ShiftLoad:
    return ShiftLoad(1, 2, 3, 4, 600, 720, seats, taken, reserve, [], busy or [], [])


def test_a_cell_reaches_to_the_next_start_and_the_last_one_to_its_own_end() -> None:
    cells = openings(load(), [Offer(7, HALF_HOUR, EVER)])
    assert [(each.start, each.until) for each in cells][:2] == [(600, 615), (615, 630)]
    assert (cells[-1].start, cells[-1].until) == (690, 720)


def test_a_start_of_two_types_is_one_cell() -> None:
    cells = openings(load(), [Offer(7, HALF_HOUR, EVER), Offer(8, HOUR, EVER)])
    assert {each.start: each.kinds for each in cells} == {
        600: (7, 8),
        615: (7,),
        630: (7, 8),
        645: (7,),
        660: (7, 8),
        675: (7,),
        690: (7,),
    }


def test_what_agents_keep_or_families_cannot_choose_yet_is_not_public() -> None:
    kept = openings(load(reserve=4), [Offer(7, HALF_HOUR, EVER, EVER)])
    assert kept
    assert not any(each.is_public for each in kept)
    soon = openings(load(), [Offer(7, HALF_HOUR, EVER, Window(660, 10_000))])
    assert [each.start for each in soon if each.is_public] == [660, 675, 690]
    assert not any(each.is_public for each in openings(load(), [Offer(7, HALF_HOUR, EVER)]))


def test_nothing_before_now_is_free() -> None:
    cells = openings(load(), [Offer(7, HALF_HOUR, Window(690, 10_000))])
    assert [each.start for each in cells] == [690]


def test_a_session_is_one_cell_as_long_as_it_has_seats() -> None:
    group = Offer(7, Timing(90, 90), EVER)
    (cell,) = openings(load(seats=3, taken=2), [group])
    assert (cell.start, cell.until) == (600, 720)
    assert openings(load(seats=3, taken=3), [group]) == []


@pytest.mark.parametrize(
    ("dropped", "start"), [(600, 600), (604, 600), (611, 615), (630, None), (585, 600), (584, None)]
)
def test_what_is_let_go_lands_on_the_nearest_start(dropped: int, start: int | None) -> None:
    assert nearest([600, 615], dropped, within=14 if dropped == 630 else 15) == start

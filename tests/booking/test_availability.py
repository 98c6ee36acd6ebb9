"""Which starts a half-day offers, by examples one can check on paper."""

import pytest

from booking.availability import (
    ShiftLoad,
    Slot,
    Timing,
    Window,
    fairest,
    session_seats,
    shift_starts,
    slots,
)

# A morning of three hours, counted from its own beginning.
MORNING = ShiftLoad(
    id=1,
    practitioner=7,
    site=3,
    centre=2,
    starts=0,
    ends=180,
    seats=1,
    taken=0,
    reserve=0,
    closed=(),
    busy=(),
    blocked=(),
)
HALF_HOUR = Timing(duration=30, step=30)


@pytest.mark.parametrize(
    ("change", "timing", "expected"),
    [
        ({}, HALF_HOUR, [0, 30, 60, 90, 120, 150]),
        ({}, Timing(45, 30), [0, 30, 60, 90, 120]),
        ({"busy": [60, 90]}, HALF_HOUR, [0, 30, 90, 120, 150]),
        # A visit that ends off the grid offers its own end, then the grid again.
        ({"busy": [60, 100]}, HALF_HOUR, [0, 30, 100, 120, 150]),
        ({"closed": [0, 120]}, HALF_HOUR, [120, 150]),
        ({"closed": [0, 180]}, HALF_HOUR, []),
        ({"closed": [30, 60], "busy": [60, 130]}, HALF_HOUR, [0, 130, 150]),
        # A hold hides starts but makes none: 100 is not offered.
        ({"blocked": [60, 100]}, HALF_HOUR, [0, 30, 120, 150]),
        # Buffers: the room before the first visit is inside the half-day, too.
        ({}, Timing(30, 30, before=10, after=5), [10, 40, 70, 100, 130]),
        ({"busy": [60, 90]}, Timing(30, 30, before=10), [10, 100, 130]),
        ({}, Timing(180, 15), [0]),
        ({}, Timing(181, 15), []),
        # Two overbooked visits overlap; what both leave is offered.
        ({"busy": [0, 60, 30, 90]}, HALF_HOUR, [90, 120, 150]),
    ],
)
def test_a_half_day_offers_these_starts(change: dict, timing: Timing, expected: list[int]) -> None:
    assert shift_starts(MORNING._replace(**change), timing) == expected


@pytest.mark.parametrize(
    ("reserve", "busy", "public"),
    [
        (0, [], 6),
        (2, [], 6),
        (2, [0, 90], 3),  # three left, two kept: one may go
        (2, [0, 120], 0),  # two left are the agents'
        (2, [0, 150], 0),
    ],
)
def test_the_last_appointments_are_kept_for_agents(
    reserve: int, busy: list[int], public: int
) -> None:
    shift = MORNING._replace(reserve=reserve, busy=busy)
    assert len(shift_starts(shift, HALF_HOUR)) == public
    all_of_them = shift_starts(shift._replace(reserve=0), HALF_HOUR)
    assert shift_starts(shift, HALF_HOUR, for_public=False) == all_of_them


@pytest.mark.parametrize(
    ("change", "public", "agents"),
    [
        ({}, 8, 8),
        ({"taken": 3}, 5, 5),
        ({"taken": 3, "blocked": [0, 180, 0, 180]}, 3, 3),  # two held
        ({"taken": 3, "reserve": 4}, 1, 5),
        ({"taken": 6, "reserve": 4}, 0, 2),
        ({"taken": 9}, 0, 0),  # one overbooked
        ({"closed": [170, 200]}, 0, 0),  # a session cannot end early
    ],
)
def test_a_group_session_has_so_many_seats_left(change: dict, public: int, agents: int) -> None:
    session = MORNING._replace(seats=8, **change)
    assert session_seats(session, for_public=True) == public
    assert session_seats(session, for_public=False) == agents
    assert shift_starts(session, HALF_HOUR) == ([0] if public else [])


def test_a_seat_lasts_as_long_as_its_session() -> None:
    (slot,) = slots([MORNING._replace(seats=8, taken=3)], HALF_HOUR, Window(0, 1))
    assert (slot.start, slot.end, slot.load) == (0, 180, 3)


def test_the_window_is_half_open() -> None:
    found = slots([MORNING], HALF_HOUR, Window(30, 90))
    assert [slot.start for slot in found] == [30, 60]


def test_a_slot_says_whose_it_is_and_how_busy_they_are() -> None:
    busy = MORNING._replace(busy=[0, 40])
    first = next(slots([busy], HALF_HOUR, Window(0, 180)))
    assert first == Slot(40, 70, 1, 7, 3, 2, load=40)


def candidate(practitioner: int, load: int, start: int = 0) -> Slot:
    return Slot(start, start + 30, practitioner, practitioner, 1, 1, load)


def test_the_least_busy_comes_first() -> None:
    ranked = fairest([candidate(1, 60), candidate(2, 0), candidate(3, 30)])
    assert [slot.practitioner for slot in ranked] == [2, 3, 1]


def test_one_met_before_comes_first_even_if_busier() -> None:
    ranked = fairest([candidate(1, 60), candidate(2, 0), candidate(3, 30)], preferred=[1])
    assert [slot.practitioner for slot in ranked] == [1, 2, 3]


def test_among_equals_nobody_is_always_first() -> None:
    pair = [1, 2]
    first = {
        fairest([candidate(who, 0, start) for who in pair])[0].practitioner
        for start in range(0, 3000, 30)
    }
    assert first == {1, 2}

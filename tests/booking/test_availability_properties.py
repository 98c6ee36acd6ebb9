"""Availability against a brute-force model of the rule its module states."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from booking.availability import (
    ShiftLoad,
    Timing,
    Window,
    busy_minutes,
    footprint,
    shift_starts,
    slots,
)

BEGIN, LENGTH = 1000, 180
TIMINGS = st.builds(
    Timing,
    duration=st.integers(5, 60),
    step=st.integers(5, 45),
    before=st.integers(0, 15),
    after=st.integers(0, 15),
)
# Some begin before the half-day or end after it, as an absence or a neighbouring visit may.
TAKEN = st.lists(
    st.tuples(st.integers(BEGIN - 30, BEGIN + LENGTH + 10), st.integers(1, 60)), max_size=4
).map(lambda periods: [edge for start, length in periods for edge in (start, start + length)])
SHIFTS = st.builds(
    ShiftLoad,
    id=st.integers(1, 9),
    practitioner=st.integers(1, 5),
    site=st.just(1),
    centre=st.just(1),
    starts=st.just(BEGIN),
    ends=st.integers(BEGIN + 10, BEGIN + LENGTH),
    seats=st.just(1),
    taken=st.just(0),
    reserve=st.integers(0, 3),
    closed=TAKEN,
    busy=TAKEN,
    blocked=TAKEN,
)


def minutes(flat: list[int]) -> set[int]:
    edges = iter(flat)
    return {minute for start, end in zip(edges, edges, strict=True) for minute in range(start, end)}


def stretches(free: set[int]) -> Iterator[int]:
    """The length of each run of free minutes."""
    for begin in sorted(free):
        if begin - 1 not in free:
            end = begin
            while end in free:
                end += 1
            yield end - begin


def expected(shift: ShiftLoad, timing: Timing, *, for_public: bool) -> list[int]:
    """The rule, minute by minute: on the grid or right after a neighbour, all of it free, hidden
    by holds, and none once no more than the agents' reserve would fit."""
    free = set(range(shift.starts, shift.ends)) - minutes(shift.closed) - minutes(shift.busy)
    held = minutes(shift.blocked)
    if for_public and shift.reserve:
        fitting = sum(length // timing.occupied for length in stretches(free - held))
        if fitting <= shift.reserve:
            return []
    found = []
    for begin in range(shift.starts, shift.ends):
        whole = set(range(begin, begin + timing.occupied))
        is_on_grid = (begin - shift.starts) % timing.step == 0
        is_after_neighbour = begin - 1 not in free
        if whole <= free and not whole & held and (is_on_grid or is_after_neighbour):
            found.append(begin + timing.before)
    return found


@given(SHIFTS, TIMINGS, st.booleans())
def test_starts_are_exactly_those_of_the_rule(
    shift: ShiftLoad, timing: Timing, for_public: bool
) -> None:
    assert shift_starts(shift, timing, for_public=for_public) == expected(
        shift, timing, for_public=for_public
    )


@given(SHIFTS, TIMINGS)
def test_holds_only_hide(shift: ShiftLoad, timing: Timing) -> None:
    without = set(shift_starts(shift._replace(blocked=[]), timing, for_public=False))
    held = minutes(shift.blocked)
    hidden = {start for start in without if held & set(range(*footprint(start, timing)))}
    assert set(shift_starts(shift, timing, for_public=False)) == without - hidden


@given(SHIFTS, TIMINGS, st.integers(0, 200), st.integers(0, 10))
def test_later_shows_the_same_but_for_what_became_too_soon(
    shift: ShiftLoad, timing: Timing, earliest: int, passed: int
) -> None:
    before = list(slots([shift], timing, Window(BEGIN + earliest, BEGIN + LENGTH)))
    after = list(slots([shift], timing, Window(BEGIN + earliest + passed, BEGIN + LENGTH)))
    assert after == [slot for slot in before if slot.start >= BEGIN + earliest + passed]


@given(SHIFTS, TIMINGS)
def test_taking_an_offered_start_leaves_no_offer_that_touches_it(
    shift: ShiftLoad, timing: Timing
) -> None:
    shift = shift._replace(busy=[], closed=[], blocked=[])
    for start in shift_starts(shift, timing):
        begin, end = footprint(start, timing)
        booked = shift._replace(busy=[begin, end])
        assert busy_minutes(booked) == timing.occupied
        for other in shift_starts(booked, timing):
            since, until = footprint(other, timing)
            assert until <= begin or since >= end

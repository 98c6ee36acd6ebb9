"""The interval algebra against a brute-force model: sets of minutes."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.intervals import Interval, gaps, merge, overlaps, pairs

# Empty and reversed intervals too: the database may hand over anything.
ANY = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)
PROPER = st.tuples(st.integers(0, 50), st.integers(1, 20)).map(lambda p: (p[0], p[0] + p[1]))


def minutes(intervals: Iterable[Interval]) -> set[int]:
    return {minute for start, end in intervals for minute in range(start, end)}


def test_pairs_reads_a_flat_array() -> None:
    assert pairs([1, 2, 5, 9]) == [(1, 2), (5, 9)]
    assert pairs([]) == []


def test_pairs_refuses_half_an_interval() -> None:
    with pytest.raises(ValueError, match="zip"):
        pairs([1, 2, 5])


@given(ANY)
def test_merge_keeps_the_same_minutes_in_as_few_intervals(intervals: list[Interval]) -> None:
    merged = merge(intervals)
    assert minutes(merged) == minutes(intervals)
    assert all(start < end for start, end in merged)
    assert all(left[1] < right[0] for left, right in pairwise(merged))


@given(ANY)
def test_merging_twice_changes_nothing(intervals: list[Interval]) -> None:
    assert merge(merge(intervals)) == merge(intervals)


@given(st.integers(0, 60), st.integers(0, 60), ANY)
def test_gaps_are_exactly_the_minutes_left(start: int, end: int, taken: list[Interval]) -> None:
    free = gaps(start, end, taken)
    assert minutes(free) == set(range(start, end)) - minutes(taken)
    assert free == merge(free), "in order, none empty, none touching"


@given(PROPER, st.lists(PROPER, max_size=6))
def test_overlaps_means_a_shared_minute(one: Interval, others: list[Interval]) -> None:
    assert overlaps(*one, others) == bool(minutes([one]) & minutes(others))


def test_touching_intervals_do_not_overlap() -> None:
    assert not overlaps(10, 20, [(0, 10), (20, 30)])

"""Moves that make room for each other are made together; nobody is ever in two places."""

from datetime import UTC, date, datetime, timedelta
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from centres.settling import Diary, Move, Place, settle

DAY = date(2027, 3, 1)
NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)


def place(who: int, since: int, until: int) -> Place:
    """Hours after nine."""
    return Place(who, NINE + timedelta(hours=since), NINE + timedelta(hours=until))


def move(rule: int, to: Place, leaves: Place | None = None) -> Move:
    return Move(rule, DAY, to, leaves)


def outcome(*moves: Move, busy: tuple[Place, ...] = ()) -> list[list[int]]:
    """The rules that got what they want, and those that did not."""
    diary = Diary()
    for taken in busy:
        diary.add(taken)
    return [sorted(each.rule for each in part) for part in settle(moves, diary)]


MORNING, NOON, EVENING = place(1, 0, 3), place(1, 3, 6), place(1, 6, 9)


def test_two_that_swap_their_times_both_get_them() -> None:
    assert outcome(move(1, NOON, MORNING), move(2, MORNING, NOON)) == [[1, 2], []]


def test_three_in_a_ring_all_move() -> None:
    ring = (move(1, NOON, MORNING), move(2, EVENING, NOON), move(3, MORNING, EVENING))
    assert outcome(*ring) == [[1, 2, 3], []]


def test_people_swap_too() -> None:
    hers, his = place(1, 0, 3), place(2, 0, 3)
    assert outcome(move(1, his, hers), move(2, hers, his)) == [[1, 2], []]


def test_one_that_cannot_move_keeps_its_time_from_the_others() -> None:
    """The second would take the place that the first, in the end, does not leave."""
    assert outcome(move(1, NOON, MORNING), move(2, MORNING), busy=(NOON,)) == [[], [1, 2]]
    chain = (move(1, NOON, MORNING), move(2, MORNING, EVENING), move(3, EVENING))
    assert outcome(*chain, busy=(NOON,)) == [[], [1, 2, 3]]


def test_of_two_that_want_the_same_time_the_first_gets_it() -> None:
    assert outcome(move(1, MORNING), move(2, place(1, 2, 4))) == [[1], [2]]


def test_what_only_touches_is_free() -> None:
    assert outcome(move(1, NOON), busy=(MORNING, EVENING)) == [[1], []]


def test_one_after_the_other_the_same_swap_is_impossible() -> None:
    """What `settle` is for: each alone finds the other in its way."""
    diary = Diary()
    diary.add(NOON)
    assert not diary.is_free(NOON)
    assert settle([move(1, NOON, MORNING)], diary)[1]


PLACES = st.builds(
    lambda who, since, length: place(who, since, since + length),
    st.integers(1, 2),
    st.integers(0, 7),
    st.integers(1, 3),
)


def overlaps(one: Place, other: Place) -> bool:
    same = one.who == other.who
    return same and one.starts_at < other.ends_at and other.starts_at < one.ends_at


@given(st.lists(PLACES, max_size=9), st.lists(PLACES, max_size=9), st.integers(0, 4))
def test_nobody_is_in_two_places_and_a_second_try_changes_nothing(
    before: list[Place], wishes: list[Place], fixed: int
) -> None:
    standing: list[Place] = []
    for each in before:
        if not any(overlaps(each, other) for other in standing):
            standing.append(each)
    stays, leaves = standing[:fixed], standing[fixed:]
    moves = [
        move(rule, to, leaves[rule] if rule < len(leaves) else None)
        for rule, to in enumerate(wishes)
    ]
    stays += leaves[len(wishes) :]
    diary = Diary()
    for each in stays:
        diary.add(each)
    made, refused = settle(moves, diary)
    after = stays + [each.to for each in made]
    after += [each.leaves for each in refused if each.leaves is not None]
    assert not any(overlaps(one, other) for one, other in combinations(after, 2))
    again = Diary()
    for each in [*stays, *(each.to for each in made)]:
        again.add(each)
    assert settle(refused, again) == ([], refused)

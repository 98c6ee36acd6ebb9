"""Other times for families whose own cannot be: the nearest that suit, none given twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from booking.intervals import overlaps
from booking.rehousing import DAY, Need, Place, propose

KIND, CENTRE = 1, 2
NOW, FAR = 0, 100 * DAY


def need(pk: int, start: int = 10 * DAY, **fields: int) -> Need:
    values = {
        "kind": KIND,
        "centre": CENTRE,
        "site": 1,
        "practitioner": 1,
        "household": pk,
        "earliest": NOW,
        "latest": FAR,
    }
    return Need(id=pk, start=start, **values | fields)


def place(start: int, *, practitioner: int = 1, site: int = 1, seat: int = 0) -> Place:
    return Place(start, start + 30, practitioner, practitioner, site, seat, start, start + 30)


def given_to(
    needs: list[Need], places: list[Place], busy: dict[int, list[tuple[int, int]]] | None = None
) -> dict[int, list[int]]:
    found = propose(needs, {(KIND, CENTRE): places}, busy or {})
    return {pk: [each.start for each in chosen] for pk, chosen in found.items()}


def test_the_nearest_in_time_comes_first_before_or_after() -> None:
    at = 10 * DAY
    places = [place(at - 3 * DAY), place(at + DAY), place(at + 2 * DAY)]
    assert given_to([need(1)], places) == {1: [at + DAY, at + 2 * DAY]}


def test_the_family_s_own_practitioner_is_worth_half_a_day() -> None:
    at = 10 * DAY
    near, own = place(at + DAY, practitioner=2), place(at + DAY + 600)
    assert given_to([need(1)], [near, own])[1][0] == own.start
    far = place(at + 2 * DAY)
    assert given_to([need(1)], [near, far])[1] == [near.start, far.start]


def test_after_somebody_else_first_the_second_is_with_the_family_s_own() -> None:
    at = 10 * DAY
    others = [place(at + DAY * n, practitioner=2) for n in (1, 2, 3)]
    own = place(at + 30 * DAY)
    assert given_to([need(1)], [*others, own])[1] == [others[0].start, own.start]


def test_who_was_to_come_first_chooses_first_and_all_before_anybody_twice() -> None:
    at = 10 * DAY
    places = [place(at + DAY), place(at + 2 * DAY)]
    found = given_to([need(2, at + 60), need(1, at)], places)
    assert found == {1: [at + DAY], 2: [at + 2 * DAY]}


def test_a_second_choice_is_not_the_hour_beside_the_first() -> None:
    at = 10 * DAY
    places = [place(at + DAY), place(at + DAY + 30), place(at + DAY + 90)]
    assert given_to([need(1)], places)[1] == [at + DAY, at + DAY + 90]


def test_days_that_do_not_suit_the_child_are_left_out() -> None:
    at = 10 * DAY
    places = [place(at - DAY), place(at + DAY), place(at + 5 * DAY)]
    found = given_to([need(1, earliest=at, latest=at + 3 * DAY)], places)
    assert found == {1: [at + DAY]}


def test_brothers_and_sisters_are_not_asked_to_be_at_two_places_at_once() -> None:
    at = 10 * DAY
    places = [place(at + DAY), place(at + DAY, practitioner=2), place(at + 3 * DAY)]
    found = given_to([need(1, household=7), need(2, household=7)], places)
    starts = sorted(start for chosen in found.values() for start in chosen)
    assert starts == [at + DAY, at + 3 * DAY]
    assert given_to([need(1)], places[:1], {1: [(at + DAY, at + DAY + 10)]}) == {1: []}


def test_each_free_seat_of_a_session_is_one_family_s() -> None:
    at = 10 * DAY
    seats = [place(at + DAY, seat=1), place(at + DAY, seat=2)]
    found = given_to([need(1), need(2), need(3)], seats)
    assert found == {1: [at + DAY], 2: [at + DAY], 3: []}


def test_where_nothing_is_offered_nothing_is_found() -> None:
    assert propose([need(1)], {}, {}) == {1: []}
    assert propose([], {(KIND, CENTRE): [place(0)]}, {}) == {}


PLACES = st.lists(
    st.builds(
        place,
        st.integers(0, 600).map(lambda n: n * 15),
        practitioner=st.integers(1, 3),
        site=st.integers(1, 2),
    ),
    max_size=40,
    unique=True,
)
NEEDS = st.lists(
    st.builds(
        need,
        st.integers(1, 30),
        st.integers(0, 600).map(lambda n: n * 15),
        household=st.integers(1, 20),
        practitioner=st.integers(1, 3),
    ),
    max_size=15,
    unique_by=lambda one: one.id,
)


@given(NEEDS, PLACES)
def test_no_two_families_are_ever_shown_the_same_time(
    needs: list[Need], places: list[Place]
) -> None:
    found = propose(needs, {(KIND, CENTRE): places}, {})
    given_away = [each for chosen in found.values() for each in chosen]
    assert set(given_away) <= set(places)
    for n, one in enumerate(given_away):
        rest = [(each.since, each.until) for each in given_away[n + 1 :] if each.lane == one.lane]
        assert not overlaps(one.since, one.until, rest)


@given(NEEDS, PLACES)
def test_nobody_goes_without_while_a_time_is_left(needs: list[Need], places: list[Place]) -> None:
    alone = [each._replace(household=each.id) for each in needs]
    found = propose(alone, {(KIND, CENTRE): places}, {})
    taken = [each for chosen in found.values() for each in chosen]
    left = [
        each
        for each in places
        if not any(
            one.lane == each.lane and one.since < each.until and each.since < one.until
            for one in taken
        )
    ]
    assert not left or all(found.values())

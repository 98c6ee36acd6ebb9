"""Whom a freed time fits, whose turn it is, and how long each has to answer: tables and laws."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.reminders import QUIET_OUTSIDE
from booking.rules import Days
from booking.waiting import (
    BY_DESK,
    BY_MESSAGE,
    DESK_HOURS,
    LEAST,
    Freed,
    Waiting,
    fits,
    is_told_in_time,
    pressing,
    question,
    rank,
)
from tests.factories import PARIS

NOW = datetime(2027, 3, 1, 9, tzinfo=PARIS)
DAY = timedelta(days=1)
# A Wednesday.
FREED = Freed(type=1, site=5, practitioner=7, starts=datetime(2027, 3, 10, 14, tzinfo=PARIS))
WISH = Waiting(
    id=1,
    household=1,
    type=1,
    sites=frozenset({5, 6}),
    days=frozenset(range(1, 8)),
    asked_at=NOW - timedelta(days=3),
    booked_on=date(2027, 4, 20),
)


@pytest.mark.parametrize(
    ("changes", "does"),
    [
        ({}, True),
        ({"booked_on": None}, True),
        ({"type": 2}, False),
        ({"sites": frozenset({6})}, False),
        ({"sites": frozenset()}, False),
        ({"days": frozenset({3})}, True),
        ({"days": frozenset({1, 2, 4})}, False),
        ({"practitioner": 7}, True),
        ({"practitioner": 8}, False),
        ({"opens": time(14)}, True),
        ({"opens": time(14, 15)}, False),
        ({"closes": time(14)}, False),
        ({"closes": time(14, 1)}, True),
        ({"from_on": date(2027, 3, 11)}, False),
        ({"until_on": date(2027, 3, 10)}, True),
        ({"until_on": date(2027, 3, 9)}, False),
        ({"fitting": Days(date(2027, 3, 11), None)}, False),
        ({"fitting": Days(None, date(2027, 3, 9))}, False),
        ({"booked_on": date(2027, 3, 10)}, False),  # the same day is not earlier
        ({"booked_on": date(2027, 3, 11)}, True),
        ({"notice": timedelta(days=9, hours=5)}, True),
        ({"notice": timedelta(days=10)}, False),
    ],
)
def test_a_time_fits_only_what_was_asked(changes: dict[str, Any], does: bool) -> None:
    assert fits(replace(WISH, **changes), FREED, now=NOW) is does


@pytest.mark.parametrize(
    ("notice", "starts", "told_at", "is_in_time"),
    [
        # The day before is the day before, late or early.
        (DAY, (3, 10, 9), (3, 9, 19), True),
        (DAY, (3, 10, 9), (3, 10, 0), False),
        (DAY, (3, 10, 23), (3, 10, 0), False),
        # In UTC this was still the day before.
        (2 * DAY, (3, 10, 9), (3, 9, 0), False),
        (7 * DAY, (3, 10, 9), (3, 3, 23), True),
        (0 * DAY, (3, 10, 9), (3, 10, 3), True),
        # The clocks go forward on the 28th: a day of 23 hours is one, and hours are hours.
        (DAY, (3, 28, 9), (3, 27, 9), True),
        (DAY, (3, 29, 0), (3, 28, 23), True),
        (timedelta(hours=10), (3, 28, 9), (3, 27, 23), False),
        (timedelta(hours=9), (3, 28, 9), (3, 27, 23), True),
    ],
)
def test_a_notice_of_days_is_counted_on_the_calendar(
    notice: timedelta,
    starts: tuple[int, int, int],
    told_at: tuple[int, int, int],
    is_in_time: bool,
) -> None:
    begins, told = (datetime(2027, *at, tzinfo=PARIS) for at in (starts, told_at))
    assert is_told_in_time(begins, notice, told_at=told.astimezone(UTC)) is is_in_time


LAST = date(2027, 3, 10)


@pytest.mark.parametrize(
    ("last", "booked_on", "degree"),
    [
        (None, date(2027, 4, 20), 2),
        (LAST + timedelta(days=14), None, 0),
        (LAST + timedelta(days=15), None, 1),
        (LAST + timedelta(days=61), None, 2),
        (LAST + timedelta(days=90), LAST + timedelta(days=91), 0),  # too old by its appointment
    ],
)
def test_the_end_of_the_right_age_presses(
    last: date | None, booked_on: date | None, degree: int
) -> None:
    wish = replace(WISH, fitting=Days(None, last), booked_on=booked_on)
    assert pressing(wish, on=FREED.starts.date()) == degree


def turns(*wishes: Waiting) -> list[int]:
    return [each.id for each in rank(wishes, FREED, now=NOW)]


def test_the_order_of_turns() -> None:
    """Each one before the next for one reason alone."""
    late = NOW - timedelta(hours=1)
    pressed = replace(WISH, id=1, fitting=Days(None, LAST), asked_at=late, offered=3, refused=3)
    without = replace(WISH, id=2, booked_on=None, asked_at=late, offered=2, refused=2)
    never = replace(WISH, id=3, asked_at=late)
    longest = replace(WISH, id=4, offered=1, asked_at=NOW - timedelta(days=90))
    long = replace(WISH, id=5, offered=1, asked_at=NOW - timedelta(days=80))
    refused = replace(WISH, id=6, offered=1, refused=1, asked_at=NOW - timedelta(days=100))
    assert turns(refused, long, longest, never, without, pressed) == [1, 2, 3, 4, 5, 6]


wishes = st.builds(
    replace,
    st.just(WISH),
    id=st.integers(1, 10_000),
    days=st.frozensets(st.integers(1, 7), min_size=1),
    asked_at=st.integers(0, 400).map(lambda days: NOW - timedelta(days=days)),
    booked_on=st.none() | st.integers(1, 200).map(lambda days: NOW.date() + timedelta(days=days)),
    fitting=st.none().map(Days)
    | st.integers(0, 200).map(lambda days: Days(None, NOW.date() + timedelta(days=days))),
    offered=st.integers(0, 3),
    refused=st.integers(0, 3),
)
lists = st.lists(wishes, max_size=12, unique_by=lambda wish: wish.id)


@given(lists, st.randoms())
def test_turns_do_not_depend_on_the_order_of_reading(found: list[Waiting], random: Any) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    assert turns(*shuffled) == turns(*found)


@given(lists)
def test_all_that_fit_have_a_turn_and_nobody_else(found: list[Waiting]) -> None:
    fitting = {wish.id for wish in found if fits(wish, FREED, now=NOW)}
    assert set(turns(*found)) == fitting
    assert len(turns(*found)) == len(fitting)


@given(lists, wishes)
def test_one_more_who_waits_changes_no_two_others(found: list[Waiting], other: Waiting) -> None:
    more = [replace(each, id=each.id + 1) for each in found]
    before, after = turns(*more), turns(*more, replace(other, id=0))
    assert [each for each in after if each != 0] == before


@given(lists, st.integers(1, 300))
def test_waiting_longer_never_costs_a_place(found: list[Waiting], days: int) -> None:
    more = [replace(each, id=each.id + 1) for each in found]
    wish = replace(WISH, id=0)
    longer = replace(wish, asked_at=wish.asked_at - timedelta(days=days))
    assert turns(*more, longer).index(0) <= turns(*more, wish).index(0)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


@pytest.mark.parametrize(
    ("now", "starts_at", "asked_at", "answer_by"),
    [
        # Two hours for a time some days away, an hour for tomorrow, less for tonight.
        ("2027-03-01 09:00", "2027-03-05 10:00", "2027-03-01 09:00", "2027-03-01 11:00"),
        ("2027-03-01 09:00", "2027-03-02 10:00", "2027-03-01 09:00", "2027-03-01 10:00"),
        ("2027-03-01 19:00", "2027-03-02 10:00", "2027-03-01 19:00", "2027-03-01 19:45"),
        ("2027-03-01 09:00", "2027-03-01 16:00", "2027-03-01 09:00", "2027-03-01 09:30"),
        # Too near.
        ("2027-03-01 09:00", "2027-03-01 13:59", None, None),
        # What is left of the evening counts, the night does not.
        ("2027-03-01 19:00", "2027-03-05 10:00", "2027-03-01 19:00", "2027-03-02 09:00"),
        # At night nobody is asked before eight; from Saturday evening on, not before Monday.
        ("2027-03-01 22:30", "2027-03-05 10:00", "2027-03-02 08:00", "2027-03-02 10:00"),
        ("2027-03-06 20:30", "2027-03-12 10:00", "2027-03-08 08:00", "2027-03-08 10:00"),
        # By then it is too near: everybody's.
        ("2027-03-01 22:30", "2027-03-02 12:30", None, None),
        # The morning the clocks go forward.
        ("2027-03-27 19:30", "2027-04-01 10:00", "2027-03-27 19:30", "2027-03-29 09:30"),
    ],
)
def test_how_long_a_family_has_to_answer(
    now: str, starts_at: str, asked_at: str | None, answer_by: str | None
) -> None:
    found = question(
        now=local(now),
        starts_at=local(starts_at),
        zone=PARIS,
        hours=QUIET_OUTSIDE,
        patience=BY_MESSAGE,
    )
    expected = (local(asked_at), local(answer_by)) if asked_at and answer_by else None
    assert found == expected


@given(st.integers(0, 14 * 24 * 60), st.integers(0, 30 * 24 * 60), st.booleans())
def test_no_phone_rings_at_night_and_every_answer_comes_in_time(
    later: int, lead: int, is_call: bool
) -> None:
    now = NOW + timedelta(minutes=later)
    starts_at = now.astimezone(UTC) + timedelta(minutes=lead)
    hours, weekdays = (DESK_HOURS, (1, 2, 3, 4, 5)) if is_call else (QUIET_OUTSIDE, range(1, 7))
    patience = BY_DESK if is_call else BY_MESSAGE
    found = question(
        now=now, starts_at=starts_at, zone=PARIS, hours=hours, patience=patience, weekdays=weekdays
    )
    if found is None:
        return
    for moment in found:
        clock = moment.astimezone(PARIS)
        assert hours.opens <= clock.time() <= hours.closes
        assert clock.isoweekday() in weekdays
    assert now <= found.asked_at < found.answer_by <= starts_at - LEAST
    assert found.answer_by - found.asked_at >= min(long for _lead, long in patience)

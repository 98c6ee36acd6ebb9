"""The next appointment by age: windows without hole, nothing backwards, a doctor near a vaccine."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.growing import Decision, Exam, Next, Seen, decided, next_exam
from centres.reference.childhood import exams, vaccines
from centres.reference.records import DATA

TYPES = {"premiere-consultation-bebe", "consultation-enfant-medecin", "rdv-puericultrice"}
ROWS = [record.values for record in exams(DATA / "exams20.csv", TYPES)]
EXAMS = [Exam(row["first_day"], row["until_day"], row["usual_day"], row["number"]) for row in ROWS]
MONTHS = sorted(
    {
        record.values["age_months"]
        for record in vaccines(DATA / "vaccinations.csv")
        if record.values["status"] in ("mandatory", "recommended")
    }
)
LAST_DAY = EXAMS[-1].until_day - 1
births = st.dates(min_value=date(2015, 1, 1), max_value=date(2032, 12, 31))
ages = st.integers(min_value=0, max_value=LAST_DAY)


def after(born_on: date, days: int, *seen: Seen) -> Next | None:
    today = born_on + timedelta(days=days)
    return next_exam(EXAMS, MONTHS, born_on=born_on, today=today, seen=seen)


def test_the_table_shipped_has_twenty_examinations_that_do_not_overlap() -> None:
    assert [exam.subject for exam in EXAMS] == list(range(1, 21))
    for one, other in pairwise(EXAMS):
        assert one.first_day <= one.usual_day < one.until_day <= other.first_day


@given(births, ages)
def test_until_the_last_one_there_is_always_a_next_one(born_on: date, days: int) -> None:
    found = after(born_on, days)
    today = born_on + timedelta(days=days)
    assert found is not None
    assert found.first <= found.around <= found.last
    assert today <= found.last
    assert today <= found.around


@given(births)
def test_after_the_last_one_there_is_none(born_on: date) -> None:
    assert after(born_on, LAST_DAY) is not None
    assert after(born_on, LAST_DAY + 1) is None


@given(births, ages, st.integers(min_value=0, max_value=400))
def test_it_never_goes_backwards_as_a_child_grows(born_on: date, days: int, more: int) -> None:
    now, later = after(born_on, days), after(born_on, min(days + more, LAST_DAY))
    assert now is not None
    assert later is not None
    assert later.first >= now.first
    assert later.around >= now.around


@given(births, births, ages)
def test_a_younger_child_is_never_seen_before_an_older_one_of_the_same_windows(
    one: date, other: date, days: int
) -> None:
    """The days of age decide, whatever the year: a leap day moves nothing but the calendar."""
    first, second = after(one, days), after(other, days)
    assert first is not None
    assert second is not None
    assert first.exam == second.exam
    assert first.around - one == second.around - other


@given(births, ages)
def test_a_visit_to_a_doctor_in_those_days_leads_to_the_following_ones(
    born_on: date, days: int
) -> None:
    found = after(born_on, days)
    assert found is not None
    following = after(born_on, days, Seen(found.around))
    assert following is None or following.first > found.last


@pytest.mark.parametrize(
    ("days", "number", "around", "needs_doctor"),
    [
        (0, 1, 4, False),
        (7, 1, 7, False),
        (8, 2, 11, False),
        (20, 3, 58, True),
        (60, 3, 60, True),
        (61, 4, 89, True),
        (184, 8, 258, False),
        (300, 9, 340, True),
        (400, 11, 500, True),
        (548, 12, 730, False),
        (1100, 14, 1280, False),
    ],
)
def test_by_age_the_examination_its_day_and_who_sees_the_child(
    days: int, number: int, around: int, needs_doctor: bool
) -> None:
    born_on = date(2024, 2, 29)
    found = after(born_on, days)
    assert found is not None
    assert found.exam is not None
    assert (found.exam.subject, (found.around - born_on).days) == (number, around)
    assert found.needs_doctor == needs_doctor


def test_a_nurse_s_visit_counts_unless_a_doctor_is_usual_then() -> None:
    born_on = date(2026, 1, 1)
    second_month, ninth_month = born_on + timedelta(days=50), born_on + timedelta(days=250)
    by_nurse = after(born_on, 50, Seen(second_month, by_doctor=False))
    assert by_nurse is not None
    assert by_nurse.exam == EXAMS[2]
    passed = after(born_on, 250, Seen(ninth_month, by_doctor=False))
    assert passed is not None
    assert passed.exam == EXAMS[8]


def test_a_child_not_born_yet_has_its_first_one_ahead() -> None:
    found = after(date(2026, 1, 10), -5)
    assert found is not None
    assert found.exam == EXAMS[0]
    assert found.around == date(2026, 1, 14)


def test_windows_that_overlap_after_an_edit_are_taken_in_the_order_of_their_ends() -> None:
    wide, narrow = Exam(0, 100, 50, "wide"), Exam(20, 40, 30, "narrow")
    found = next_exam([wide, narrow], [], born_on=date(2026, 1, 1), today=date(2026, 1, 25))
    assert found is not None
    assert found.exam == narrow
    assert next_exam([], [], born_on=date(2026, 1, 1), today=date(2026, 1, 1)) is None


def test_what_a_professional_decided_stands_until_it_is_made_or_long_over() -> None:
    on = date(2026, 5, 10)
    decision = Decision(on, date(2026, 3, 20))
    found = decided(decision, today=date(2026, 4, 1))
    assert found is not None
    assert (found.around, found.is_decided, found.exam) == (on, True, None)
    late = decided(decision, today=date(2026, 6, 1))
    assert late is not None
    assert late.around == date(2026, 6, 1)
    assert decided(decision, today=date(2026, 7, 20)) is None
    early = Seen(date(2026, 4, 10), by_doctor=False)
    assert decided(decision, today=date(2026, 4, 11), seen=[early]) is not None
    assert decided(decision, today=date(2026, 5, 1), seen=[Seen(date(2026, 5, 2))]) is None


@pytest.mark.parametrize(
    ("visit", "stands"),
    [(date(2026, 5, 1), True), (date(2026, 4, 28), True), (date(2026, 5, 2), False)],
)
def test_the_visit_at_which_it_was_decided_is_not_the_one_decided(
    visit: date, stands: bool
) -> None:
    said_on = date(2026, 5, 1)
    decision = Decision(date(2026, 5, 10), said_on)
    found = decided(decision, today=said_on, seen=[Seen(visit)])
    assert (found is not None) is stands

"""Ages in completed months and pregnancies in completed weeks, and who is let in."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.availability import Timing
from booking.errors import AgeNotAllowed, TooLate, WeeksNotAllowed
from booking.rules import (
    ANY_DAY,
    Days,
    TypeRules,
    age_in_months,
    callback_promise,
    check_age,
    check_still_changeable,
    check_weeks,
    fitting_days,
    reoffer_at,
    weeks_of_pregnancy,
)

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
DATES = st.dates(date(2020, 1, 1), date(2032, 12, 31))


def limits(**fields: int) -> TypeRules:
    return TypeRules(timing=Timing(30, 15), **fields)


@pytest.mark.parametrize(
    ("born", "on", "months"),
    [
        ("2026-03-01", "2026-03-01", 0),
        ("2026-03-15", "2026-04-14", 0),
        ("2026-03-15", "2026-04-15", 1),
        ("2026-01-31", "2026-02-27", 0),
        ("2026-01-31", "2026-02-28", 1),  # February has no 31st: its last day completes the month
        ("2024-02-29", "2025-02-28", 12),
        ("2024-02-29", "2025-02-27", 11),
        ("2026-03-15", "2026-03-14", -1),
        ("2020-12-01", "2026-12-01", 72),
    ],
)
def test_age_is_counted_in_completed_months(born: str, on: str, months: int) -> None:
    assert age_in_months(date.fromisoformat(born), date.fromisoformat(on)) == months


@given(DATES, DATES, st.integers(0, 40))
def test_age_never_falls_from_one_day_to_the_next(born: date, on: date, days: int) -> None:
    assert age_in_months(born, on) <= age_in_months(born, on + timedelta(days=days))


@given(DATES)
def test_a_child_is_twelve_months_old_on_its_birthday(born: date) -> None:
    birthday = date(born.year + 1, born.month, min(born.day, 28) if born.month == 2 else born.day)
    assert age_in_months(born, birthday) == (
        12 if born.day <= birthday.day or born.day > 28 else 11
    )


@pytest.mark.parametrize(
    ("low", "high", "months", "is_allowed"),
    [
        (None, None, 200, True),
        (None, 71, 71, True),
        (None, 71, 72, False),
        (9, 12, 8, False),
        (9, 12, 9, True),
        (0, None, -1, False),
        (None, None, -1, False),  # not born yet on that day
    ],
)
def test_only_children_in_the_age_window_are_let_in(
    low: int | None, high: int | None, months: int, is_allowed: bool
) -> None:
    window = TypeRules(timing=Timing(30, 15), age_min_months=low, age_max_months=high)
    year, month = divmod(2027 * 12 + 5 - months, 12)
    born, on = date(year, month + 1, 10), date(2027, 6, 10)
    assert age_in_months(born, on) == months
    if is_allowed:
        check_age(window, born_on=born, on=on)
    else:
        with pytest.raises(AgeNotAllowed):
            check_age(window, born_on=born, on=on)


@pytest.mark.parametrize(
    ("days_to_term", "weeks"), [(0, 41), (1, 40), (7, 40), (8, 39), (287, 0), (280, 1), (-7, 42)]
)
def test_weeks_run_to_41_at_term(days_to_term: int, weeks: int) -> None:
    on = date(2027, 3, 1)
    assert weeks_of_pregnancy(on + timedelta(days=days_to_term), on) == weeks


@pytest.mark.parametrize(
    ("low", "high", "weeks", "is_allowed"),
    [
        (14, 40, 13, False),
        (14, 40, 14, True),
        (14, 40, 40, True),
        (14, 40, 41, False),
        (None, None, 0, True),
        (None, None, 43, True),
        (None, None, 44, False),  # no pregnancy lasts that long: a typing error
        (None, None, -1, False),
    ],
)
def test_only_pregnancies_in_the_window_are_let_in(
    low: int | None, high: int | None, weeks: int, is_allowed: bool
) -> None:
    window = TypeRules(timing=Timing(30, 15), week_min=low, week_max=high)
    on = date(2027, 3, 1)
    due = on + timedelta(days=41 * 7 - weeks * 7)
    if is_allowed:
        check_weeks(window, due_on=due, on=on)
    else:
        with pytest.raises(WeeksNotAllowed):
            check_weeks(window, due_on=due, on=on)


@given(
    DATES, st.none() | st.integers(0, 80), st.none() | st.integers(0, 80), st.integers(-99, 2600)
)
def test_the_days_that_fit_a_child_are_those_its_age_is_let_in(
    born: date, low: int | None, high: int | None, days: int
) -> None:
    window = TypeRules(timing=Timing(30, 15), age_min_months=low, age_max_months=high)
    fitting, on = fitting_days(window, born_on=born), born + timedelta(days=days)
    assert _is_in(fitting, on) == _is_allowed(check_age, window, born_on=born, on=on)


@given(DATES, st.none() | st.integers(0, 45), st.none() | st.integers(0, 45), st.integers(-40, 320))
def test_the_days_that_fit_a_pregnancy_are_those_its_weeks_are_let_in(
    due: date, low: int | None, high: int | None, days: int
) -> None:
    window = TypeRules(timing=Timing(30, 15), week_min=low, week_max=high)
    fitting, on = fitting_days(window, due_on=due), due - timedelta(days=days)
    assert _is_in(fitting, on) == _is_allowed(check_weeks, window, due_on=due, on=on)


def test_every_day_fits_whom_no_date_is_known_of() -> None:
    assert fitting_days(limits(age_max_months=2, week_max=12)) == ANY_DAY


def _is_in(days: Days, on: date) -> bool:
    return (days.first is None or days.first <= on) and (days.last is None or on <= days.last)


def _is_allowed(check: Callable[..., None], window: TypeRules, **dates: date) -> bool:
    try:
        check(window, **dates)
    except (AgeNotAllowed, WeeksNotAllowed):
        return False
    return True


@pytest.mark.parametrize(
    ("left_min", "is_late"), [(61, False), (60, False), (59, True), (-5, True)]
)
def test_a_change_is_refused_once_the_notice_has_passed(left_min: int, is_late: bool) -> None:
    starts_at = NOON + timedelta(minutes=left_min)
    if is_late:
        with pytest.raises(TooLate):
            check_still_changeable(starts_at=starts_at, notice_min=60, now=NOON)
    else:
        check_still_changeable(starts_at=starts_at, notice_min=60, now=NOON)


@pytest.mark.parametrize(
    ("delay_min", "hours_ahead", "waits"),
    [(0, 48, False), (30, 48, True), (30, 5, True), (30, 4, False), (30, 1, False)],
)
def test_a_freed_time_waits_unless_that_would_waste_it(
    delay_min: int, hours_ahead: int, waits: bool
) -> None:
    at = reoffer_at(now=NOON, starts_at=NOON + timedelta(hours=hours_ahead), delay_min=delay_min)
    assert at == (NOON + timedelta(minutes=delay_min) if waits else None)


def test_a_call_back_is_promised_two_working_days_later() -> None:
    friday, easter_monday = date(2027, 3, 26), date(2027, 3, 29)
    assert callback_promise(today=friday, holidays=[easter_monday]) == date(2027, 3, 31)

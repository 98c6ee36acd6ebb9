"""Minutes, wall clocks, months and working days."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centres.calendar import (
    add_working_days,
    from_minute,
    months_after,
    to_minute,
    to_minute_up,
    wall,
)

PARIS = ZoneInfo("Europe/Paris")
# Every zone a Département or territory of France lives by.
FRENCH_ZONES = [
    "Europe/Paris",
    "America/Guadeloupe",
    "America/Martinique",
    "America/Cayenne",
    "America/Miquelon",
    "America/St_Barthelemy",
    "America/Marigot",
    "Indian/Reunion",
    "Indian/Mayotte",
    "Pacific/Noumea",
    "Pacific/Tahiti",
    "Pacific/Wallis",
]
DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 31))


@given(st.integers(-10_000_000, 60_000_000), st.integers(0, 59))
def test_minutes_go_there_and_back(minute: int, seconds: int) -> None:
    instant = from_minute(minute) + timedelta(seconds=seconds)
    assert to_minute(from_minute(minute)) == minute
    assert to_minute(instant) == minute
    assert to_minute_up(instant) == minute + (1 if seconds else 0)


@pytest.mark.parametrize("zone", FRENCH_ZONES)
@given(day=DAYS, clock=st.times().map(lambda t: t.replace(second=0, microsecond=0)))
def test_a_wall_clock_reads_what_was_meant(zone: str, day: date, clock: time) -> None:
    shown = wall(day, clock, ZoneInfo(zone)).astimezone(ZoneInfo(zone))
    if (shown.date(), shown.time()) != (day, clock):  # only a time that spring skipped
        skipped = datetime.combine(day, clock)
        assert shown.replace(tzinfo=None) - skipped == timedelta(hours=1)
        assert shown.utcoffset() != (shown - timedelta(hours=3)).utcoffset()


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2027-03-28T01:59", "2027-03-28T00:59"),
        ("2027-03-28T02:00", "2027-03-28T01:00"),  # skipped: 03:00 on the clock
        ("2027-03-28T02:30", "2027-03-28T01:30"),
        ("2027-03-28T03:00", "2027-03-28T01:00"),
        ("2027-10-31T02:30", "2027-10-31T00:30"),  # shown twice: the first time
        ("2027-10-31T03:00", "2027-10-31T02:00"),
    ],
)
def test_both_clock_changes_of_2027_in_paris(text: str, utc: str) -> None:
    meant = datetime.fromisoformat(text)
    assert wall(meant.date(), meant.time(), PARIS) == datetime.fromisoformat(utc).replace(
        tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2027-03-01", 12, "2028-03-01"),
        ("2027-01-31", 1, "2027-02-28"),
        ("2028-01-30", 1, "2028-02-29"),
        ("2027-12-15", 1, "2028-01-15"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2027-08-31", 3, "2027-11-30"),
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(
    day: str, months: int, expected: str
) -> None:
    assert months_after(date.fromisoformat(day), months) == date.fromisoformat(expected)


@given(DAYS, st.integers(0, 12), st.sets(DAYS, max_size=4))
def test_working_days_are_counted_one_by_one(day: date, count: int, holidays: set[date]) -> None:
    found = add_working_days(day, count, holidays)
    between = [day + timedelta(days=k) for k in range(1, (found - day).days + 1)]
    working = [one for one in between if one.weekday() < 5 and one not in holidays]
    assert len(working) == count
    assert not between or working[-1] == found

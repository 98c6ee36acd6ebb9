"""Minutes, wall clocks, recurrences and working days."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centres.calendar import (
    BadRecurrence,
    DayFilter,
    add_working_days,
    from_minute,
    occurrences,
    parse_rrule,
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


def test_a_recurrence_is_counted_from_its_first_day_not_from_the_period_asked() -> None:
    every_other = "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"
    first = date(2027, 3, 2)
    found = list(
        occurrences(
            every_other,
            first_on=first,
            start=date(2027, 3, 9),
            until=date(2027, 4, 13),
            days=DayFilter(),
        )
    )
    assert found == [date(2027, 3, 16), date(2027, 3, 30)]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=WEEKLY;BYDAY=MO,TH", [1, 4, 8, 11, 15, 18, 22, 25, 29]),
        ("freq=weekly;byday=mo", [1, 8, 15, 22, 29]),
        ("FREQ=MONTHLY;BYDAY=1TU", [2]),
        ("FREQ=MONTHLY;BYDAY=-1FR", [26]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", [31]),
        ("FREQ=DAILY;COUNT=3", [1, 2, 3]),
        ("FREQ=WEEKLY;BYDAY=WE;UNTIL=20270317", [3, 10, 17]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", [1]),
    ],
)
def test_recurrences_of_march_2027(rule: str, days: list[int]) -> None:
    march = {"start": date(2027, 3, 1), "until": date(2027, 4, 1)}
    found = occurrences(rule, first_on=date(2027, 3, 1), days=DayFilter(), **march)
    assert [day.day for day in found] == days


def test_holidays_and_breaks_are_left_out_breaks_to_their_last_day() -> None:
    days = DayFilter(holidays=[date(2027, 3, 29)], breaks=[(date(2027, 3, 8), date(2027, 3, 15))])
    found = occurrences(
        "FREQ=WEEKLY;BYDAY=MO",
        first_on=date(2027, 3, 1),
        start=date(2027, 3, 1),
        until=date(2027, 4, 1),
        days=days,
    )
    assert [day.day for day in found] == [1, 22]


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "BYDAY=MO",
        "FREQ=HOURLY",
        "FREQ=SECONDLY;COUNT=5",
        "FREQ=WEEKLY;BYHOUR=9",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=WEEKLY;INTERVAL=deux",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=WEEKLY;INTERVAL=-1",
        "FREQ=WEEKLY;X-OTHER=1",
        "FREQ=WEEKLY\nRRULE:FREQ=DAILY",
        "DTSTART:20270301\nRRULE:FREQ=DAILY",
        "FREQ=WEEKLY;UNTIL=hier",
    ],
)
def test_what_is_no_recurrence_of_whole_days_is_refused(rule: str) -> None:
    with pytest.raises(BadRecurrence):
        parse_rrule(rule, date(2027, 3, 1))


@given(DAYS, st.integers(0, 12), st.sets(DAYS, max_size=4))
def test_working_days_are_counted_one_by_one(day: date, count: int, holidays: set[date]) -> None:
    found = add_working_days(day, count, holidays)
    between = [day + timedelta(days=k) for k in range(1, (found - day).days + 1)]
    working = [one for one in between if one.weekday() < 5 and one not in holidays]
    assert len(working) == count
    assert not between or working[-1] == found

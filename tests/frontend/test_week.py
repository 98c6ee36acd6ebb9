"""How slots are grouped for the "when" page."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from booking.availability import Slot, Window
from centres.calendar import to_minute
from frontend import week
from frontend.week import AFTERNOON, MORNING, Filters, Start

PARIS = ZoneInfo("Europe/Paris")
MONDAY = date(2026, 11, 23)


def slot(day: int, hour: int, minute: int = 0, *, site: int = 1, practitioner: int = 1) -> Slot:
    start = to_minute(datetime(2026, 11, day, hour, minute, tzinfo=PARIS))
    return Slot(start, start + 30, practitioner, practitioner, site, 1, 0)


def starts(*slots: Slot, filters: Filters | None = None) -> list[Start]:
    return week.starts(slots, PARIS, filters or Filters())


def test_one_line_per_start_however_many_practitioners_are_free() -> None:
    found = starts(slot(24, 9), slot(24, 9, practitioner=2), slot(24, 9, site=2))
    assert [(start.at.hour, start.site) for start in found] == [(9, 1), (9, 2)]


def test_proposals_are_the_soonest_then_another_day_and_half_day() -> None:
    found = starts(slot(24, 9), slot(24, 9, 30), slot(25, 9), slot(25, 14), slot(26, 10))
    chosen = [(start.at.day, start.at.hour) for start in week.proposals(found)]
    assert chosen == [(24, 9), (25, 14), (26, 10)]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_times_make_fewer_proposals(count: int) -> None:
    found = starts(*[slot(24, 9 + n) for n in range(count)])
    assert week.proposals(found) == found


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (Filters(), 3),
        (Filters(weekdays=frozenset({2})), 2),
        (Filters(half=MORNING), 1),
        (Filters(half=AFTERNOON, weekdays=frozenset({3})), 1),
        (Filters(site=2), 1),
        (Filters(weekdays=frozenset({7})), 0),
    ],
)
def test_filters_narrow_by_day_half_day_and_place(filters: Filters, kept: int) -> None:
    assert len(starts(slot(24, 9), slot(24, 14, site=2), slot(25, 15), filters=filters)) == kept


def test_a_week_groups_days_then_places_in_their_order() -> None:
    found = starts(slot(24, 9), slot(24, 10, site=2), slot(24, 11), slot(30, 9))
    days = week.days(found, MONDAY, order={2: 0, 1: 1})
    assert [day.on.day for day in days] == [23, 24, 25, 26, 27, 28, 29]
    assert [(place.site, len(place.starts)) for place in days[1].places] == [(2, 1), (1, 2)]
    assert not any(day.places for day in days if day.on.day != 24)


def test_nearest_times_surround_the_one_that_was_taken() -> None:
    found = starts(slot(23, 9), slot(24, 9), slot(24, 10), slot(24, 11), slot(27, 9))
    taken = to_minute(datetime(2026, 11, 24, 10, 15, tzinfo=PARIS))
    assert [start.at.hour for start in week.nearest(found, taken)] == [9, 10, 11]


def test_a_start_on_the_day_the_clock_goes_back_shows_its_wall_time() -> None:
    minute = to_minute(datetime(2027, 10, 31, 9, tzinfo=PARIS))
    found = week.starts([Slot(minute, minute + 30, 1, 1, 1, 1, 0)], PARIS, Filters())
    assert (found[0].at.hour, found[0].half) == (9, MORNING)


@pytest.mark.parametrize(
    ("text", "monday"),
    [
        ("2026-W48", MONDAY),
        ("2026-W53", date(2026, 12, 28)),
        ("2026-W54", None),
        ("2026-W00", None),
        ("0000-W01", None),
        ("2026-48", None),
        ("next", None),
        ("２０２６-W48", None),
    ],
)
def test_weeks_in_addresses(text: str, monday: date | None) -> None:
    assert week.parse_week(text) == monday
    if monday:
        assert week.week_name(monday) == text


def test_the_part_of_a_window_on_some_days_may_be_empty() -> None:
    window = Window(to_minute(datetime(2026, 11, 24, 9, tzinfo=PARIS)), 40_000_000)
    before = week.within(window, date(2026, 11, 16), MONDAY, PARIS)
    assert before.earliest >= before.latest
    inside = week.within(window, MONDAY, date(2026, 11, 30), PARIS)
    assert inside.earliest == window.earliest
    assert inside.latest == to_minute(datetime(2026, 11, 30, tzinfo=PARIS))

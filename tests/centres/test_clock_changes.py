"""From rule to half-day to slot on the days clocks change, in every French zone."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from booking import actions, queries
from booking.availability import Window
from centres.actions import expand_rules
from centres.models import OpeningRule, Shift
from tests.factories import make_centre, make_rule, make_site, make_type

pytestmark = pytest.mark.django_db
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
# Miquelon follows North America; the others keep their clocks all year.
ZONES = [
    "Europe/Paris",
    "America/Miquelon",
    "America/Martinique",
    "America/Cayenne",
    "Indian/Reunion",
    "Indian/Mayotte",
    "Pacific/Noumea",
    "Pacific/Tahiti",
]
CHANGES = [SPRING, AUTUMN, date(2027, 3, 14), date(2027, 11, 7)]


def rule_around(day: date, zone: str, **fields: Any) -> OpeningRule:
    """Every day from the eve to the morrow of a change."""
    fields = {"opens": time(8, 30), "closes": time(12)} | fields
    return make_rule(
        site=make_site(make_centre(time_zone=zone)),
        types=[make_type(duration_min=30, step_min=30, notice_min=0)],
        rrule="FREQ=DAILY",
        valid_from=day - timedelta(days=1),
        valid_until=day + timedelta(days=1),
        **fields,
    )


def slots_of(rule: OpeningRule) -> Iterator[datetime]:
    """The starts a family reads, on the clock of the centre."""
    found = queries.search(
        kind=rule.types.get(),
        centre=rule.site.centre,
        window=Window(0, 10**9),
        now=datetime(2027, 1, 1, tzinfo=ZoneInfo("UTC")),
    )
    return (queries.local(slot.start, rule.site.centre) for slot in found)


@pytest.mark.parametrize("day", CHANGES)
@pytest.mark.parametrize("zone", ZONES)
def test_mornings_keep_their_hours(zone: str, day: date) -> None:
    rule = rule_around(day, zone)
    expand_rules(today=day - timedelta(days=1), months=1)
    clocks = [time(hour, minute) for hour in range(8, 12) for minute in (0, 30)][1:]
    days = [day + timedelta(days=k) for k in (-1, 0, 1)]
    assert [(one.date(), one.time()) for one in slots_of(rule)] == [
        (on, clock) for on in days for clock in clocks
    ]


@pytest.mark.parametrize(
    ("day", "hours", "clocks"),
    [
        # 01:00, 01:30, then 03:00: what spring skips is not offered.
        (SPRING, 2, ["01:00", "01:30", "03:00", "03:30"]),
        # 02:00 and 02:30 come twice.
        (AUTUMN, 4, ["01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00", "03:30"]),
    ],
)
def test_a_night_is_as_long_as_it_really_is(day: date, hours: int, clocks: list[str]) -> None:
    rule = rule_around(day, "Europe/Paris", opens=time(1), closes=time(4))
    expand_rules(today=day - timedelta(days=1), months=1)
    shift = Shift.objects.get(occurs_on=day)
    assert shift.ends_at - shift.starts_at == timedelta(hours=hours)
    shown = [f"{one:%H:%M}" for one in slots_of(rule) if one.date() == day]
    assert shown == clocks


def test_a_half_day_that_spring_swallows_whole_does_not_exist() -> None:
    rule_around(SPRING, "Europe/Paris", opens=time(2), closes=time(3))
    expand_rules(today=SPRING - timedelta(days=1), months=1)
    made = Shift.objects.values_list("occurs_on", flat=True).order_by("occurs_on")
    assert list(made) == [SPRING - timedelta(days=1), SPRING + timedelta(days=1)]


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_every_slot_of_the_changing_night_can_be_held(day: date) -> None:
    rule = rule_around(day, "Europe/Paris", opens=time(0), closes=time(5))
    expand_rules(today=day - timedelta(days=1), months=1)
    starts = [int(one.timestamp()) // 60 for one in slots_of(rule) if one.date() == day]
    assert len(set(starts)) == len(starts)
    for start in starts:
        held = actions.hold(
            kind=rule.types.get(),
            centre=rule.site.centre,
            start=start,
            now=datetime(2027, 3 if day == SPRING else 10, 20, 9, tzinfo=ZoneInfo("UTC")),
        )
        assert held.ends_at - held.starts_at == timedelta(minutes=30)


def test_the_year_in_noumea_begins_before_the_one_in_martinique() -> None:
    """One instant, two dates: each centre's days are its own."""
    first = date(2027, 1, 1)
    east, west = rule_around(first, "Pacific/Noumea"), rule_around(first, "America/Martinique")
    expand_rules(today=date(2026, 12, 31), months=1)
    opens = {shift.rule_id: shift.starts_at for shift in Shift.objects.filter(occurs_on=first)}
    assert opens[west.pk] - opens[east.pk] == timedelta(hours=15)

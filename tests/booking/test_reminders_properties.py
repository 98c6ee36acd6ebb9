"""Whatever the zone, the day and the rules: decent hours, before the visit, the same made again.

All French time zones, and days around the clock changes of 2027 (Saint-Pierre-et-Miquelon changes
on American dates).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from booking.reminders import (
    APART,
    LAST_USE,
    LEAD,
    SETTLED,
    SMS,
    Day,
    Hours,
    Reminder,
    Rule,
    Visit,
    Written,
    plan,
    settle,
)

ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/Paris",
        "America/Guadeloupe",
        "America/Martinique",
        "America/Cayenne",
        "America/Miquelon",
        "America/St_Barthelemy",
        "America/Marigot",
        "Indian/Reunion",
        "Indian/Mayotte",
        "Indian/Kerguelen",
        "Pacific/Noumea",
        "Pacific/Tahiti",
        "Pacific/Marquesas",
        "Pacific/Gambier",
        "Pacific/Wallis",
    )
]
CHANGES = [date(2027, 3, 28), date(2027, 10, 31), date(2027, 3, 14), date(2027, 11, 7)]
ON = st.one_of(
    st.dates(date(2027, 1, 20), date(2027, 12, 31)),
    st.builds(
        lambda change, days: change + timedelta(days=days),
        st.sampled_from(CHANGES),
        st.integers(-2, 9),
    ),
)
CLOCKS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
RULES = st.lists(
    st.builds(Rule, st.sampled_from(["email", "sms"]), st.integers(0, 14), CLOCKS), max_size=5
)
WAYS = st.sampled_from(
    [{"email": "a@b.fr", "sms": "+33612345678"}, {"email": "a@b.fr"}, {"sms": "+33612345678"}, {}]
)
HOURS = st.none() | st.tuples(CLOCKS, CLOCKS).filter(lambda pair: pair[0] < pair[1]).map(
    lambda pair: Hours(*pair)
)


@st.composite
def days(draw: st.DrawFn) -> Day:
    """One to three visits from 7:30 to 19:00, each booked up to twenty days before."""
    on, zone = draw(ON), draw(st.sampled_from(ZONES))
    visits = []
    for minute in draw(st.lists(st.integers(30, 76), min_size=1, max_size=3)):
        clock = time(*divmod(minute * 15, 60))
        starts_at = datetime.combine(on, clock, zone).astimezone(UTC)
        before = timedelta(minutes=draw(st.integers(1, 20 * 24 * 60)))
        visits.append(Visit(starts_at, starts_at - before, tuple(draw(RULES))))
    holidays = draw(st.sets(st.integers(0, 15), max_size=3))
    return Day(
        on=on,
        zone=zone,
        visits=visits,
        ways=draw(WAYS),
        hours=draw(HOURS),
        holidays={on - timedelta(days=back) for back in holidays},
    )


def clock_of(each: datetime, day: Day) -> datetime:
    return each.astimezone(day.zone)


@given(days())
def test_no_phone_rings_outside_the_hours(day: Day) -> None:
    hours = day.open_hours
    for each in plan(day):
        leaves, ends = clock_of(each.send_at, day), clock_of(each.leave_by or each.valid_until, day)
        if not is_skipped_hour(day, leaves):
            assert hours.opens <= leaves.time() < hours.closes
        if each.channel == SMS and not is_skipped_hour(day, ends):
            assert (ends.date(), ends.time()) <= (leaves.date(), hours.closes)


def is_skipped_hour(day: Day, local: datetime) -> bool:
    """Just after a change of clocks a household's hours in the night may not exist."""
    return (
        day.hours is not None
        and local.utcoffset()
        != ((local - timedelta(hours=1)).astimezone(UTC) - timedelta(hours=1))
        .astimezone(day.zone)
        .utcoffset()
    )


@given(days())
def test_each_leaves_in_time_before_the_first_visit(day: Day) -> None:
    for each in plan(day):
        assert each.send_at <= day.begins_at - LEAD
        assert each.send_at < (each.leave_by or each.valid_until)
        assert each.valid_until == day.begins_at - LAST_USE


@given(days())
def test_nobody_is_told_again_what_was_just_said(day: Day) -> None:
    first_told = min(visit.told_at for visit in day.visits)
    for each in plan(day):
        assert each.send_at >= first_told + SETTLED


@given(days())
def test_no_phone_rings_ahead_on_a_sunday_or_a_holiday(day: Day) -> None:
    for each in plan(day):
        on = clock_of(each.send_at, day).date()
        if each.channel == SMS and on != day.on:
            assert on.weekday() != 6
            assert on not in day.holidays


@given(days())
def test_they_come_in_order_one_to_a_rule_and_not_too_close(day: Day) -> None:
    found = plan(day)
    assert [each.send_at for each in found] == sorted(each.send_at for each in found)
    assert len({each.step for each in found}) == len(found)
    assert {each.step for each in found} <= {r.step for v in day.visits for r in v.rules}
    for channel in ("email", "sms"):
        times = [each.send_at for each in found if each.channel == channel]
        assert all(later - one >= APART for one, later in pairwise(times))
        assert channel in day.ways or not times


@given(days())
def test_at_a_decent_hour_of_an_ordinary_day_the_clock_shows_what_the_rule_says(day: Day) -> None:
    rules = {rule.step: rule for visit in day.visits for rule in visit.rules}
    for each in plan(day):
        rule, leaves = rules[each.step], clock_of(each.send_at, day)
        wanted = day.on - timedelta(days=rule.days_before)
        is_decent = day.open_hours.opens <= rule.at <= day.open_hours.last
        if is_decent and leaves.date() == wanted and not is_skipped_hour(day, leaves):
            # Unless the morning would come too late, and the evening before took its place.
            assert leaves.time() == rule.at


@given(days(), st.randoms())
def test_the_order_in_which_visits_were_booked_changes_nothing(day: Day, random: object) -> None:
    shuffled = list(day.visits)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert plan(replace(day, visits=shuffled)) == plan(day)


@settings(max_examples=200)
@given(days(), st.lists(st.integers(0, 25 * 24 * 60), min_size=1, max_size=8))
def test_planning_twice_or_late_writes_nothing_new(day: Day, minutes: list[int]) -> None:
    """Planned at the booking, then looked at whenever: what was due has left, the rest stands."""
    booked_at = min(visit.told_at for visit in day.visits)
    written = [row(each.reminder) for each in settle(plan(day), [], now=booked_at).write]
    assert [(each.step, each.send_at) for each in written] == [
        (each.step, each.send_at) for each in plan(day)
    ]
    for later in sorted(minutes):
        now = booked_at + timedelta(minutes=later)
        written = [each._replace(state="sent") if each.send_at <= now else each for each in written]
        assert not settle(plan(day), written, now=now).is_needed


@given(days(), st.integers(0, 25 * 24 * 60))
def test_rows_that_were_lost_come_back_only_if_still_ahead(day: Day, minutes: int) -> None:
    now = min(visit.told_at for visit in day.visits) + timedelta(minutes=minutes)
    healed = settle(plan(day), [], now=now)
    assert not healed.is_withdrawn
    assert [each.reminder for each in healed.write] == [e for e in plan(day) if e.send_at > now]


@given(days(), days(), st.integers(0, 25 * 24 * 60))
def test_any_change_settles_in_one_go(before: Day, after: Day, minutes: int) -> None:
    """From any day to any other: once written, nothing is left to change."""
    now = min(visit.told_at for visit in before.visits) + timedelta(minutes=minutes)
    written = [row(each) for each in plan(before) if each.valid_until > now]
    done = settle(plan(after), written, now=now)
    if done.is_withdrawn:
        written = [each._replace(state="superseded") for each in written]
    written += [row(each.reminder, each.generation) for each in done.write]
    keys = [(each.step, each.generation) for each in written]
    assert len(set(keys)) == len(keys)
    assert not settle(plan(after), written, now=now).is_needed


def row(reminder: Reminder, generation: int = 1) -> Written:
    return Written(
        reminder.step,
        generation,
        reminder.channel,
        reminder.recipient,
        reminder.send_at,
        reminder.valid_until,
        reminder.leave_by,
        reminder.voice,
        reminder.others,
        "planned",
    )

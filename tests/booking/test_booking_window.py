"""From when to when families may choose: notice, working days, horizon, release hour."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.availability import Timing, Window
from booking.rules import TypeRules, agent_window, desk_window, public_window
from centres.calendar import from_minute

PARIS = ZoneInfo("Europe/Paris")
ZONES = [
    PARIS,
    ZoneInfo("America/Martinique"),
    ZoneInfo("America/Miquelon"),
    ZoneInfo("Indian/Reunion"),
    ZoneInfo("Pacific/Noumea"),
]

INSTANTS = st.timedeltas(timedelta(0), timedelta(days=365)).map(
    lambda passed: datetime(2027, 1, 1, tzinfo=UTC) + passed
)


def rules(**limits: int) -> TypeRules:
    return TypeRules(timing=Timing(30, 15), **limits)


def window(now: datetime, zone: ZoneInfo = PARIS, **limits: int) -> Window:
    return public_window(rules(**limits), now=now, zone=zone, release=time(7))


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


@pytest.mark.parametrize(
    ("now", "notice_min", "earliest"),
    [
        ("2027-03-01T09:00", 0, "2027-03-01T09:00"),
        ("2027-03-01T09:00", 120, "2027-03-01T11:00"),
        ("2027-03-01T09:00:01", 120, "2027-03-01T11:01"),  # the first whole minute not too soon
        ("2027-03-28T01:30", 60, "2027-03-28T03:30"),  # the night clocks go forward
        ("2027-10-31T02:30", 60, "2027-10-31T02:30"),  # the night they go back: 02:30 again
    ],
)
def test_the_notice_counts_real_minutes(now: str, notice_min: int, earliest: str) -> None:
    found = window(paris(now), notice_min=notice_min).earliest
    assert from_minute(found, PARIS).replace(tzinfo=None) == datetime.fromisoformat(earliest)


@pytest.mark.parametrize(
    ("now", "days", "earliest"),
    [
        ("2027-03-05T16:00", 1, "2027-03-08"),  # Friday → Monday
        ("2027-03-06T10:00", 1, "2027-03-08"),  # Saturday → Monday
        ("2027-03-07T10:00", 2, "2027-03-09"),  # Sunday → Tuesday
        ("2027-03-25T10:00", 2, "2027-03-30"),  # Easter Monday is no working day
    ],
)
def test_a_notice_in_working_days_skips_weekends_and_holidays(
    now: str, days: int, earliest: str
) -> None:
    found = public_window(
        rules(notice_working_days=days),
        now=paris(now),
        zone=PARIS,
        release=time(7),
        holidays=[date(2027, 3, 29)],
    )
    assert from_minute(found.earliest, PARIS) == paris(f"{earliest}T00:00")


def test_the_longer_of_both_notices_counts() -> None:
    found = window(paris("2027-03-05T16:00"), notice_min=5 * 24 * 60, notice_working_days=1)
    assert from_minute(found.earliest, PARIS) == paris("2027-03-10T16:00")


@pytest.mark.parametrize(
    ("now", "latest"),
    [
        ("2027-03-01T06:59:59", "2027-05-30"),  # day 90 is not open yet
        ("2027-03-01T07:00:00", "2027-05-31"),
        ("2027-03-01T23:59:59", "2027-05-31"),
        ("2027-03-02T00:00:00", "2027-05-31"),  # midnight opens nothing
    ],
)
def test_each_day_at_the_release_hour_one_more_day_opens(now: str, latest: str) -> None:
    found = window(paris(now), horizon_days=90)
    assert from_minute(found.latest, PARIS) == paris(f"{latest}T00:00")


def test_nothing_is_open_when_the_notice_is_beyond_the_horizon() -> None:
    found = window(paris("2027-03-01T09:00"), notice_min=3 * 24 * 60, horizon_days=1)
    assert found.earliest == found.latest


@given(INSTANTS, st.sampled_from(ZONES))
def test_the_horizon_ends_at_midnight_in_the_centres_zone(now: datetime, zone: ZoneInfo) -> None:
    last = from_minute(window(now, zone, horizon_days=30).latest, zone)
    assert (last.hour, last.minute) == (0, 0)
    local = now.astimezone(zone)
    opened = 31 if local.time() >= time(7) else 30
    assert last.date() == local.date() + timedelta(days=opened)


@given(
    INSTANTS,
    st.timedeltas(timedelta(0), timedelta(days=3)),
    st.sampled_from(ZONES),
    st.integers(0, 3),
)
def test_the_window_never_moves_back(
    now: datetime, later: timedelta, zone: ZoneInfo, days: int
) -> None:
    limits = {"notice_min": 90, "notice_working_days": days, "horizon_days": 30}
    first, second = window(now, zone, **limits), window(now + later, zone, **limits)
    assert first.earliest <= second.earliest
    assert first.latest <= second.latest


def test_agents_may_book_from_now_to_as_far_as_half_days_exist() -> None:
    now = paris("2027-03-01T09:00")
    found = agent_window(now=now)
    assert from_minute(found.earliest) == now
    assert from_minute(found.latest) >= now + timedelta(days=366)


@pytest.mark.parametrize(
    ("now", "duration", "earliest"),
    [
        ("2027-03-01T09:00:00", 30, "2027-03-01T08:31"),
        ("2027-03-01T09:00:59", 30, "2027-03-01T08:31"),
        ("2027-03-01T09:29:59", 30, "2027-03-01T09:00"),  # a second before its end
        ("2027-03-01T09:30:00", 30, "2027-03-01T09:01"),  # over
        ("2027-03-01T09:30:59", 60, "2027-03-01T09:00"),  # half an hour after its start
        ("2027-03-01T09:31:00", 60, "2027-03-01T09:01"),
        ("2027-03-01T09:00:00", 1, "2027-03-01T09:00"),
    ],
)
def test_at_the_desk_what_began_a_moment_ago_and_is_not_over_may_be_given(
    now: str, duration: int, earliest: str
) -> None:
    found = desk_window(now=paris(now), duration=duration)
    assert from_minute(found.earliest, PARIS) == paris(earliest)
    assert found.latest == agent_window(now=paris(now)).latest


@given(INSTANTS, st.integers(1, 300))
def test_what_may_be_given_at_the_desk_is_never_over_nor_long_begun(
    now: datetime, duration: int
) -> None:
    first = from_minute(desk_window(now=now, duration=duration).earliest)
    assert first + timedelta(minutes=duration) > now
    assert now - first < timedelta(minutes=31)
    assert first <= now

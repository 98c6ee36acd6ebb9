"""Recurrences: read as RFC 5545 says, refused with the reason, never searched for without end."""

import time
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from centres import recurrence
from centres.errors import BadRecurrence
from centres.recurrence import WEEKDAYS, DayFilter, occurrences, parse_rrule

FIRST = date(2027, 3, 1)  # a Monday


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
    ("rule", "reason"),
    [
        ("", "«  » ne se lit pas"),
        ("BYDAY=MO", "FREQ doit être"),
        ("FREQ=HOURLY", "FREQ doit être DAILY, WEEKLY ou MONTHLY."),
        ("FREQ=SECONDLY;COUNT=5", "FREQ doit être"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ doit être"),
        ("FREQ=WEEKLY;BYHOUR=9", "BYHOUR n’est pas prévu ici. Parties possibles : FREQ, INTERVAL"),
        ("FREQ=WEEKLY;X-OTHER=1", "X-OTHER n’est pas prévu"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY : « XX » n’est pas un jour"),
        ("FREQ=WEEKLY;BYDAY=MO,", "BYDAY : «  » n’est pas un jour"),
        ("FREQ=MONTHLY;BYDAY=6MO", "BYDAY : « 6MO » n’est pas un jour"),
        ("FREQ=WEEKLY;WKST=1MO", "WKST : « 1MO » n’est pas un jour"),
        ("FREQ=WEEKLY;BYDAY=", "« BYDAY= » ne se lit pas"),
        ("FREQ=WEEKLY;INTERVAL=deux", "INTERVAL : « DEUX » n’est pas un nombre de 1 à 366."),
        ("FREQ=WEEKLY;INTERVAL=0", "INTERVAL : « 0 »"),
        ("FREQ=WEEKLY;INTERVAL=-1", "INTERVAL : « -1 »"),
        ("FREQ=WEEKLY;INTERVAL=٣", "INTERVAL : « ٣ »"),
        ("FREQ=DAILY;COUNT=99999999999", "COUNT : « 99999999999 »"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY : « 32 » n’est pas un nombre de 1 à 31."),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY : « 0 »"),
        ("FREQ=WEEKLY;BYMONTH=-1", "BYMONTH : « -1 »"),
        ("FREQ=WEEKLY\nRRULE:FREQ=DAILY", "FREQ doit être"),
        ("DTSTART:20270301\nRRULE:FREQ=DAILY", "n’est pas prévu ici"),
        ("FREQ=WEEKLY;UNTIL=hier", "UNTIL : « HIER » n’est pas une date"),
        ("FREQ=WEEKLY;UNTIL=20270230", "UNTIL : « 20270230 » n’est pas une date"),
        ("FREQ=WEEKLY;UNTIL=20270630T100000Z", "UNTIL : « 20270630T100000Z »"),
        ("FREQ=WEEKLY;COUNT=2;UNTIL=20270630", "COUNT et UNTIL ne vont pas ensemble."),
        ("FREQ=WEEKLY;FREQ=DAILY", "FREQ figure deux fois."),
        ("FREQ=WEEKLY;BYDAY=1MO", "ne va qu’avec FREQ=MONTHLY"),
        ("FREQ=DAILY;BYDAY=-1MO", "ne va qu’avec FREQ=MONTHLY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY ne va pas avec FREQ=WEEKLY."),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS choisit parmi"),
        ("FREQ=DAILY;BYDAY=MO;BYSETPOS=1", "BYSETPOS choisit parmi"),
    ],
)
def test_what_is_no_recurrence_of_whole_days_is_refused_by_name(rule: str, reason: str) -> None:
    with pytest.raises(BadRecurrence) as refused:
        parse_rrule(rule, FIRST)
    assert reason in str(refused.value).replace("\u00a0", " ").replace("\u202f", " ")


IMPOSSIBLE = [
    "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=-31;BYMONTH=4",
    "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=20",
    "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
    "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
    "FREQ=WEEKLY;UNTIL=20270228",
]


@pytest.mark.parametrize("rule", IMPOSSIBLE)
def test_one_that_never_gives_a_day_is_refused_within_milliseconds(rule: str) -> None:
    """A library that searches for the next day takes ten seconds, up to the year 9999."""
    began = time.process_time()
    with pytest.raises(BadRecurrence, match="aucun jour"):
        parse_rrule(rule, FIRST)
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize("first_on", [date.min, FIRST, date(9999, 11, 15)])
@pytest.mark.parametrize(
    "rule",
    ["FREQ=DAILY", "FREQ=WEEKLY;WKST=SU", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=DAILY;COUNT=999"],
)
def test_a_year_costs_no_more_than_its_days_wherever_it_is(
    monkeypatch: pytest.MonkeyPatch, rule: str, first_on: date
) -> None:
    looked_at: list[range] = []
    period = recurrence._period
    monkeypatch.setattr(
        recurrence, "_period", lambda *asked: looked_at.append(period(*asked)) or looked_at[-1]
    )
    year = {"start": max(FIRST, first_on), "until": max(date(2028, 3, 1), first_on)}
    list(occurrences(rule, first_on=first_on, days=DayFilter(), **year))
    assert len(looked_at) <= (1_100 if "COUNT" in rule else 380)


def some(values: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=most, unique=True).map(
        lambda chosen: ",".join(map(str, chosen))
    )


BACKWARDS = st.integers(1, 31) | st.integers(-31, -1)
ENDS = st.sampled_from(["", ";COUNT=1", ";COUNT=17", ";UNTIL=20280229", ";UNTIL=20270401T000000"])
EVERY = st.integers(1, 13).map(lambda number: f";INTERVAL={number}" if number > 1 else "")
WEEK = st.sampled_from(WEEKDAYS)
MONTHS = st.just("") | some(st.integers(1, 12)).map(";BYMONTH={}".format)
RANKED = st.builds("{}{}".format, st.sampled_from([1, 2, 3, 4, 5, -1, -2, -5]), WEEK)
MONTH_DAYS = some(BACKWARDS).map(";BYMONTHDAY={}".format)
# Days with a rank are not mixed with days without: the library takes what is both, RFC 5545 either.
IN_MONTH = (some(WEEK) | some(RANKED)).map(";BYDAY={}".format)
RANKS = st.just("") | some(st.integers(1, 4) | st.integers(-4, -1), 2).map(";BYSETPOS={}".format)
RULES = st.one_of(
    st.tuples(
        st.just("FREQ=DAILY"),
        st.sampled_from(["", ";BYDAY=MO,WE", ";BYMONTHDAY=1,-1"]),
        MONTHS,
        EVERY,
        ENDS,
    ),
    st.tuples(
        st.just("FREQ=WEEKLY"),
        st.just("") | some(WEEK).map(";BYDAY={}".format),
        st.sampled_from(["", ";WKST=SU", ";WKST=TH"]),
        MONTHS,
        EVERY,
        ENDS,
    ),
    st.tuples(
        st.just("FREQ=MONTHLY"),
        st.one_of(
            st.just(""),
            st.tuples(IN_MONTH | MONTH_DAYS, RANKS).map("".join),
            st.tuples(IN_MONTH, MONTH_DAYS).map("".join),
        ),
        MONTHS,
        EVERY,
        ENDS,
    ),
).map("".join)


@settings(max_examples=300)
@given(RULES, st.dates(date(2026, 12, 1), date(2027, 4, 30)), st.integers(0, 500))
def test_it_reads_what_a_library_for_recurrences_reads(
    rule: str, first_on: date, ahead: int
) -> None:
    start = first_on + timedelta(days=ahead)
    until = start + timedelta(days=400)
    try:
        ours = list(
            occurrences(rule, first_on=first_on, start=start, until=until, days=DayFilter())
        )
    except BadRecurrence as refusal:
        assert "aucun jour" in str(refusal)  # noqa: PT017 - only these may be refused
        return
    midnight = datetime.min.time()
    theirs = rrulestr(rule, dtstart=datetime.combine(first_on, midnight))
    last = datetime.combine(until - timedelta(days=1), midnight)
    found = theirs.between(datetime.combine(start, midnight), last, inc=True)
    assert ours == [day.date() for day in found]


def test_a_rank_counts_in_whole_weeks_and_a_mixed_list_gives_either() -> None:
    """Where the library differs from RFC 5545 §3.3.10."""
    march = {"first_on": date(2027, 3, 3), "start": FIRST, "until": date(2027, 4, 1)}
    second = occurrences("FREQ=WEEKLY;BYDAY=MO,TH;BYSETPOS=2", days=DayFilter(), **march)
    assert [day.day for day in second] == [4, 11, 18, 25]
    either = occurrences("FREQ=MONTHLY;BYDAY=1MO,FR", days=DayFilter(), **march)
    assert [day.day for day in either] == [5, 12, 19, 26]

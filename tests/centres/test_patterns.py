"""A recurrence in a sentence, in a form and as an RRULE is the same recurrence."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centres.errors import BadRecurrence
from centres.patterns import DAYS, RANKS, Pattern, from_rrule, in_order, read, say, to_rrule
from centres.recurrence import DayFilter, occurrences

MONDAY = date(2027, 3, 1)
WEEKDAYS = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))
RANKED = st.sets(st.sampled_from(list(RANKS))).map(in_order)
PATTERNS = st.builds(Pattern, WEEKDAYS, st.integers(1, 12), RANKED)

SAID = [
    (Pattern((1,)), "le mardi"),
    (Pattern((0, 3)), "le lundi et le jeudi"),
    (Pattern((0, 2, 4), 2), "le lundi, le mercredi et le vendredi, une semaine sur deux"),
    (Pattern((0, 1, 2, 3, 4)), "du lundi au vendredi"),
    (Pattern((1,), 1, (1, 3)), "le 1er et le 3e mardi du mois"),
    (Pattern((1,), 3, (-1,)), "le dernier mardi du mois, un mois sur 3"),
    (Pattern((1, 3), 1, (1,)), "le 1er mardi et le 1er jeudi du mois"),
]


@pytest.mark.parametrize(("pattern", "sentence"), SAID, ids=[sentence for _, sentence in SAID])
def test_it_is_said_as_people_say_it(pattern: Pattern, sentence: str) -> None:
    assert say(pattern) == sentence
    assert read(sentence) == pattern


@given(PATTERNS)
def test_a_sentence_is_read_as_it_was_meant(pattern: Pattern) -> None:
    assert read(say(pattern)) == pattern
    assert read(say(pattern).upper().replace(" ", "\u00a0 ")) == pattern


@given(PATTERNS, st.integers(0, 400))
def test_an_rrule_gives_its_pattern_back(pattern: Pattern, days: int) -> None:
    assert from_rrule(to_rrule(pattern), MONDAY + timedelta(days=days)) == pattern


@given(PATTERNS)
def test_the_days_are_those_that_the_sentence_names(pattern: Pattern) -> None:
    until = MONDAY + timedelta(days=12 * 365)  # a fifth Thursday every eleventh month is rare
    days = list(
        occurrences(to_rrule(pattern), first_on=MONDAY, start=MONDAY, until=until, days=DayFilter())
    )
    assert days
    assert {day.weekday() for day in days} <= set(pattern.weekdays)
    for day in days:
        if pattern.ranks:
            last = (day + timedelta(days=7)).month != day.month
            assert (day.day + 6) // 7 in pattern.ranks or (last and -1 in pattern.ranks)
            assert ((day.year - 2027) * 12 + day.month - 3) % pattern.every == 0
        else:
            assert (day - MONDAY).days // 7 % pattern.every == 0


@pytest.mark.parametrize(
    ("typed", "pattern"),
    [
        ("mardi", Pattern((1,))),
        ("Les mardis", Pattern((1,))),
        ("lundi, jeudi", Pattern((0, 3))),
        ("chaque mercredi, toutes les deux semaines", Pattern((2,), 2)),
        ("Le premier et le troisième mardi du mois", Pattern((1,), 1, (1, 3))),
        ("1er mardi", Pattern((1,), 1, (1,))),
        ("le mardi, une semaine sur 1", Pattern((1,))),
    ],
)
def test_other_ways_to_say_it_are_read_too(typed: str, pattern: Pattern) -> None:
    assert read(typed) == pattern


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "ne se lit pas"),
        ("mardy", "ne se lit pas"),
        ("le 1er", "ne se lit pas"),
        ("du vendredi au lundi", "ne se lit pas"),
        ("le mardi du mois", "quel mardi du mois"),
        ("le 1er mardi et le jeudi du mois", "quel jeudi du mois"),
        ("le 1er mardi et le 2e jeudi du mois", "une ligne par jour"),
        ("le mardi, une semaine sur 99", "une fois sur 1 à 52"),
        ("FREQ=WEEKLY", "ne se lit pas"),
    ],
)
def test_what_cannot_be_read_says_what_is_expected(typed: str, reason: str) -> None:
    with pytest.raises(BadRecurrence, match=reason):
        read(typed)


@pytest.mark.parametrize(
    "rrule",
    [
        "FREQ=DAILY",
        "FREQ=MONTHLY;BYMONTHDAY=15",
        "FREQ=WEEKLY;BYDAY=MO;COUNT=3",
        "FREQ=WEEKLY;BYDAY=MO;BYMONTH=3",
        "FREQ=MONTHLY;BYDAY=1MO,2TU",
        "FREQ=MONTHLY;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=-2MO",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO",
        "nonsense",
    ],
)
def test_what_no_pattern_says_is_left_to_itself(rrule: str) -> None:
    assert from_rrule(rrule, MONDAY) is None


def test_the_first_day_says_which_weekday_when_none_is_named() -> None:
    assert from_rrule("FREQ=WEEKLY", MONDAY) == Pattern((0,))
    assert len(DAYS) == 7

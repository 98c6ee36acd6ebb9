"""Dates, times, distances and phone numbers as people read them, in both languages."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from centres.calendar import to_minute
from centres.models import AppointmentType
from frontend.templatetags import emgav

PARIS = ZoneInfo("Europe/Paris")
HALF_PAST_NINE = datetime(2026, 11, 24, 9, 30, tzinfo=PARIS)
NB, NNB = "\u00a0", "\u202f"


def test_french_dates_and_times() -> None:
    with translation.override("fr"):
        assert emgav.day(HALF_PAST_NINE) == f"mardi 24{NB}novembre 2026"
        assert emgav.day(date(2026, 12, 1)) == f"mardi 1er{NB}décembre 2026"
        assert emgav.clock(HALF_PAST_NINE) == f"9{NB}h{NB}30"
        assert emgav.clock(HALF_PAST_NINE.replace(minute=0)) == f"9{NB}h"
        assert emgav.moment_short(HALF_PAST_NINE) == f"mardi 24{NB}novembre à 9{NB}h{NB}30"


def test_english_dates_and_times() -> None:
    with translation.override("en"):
        assert emgav.day(HALF_PAST_NINE) == f"Tuesday 24{NB}November 2026"
        assert emgav.day(date(2026, 12, 1)) == f"Tuesday 1{NB}December 2026"
        assert emgav.clock(HALF_PAST_NINE) == f"9:30{NB}am"
        assert emgav.clock(HALF_PAST_NINE.replace(hour=12)) == f"12:30{NB}pm"
        assert emgav.clock(HALF_PAST_NINE.replace(hour=0)) == f"12:30{NB}am"


def test_utc_is_shown_on_the_local_clock_and_another_zone_on_its_own() -> None:
    with translation.override("fr"):
        assert emgav.clock(HALF_PAST_NINE.astimezone(UTC)) == f"9{NB}h{NB}30"
        reunion = SimpleNamespace(time_zone="Indian/Reunion")
        assert emgav.clock(emgav.at(HALF_PAST_NINE.astimezone(UTC), reunion)) == f"12{NB}h{NB}30"
        assert emgav.clock(emgav.at(to_minute(HALF_PAST_NINE), reunion)) == f"12{NB}h{NB}30"
        assert emgav.clock(emgav.minute(to_minute(HALF_PAST_NINE))) == f"9{NB}h{NB}30"


@pytest.mark.parametrize(
    ("typed", "shown", "dialled"),
    [
        ("0299023535", f"02{NB}99{NB}02{NB}35{NB}35", "+33299023535"),
        ("+33 2 99 02 35 35", f"02{NB}99{NB}02{NB}35{NB}35", "+33299023535"),
        ("+44 20 7946 0000", f"+44{NB}20{NB}7946{NB}0000", "+442079460000"),
        ("le standard", "le standard", ""),
    ],
)
def test_phone_numbers(typed: str, shown: str, dialled: str) -> None:
    assert emgav.phone(typed) == shown
    assert emgav.tel(typed) == dialled


def test_distances_and_lengths() -> None:
    with translation.override("fr"):
        assert emgav.distance(None) == ""
        assert emgav.distance(0.4) == f"moins de 1{NB}km"
        assert emgav.distance(12.4) == f"12{NB}km"
    assert emgav.duration(45) == f"45{NB}min"
    assert emgav.duration(60) == f"1{NB}h"
    assert emgav.duration(90) == f"1{NB}h{NB}30"
    with translation.override("en"):
        assert emgav.distance(0.4) == f"less than 1{NB}km"
        assert emgav.duration(90) == f"1{NB}h{NB}30{NB}min"


def test_professions_are_translated_and_an_unknown_one_is_kept() -> None:
    with translation.override("en"):
        assert emgav.profession("puéricultrice") == "children’s nurse"
        assert emgav.profession("orthoptiste") == "orthoptiste"
        assert emgav.profession("") == ""
    with translation.override("fr"):
        assert emgav.profession("puéricultrice") == "puéricultrice"


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"age_min_months": 0, "age_max_months": 71}, "jusqu’à 6 ans"),
        ({"age_min_months": 2, "age_max_months": 71}, "de 2 mois à 6 ans"),
        ({"age_min_months": 36, "age_max_months": 59}, "de 3 ans à 5 ans"),
        ({"age_min_months": 1, "age_max_months": 9}, "de 1 mois à 10 mois"),
        ({"week_min": 10, "week_max": 28}, "de 10 à 28 semaines de grossesse"),
        ({}, ""),
    ],
)
def test_ages_are_said_as_people_count_them(limits: dict[str, int], said: str) -> None:
    with translation.override("fr"):
        assert emgav.ages(AppointmentType(**limits)) == said


def test_no_line_ends_inside_a_range_of_figures() -> None:
    kind = AppointmentType(
        label="Bilan (3-4 ans)", translations={"en": {"label": "Check-up (3–4)"}}
    )
    with translation.override("fr"):
        assert kind.local_label == "Bilan (3\N{NON-BREAKING HYPHEN}4 ans)"
    with translation.override("en"):
        assert kind.local_label == "Check-up (3–\N{WORD JOINER}4)"
    assert AppointmentType(label="Suivi mère-enfant").local_label == "Suivi mère-enfant"

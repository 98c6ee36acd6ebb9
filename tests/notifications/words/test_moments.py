"""Days and times as each language says them."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from notifications.segments import is_gsm7
from notifications.words.kinds import LANGUAGES
from notifications.words.moments import (
    short_day,
    short_time,
    short_times,
    spoken_day,
    spoken_moment,
    spoken_time,
)

TUESDAY = datetime(2026, 11, 24, 9, 30, tzinfo=ZoneInfo("Europe/Paris"))


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        ("fr", "mardi 24 novembre 2026 à 9 h 30"),
        ("fr-x-facile", "mardi 24 novembre 2026 à 9 h 30"),
        ("en", "Tuesday 24 November 2026 at 9:30 am"),
        ("ar", "الثلاثاء 24 نوفمبر 2026 على الساعة 09:30"),
        ("tr", "24 Kasım 2026 Salı günü saat 09:30"),
        ("pt", "terça-feira, 24 de novembro de 2026 às 09:30"),
        ("uk", "вівторок, 24 листопада 2026 р., о 9:30"),
    ],
)
def test_a_moment_in_words(language: str, wanted: str) -> None:
    said = spoken_moment(TUESDAY, language, has_year=True)
    assert said.replace("\u00a0", " ") == wanted
    assert "2026" not in spoken_moment(TUESDAY, language)


def test_the_first_of_a_month_is_said_so_in_french() -> None:
    assert spoken_day(date(2026, 12, 1), "fr") == "mardi 1er\u00a0décembre"


def test_noon_and_midnight_in_english() -> None:
    assert [spoken_time(time(hour), "en") for hour in (0, 12, 13)] == [
        "12:00\u00a0am", "12:00\u00a0pm", "1:00\u00a0pm",
    ]  # fmt: skip


def test_ukrainian_says_eleven_with_another_preposition() -> None:
    assert "об 11:15" in spoken_moment(TUESDAY.replace(hour=11, minute=15), "uk")


def test_short_days_and_times() -> None:
    day = date(2027, 3, 5)
    assert [short_day(day, language) for language in ("fr", "en", "ar")] == [
        "05/03",
        "5 Mar",
        "05/03",
    ]
    assert [short_time(time(9), language) for language in ("fr", "en", "tr")] == [
        "9h",
        "9:00am",
        "09:00",
    ]
    assert short_time(time(14, 5), "fr") == "14h05"


def test_several_times_are_told_in_order_and_stay_short() -> None:
    assert short_times([time(14, 30), time(10)], "fr") == "10h et 14h30"
    assert short_times([time(10)], "fr") == "10h"
    many = [time(hour, 45) for hour in range(9, 18)]
    assert short_times(many, "fr") == "9h45 et 8 autres"
    for language in LANGUAGES:
        assert len(short_times(many, language)) <= 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_short_forms_cost_nothing_in_an_sms(language: str) -> None:
    assert is_gsm7(short_day(date(2027, 8, 1), language) + short_time(time(9, 5), language))
    assert not any("٠" <= sign <= "٩" for sign in spoken_moment(TUESDAY, language))

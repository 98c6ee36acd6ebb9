"""Days and times as each language says them, in words for e-mails and in digits for SMS.

Everything stays in Western digits on a clock of 24 hours but English; digits are safe in GSM-7.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from babel.dates import get_day_names, get_month_names

from notifications.words.defaults import phrase
from notifications.words.kinds import html_language

NBSP = "\u00a0"
LISTED = 2  # more than these are told by the first one and their number


def _weekday(day: date, language: str) -> str:
    return str(get_day_names("wide", locale=language)[day.weekday()])


def _month(day: date, language: str, width: str = "wide") -> str:
    return str(get_month_names(width, locale=language)[day.month])  # type: ignore[arg-type]


def spoken_day(day: date, language: str, *, has_year: bool = False) -> str:
    """mardi 24 novembre · Tuesday 24 November 2026 · 24 Kasım Salı · вівторок, 24 листопада"""
    language = html_language(language)
    weekday, month = _weekday(day, language), _month(day, language)
    year = f" {day.year}" if has_year else ""
    if language == "tr":
        return f"{day.day}{NBSP}{month}{year} {weekday}"
    if language == "pt":
        return f"{weekday}, {day.day}{NBSP}de{NBSP}{month}{' de' if has_year else ''}{year}"
    if language == "uk":
        return f"{weekday}, {day.day}{NBSP}{month}{year}{f'{NBSP}р.' if has_year else ''}"
    number = "1er" if day.day == 1 and language == "fr" else str(day.day)
    return f"{weekday} {number}{NBSP}{month}{year}"


def spoken_time(clock: time, language: str) -> str:
    """9 h 30 · 9:30 am · 09:30"""
    language = html_language(language)
    if language == "fr":
        return f"{clock.hour}{NBSP}h" + (f"{NBSP}{clock.minute:02}" if clock.minute else "")
    if language == "en":
        half = "am" if clock.hour < 12 else "pm"
        return f"{clock.hour % 12 or 12}:{clock.minute:02}{NBSP}{half}"
    return f"{clock.hour}:{clock.minute:02}" if language == "uk" else f"{clock:%H:%M}"


def spoken_moment(local: datetime, language: str, *, has_year: bool = False) -> str:
    """mardi 24 novembre à 9 h 30; `local` is on the clock of the place."""
    day = spoken_day(local.date(), language, has_year=has_year)
    clock = spoken_time(local.time(), language)
    # Ukrainian says "об" before eleven alone, whose name begins with a vowel.
    key = "at_eleven" if local.hour == 11 else "at"
    return phrase(key, language).format(day=day, time=clock)


def short_day(day: date, language: str) -> str:
    """24/11, and 24 Nov in English: whoever learnt it in America reads 5/11 as a day of May."""
    if html_language(language) == "en":
        return f"{day.day} {_month(day, 'en', 'abbreviated')}"
    return f"{day:%d/%m}"


def short_time(clock: time, language: str) -> str:
    """14h30 · 9h · 2:30pm · 14:30"""
    language = html_language(language)
    if language == "fr":
        return f"{clock.hour}h" + (f"{clock.minute:02}" if clock.minute else "")
    if language == "en":
        return spoken_time(clock, language).replace(NBSP, "")
    return spoken_time(clock, language)


def short_times(clocks: Sequence[time], language: str) -> str:
    """10h et 14h30 · 9h30 et 3 autres: never long, however many there are."""
    times = [short_time(clock, language) for clock in sorted(clocks)]
    if len(times) > LISTED:
        return phrase("and_more", language).format(time=times[0], count=len(times) - 1)
    return phrase("and", language).join(times)

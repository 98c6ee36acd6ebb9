"""Recurrences of whole days: the part of RFC 5545 that opening rules use (pure; ADR 0011).

Periods are counted one by one between two dates, so a rule that never gives a day costs no more
than one that does.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from centres.errors import BadRecurrence, gettext_noop

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
YEARS_TRIED = 10
AFTER_ALL_TIME = date.max.toordinal() + 1

NOT_A_PART = gettext_noop(
    "« %(part)s » ne se lit pas : une récurrence s’écrit NOM=VALEUR;NOM=VALEUR."
)
UNKNOWN_PART = gettext_noop("%(name)s n’est pas prévu ici. Parties possibles : %(known)s.")
TWICE = gettext_noop("%(name)s figure deux fois.")
BAD_FREQUENCY = gettext_noop("FREQ doit être DAILY, WEEKLY ou MONTHLY.")
BAD_NUMBER = gettext_noop("%(name)s : « %(value)s » n’est pas un nombre de %(low)s à %(high)s.")
BAD_DAY = gettext_noop(
    "%(name)s : « %(value)s » n’est pas un jour. MO est le lundi, 1MO le premier lundi du mois."
)
BAD_DATE = gettext_noop("UNTIL : « %(value)s » n’est pas une date comme 20270630.")
RANK_NEEDS_MONTHS = gettext_noop("Un rang devant un jour (1MO) ne va qu’avec FREQ=MONTHLY.")
MONTH_DAY_IN_WEEKS = gettext_noop("BYMONTHDAY ne va pas avec FREQ=WEEKLY.")
NOTHING_TO_CHOOSE = gettext_noop(
    "BYSETPOS choisit parmi les jours de BYDAY ou BYMONTHDAY, avec FREQ=WEEKLY ou MONTHLY."
)
TWO_ENDS = gettext_noop("COUNT et UNTIL ne vont pas ensemble.")
NO_DAY = gettext_noop(
    "Cette récurrence ne donne aucun jour pendant les dix ans qui suivent le %(first_on)s."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """An RRULE as read. Empty means "whichever"; a weekday has its rank in the month, 0 for all."""

    first_on: date
    frequency: str
    interval: int = 1
    weekdays: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    count: int | None = None
    until: date | None = None
    week_start: int = 0


class DayFilter(NamedTuple):
    """Days on which a rule does not apply."""

    holidays: Collection[date] = ()
    breaks: Collection[tuple[date, date]] = ()  # first and last day, both included

    def allows(self, day: date) -> bool:
        return day not in self.holidays and not any(a <= day <= b for a, b in self.breaks)


def parse_rrule(text: str, first_on: date) -> Recurrence:
    """Check and read an RRULE whose first day may be `first_on`. Raises BadRecurrence."""
    parts = _split(text)
    frequency = parts.pop("FREQ", "")
    if frequency not in FREQUENCIES:
        raise BadRecurrence(BAD_FREQUENCY)
    rule = Recurrence(
        first_on=first_on,
        frequency=frequency,
        **{READERS[name][0]: READERS[name][1](name, value) for name, value in parts.items()},
    )
    _check_parts_fit(rule)
    if not (rule.weekdays or rule.month_days):  # then the first day says which (RFC 5545 §3.3.10)
        rule = _as_first_day(rule)
    last = date(min(first_on.year + YEARS_TRIED, date.max.year), 12, 31)
    if next(_days(rule, first_on, last), None) is None:
        raise BadRecurrence(NO_DAY, first_on=f"{first_on:%d/%m/%Y}")
    return rule


def occurrences(
    text: str, *, first_on: date, start: date, until: date, days: DayFilter
) -> Iterator[date]:
    """The days of a recurrence beginning on `first_on` that fall in [start, until)."""
    rule = parse_rrule(text, first_on)
    return (day for day in _days(rule, start, until) if days.allows(day))


def _split(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.strip().upper().split(";"):
        name, _, value = part.partition("=")
        if not name or not value:
            raise BadRecurrence(NOT_A_PART, part=part)
        if name != "FREQ" and name not in READERS:
            raise BadRecurrence(UNKNOWN_PART, name=name, known=", ".join(["FREQ", *READERS]))
        if name in parts:
            raise BadRecurrence(TWICE, name=name)
        parts[name] = value
    return parts


def _numbers(low: int, high: int, *, backwards: bool = False) -> Callable[[str, str], Any]:
    """Reads "1,15" as numbers within limits; with `backwards`, −1 is the last."""

    def read(name: str, text: str) -> tuple[int, ...]:
        found = []
        for value in text.split(","):
            number = int(value) if re.fullmatch(r"[+-]?[0-9]{1,4}", value) else 0
            if not low <= (abs(number) if backwards else number) <= high:
                raise BadRecurrence(BAD_NUMBER, name=name, value=value, low=low, high=high)
            found.append(number)
        return tuple(found)

    return read


def _number(low: int, high: int) -> Callable[[str, str], Any]:
    def read(name: str, text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,4}", text) or not low <= int(text) <= high:
            raise BadRecurrence(BAD_NUMBER, name=name, value=text, low=low, high=high)
        return int(text)

    return read


def _weekdays(name: str, text: str) -> tuple[tuple[int, int], ...]:
    found = []
    for value in text.split(","):
        read = re.fullmatch(rf"([+-]?[1-5])?({'|'.join(WEEKDAYS)})", value)
        if not read:
            raise BadRecurrence(BAD_DAY, name=name, value=value)
        found.append((int(read[1] or 0), WEEKDAYS.index(read[2])))
    return tuple(found)


def _weekday(name: str, text: str) -> int:
    if text not in WEEKDAYS:
        raise BadRecurrence(BAD_DAY, name=name, value=text)
    return WEEKDAYS.index(text)


def _date(_name: str, text: str) -> date:
    """A date; the time that some calendars write after it changes nothing for whole days."""
    read = re.fullmatch(r"([0-9]{8})(T[0-9]{6})?", text)
    try:
        return date.fromisoformat(read[1] if read else "")
    except ValueError as error:
        raise BadRecurrence(BAD_DATE, value=text) from error


READERS: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "INTERVAL": ("interval", _number(1, 366)),
    "BYDAY": ("weekdays", _weekdays),
    "BYMONTHDAY": ("month_days", _numbers(1, 31, backwards=True)),
    "BYMONTH": ("months", _numbers(1, 12)),
    "BYSETPOS": ("positions", _numbers(1, 31, backwards=True)),
    "COUNT": ("count", _number(1, 999)),
    "UNTIL": ("until", _date),
    "WKST": ("week_start", _weekday),
}


def _check_parts_fit(rule: Recurrence) -> None:
    if rule.frequency != "MONTHLY" and any(rank for rank, _ in rule.weekdays):
        raise BadRecurrence(RANK_NEEDS_MONTHS)
    if rule.frequency == "WEEKLY" and rule.month_days:
        raise BadRecurrence(MONTH_DAY_IN_WEEKS)
    has_choice = rule.frequency != "DAILY" and (rule.weekdays or rule.month_days)
    if rule.positions and not has_choice:
        raise BadRecurrence(NOTHING_TO_CHOOSE)
    if rule.count and rule.until:
        raise BadRecurrence(TWO_ENDS)


def _as_first_day(rule: Recurrence) -> Recurrence:
    if rule.frequency == "WEEKLY":
        return replace(rule, weekdays=((0, rule.first_on.weekday()),))
    if rule.frequency == "MONTHLY":
        return replace(rule, month_days=(rule.first_on.day,))
    return rule


def _days(rule: Recurrence, start: date, until: date) -> Iterator[date]:
    """The days in [start, until). What is counted (COUNT) is counted from the first day on."""
    left = rule.count
    number = 0 if rule.count else _number_at(rule, start)
    while (period := _period(rule, number)).start < until.toordinal():
        for day in _chosen(rule, period):
            if day >= until or left == 0 or (rule.until is not None and day > rule.until):
                return
            left = left - 1 if left is not None else None
            if day >= start:
                yield day
        number += 1


def _chosen(rule: Recurrence, period: range) -> list[date]:
    """The days of a period, those before the rule's first day left out last: they have a rank."""
    whole = range(max(period.start, 1), min(period.stop, AFTER_ALL_TIME))
    found = [day for day in map(date.fromordinal, whole) if _matches(rule, day)]
    if rule.positions:
        ranks = {p - 1 if p > 0 else len(found) + p for p in rule.positions}
        found = [day for rank, day in enumerate(found) if rank in ranks]
    return [day for day in found if day >= rule.first_on]


def _matches(rule: Recurrence, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    length = monthrange(day.year, day.month)[1]
    if rule.month_days and not {day.day, day.day - length - 1} & set(rule.month_days):
        return False
    ranks = (0, (day.day + 6) // 7, -((length - day.day + 7) // 7))
    return not rule.weekdays or any((rank, day.weekday()) in rule.weekdays for rank in ranks)


def _number_at(rule: Recurrence, day: date) -> int:
    """The number of the period that holds a day, or of the last one before it."""
    if rule.frequency == "MONTHLY":
        gone = (day.year - rule.first_on.year) * 12 + day.month - rule.first_on.month
    else:
        gone = (day.toordinal() - _period(rule, 0).start) // len(_period(rule, 0))
    return max(0, gone // rule.interval)


def _period(rule: Recurrence, number: int) -> range:
    """The ordinals of the days of a day, week or month: the `number`-th the rule looks at."""
    first_on, step = rule.first_on, number * rule.interval
    if rule.frequency == "DAILY":
        return range(first_on.toordinal() + step, first_on.toordinal() + step + 1)
    if rule.frequency == "WEEKLY":
        first = first_on.toordinal() - (first_on.weekday() - rule.week_start) % 7 + 7 * step
        return range(first, first + 7)
    year, month = divmod(first_on.year * 12 + first_on.month - 1 + step, 12)
    if year > date.max.year:
        return range(AFTER_ALL_TIME, AFTER_ALL_TIME)
    first = date(year, month + 1, 1).toordinal()
    return range(first, first + monthrange(year, month + 1)[1])

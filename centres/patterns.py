"""The recurrences people speak of: weekdays, every so many weeks, ranks in the month (pure).

A pattern is said in a sentence, read back from one, and written as an RRULE; none loses anything.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from centres.errors import BadRecurrence, gettext_noop
from centres.recurrence import WEEKDAYS, Recurrence, parse_rrule

Translate = Callable[[str], str]
DAYS = (
    gettext_noop("lundi"),
    gettext_noop("mardi"),
    gettext_noop("mercredi"),
    gettext_noop("jeudi"),
    gettext_noop("vendredi"),
    gettext_noop("samedi"),
    gettext_noop("dimanche"),
)
RANKS = {
    1: gettext_noop("1er"),
    2: gettext_noop("2e"),
    3: gettext_noop("3e"),
    4: gettext_noop("4e"),
    5: gettext_noop("5e"),
    -1: gettext_noop("dernier"),
}
TWO = gettext_noop("deux")
MOST_EVERY = 52
DAY = gettext_noop("le %(day)s")
RUN = gettext_noop("du %(first)s au %(last)s")
RANK = gettext_noop("le %(rank)s")
RANKED = gettext_noop("le %(rank)s %(day)s")
AND = gettext_noop("%(first)s et %(last)s")
OF_MONTH = gettext_noop("%(days)s du mois")
IN_WEEKS = gettext_noop("une semaine sur %(number)s")
IN_MONTHS = gettext_noop("un mois sur %(number)s")

NOT_READ = gettext_noop(
    "« %(text)s » ne se lit pas. Par exemple : le mardi · le lundi et le jeudi, une semaine sur "
    "deux · le 1er et le 3e mardi du mois."
)
RANK_MISSING = gettext_noop("« %(text)s » : quel %(day)s du mois ? Par exemple : le 1er mardi.")
UNEVEN = gettext_noop(
    "« %(text)s » : faites une ligne par jour quand les rangs ne sont pas les mêmes."
)
BAD_EVERY = gettext_noop("« %(text)s » : une fois sur 1 à 52.")
# What may be typed for a number, and for a rank.
NUMBERS = {"un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6}
SPELT = {"premier": 1, "deuxieme": 2, "second": 2, "troisieme": 3, "quatrieme": 4, "dernier": -1}
RHYTHM = re.compile(
    r",?\s*(?:une semaine|un mois) sur (\w+)$|,?\s*(?:toutes les|tous les) (\w+) (?:semaines|mois)$"
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Days of the week (0 is Monday), every so many weeks; with ranks (−1 is the last), days of so
    ranked weeks of a month, every so many months."""

    weekdays: tuple[int, ...]
    every: int = 1
    ranks: tuple[int, ...] = ()


def to_rrule(pattern: Pattern) -> str:
    """The same as RFC 5545 writes it."""
    names = [WEEKDAYS[day] for day in pattern.weekdays]
    frequency = "WEEKLY"
    if pattern.ranks:
        frequency = "MONTHLY"
        names = [f"{rank}{name}" for name in names for rank in pattern.ranks]
    interval = f";INTERVAL={pattern.every}" if pattern.every > 1 else ""
    return f"FREQ={frequency}{interval};BYDAY={','.join(names)}"


def from_rrule(text: str, first_on: date) -> Pattern | None:
    """The pattern of an RRULE; None when no pattern says the same, or nobody can read it."""
    try:
        rule = parse_rrule(text, first_on)
    except BadRecurrence:
        return None
    if not _is_plain(rule) or rule.interval > MOST_EVERY:
        return None
    weekdays = tuple(sorted({day for _, day in rule.weekdays}))
    ranks = in_order({rank for rank, _ in rule.weekdays})
    if rule.frequency == "WEEKLY":
        return Pattern(weekdays, rule.interval)
    is_even = len(set(rule.weekdays)) == len(weekdays) * len(ranks)
    return Pattern(weekdays, rule.interval, ranks) if is_even and set(ranks) <= set(RANKS) else None


def same_rrule(one: tuple[str, date], other: tuple[str, date]) -> bool:
    """Whether two recurrences, each with its first day, say the same by the same pattern."""
    pattern = from_rrule(*one)
    return pattern is not None and pattern == from_rrule(*other)


def _is_plain(rule: Recurrence) -> bool:
    other = rule.month_days or rule.months or rule.positions or rule.count or rule.until
    odd_week = rule.week_start != 0 and rule.interval > 1 and rule.frequency == "WEEKLY"
    return rule.frequency != "DAILY" and not other and not odd_week and bool(rule.weekdays)


def in_order(ranks: Iterable[int]) -> tuple[int, ...]:
    """Ranks as they come in a month: the last one is last."""
    return tuple(sorted(set(ranks), key=lambda rank: (rank < 0, rank)))


def say_days(pattern: Pattern, translate: Translate = str) -> str:
    """le mardi · du lundi au vendredi · le 1er et le 3e mardi du mois"""
    _ = translate
    names = [_(DAYS[day]) for day in pattern.weekdays]
    if pattern.ranks:
        return _(OF_MONTH) % {"days": _listed(_ranked(pattern, names, _), _)}
    first, last = pattern.weekdays[0], pattern.weekdays[-1]
    if len(names) > 2 and last - first == len(names) - 1:
        return _(RUN) % {"first": names[0], "last": names[-1]}
    return _listed([_(DAY) % {"day": name} for name in names], _)


def _ranked(pattern: Pattern, names: Sequence[str], _: Translate) -> list[str]:
    """A day is named once when it is the only one."""
    words = [_(RANKS[rank]) for rank in pattern.ranks]
    if len(names) > 1:
        return [_(RANKED) % {"rank": word, "day": name} for name in names for word in words]
    last = _(RANKED) % {"rank": words[-1], "day": names[0]}
    return [*(_(RANK) % {"rank": word} for word in words[:-1]), last]


def _listed(parts: Sequence[str], _: Translate) -> str:
    if len(parts) == 1:
        return parts[0]
    return _(AND) % {"first": ", ".join(parts[:-1]), "last": parts[-1]}


def say_rhythm(pattern: Pattern, translate: Translate = str) -> str:
    """une semaine sur deux · un mois sur 3 · nothing for each week or month"""
    if pattern.every == 1:
        return ""
    number = translate(TWO) if pattern.every == 2 else str(pattern.every)
    return translate(IN_MONTHS if pattern.ranks else IN_WEEKS) % {"number": number}


def say(pattern: Pattern) -> str:
    """The whole in French, as `read` reads it."""
    return ", ".join(filter(None, (say_days(pattern), say_rhythm(pattern))))


def read(text: str) -> Pattern:
    """The pattern of a French sentence. Raises BadRecurrence, saying what is expected."""
    plain = _plain(text)
    every, plain = _rhythm(plain, text)
    is_monthly = "du mois" in plain
    items = [part for part in re.split(r",| et ", plain.replace("du mois", "")) if part.strip()]
    found: list[tuple[int, int]] = []
    waiting: list[int] = []
    for item in items:
        rank, days = _item(item, text)
        waiting += [rank] if rank else []
        found += [(each, day) for day in days for each in (waiting or [0])]
        waiting = [] if days else waiting
    if waiting or not found:
        raise BadRecurrence(NOT_READ, text=text)
    return _checked(found, every, text, is_monthly=is_monthly)


def _checked(
    found: Sequence[tuple[int, int]], every: int, text: str, *, is_monthly: bool
) -> Pattern:
    weekdays, ranks = tuple(sorted({day for _, day in found})), {rank for rank, _ in found}
    if 0 in ranks and (is_monthly or len(ranks) > 1):
        missing = next(day for rank, day in found if not rank)
        raise BadRecurrence(RANK_MISSING, text=text, day=DAYS[missing])
    if ranks == {0}:
        return Pattern(weekdays, every)
    if len(set(found)) != len(weekdays) * len(ranks):
        raise BadRecurrence(UNEVEN, text=text)
    return Pattern(weekdays, every, in_order(ranks))


def _plain(text: str) -> str:
    """Without accents, capitals and odd spaces."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in bare if not unicodedata.combining(c)).split())


def _rhythm(plain: str, text: str) -> tuple[int, str]:
    said = RHYTHM.search(plain)
    if said is None:
        return 1, plain
    number = said[1] or said[2]
    every = NUMBERS.get(number, int(number) if re.fullmatch(r"[0-9]{1,3}", number) else 0)
    if not 1 <= every <= MOST_EVERY:
        raise BadRecurrence(BAD_EVERY, text=text)
    return every, plain[: said.start()]


def _item(item: str, text: str) -> tuple[int, list[int]]:
    """One part of a list: its rank (0 for none) and its days (none when it is a rank alone)."""
    words = [word for word in item.split() if word not in ("le", "les", "chaque", "tous")]
    run = re.fullmatch(r"du (\w+) au (\w+)", " ".join(words))
    if run:
        first, last = (_day(word, text) for word in run.groups())
        if first < last:
            return 0, list(range(first, last + 1))
        raise BadRecurrence(NOT_READ, text=text)
    rank = _rank(words[0]) if words else 0
    rest = words[1:] if rank else words
    if len(rest) > 1 or not (rank or rest):
        raise BadRecurrence(NOT_READ, text=text)
    return rank, [_day(word, text) for word in rest]


def _rank(word: str) -> int:
    said = re.fullmatch(r"([1-5])(?:er|e|eme|nd)", word)
    return int(said[1]) if said else SPELT.get(word, 0)


def _day(word: str, text: str) -> int:
    name = word.removesuffix("s")
    if name not in DAYS:
        raise BadRecurrence(NOT_READ, text=text)
    return DAYS.index(name)

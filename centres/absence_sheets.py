"""Absences as lines of a sheet: read into records not saved yet, and written back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from centres.calendar import LONGEST_ABSENCE, wall
from centres.cells import (
    CLOSES,
    FIRST,
    KIND,
    LAST,
    NUMBER,
    OPENS,
    UNKNOWN_PERSON,
    WHO,
    Cells,
    Known,
    Wrong,
    check_once,
    clock,
    day,
    sheet_number,
)
from centres.errors import gettext_noop
from centres.models import Absence
from centres.sheets import Fault, Row, plain
from centres.written import write_clock, write_day

ABSENCE_COLUMNS = (NUMBER, WHO, KIND, FIRST, OPENS, LAST, CLOSES)
ABSENCE_OPTIONAL = (NUMBER, KIND, OPENS, CLOSES)
UNKNOWN_KIND = gettext_noop("« %(text)s » : attendu %(known)s.")
IS_OVER = gettext_noop("c’est déjà passé.")
TOO_LONG = gettext_noop("c’est plus d’un an : vérifiez l’année.")
ENDS_FIRST = gettext_noop("la fin doit venir après le début.")


def example_absences(known: Known, *, people: Sequence[int], today: date) -> list[list[str]]:
    """Whole days, and a part of one."""
    who = _example(known, people)
    monday = today + timedelta(days=7 - today.weekday())
    first, last = write_day(monday), write_day(monday + timedelta(days=4))
    return [
        ["", who, "congés", first, "", last, ""],
        ["", who, "formation", last, "13:30", last, "17:00"],
    ]


class AbsenceLine(NamedTuple):
    """An absence that a line asks for, not saved, and whether it changes anything."""

    line: int
    absence: Absence
    is_change: bool


def read_absences(
    rows: Iterable[Row], known: Known, *, people: Sequence[int], now: datetime
) -> tuple[list[AbsenceLine], list[Fault]]:
    """The absences of these people (ids) that the lines of a sheet ask for, and each fault."""
    absences = _absences(people, now=now)
    said = {each.pk: _key(each) for each in absences}
    own = {each.pk: each for each in absences}
    lines: list[AbsenceLine] = []
    faults: list[Fault] = []
    seen: dict[object, int] = {}
    for row in rows:
        cells = Cells(row)
        pk = sheet_number(cells, said, seen)
        absence = _absence(cells, known, own.get(pk or 0) or Absence(), people)
        if absence is not None and not cells.faults:
            key = _key(absence)
            check_once(cells, seen, repr(key))
            is_change = said[pk] != key if pk else key not in said.values()
            if is_change:
                _check_span(cells, absence, now=now)
            lines.append(AbsenceLine(row.line, absence, is_change))
        faults += cells.faults
    return lines, faults


def _check_span(cells: Cells, absence: Absence, *, now: datetime) -> None:
    """What the form of one absence refuses too."""
    if absence.ends_at <= now:
        cells.fault(LAST, IS_OVER)
    elif absence.ends_at - absence.starts_at > LONGEST_ABSENCE:
        cells.fault(LAST, TOO_LONG)


def _absences(people: Sequence[int], *, now: datetime) -> list[Absence]:
    found = Absence.objects.filter(practitioner__in=people, ends_at__gt=now)
    return list(found.order_by("starts_at", "pk"))


def _key(absence: Absence) -> tuple[object, ...]:
    return (absence.practitioner_id, absence.kind, absence.starts_at, absence.ends_at)


def _absence(cells: Cells, known: Known, absence: Absence, people: Sequence[int]) -> Absence | None:
    who = cells.take(WHO, known.person)
    if who is not None and who.pk not in people:
        cells.fault(
            WHO, UNKNOWN_PERSON, text=cells[WHO], example=known.name_of(people[0]) if people else ""
        )
    kind = cells.take(KIND, _kind, default=Absence.Kind.LEAVE)
    first, last = cells.take(FIRST, day), cells.take(LAST, day)
    opens = cells.take(OPENS, clock, default=time())
    closes = cells.take(CLOSES, clock) if cells[CLOSES] else None
    if cells.faults:
        return None
    until = last if closes is not None else last + timedelta(days=1)
    starts_at = wall(first, opens, known.zone)
    ends_at = wall(until, closes or time(), known.zone)
    if starts_at >= ends_at:
        cells.fault(LAST, ENDS_FIRST)
        return None
    absence.practitioner, absence.kind = who, kind
    absence.starts_at, absence.ends_at = starts_at, ends_at
    return absence


def _kind(text: str) -> str:
    for kind in Absence.Kind:
        if plain(text) in (plain(kind.value), plain(FRENCH_KINDS[kind])):
            return str(kind.value)
    raise Wrong(UNKNOWN_KIND, text=text, known=", ".join(FRENCH_KINDS.values()))


FRENCH_KINDS = {
    Absence.Kind.LEAVE: "congés",
    Absence.Kind.SICK: "maladie",
    Absence.Kind.TRAINING: "formation",
    Absence.Kind.MEETING: "réunion",
}


def write_absences(known: Known, *, people: Sequence[int], now: datetime) -> list[list[str]]:
    """The absences of these people that are not over, as `read_absences` reads them."""
    lines = []
    for each in _absences(people, now=now):
        starts, ends = (at.astimezone(known.zone) for at in (each.starts_at, each.ends_at))
        is_midnight = ends.time() == time()
        last = ends.date() - timedelta(days=1) if is_midnight else ends.date()
        lines.append(
            [
                str(each.pk),
                known.name_of(each.practitioner_id),
                FRENCH_KINDS[Absence.Kind(each.kind)],
                write_day(starts.date()),
                write_clock(starts.time()) if starts.time() != time() else "",
                write_day(last),
                "" if is_midnight else write_clock(ends.time()),
            ]
        )
    return lines


def _example(known: Known, people: Sequence[int]) -> str:
    """Somebody whom lines may name."""
    return known.name_of(people[0]) if people else ""

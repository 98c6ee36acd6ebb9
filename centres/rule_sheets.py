"""Opening rules as lines of a sheet: read into what actions take, and written back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from centres.actions.ruling import Edit, RuleFields, check_said, fields_of
from centres.cells import (
    BETWEEN_TYPES,
    BREAKS,
    CLOSES,
    DAYS,
    FIRST,
    HOLIDAYS,
    IN_FORCE,
    LAST,
    NUMBER,
    OPENS,
    PLACE,
    RESERVE,
    SEATS,
    TYPES,
    WHO,
    Cells,
    Known,
    check_once,
    clock,
    day,
    flag,
    number,
    sheet_number,
)
from centres.errors import Refusal
from centres.models import OpeningRule
from centres.patterns import from_rrule, read, same_rrule, say, to_rrule
from centres.recurrence import parse_rrule
from centres.seating import usual_seats
from centres.sheets import Fault, Row
from centres.written import write_clock, write_day, write_flag

RULE_COLUMNS = (
    *(NUMBER, WHO, PLACE, DAYS, OPENS, CLOSES, FIRST, LAST, TYPES),
    *(SEATS, RESERVE, BREAKS, HOLIDAYS, IN_FORCE),
)
RULE_OPTIONAL = (NUMBER, LAST, SEATS, RESERVE, BREAKS, HOLIDAYS, IN_FORCE)
COLUMN_OF = {
    "bad_recurrence": DAYS,
    "ends_too_early": CLOSES,
    "too_long": CLOSES,
    "dates_out_of_order": LAST,
    "seats_do_not_fit": SEATS,
    "nothing_offered": TYPES,
}


class RuleLine(NamedTuple):
    """What a line asks for, and whether it changes anything."""

    line: int
    edit: Edit
    is_change: bool


def read_rules(rows: Iterable[Row], known: Known) -> tuple[list[RuleLine], list[Fault]]:
    """The rules that the lines of a sheet ask for, and each fault. A line without a number that
    says what a rule says already asks for nothing: one query."""
    rules = OpeningRule.objects.filter(site__centre=known.centre).prefetch_related("types")
    said = {rule.pk: fields_of(rule) for rule in rules.order_by("pk")}
    lines: list[RuleLine] = []
    faults: list[Fault] = []
    seen: dict[object, int] = {}
    for row in rows:
        cells = Cells(row)
        rule_id = sheet_number(cells, said, seen)
        wanted = _rule(cells, known, said.get(rule_id or 0))
        if wanted is not None and not cells.faults:
            check_once(cells, seen, repr(sorted(wanted.items())))
            is_change = wanted not in said.values() if rule_id is None else said[rule_id] != wanted
            lines.append(RuleLine(row.line, Edit(wanted, rule_id), is_change))
        faults += cells.faults
    return lines, faults


def _rule(cells: Cells, known: Known, before: RuleFields | None) -> RuleFields | None:
    """What a line says of a rule; None when it cannot be read."""
    who = cells.take(WHO, known.person)
    site = cells.take(PLACE, known.place)
    first = cells.take(FIRST, day)
    rrule = cells.take(DAYS, lambda text: _rrule(text, first or date(2027, 1, 1)))
    kinds = cells.take(TYPES, known.types)
    values: dict[str, Any] = {
        "opens": cells.take(OPENS, clock),
        "closes": cells.take(CLOSES, clock),
        "valid_from": first,
        "valid_until": cells.take(LAST, day) if cells[LAST] else None,
        "seats": cells.take(SEATS, number(1, 1000), default=usual_seats(kinds or [])),
        "agent_reserve": cells.take(RESERVE, number(0, 100), default=0),
        "skip_school_holidays": cells.take(BREAKS, flag, default=False),
        "on_public_holidays": cells.take(HOLIDAYS, flag, default=False),
        "is_active": cells.take(IN_FORCE, flag, default=True),
    }
    if cells.faults:
        return None
    if before and same_rrule((before["rrule"], before["valid_from"]), (rrule, first)):
        rrule = before["rrule"]  # written otherwise, it is the same
    wanted: RuleFields = {
        **values,  # type: ignore[typeddict-item]  # typed where they are read
        "practitioner_id": who.pk,
        "site_id": site.pk,
        "rrule": rrule,
        "type_ids": sorted({kind.pk for kind in kinds}),
    }
    try:
        check_said(wanted, kinds)
    except Refusal as refusal:
        cells.fault(COLUMN_OF.get(refusal.code, ""), refusal.message, **refusal.details)
        return None
    return wanted


def _rrule(text: str, first_on: date) -> str:
    """A sentence, or a recurrence that no sentence says, as the export wrote it."""
    if text.upper().startswith("FREQ="):
        parse_rrule(text, first_on)
        return text
    return to_rrule(read(text))


def example_rules(known: Known, *, today: date) -> list[list[str]]:
    """Three lines of this centre's own people, places and types, to be written over."""
    who, place, slug = _examples(known)
    first = write_day(today + timedelta(days=7 - today.weekday()))
    said = ("le mardi", "le lundi et le jeudi, une semaine sur deux", "le 1er mercredi du mois")
    hours = (("9:00", "12:00"), ("13:30", "17:00"), ("9:30", "11:30"))
    return [
        ["", who, place, days, *each, first, "", slug, "", "0", "non", "non", "oui"]
        for days, each in zip(said, hours, strict=True)
    ]


def _examples(known: Known) -> tuple[str, str, str]:
    """Somebody, some place and some type that lines may name; one that is no group."""
    who = next((known.name_of(each.pk) for each in known.people if each.is_active), "")
    kinds = [each for each in known.kinds.values() if each.is_active and not each.is_group]
    return who, known.places[0].name if known.places else "", kinds[0].slug if kinds else ""


def write_rules(known: Known) -> list[list[str]]:
    """The rules of a centre, line by line, as `read_rules` reads them."""
    rules = OpeningRule.objects.filter(site__centre=known.centre).prefetch_related("types")
    places = {site.pk: site.name for site in known.places}
    lines = []
    for rule in rules.order_by("practitioner__last_name", "practitioner__first_name", "pk"):
        said = fields_of(rule)
        pattern = from_rrule(rule.rrule, rule.valid_from)
        slugs = [known.kinds[pk].slug for pk in said["type_ids"]]
        lines.append(
            [
                str(rule.pk),
                known.name_of(rule.practitioner_id),
                places[rule.site_id],
                say(pattern) if pattern else rule.rrule,
                write_clock(rule.opens),
                write_clock(rule.closes),
                write_day(rule.valid_from),
                write_day(rule.valid_until),
                BETWEEN_TYPES.join(slugs),
                str(rule.seats),
                str(rule.agent_reserve),
                write_flag(rule.skip_school_holidays),
                write_flag(rule.on_public_holidays),
                write_flag(rule.is_active),
            ]
        )
    return lines

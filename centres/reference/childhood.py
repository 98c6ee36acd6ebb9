"""The examinations of childhood and the ages of vaccines, as their files say them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from centres.models.childhood import Usual, VaccineAge
from centres.reference.record import Record
from centres.reference.tables import Row, read_table

VALIDITY = "valid_from valid_until certainty source"
EXAM_COLUMNS = (
    f"number label label_en first_day until_day usual_day doctor_type nurse_type note {VALIDITY}"
)
VACCINE_COLUMNS = f"slug label age_months status {VALIDITY}"
# A child of the Département's is one until 18.
OLDEST_DAYS, OLDEST_MONTHS = 18 * 366, 18 * 12


def exams(path: Path, types: Collection[str]) -> Iterator[Record]:
    """Raises BadReference, also when a type is not one of `types` (slugs)."""
    key = ("number", "valid_from")
    for row in read_table(path, columns=EXAM_COLUMNS.split(), key=key):
        number, validity = row.number("number", least=1, most=99), _validity(row)
        first, usual, until = (
            row.number(name, most=OLDEST_DAYS) for name in ("first_day", "usual_day", "until_day")
        )
        if not first <= usual < until:
            raise row.bad("usual_day", f"{usual} is not from {first} to {until - 1}")
        yield Record(
            f"exam:{number}:{validity['valid_from']}",
            "exam",
            {
                "number": number,
                "label": row.shown("label", longest=80),
                "label_en": row.text("label_en", longest=80, required=False).replace("'", "’"),
                "first_day": first,
                "until_day": until,
                "usual_day": usual,
                "note": row.shown("note", longest=200, required=False),
                **{
                    f"{name}__slug": _type(row, name, types)
                    for name in ("doctor_type", "nurse_type")
                },
                **validity,
            },
        )


def _type(row: Row, column: str, types: Collection[str]) -> str:
    return row.known(column, row.text(column, longest=50), types, "type")


def vaccines(path: Path) -> Iterator[Record]:
    """Raises BadReference."""
    key = ("slug", "valid_from")
    for row in read_table(path, columns=VACCINE_COLUMNS.split(), key=key):
        slug = row.matching("slug", r"[a-z0-9-]{1,50}", "a short name in a-z, 0-9 and hyphens")
        validity = _validity(row)
        yield Record(
            f"vaccine:{slug}:{validity['valid_from']}",
            "vaccine",
            {
                "slug": slug,
                "label": row.shown("label", longest=120),
                "age_months": row.number("age_months", most=OLDEST_MONTHS),
                "status": row.choice("status", VaccineAge.Status.values),
                **validity,
            },
        )


def _validity(row: Row) -> dict[str, Any]:
    since, until = _day(row, "valid_from"), None
    if row.text("valid_until", longest=10, required=False):
        until = _day(row, "valid_until")
        if until < since:
            raise row.bad("valid_until", f"{until} is before valid_from, {since}")
    return {
        "valid_from": since,
        "valid_until": until,
        "certainty": row.choice("certainty", Usual.Certainty.values),
        "source": row.shown("source", longest=200),
    }


def _day(row: Row, column: str) -> str:
    text = row.matching(column, r"\d{4}-\d\d-\d\d", "a day such as 2025-01-01")
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise row.bad(column, f"“{text}” is no day of the calendar") from error

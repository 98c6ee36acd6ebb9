"""Merges reference records into the database: three-way, so that what an agent edited stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from django.db import connection, models, transaction

from centres.models import (
    AppointmentType,
    Centre,
    ChildExam,
    Commune,
    Department,
    District,
    PublicHoliday,
    SchoolHoliday,
    Site,
    VaccineAge,
)
from centres.models.reference import ReferenceRecord
from centres.reference.record import Record
from centres.reference.records import DATA, read_records

YEARS_BEFORE, YEARS_AFTER = 1, 3
EMPTY: tuple[Any, ...] = ("", None, [], {})


@dataclass(frozen=True, slots=True)
class Table:
    """Where records of a kind go: the model, and the paths that tell one row from another."""

    model: type[models.Model]
    identity: tuple[str, ...]
    many: str = ""  # the one many-to-many relation, to centres by slug
    is_computed: bool = False  # from a library: rows of past years are no loss


TABLES = {
    "department": Table(Department, ("code",)),
    "centre": Table(Centre, ("slug",)),
    "site": Table(Site, ("centre__slug", "slug")),
    "commune": Table(Commune, ("insee",), many="centres"),
    "district": Table(District, ("commune__insee", "number")),
    "type": Table(AppointmentType, ("slug",)),
    "exam": Table(ChildExam, ("number", "valid_from")),
    "vaccine": Table(VaccineAge, ("slug", "valid_from")),
    "public_holiday": Table(PublicHoliday, ("department__code", "on"), is_computed=True),
    "school_holiday": Table(SchoolHoliday, ("zone", "starts_on"), is_computed=True),
}
# What a foreign key is known by in a record's path.
TARGETS = {
    "department__code": (Department, "code"),
    "centre__slug": (Centre, "slug"),
    "commune__insee": (Commune, "insee"),
    "doctor_type__slug": (AppointmentType, "slug"),
    "nurse_type__slug": (AppointmentType, "slug"),
}


@dataclass(slots=True)
class Outcome:
    """What a load did. `kept` are local edits left alone, `key.field`."""

    records: Counter[str] = field(default_factory=Counter)
    created: int = 0
    updated: int = 0
    kept: list[str] = field(default_factory=list)
    left_deleted: list[str] = field(default_factory=list)
    no_longer: list[str] = field(default_factory=list)


def load(*, now: datetime, folder: Path = DATA, restore: bool = False) -> Outcome:
    """Read the files whole, then merge them in one transaction. Raises BadReference.

    A field takes its new value unless it was changed here since the last load. A row deleted here
    stays deleted, unless `restore`.
    """
    years = range(now.year - YEARS_BEFORE, now.year + YEARS_AFTER + 1)
    records = read_records(folder, years=years)
    outcome = Outcome(Counter(record.table for record in records))
    with transaction.atomic():
        with connection.cursor() as cursor:  # one load at a time
            cursor.execute("LOCK TABLE centres_referencerecord IN SHARE ROW EXCLUSIVE MODE")
        loaded = dict(ReferenceRecord.objects.values_list("key", "values"))
        for name, table in TABLES.items():
            batch = [record for record in records if record.table == name]
            _merge_table(table, batch, loaded, outcome, restore=restore)
        _remember(records, loaded, now)
    wanted = {record.key for record in records}
    outcome.no_longer = sorted(
        key
        for key in loaded
        if key not in wanted
        and (known := TABLES.get(key.split(":")[0]))  # other houses load records of their own
        and not known.is_computed
    )
    return outcome


def merge(
    loaded: dict[str, Any], current: dict[str, Any], wanted: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """What to write, and the fields kept because they were changed since the last load (pure).

    A row or field never loaded before is only filled where it is empty.
    """
    changes, kept = {}, []
    for name, value in wanted.items():
        if current[name] == value:
            continue
        if current[name] == loaded[name] if name in loaded else current[name] in EMPTY:
            changes[name] = value
        else:
            kept.append(name)
    return changes, kept


def _rows(model: type[models.Model]) -> models.QuerySet[Any]:
    return models.QuerySet(model)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | time) else value


def _current(
    table: Table, paths: Sequence[str]
) -> dict[tuple[Any, ...], tuple[Any, dict[str, Any]]]:
    """Every row of a table by identity, as (primary key, values), in one query (two with links)."""
    columns = [path for path in paths if path != table.many]
    rows = _rows(table.model).values_list("pk", *columns)
    found = {}
    for pk, *cells in rows:
        values = dict(zip(columns, map(_plain, cells), strict=True))
        found[tuple(values[path] for path in table.identity)] = (pk, values)
    if table.many:
        links: dict[Any, list[str]] = {pk: [] for pk, _ in found.values()}
        pairs = _rows(table.model).filter(**{f"{table.many}__isnull": False})
        for pk, slug in pairs.values_list("pk", f"{table.many}__slug"):
            links[pk].append(slug)
        for pk, values in found.values():
            values[table.many] = sorted(links[pk])
    return found


def _merge_table(
    table: Table,
    records: list[Record],
    loaded: dict[str, Any],
    outcome: Outcome,
    *,
    restore: bool,
) -> None:
    if not records:
        return
    current = _current(table, list(records[0].values))
    targets = _targets(records[0].values)
    made = []
    for record in records:
        identity = tuple(record.values[path] for path in table.identity)
        if identity in current:
            pk, values = current[identity]
            changes, kept = merge(loaded.get(record.key, {}), values, record.values)
            outcome.kept += [f"{record.key}.{name}" for name in kept]
            outcome.updated += bool(changes)
            _write(table, pk, changes, targets)
        elif (record.key in loaded and not restore) or not _resolves(record, targets):
            outcome.left_deleted.append(record.key)
        else:
            made.append(record)
    outcome.created += len(made)
    _create(table, made, targets)


Targets = dict[str, dict[str, Any]]


def _targets(values: dict[str, Any]) -> Targets:
    """For each foreign key path of a record: primary keys by what the rows are known by."""
    return {
        path: dict(_rows(model).values_list(name, "pk"))
        for path, (model, name) in TARGETS.items()
        if path in values
    }


def _resolves(record: Record, targets: Targets) -> bool:
    return all(record.values[path] in keys for path, keys in targets.items())


def _columns(values: dict[str, Any], table: Table, targets: Targets) -> dict[str, Any]:
    """Record paths as model columns: foreign keys by id, the relation left out."""
    columns = {}
    for path, value in values.items():
        if path in targets:
            columns[f"{path.split('__')[0]}_id"] = targets[path][value]
        elif path != table.many:
            columns[path] = value
    return columns


def _write(table: Table, pk: Any, changes: dict[str, Any], targets: Targets) -> None:
    if not changes:
        return
    columns = _columns(changes, table, targets)
    if columns:
        _rows(table.model).filter(pk=pk).update(**columns)
    if table.many in changes:
        relation = getattr(_rows(table.model).get(pk=pk), table.many)
        relation.set(Centre.objects.filter(slug__in=changes[table.many]))


def _create(table: Table, records: list[Record], targets: Targets) -> None:
    rows = [table.model(**_columns(record.values, table, targets)) for record in records]
    made = _rows(table.model).bulk_create(rows)
    if not table.many:
        return
    centres = dict(Centre.objects.values_list("slug", "pk"))
    through = getattr(table.model, table.many).through
    _rows(through).bulk_create(
        through(**{f"{table.model.__name__.lower()}_id": row.pk, "centre_id": centres[slug]})
        for row, record in zip(made, records, strict=True)
        for slug in record.values[table.many]
        if slug in centres
    )


def _remember(records: list[Record], loaded: dict[str, Any], now: datetime) -> None:
    ReferenceRecord.objects.bulk_create(
        [
            ReferenceRecord(key=record.key, values=record.values, loaded_at=now)
            for record in records
            if loaded.get(record.key) != record.values
        ],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["values", "loaded_at"],
    )

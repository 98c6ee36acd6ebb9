"""Rows of statements written by hand, read as ordinary model instances (ADR 0010)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.models import Model
from django.db.models.base import ModelState

M = TypeVar("M", bound=Model)


def twin(instance: M) -> M:
    """A copy of its own: what is set on one, or loaded through it, stays there. (`copy.copy` does
    the same by pickling's way, for ten times the cost.)"""
    other = instance.__class__.__new__(instance.__class__)
    other.__dict__.update(instance.__dict__)
    other._state = state = ModelState()  # noqa: SLF001 - a documented interface of Django
    state.db, state.adding = instance._state.db, instance._state.adding  # noqa: SLF001
    state.fields_cache = instance._state.fields_cache.copy()  # noqa: SLF001
    return other


class Table:
    """A model's columns under an alias, and how a stretch of a row becomes its instance."""

    def __init__(self, model: type[Model], alias: str) -> None:
        fields = model._meta.concrete_fields  # noqa: SLF001 - a documented interface of Django
        self.model = model
        self.names = [field.attname for field in fields]
        self.columns = ", ".join(f'{alias}."{field.column}"' for field in fields)
        self.converters = [
            (place, convert)
            for place, field in enumerate(fields)
            if (convert := getattr(field, "from_db_value", None))
        ]

    def read(self, row: Sequence[Any], start: int) -> Any:
        """The instance whose columns begin at `start`; None where an outer join found nothing."""
        if row[start] is None:
            return None
        values = list(row[start : start + len(self.names)])
        for place, convert in self.converters:
            values[place] = convert(values[place], None, connection)
        return self._instance(dict(zip(self.names, values, strict=True)))

    def _instance(self, values: dict[str, Any]) -> Any:
        """As `Model.from_db`, for all columns at once and for models without signals of their own:
        a fifth of its cost."""
        instance = self.model.__new__(self.model)
        instance.__dict__.update(values)
        instance._state = state = ModelState()  # noqa: SLF001 - a documented interface of Django
        state.adding, state.db = False, DEFAULT_DB_ALIAS
        return instance


class Reader:
    """Reads rows of several joined tables, in the order given."""

    def __init__(self, *tables: Table) -> None:
        self.tables = tables
        self.columns = ", ".join(table.columns for table in tables)
        self.starts = [
            sum(len(other.names) for other in tables[:place]) for place in range(len(tables))
        ]

    def fetch(self, sql: str, values: dict[str, Any]) -> list[list[Any]]:
        """Each row as its instances, then the columns that follow them."""
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            rows = cursor.fetchall()
        places = list(zip(self.tables, self.starts, strict=True))
        end = sum(len(table.names) for table in self.tables)
        return [[*(table.read(row, at) for table, at in places), *row[end:]] for row in rows]


def write_at_once(sql: str, values: Sequence[Any] | dict[str, Any]) -> tuple[Any, ...] | None:
    """The row that one writing statement returns, with no BEGIN and COMMIT to wait for: it is a
    transaction by itself. None when it wrote nothing.

    Inside another transaction it is a savepoint, undone when nothing was written: a lock it took
    must not stay before those that come next (ADR 0004). Raises IntegrityError.
    """
    if not connection.in_atomic_block:
        return _first_row(sql, values)
    with transaction.atomic():
        row = _first_row(sql, values)
        if row is None:
            transaction.set_rollback(True)
    return row


def _first_row(sql: str, values: Sequence[Any] | dict[str, Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row

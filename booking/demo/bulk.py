"""Many rows at once: COPY through psycopg, and ids drawn ahead from the tables' own sequences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, models


def draw_ids(model: type[models.Model], count: int) -> list[int]:
    """`count` fresh primary keys of a table."""
    table = model._meta.db_table  # noqa: SLF001 - Django's documented Model._meta API
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [table, count],
        )
        return [row[0] for row in cursor.fetchall()]


def skip_ids(model: type[models.Model], following: int) -> None:
    """Make `following` the next primary key that the table's sequence gives."""
    table = model._meta.db_table  # noqa: SLF001 - Django's documented Model._meta API
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, false)", [table, following]
        )


def copy_rows(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """COPY rows into a model's table. Constraints and enabled triggers still apply."""
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)  # noqa: SLF001 - Django's documented Model._meta API
    names = ", ".join(quote(column) for column in columns)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


@contextmanager
def triggers_off(model: type[models.Model], *names: str) -> Iterator[None]:
    """Without these triggers of a table, until the end of the block (the transaction's at worst).

    For bulk loads that do at once what the triggers would do row by row. Constraints stay on.
    """
    table = connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001 - documented API

    def switch(word: str) -> None:
        with connection.cursor() as cursor:
            # Foreign keys are checked now: a table with checks pending cannot be altered.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for name in names:
                cursor.execute(f"ALTER TABLE {table} {word} TRIGGER {name}")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")

    switch("DISABLE")
    yield
    switch("ENABLE")

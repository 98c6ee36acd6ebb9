"""The database that test processes copy: made once a run, by all migrations, beside the linters.

`python -m tests.template` makes the one that TEST_TEMPLATE names. Without it each process
migrates a database of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import django
import psycopg
from psycopg import sql

NAME = "test_template"


@contextmanager
def named() -> Iterator[None]:
    """Other processes make and copy it; in the end it is gone."""
    os.environ["TEST_TEMPLATE"] = NAME
    try:
        yield
    finally:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(NAME)))


def make() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from django.db import connection  # noqa: PLC0415  it needs the settings

    connection.settings_dict["TEST"] |= {"NAME": os.environ["TEST_TEMPLATE"], "TEMPLATE": None}
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)


if __name__ == "__main__":
    make()

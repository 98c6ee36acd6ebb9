"""Empties the database after a test that commits: what Django does, at a tenth of the cost.

Django truncates every table, so that each and its indexes get new files (600), and then writes
again the 250 permissions it has just thrown away. A few dozen rows are sooner deleted.
"""

from functools import cache

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.test import TransactionTestCase

# Written when the database is made, and the same ever after.
KEPT = (ContentType, Permission)
# Deleted rows stay in the files: beyond this, later tests would read more dead rows than living.
SMALL = 256 * 1024
TRUNCATE = TransactionTestCase._fixture_teardown


def empty_cheaply(case: TransactionTestCase) -> None:
    """Deletes; or truncates as Django does what has grown, or what only triggers may delete."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Whoever is still writing is waited for, as TRUNCATE does.
        cursor.execute(f"LOCK TABLE {', '.join(_tables())} IN SHARE ROW EXCLUSIVE MODE")
        is_cheap = _may_delete(cursor)
        if is_cheap:
            # Neither foreign keys nor promises are asked: nothing they speak of remains.
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(_deletions())
    if not is_cheap:
        TRUNCATE(case)


@cache
def _tables() -> tuple[str, ...]:
    kept = {model._meta.db_table for model in KEPT}
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return tuple(sorted({*names} - kept))


# What a test has counted is forgotten, as TRUNCATE does: by "one page, no row" PostgreSQL would
# read a table of the next test from end to end, for each row that refers to it.
FORGET = """
PERFORM pg_clear_relation_stats('public', relname) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') AND reltuples >= 0;
"""


@cache
def _deletions() -> str:
    """One statement, for one round trip."""
    deletions = "\n".join(f"DELETE FROM {table};" for table in _tables())  # noqa: S608  our names
    return f"DO $$ BEGIN {deletions} {FORGET} END $$"


def _may_delete(cursor: CursorWrapper) -> bool:
    """Whether it is allowed, nothing has grown and nothing is missing that is kept."""
    cursor.execute(
        """
        SELECT current_setting('is_superuser') = 'on'
            AND current_setting('server_version_num')::int >= 180000
            AND (SELECT max(pg_relation_size(name::regclass)) <= %s FROM unnest(%s::text[]) name)
            AND (SELECT count(*) FROM django_content_type) = %s
            AND (SELECT count(*) FROM auth_permission) = %s
        """,
        [SMALL, list(_tables()), *_kept_rows()],
    )
    return bool(cursor.fetchone()[0])


@cache
def _kept_rows() -> tuple[int, int]:
    models = [model._meta for model in apps.get_models()]
    permissions = sum(len(each.default_permissions) + len(each.permissions) for each in models)
    return len(models), permissions

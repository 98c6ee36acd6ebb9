"""The promises written in SQL are made and unmade by their migrations, and made again."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE = [
    ("booking", "0002_initial"),
    ("centres", "0001_initial"),
    ("notifications", "0003_ledger"),
]
OURS = """
SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function ' || proname FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND proname ~ '^(booking|centres|notifications)_'
UNION ALL SELECT 'foreign key ' || conname FROM pg_constraint
WHERE conname IN ('offer_of_shift', 'booking_appointmentevent_appointment_cascade')
UNION ALL SELECT 'unlogged ' || relname FROM pg_class
WHERE relpersistence = 'u' AND relkind = 'r'
"""


@pytest.fixture(autouse=True)
def _all_applied_after() -> Iterator[None]:
    yield
    _migrate(None)


def _migrate(targets: list[tuple[str, str]] | None) -> set[str]:
    """What stands in the database once these are its latest migrations (None: all)."""
    executor = MigrationExecutor(connection)
    executor.migrate(targets or executor.loader.graph.leaf_nodes())
    with connection.cursor() as cursor:
        cursor.execute(OURS)
        return {row[0] for row in cursor.fetchall()}


def test_promises_are_undone_and_done_again() -> None:
    made = _migrate(None)
    assert {
        "trigger appointment_busy_update",
        "trigger shift_room",
        "foreign key offer_of_shift",
    } < made
    assert "unlogged booking_ratecounter" in made
    assert _migrate(BEFORE) == set()
    assert _migrate(None) == made

"""After a test that commits nothing is left of it, and what is written once is still there."""

from collections.abc import Callable
from threading import Event

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.test import TransactionTestCase

from booking.models import Household
from tests import emptying
from tests.booking.scene import open_morning
from tests.concurrency.race import until_somebody_waits
from tests.factories import make_household
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
CASE = TransactionTestCase()
ALWAYS = {"auth_permission", "django_content_type", "django_migrations"}


def filled() -> set[str]:
    """The tables that are not empty, of all there are."""
    names = connection.introspection.table_names()
    exist = ", ".join(f"CASE WHEN EXISTS (SELECT FROM {name}) THEN '{name}' END" for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT array_remove(ARRAY[{exist}], NULL)")
        return set(cursor.fetchone()[0])


@pytest.fixture
def truncations(monkeypatch: pytest.MonkeyPatch) -> list[TransactionTestCase]:
    """One for each time that the dear way is taken, which is taken all the same."""
    taken: list[TransactionTestCase] = []
    dear: Callable[[TransactionTestCase], None] = emptying.TRUNCATE

    def note(case: TransactionTestCase) -> None:
        taken.append(case)
        dear(case)

    monkeypatch.setattr(emptying, "TRUNCATE", note)
    return taken


def test_an_appointment_and_its_history_leave_nothing(truncations: list[object]) -> None:
    open_morning().book()
    assert filled() > ALWAYS
    emptying.empty_cheaply(CASE)
    assert filled() == ALWAYS
    assert truncations == []


def test_what_was_counted_is_forgotten(truncations: list[object]) -> None:
    emptying.TRUNCATE(CASE)  # deleted rows of the tests before are pages too
    truncations.clear()
    make_household()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE booking_household")
        assert counted(cursor) == (1, 1)
        emptying.empty_cheaply(CASE)
        assert counted(cursor) == (-1, 0)
    assert truncations == []


def counted(cursor: CursorWrapper) -> tuple[int, int]:
    """Rows and pages by which PostgreSQL makes its plans; -1 for never counted."""
    cursor.execute("SELECT reltuples, relpages FROM pg_class WHERE relname = 'booking_household'")
    rows, pages = cursor.fetchone()
    return int(rows), pages


def test_what_has_grown_is_truncated(
    truncations: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_household()
    monkeypatch.setattr(emptying, "SMALL", 0)
    emptying.empty_cheaply(CASE)
    assert len(truncations) == 1
    assert filled() == ALWAYS


def test_permissions_that_were_lost_come_back(truncations: list[object]) -> None:
    lost = Permission.objects.order_by("pk").first()
    assert lost is not None
    lost.delete()
    emptying.empty_cheaply(CASE)
    assert len(truncations) == 1
    assert Permission.objects.filter(codename=lost.codename).exists()


def test_whoever_still_writes_is_waited_for() -> None:
    has_written = Event()

    def write() -> None:
        with transaction.atomic():
            make_household()
            has_written.set()
            until_somebody_waits()

    def empty() -> None:
        assert has_written.wait(10)
        emptying.empty_cheaply(CASE)

    at_once(write, empty)
    assert not Household.objects.exists()

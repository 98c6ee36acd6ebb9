"""Tests of races wait until somebody waits: also for who comes after they began to look."""

from __future__ import annotations

from threading import Event

import pytest
from django.db import transaction

from booking.models import Household
from tests.concurrency import race
from tests.factories import make_household
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
BY_THE_LIST_OF_SESSIONS = """
SELECT count(*) FROM pg_locks WHERE NOT granted
AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())
"""


def seen_though_late() -> None:
    """The list of sessions is read before the one that waits has begun."""
    household, has_looked = make_household(), Event()

    def hold() -> None:
        with transaction.atomic():
            Household.objects.select_for_update().get(pk=household.pk)
            race.count("SELECT count(*) FROM pg_stat_activity")
            has_looked.set()
            race.until_somebody_waits()

    def wait() -> None:
        assert has_looked.wait(10)
        Household.objects.filter(pk=household.pk).update(language="en")

    at_once(hold, wait)
    household.refresh_from_db()
    assert household.language == "en"


def test_who_begins_later_is_seen_to_wait() -> None:
    seen_though_late()


def test_by_the_list_of_sessions_nobody_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "WAITING", BY_THE_LIST_OF_SESSIONS)
    monkeypatch.setattr(race, "SECONDS", 1)
    with pytest.raises(AssertionError):
        seen_though_late()

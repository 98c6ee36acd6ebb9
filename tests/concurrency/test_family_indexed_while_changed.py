"""A family changed while somebody indexes it is indexed again: no name is lost between the two."""

from __future__ import annotations

import time
from threading import Event

import pytest
from django.db import transaction

from booking.finding import bring_up_to_date
from booking.models import FamilySearch, FamilyToIndex, Guardian
from tests.factories import make_guardian
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_note_is_not_crossed_off_before_the_change_can_be_seen() -> None:
    guardian = make_guardian(last_name="Benali")  # noted, not indexed yet
    is_changed, was_indexed = Event(), Event()

    def marry() -> int:
        with transaction.atomic():
            Guardian.objects.filter(pk=guardian.pk).update(last_name="Guivarch")
            is_changed.set()
            assert was_indexed.wait(10)
        return 0

    def index() -> int:
        assert is_changed.wait(10)
        try:
            return bring_up_to_date()
        finally:
            was_indexed.set()

    started = time.monotonic()
    assert at_once(marry, index) == [0, 0], "the change was not committed: nothing to index"
    assert time.monotonic() - started < 10, "and nobody waited"
    assert FamilyToIndex.objects.filter(household_id=guardian.household_id).exists()
    assert bring_up_to_date() == 1
    assert "guivarch" in FamilySearch.objects.get(household=guardian.household).words

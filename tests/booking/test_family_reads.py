"""Who read of which family: written once, kept by the database, forgotten in time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from booking import actions
from booking.actions.reading import ONCE_IN
from booking.models import FamilyRead, Household
from booking.tasks import forget_leftovers
from tests.factories import make_household

pytestmark = pytest.mark.django_db
AS_ELSEWHERE = "SET LOCAL emgav.may_empty_history = ''"  # as it is outside these tests


@pytest.fixture
def household() -> Household:
    return make_household()


def read(household: Household, *, by: str = "claire", at: datetime | None = None) -> bool:
    return actions.note_read(
        reader=f"{by}@example.org",
        household_id=household.pk,
        centres=[],
        page=FamilyRead.Page.FAMILY,
        now=at or timezone.now(),
    )


def test_the_same_person_and_family_are_one_line_in_a_few_minutes(household: Household) -> None:
    now = timezone.now()
    written = [
        read(household, at=now),
        read(household, at=now + ONCE_IN / 2),
        read(household, by="karim", at=now),
        read(make_household(), at=now),
        read(household, at=now + ONCE_IN),
    ]
    assert written == [True, False, True, True, True]
    assert FamilyRead.objects.count() == 4


def run(*statements: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE booking_familyread SET reader = 'nobody'",
        "DELETE FROM booking_familyread",
        "TRUNCATE booking_familyread",
        "TRUNCATE centres_centre CASCADE",
    ],
)
def test_the_database_refuses_to_rewrite_or_empty_it(household: Household, sql: str) -> None:
    read(household)
    with pytest.raises(IntegrityError, match="append-only"):
        run("SET CONSTRAINTS ALL IMMEDIATE", AS_ELSEWHERE, sql)
    assert FamilyRead.objects.count() == 1


def test_without_its_triggers_it_could_be_emptied(household: Household) -> None:
    read(household)
    run("DROP TRIGGER reads_are_append_only ON booking_familyread")
    run("DELETE FROM booking_familyread")
    assert not FamilyRead.objects.exists()


def test_it_stays_when_the_family_is_erased(household: Household) -> None:
    read(household)
    household.delete()
    assert FamilyRead.objects.count() == 1


def test_after_twenty_four_months_the_night_forgets_it(household: Household) -> None:
    now = timezone.now()
    for days in (740, 720, 0):
        read(household, at=now - timedelta(days=days))
    forget_leftovers()
    assert [(now - each.at).days for each in FamilyRead.objects.order_by("-at")] == [0, 720]

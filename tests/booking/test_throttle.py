"""Counting tries per window of time."""

from datetime import timedelta

import pytest
from django.db import connection

from booking.models import RateCounter
from booking.throttle import allow, tries
from tests.booking.scene import NOW

pytestmark = pytest.mark.django_db


def test_so_many_tries_and_no_more() -> None:
    answers = [allow(key="ip:192.0.2.1", limit=3, seconds=60, now=NOW) for _ in range(5)]
    assert answers == [True, True, True, False, False]


def test_a_new_window_begins_anew() -> None:
    for _ in range(4):
        tries(key="one", seconds=60, now=NOW)
    assert tries(key="one", seconds=60, now=NOW + timedelta(seconds=60)) == 1


def test_keys_do_not_share_a_count() -> None:
    assert [tries(key=key, seconds=60, now=NOW) for key in ("one", "two", "one")] == [1, 1, 2]


def test_an_endless_key_is_cut_not_refused() -> None:
    assert [tries(key="a" * 500, seconds=60, now=NOW) for _ in range(2)] == [1, 2]
    assert RateCounter.objects.count() == 1


def test_counting_is_one_statement_on_an_unlogged_table(
    django_assert_num_queries,
) -> None:
    with django_assert_num_queries(1):  # INSERT … ON CONFLICT … RETURNING
        tries(key="one", seconds=60, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'booking_ratecounter'")
        assert cursor.fetchone() == ("u",)

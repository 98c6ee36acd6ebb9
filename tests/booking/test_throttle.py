"""Counting tries per window of time."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from booking.models import RateCounter
from booking.throttle import KEPT, allow, forget, give_back, tries
from tests.booking.scene import NOW

pytestmark = pytest.mark.django_db


def test_so_many_tries_and_no_more() -> None:
    answers = [allow(key="ip:192.0.2.1", limit=3, seconds=60, now=NOW) for _ in range(5)]
    assert answers == [True, True, True, False, False]


def test_a_new_window_begins_anew() -> None:
    for _ in range(4):
        tries(key="one", seconds=60, now=NOW)
    assert tries(key="one", seconds=60, now=NOW + timedelta(seconds=60)) == 1


def test_what_lasts_counts_for_two_windows_and_no_third(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    minute = timedelta(seconds=60)
    for _ in range(8):
        tries(key="one", seconds=60, now=NOW, is_lasting=True)
    assert tries(key="one", seconds=60, now=NOW + minute, is_lasting=True) == 9
    forget()  # another process, which saw nothing of the window before
    with django_assert_num_queries(1):
        seen = [tries(key="one", seconds=60, now=NOW + minute, is_lasting=True) for _ in range(4)]
    assert seen == [1, 2, 3, 12]
    assert tries(key="one", seconds=60, now=NOW + 3 * minute, is_lasting=True) == 1


def lasting(now: datetime) -> int:
    return tries(key="one", seconds=60, now=now, is_lasting=True)


def test_what_came_to_its_good_end_counts_no_more_and_costs_no_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        for _ in range(50):
            assert lasting(NOW) == 1
            give_back(key="one", seconds=60, tried_at=NOW, now=NOW)


def test_it_is_given_back_to_the_window_in_which_it_was_tried(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    minute = timedelta(seconds=60)
    for _ in range(2 * (KEPT + 1)):
        lasting(NOW)
    for _ in range(KEPT):
        with django_assert_num_queries(1):
            give_back(key="one", seconds=60, tried_at=NOW, now=NOW + minute)
    forget()
    assert [lasting(NOW + minute) for _ in range(KEPT + 1)][-1] == KEPT + 1 + (KEPT + 2)


def test_nothing_is_given_back_beyond_what_was_tried_before() -> None:
    for _ in range(KEPT + 1):
        lasting(NOW)
    for _ in range(10 * KEPT):
        give_back(key="one", seconds=60, tried_at=NOW, now=NOW + timedelta(seconds=60))
    assert RateCounter.objects.get(key__endswith="one").count == 0


def test_keys_do_not_share_a_count() -> None:
    assert [tries(key=key, seconds=60, now=NOW) for key in ("one", "two", "one")] == [1, 1, 2]


def test_a_family_costs_no_statement_and_many_tries_a_few(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        for number in range(1, KEPT + 1):
            assert tries(key="one", seconds=60, now=NOW) == number
    with django_assert_num_queries(2):
        for number in range(KEPT + 1, 2 * KEPT + 3):
            assert tries(key="one", seconds=60, now=NOW) == number


def test_what_other_processes_counted_is_seen_after_a_few_tries() -> None:
    for _ in range(10):
        allow(key="one", limit=1, seconds=60, now=NOW)
    answers = [tries(key="one", seconds=60, now=NOW) for _ in range(KEPT + 2)]
    assert answers == [1, 2, 3, 14, 15]


def test_an_endless_key_is_cut_not_refused() -> None:
    assert [allow(key="a" * 500, limit=1, seconds=60, now=NOW) for _ in range(2)] == [True, False]
    assert RateCounter.objects.count() == 1


def test_counting_is_one_statement_on_an_unlogged_table(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):  # INSERT … ON CONFLICT … RETURNING
        allow(key="one", limit=1, seconds=60, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'booking_ratecounter'")
        assert cursor.fetchone() == ("u",)

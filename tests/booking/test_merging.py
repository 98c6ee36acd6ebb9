"""Two households that are one family become one, whole, and it is written down."""

from __future__ import annotations

from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking import actions
from booking.actors import FAMILY
from booking.errors import AgentsOnly, DiscreetApart, WrongState
from booking.finding import Scope, find
from booking.histories import former_of, merged_into
from booking.models import FamilyMerge, FamilySearch, Household
from booking.policy import forget
from booking.seeking import sought
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT
from tests.booking.test_desk import visit
from tests.factories import make_centre, make_child, make_guardian, make_household

pytestmark = pytest.mark.django_db


def family(first: str, child: str, **fields: Any) -> Household:
    guardian = make_guardian(make_household(**fields), first_name=first, last_name="Benali")
    make_child(guardian, first_name=child, born_on=date(2025, 3, 4))
    return guardian.household


def merge(kept: Household, merged: Household, **fields: Any) -> FamilyMerge:
    values = {"now": timezone.now(), "actor": AGENT} | fields
    return actions.merge_households(kept_id=kept.pk, merged_id=merged.pk, **values)


def test_all_of_one_moves_into_the_other_and_is_written_down() -> None:
    kept, merged = family("Karim", "Inès"), family("Leïla", "Sami")
    moved = visit(make_centre(), guardian=merged.guardians.get())
    guardian, child = merged.guardians.get(), merged.children.get()
    record = merge(kept, merged)
    moved.refresh_from_db()
    assert (moved.household, moved.guardian, moved.child) == (kept, guardian, child)
    assert sorted(str(each) for each in kept.guardians.all()) == ["Karim Benali", "Leïla Benali"]
    assert kept.children.count() == 2
    assert not Household.objects.filter(pk=record.merged_id).exists()
    assert (record.kept, record.actor) == (kept, AGENT.label)
    assert (record.guardians, record.children, record.appointments) == (
        [guardian.pk],
        [child.pk],
        [moved.pk],
    )
    found = find(sought("leila", today=date(2026, 1, 1)), Scope(None, timezone.now()))
    assert found.same == [kept]
    assert not FamilySearch.objects.filter(household=record.merged_id).exists()


def test_a_child_written_twice_becomes_one() -> None:
    kept, merged = family("Karim", "Inès"), family("Leïla", "INÈS")
    moved = visit(make_centre(), guardian=merged.guardians.get())
    merge(kept, merged)
    moved.refresh_from_db()
    child = kept.children.get()
    assert moved.child == child
    assert child.guardians.count() == 2


def test_reminders_follow_to_the_family_that_is_kept() -> None:
    actions.load_default_rules(now=timezone.now())
    forget()
    kept, merged = family("Karim", "Inès"), family("Leïla", "Sami")
    visit(make_centre(), guardian=merged.guardians.get(), days=9)
    actions.replan_household(household_id=merged.pk, now=timezone.now())

    def planned(household: int) -> int:
        rows = OutboxMessage.objects.filter(kind="reminder", state="planned")
        return rows.filter(subject_ref__startswith=f"day:{household}:").count()

    merged_id = merged.pk
    before = planned(merged_id)
    merge(kept, merged)
    assert before > 0
    assert (planned(merged_id), planned(kept.pk)) == (0, before)


@pytest.mark.parametrize(
    "care",
    [{"contact_by": "none"}, {"sms_sender": "MAIRIE"},
     {"contact_from": time(9), "contact_until": time(12)}],
)  # fmt: skip
def test_a_discreet_family_stays_apart_from_one_that_is_not(care: dict[str, Any]) -> None:
    plain, discreet, alike = family("K", "I"), family("L", "S", **care), family("M", "T", **care)
    for kept, merged in ((plain, discreet), (discreet, plain)):
        with pytest.raises(DiscreetApart):
            merge(kept, merged)
    assert Household.objects.count() == 3
    merge(discreet, alike)


def test_it_is_the_agents_and_of_two_that_are_there() -> None:
    kept, merged = family("K", "I"), family("L", "S")
    with pytest.raises(AgentsOnly):
        merge(kept, merged, actor=FAMILY)
    gone = Household(pk=merged.pk)
    merge(kept, merged)
    with pytest.raises(WrongState):
        merge(kept, gone)


def test_nothing_rewrites_what_was_merged() -> None:
    merge(family("K", "I"), family("L", "S"), now=timezone.now() - timedelta(days=1))
    for sql in ("UPDATE booking_familymerge SET actor = ''", "DELETE FROM booking_familymerge"):
        with (
            pytest.raises(IntegrityError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)


@pytest.mark.parametrize("times", [1, 2, 6])
def test_however_often_it_is_merged_it_is_followed_to_the_end_by_one_query(
    times: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    families = [family(f"Parent {number}", f"Enfant {number}") for number in range(times + 1)]
    gone, last = [each.pk for each in families[:-1]], families[-1].pk
    for merged, kept in pairwise(families):
        merge(kept, merged)
    for each in gone:
        with django_assert_num_queries(1):
            assert merged_into(each) == last
    assert merged_into(last) is None
    assert sorted(former_of(last)) == gone


def test_two_that_became_one_family_lead_to_the_one_it_became() -> None:
    one, other, middle, last = (family(str(number), str(number)) for number in range(4))
    gone = [one.pk, other.pk, middle.pk]
    merge(middle, one)
    merge(middle, other)
    merge(last, middle)
    assert [merged_into(each) for each in gone] == [last.pk] * 3


def test_a_ring_that_cannot_be_leads_nowhere() -> None:
    """Records are only added, and no id is given twice: still nobody waits for ever."""
    ids = [each.pk for each in (family("K", "I"), family("L", "S"), family("M", "T"))]
    for merged, kept in zip(ids, [*ids[1:], ids[0]], strict=True):
        signed = {"actor": "x", "at": timezone.now()}
        moved: dict[str, list[int]] = {"guardians": [], "children": [], "appointments": []}
        FamilyMerge.objects.create(merged_id=merged, kept_id=kept, **signed, **moved)
    assert [merged_into(each) for each in ids] == [None] * 3

"""Families found by what is typed of them, and only by the centres that receive them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import DjangoAssertNumQueries

from booking.actions.waiting import Wishes, ask_for_any, stop_waiting
from booking.finding import ONES, TYPED, Scope, find, may_see, recent, statement, twins
from booking.models import (
    Appointment,
    FamilySearch,
    FamilyToIndex,
    Guardian,
    Household,
    WaitingListEntry,
)
from booking.seeking import sought
from booking.tasks import index_families
from centres.models import Centre
from tests.booking.test_desk import asked as call_asked
from tests.booking.test_desk import visit
from tests.factories import (
    make_centre,
    make_child,
    make_guardian,
    make_household,
    make_rule,
    make_site,
    make_type,
)

EVERYWHERE = Scope(None, timezone.now())
pytestmark = pytest.mark.django_db


def found(typed: str, scope: Scope | None = None) -> list[Household]:
    found = find(sought(typed, today=timezone.localdate()), scope or EVERYWHERE)
    return [*found.same, *found.near]


def family(first: str, last: str, **fields: Any) -> Household:
    return make_guardian(make_household(), first_name=first, last_name=last, **fields).household


@pytest.fixture
def goff() -> Household:
    guardian = make_guardian(
        first_name="Zoë", last_name="Le Goff-Guivarc’h", email="zoe@mail.bzh", phone="+33639981234"
    )
    make_child(guardian, first_name="Maëlys", born_on=date(2026, 2, 14))
    make_child(guardian, first_name="Jean-Noël", last_name="Œuvrard", born_on=date(2024, 2, 29))
    return guardian.household


@pytest.mark.parametrize(
    "typed",
    [
        "zoe", "ZOË", "goff", "Guivarch", "guivarc'h", "guivarc’h zoe", "le goff", "legoff",
        "goff le",
        "arch", "gui", "maelys", "Maelis", "maylis le goff", "jean noel", "jeannoel", "noel jean",
        "oeuvrard", "OEUVRAD", "zeo", "guivrach", "goff maelys 14/02/2026", "29 2 2024", "14 02 26",
        "06 39 98 12 34", "+33 6 39 98 12 34", "12 34", "98.12.34", "zoe@mail.bzh", "ZOE@",
        "zoe 1234",
    ],
)  # fmt: skip
def test_a_family_is_found_by_any_part_of_what_it_is_known_by(goff: Household, typed: str) -> None:
    family("Karim", "Benali", email="karim@example.org", phone="+33639987766")
    assert found(typed) == [goff]


@pytest.mark.parametrize(
    "typed", ["goff 15/02/2026", "benali maelys", "06 39 98 12 35", "zoe@mail.fr", "xyz", "%", "\0"]
)
def test_what_is_not_of_one_family_finds_none(goff: Household, typed: str) -> None:
    assert found(typed) == []


def test_the_likest_come_first() -> None:
    near, begun, same = family("Ali", "Karam"), family("Ali", "Karima"), family("Ali", "Karim")
    assert found("karim") == [same, begun, near]


def test_names_as_typed_are_told_from_those_a_letter_away() -> None:
    near, same = family("Marine", "Robert"), family("Cécile", "Martin-Le Roux")
    for typed, told in {"martin": ([same], [near]), "cecile mart": ([same], [])}.items():
        answer = find(sought(typed, today=timezone.localdate()), EVERYWHERE)
        assert (answer.same, answer.near) == told
    assert find(sought("martyn", today=timezone.localdate()), EVERYWHERE).same == []


def test_no_more_than_twenty() -> None:
    for number in range(25):
        family("Karim", f"Benali {number}")
    assert len(found("karim")) == 20


def test_every_way_of_writing_keeps_it_findable(goff: Household) -> None:
    """The triggers see what no code path tells them."""
    Guardian.objects.filter(household=goff).update(last_name="Nguyễn", phone="+33639980000")
    assert found("nguyen 0000") == [goff]
    assert found("guivarch") == []
    goff.children.all().delete()
    assert found("maelys") == []
    other = family("Karim", "Benali")
    Guardian.objects.filter(household=goff).update(household=other)
    assert found("nguyen") == [other]
    assert not FamilySearch.objects.filter(household=goff).exists()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM booking_guardian")
        cursor.execute("DELETE FROM booking_household")
    assert not FamilySearch.objects.exists()


def test_without_the_trigger_a_new_name_is_not_found(goff: Household) -> None:
    assert found("goff") == [goff]  # indexed by this search
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE booking_guardian DISABLE TRIGGER guardian_is_found_anew")
    Guardian.objects.filter(household=goff).update(last_name="Nguyễn")
    assert found("nguyen") == []


def test_deleting_a_family_takes_along_what_it_is_found_by(goff: Household) -> None:
    goff.delete()
    assert not FamilySearch.objects.exists()


# Whose


def scope(*centres: Centre) -> Scope:
    return Scope([centre.pk for centre in centres], timezone.now())


def test_a_centre_finds_whom_it_receives_and_the_departement_all(goff: Household) -> None:
    redon, vitre = make_centre(), make_centre()
    visit(redon, guardian=goff.guardians.get())
    for asking, sees in ((scope(redon), True), (scope(vitre), False), (EVERYWHERE, True)):
        assert bool(found("zoe", asking)) == may_see(goff.pk, asking) == sees
    assert found("zoe", scope()) == []


@pytest.mark.parametrize(("days", "sees"), [(-720, True), (-740, False), (90, True)])
def test_an_appointment_counts_for_twenty_four_months(
    goff: Household, days: int, sees: bool
) -> None:
    redon = make_centre()
    visit(redon, guardian=goff.guardians.get(), days=days)
    assert bool(found("zoe", scope(redon))) == sees


@pytest.mark.parametrize("state", ["held", "lapsed"])
def test_what_was_never_confirmed_gives_no_right(goff: Household, state: str) -> None:
    redon = make_centre()
    row = visit(redon, guardian=goff.guardians.get())
    Appointment.objects.filter(pk=row.pk).update(state=state, expires_at=timezone.now())
    assert found("zoe", scope(redon)) == []


def test_a_promise_to_call_back_counts_too(goff: Household) -> None:
    redon = make_centre()
    call_asked(redon, phone="+33639981234")
    assert found("zoe", scope(redon)) == [goff]
    assert found("zoe", scope(make_centre())) == []


def waits(guardian: Guardian, centre: Centre) -> WaitingListEntry:
    """A family without an appointment, which put itself on the list of this centre."""
    site, kind = make_site(centre=centre), make_type()
    make_rule(site=site, types=[kind])
    return ask_for_any(
        guardian=guardian,
        child=None,
        kind=kind,
        centre=centre,
        wishes=Wishes(sites=(site.pk,)),
        now=timezone.now(),
    )


def test_who_waits_without_an_appointment_is_its_centre_s(goff: Household) -> None:
    redon, vitre = make_centre(), make_centre()
    waits(goff.guardians.get(), redon)
    for asking, sees in ((scope(redon), True), (scope(vitre), False), (EVERYWHERE, True)):
        assert bool(found("zoe", asking)) == may_see(goff.pk, asking) == sees


@pytest.mark.parametrize(("days", "sees"), [(720, True), (740, False)])
def test_having_waited_counts_for_twenty_four_months(
    goff: Household, days: int, sees: bool
) -> None:
    redon = make_centre()
    entry = waits(goff.guardians.get(), redon)
    stop_waiting(uid=entry.uid, now=timezone.now())
    asked_at = timezone.now() - timedelta(days=days)
    WaitingListEntry.objects.filter(pk=entry.pk).update(asked_at=asked_at)
    assert bool(found("zoe", scope(redon))) == may_see(goff.pk, scope(redon)) == sees


def test_a_name_as_common_as_can_be_is_found_among_those_of_other_centres(goff: Household) -> None:
    redon = make_centre()
    mine = family("Karim", "Benali")
    visit(redon, guardian=mine.guardians.get())
    for _ in range(30):
        family("Karim", "Benali")
    assert found("karim benali", scope(redon)) == [mine]


@pytest.mark.parametrize("typed", ["benali", "benali 14/02/2026", "benali karim 0098"])
def test_the_search_takes_six_queries_at_any_number(
    typed: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for rows in (1, 9):
        for _ in range(rows):
            make_child(
                family("Karim", "Benali", phone="+33639980098").guardians.get(),
                born_on=date(2026, 2, 14),
            )
        with django_assert_num_queries(6):
            assert found(typed)


# Twins


def test_the_same_phone_or_a_child_s_day_with_near_names_are_likely_one_family(
    goff: Household,
) -> None:
    phone = family("K", "B", phone="+33639981234")
    child = family("Soizic", "Goff")
    make_child(child.guardians.get(), first_name="Maelis", born_on=date(2026, 2, 14))
    only_day = family("Ali", "Bakr")
    make_child(only_day.guardians.get(), first_name="Maelis", born_on=date(2026, 2, 14))
    family("Zoë", "Le Goff")
    assert twins(goff.pk, EVERYWHERE) == [child, phone]
    assert twins(goff.pk, scope(make_centre())) == []


def test_nobody_has_read_anything_yet() -> None:
    assert recent("claire@example.org", EVERYWHERE) == []


# Properties

ALPHABET = "abcdefghijklmnoprstuvyzéèëïçñøŁşığ"
LETTERS = st.text(st.sampled_from(ALPHABET), min_size=3, max_size=12)
# In these, a wrong letter is two.
WITH_LIGATURES = st.text(st.sampled_from(f"{ALPHABET}œæß"), min_size=3, max_size=12)


def bare(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))


class NameProperties(TestCase):
    """A name finds itself however it is typed."""

    def _finds(self, household: Household, *typed: str) -> None:
        for each in typed:
            assert household in found(each), each

    @settings(max_examples=25)
    @given(WITH_LIGATURES, WITH_LIGATURES)
    def test_a_name_finds_itself_without_accents_in_any_order_and_case(
        self, first: str, last: str
    ) -> None:
        household = family(first, last)
        self._finds(
            household,
            f"{first} {last}",
            f"{last} {first}",
            bare(f"{first} {last}"),
            f"{last}-{first}".upper(),
        )

    @settings(max_examples=40)
    @given(LETTERS, LETTERS, st.data())
    def test_a_name_finds_itself_with_one_letter_wrong(
        self, first: str, last: str, data: st.DataObject
    ) -> None:
        household = family(first, last)
        place = data.draw(st.integers(0, len(last) - 1))
        other = data.draw(st.sampled_from("abcxyzé"))
        swapped = last[:place] + last[place : place + 2][::-1] + last[place + 2 :]
        self._finds(
            household,
            last[:place] + other + last[place + 1 :],
            last[:place] + last[place + 1 :] + " " + first,
            first + " " + last[:place] + other + last[place:],
            swapped,
        )


# The index


def explained(typed: str) -> str:
    asked = sought(typed, today=timezone.localdate())
    with connection.cursor() as cursor:
        cursor.execute(TYPED, [asked.names])
        sql, values = statement(asked, cursor.fetchall(), scope(make_centre()))
        cursor.execute(f"EXPLAIN {sql}", values)
        return lines(cursor.fetchall())


def lines(rows: Iterable[tuple[str]]) -> str:
    return "\n".join(line for (line,) in rows)


@pytest.fixture
def hundred_thousand() -> None:
    """Households of a big Département, with what they are found by written set-wise."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO booking_household
                (id, language, needs_interpreter, contact_by, sms_sender, created_at)
            SELECT n, 'fr', false, 'any', '', now() FROM generate_series(1000000, 1099999) n;
            WITH first AS MATERIALIZED (
                SELECT n AS f, one, booking_grams(one, 1) || booking_nears(one) AS terms
                FROM generate_series(0, 19999) n, LATERAL (
                    SELECT substr(translate(md5(n::text), '0123456789', 'ghijklmnop'), 1, 6) AS one
                ) name
            ), last AS MATERIALIZED (
                SELECT n AS l, two, booking_grams(two, 1) || booking_nears(two) AS terms
                FROM generate_series(0, 4999) n, LATERAL (
                    SELECT substr(translate(md5('b' || n), '0123456789', 'qrstuvwxyz'), 1, 7)
                        AS two
                ) name
            )
            INSERT INTO booking_familysearch (household_id, words, terms)
            SELECT 1000000 + n, ARRAY[one, two], first.terms || last.terms
                || ARRAY['p:6' || lpad(n::text, 8, '0'), 'd:' || date '2020-01-01' + n % 2200]
            FROM generate_series(0, 99999) n
            JOIN first ON f = n % 20000 JOIN last ON l = n / 20000 + n % 1000 * 5;
            ANALYZE booking_familysearch
            """
        )


@pytest.mark.usefixtures("hundred_thousand")
def test_a_hundred_thousand_families_are_reached_by_the_index() -> None:
    for typed in ("marie", "le goff maelys", "06 39 98 12 34", "24/11/2020", "gui 1234"):
        plan = explained(typed)
        assert "Bitmap Index Scan on familysearch_terms" in plan, plan
        assert "Seq Scan on booking_familysearch" not in plan, plan


def test_who_waits_is_reached_by_the_index() -> None:
    asked = scope(make_centre())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        ones = ONES.format(theirs=asked.theirs("one.id"))
        cursor.execute(f"EXPLAIN {ones}", asked.values() | {"ids": [1]})
        assert "booking_waitinglistentry_household" in lines(cursor.fetchall())


def test_a_change_is_noted_when_made_and_indexed_when_somebody_searches(goff: Household) -> None:
    assert FamilyToIndex.objects.filter(household_id=goff.pk).exists()
    assert not FamilySearch.objects.filter(household=goff).exists()
    assert found("maelys") == [goff]
    assert not FamilyToIndex.objects.exists()
    assert index_families() == 0
    Guardian.objects.filter(household=goff).update(last_name="Nguyễn")
    assert index_families() == 1
    assert FamilySearch.objects.get(household=goff).words.count("nguyen") == 1

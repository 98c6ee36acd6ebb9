"""Expanding rules into half-days: idempotent, rolling, holidays left out, nobody in two places."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from centres.actions import Expansion, expand_rules
from centres.models import Absence, OpeningRule, PublicHoliday, SchoolHoliday, Shift, ShiftType
from tests.factories import PARIS, make_department, make_practitioner, make_rule, make_type

pytestmark = pytest.mark.django_db
TODAY = date(2027, 3, 1)
EASTER_MONDAY = date(2027, 3, 29)
NOTHING = Expansion(0, 0, 0, [], [], [], [])


def mondays(**fields: Any) -> OpeningRule:
    details = {"rrule": "FREQ=WEEKLY;BYDAY=MO", "valid_from": TODAY}
    return make_rule(**details | fields)


def days_of(rule: OpeningRule) -> list[date]:
    return list(rule.shifts.order_by("occurs_on").values_list("occurs_on", flat=True))


def expand(**wishes: Any) -> Expansion:
    return expand_rules(**{"today": TODAY, "months": 1} | wishes)


def test_a_rule_becomes_half_days_for_twelve_months() -> None:
    types = [make_type(), make_type()]
    rule = mondays(types=types, seats=4, agent_reserve=1)
    done = expand_rules(today=TODAY)
    assert done == NOTHING._replace(made=53)
    first = rule.shifts.earliest("occurs_on")
    assert first.starts_at == datetime(2027, 3, 1, 9, tzinfo=PARIS)
    assert first.ends_at == datetime(2027, 3, 1, 12, tzinfo=PARIS)
    assert (first.seats, first.agent_reserve, first.room) == (4, 1, 180)
    assert (first.site, first.practitioner) == (rule.site, rule.practitioner)
    assert set(first.offers.values_list("type_id", flat=True)) == {kind.pk for kind in types}
    assert max(days_of(rule)) == date(2028, 2, 28)


def test_expanding_again_changes_nothing() -> None:
    mondays()
    expand()
    before = list(Shift.objects.order_by("pk").values())
    offers = list(ShiftType.objects.order_by("pk").values())
    assert expand() == NOTHING
    assert list(Shift.objects.order_by("pk").values()) == before
    assert list(ShiftType.objects.order_by("pk").values()) == offers


def test_the_next_day_adds_what_the_horizon_reached() -> None:
    rule = mondays()
    expand()
    assert expand(today=TODAY + timedelta(days=7)).made == 1
    assert len(days_of(rule)) == 6, "what is past stays"


def test_public_holidays_are_left_out_unless_the_rule_says_so() -> None:
    PublicHoliday.objects.create(department=make_department(), on=EASTER_MONDAY, name="Pâques")
    usual, also = mondays(), mondays(on_public_holidays=True)
    expand()
    assert EASTER_MONDAY not in days_of(usual)
    assert EASTER_MONDAY in days_of(also)


def test_school_holidays_are_left_out_if_the_rule_says_so() -> None:
    SchoolHoliday.objects.create(
        zone="B", starts_on=date(2027, 3, 8), ends_on=date(2027, 3, 15), name="Hiver"
    )
    SchoolHoliday.objects.create(
        zone="C", starts_on=date(2027, 3, 22), ends_on=date(2027, 3, 29), name="Hiver"
    )
    usual, not_then = mondays(), mondays(skip_school_holidays=True)
    expand()
    assert [day.day for day in days_of(usual)] == [1, 8, 15, 22, 29]
    assert [day.day for day in days_of(not_then)] == [1, 22, 29]


def test_a_rule_is_valid_between_its_dates_both_included() -> None:
    rule = mondays(valid_from=date(2027, 3, 8), valid_until=date(2027, 3, 22))
    expand()
    assert [day.day for day in days_of(rule)] == [8, 15, 22]


@pytest.mark.parametrize("who", ["rule", "practitioner"])
def test_one_no_longer_active_gives_no_half_days(who: str) -> None:
    rule = mondays()
    expand()
    thing = rule if who == "rule" else rule.practitioner
    thing.is_active = False
    thing.save()
    assert expand().removed == 5
    assert days_of(rule) == []


def test_nobody_is_sent_to_two_places_at_once() -> None:
    practitioner = make_practitioner()
    first = mondays(practitioner=practitioner)
    second = mondays(practitioner=practitioner, opens=time(11), closes=time(15))
    expand()
    assert len(days_of(first)) == 5
    assert days_of(second) == []


def test_absences_already_known_are_subtracted() -> None:
    rule = mondays()
    Absence.objects.create(
        practitioner=rule.practitioner,
        starts_at=datetime(2027, 3, 8, 8, tzinfo=PARIS),
        ends_at=datetime(2027, 3, 8, 10, tzinfo=PARIS),
    )
    expand()
    begin = int(datetime(2027, 3, 8, 8, tzinfo=PARIS).timestamp()) // 60
    shift = rule.shifts.get(occurs_on=date(2027, 3, 8))
    assert (shift.closed, shift.room) == ([begin, begin + 120], 120)


def test_only_the_rules_asked_for_are_expanded() -> None:
    asked, other = mondays(), mondays()
    assert expand(rule_ids=[asked.pk]).made == 5
    assert days_of(other) == []


def test_a_half_day_edited_alone_survives() -> None:
    rule = mondays()
    expand()
    edited = rule.shifts.get(occurs_on=date(2027, 3, 8))
    edited.ends_at -= timedelta(hours=1)
    edited.is_edited = True
    edited.save()
    cancelled = rule.shifts.get(occurs_on=date(2027, 3, 15))
    cancelled.status, cancelled.is_edited = Shift.Status.CANCELLED, True
    cancelled.save()
    rule.opens, rule.rrule = time(8), "FREQ=WEEKLY;BYDAY=MO,TU"
    rule.save()
    expand()
    kept = {shift.occurs_on.day: shift for shift in rule.shifts.all()}
    assert kept[8].ends_at == edited.ends_at
    assert kept[8].starts_at == datetime(2027, 3, 8, 9, tzinfo=PARIS)
    assert kept[15].status == Shift.Status.CANCELLED
    assert kept[22].starts_at == datetime(2027, 3, 22, 8, tzinfo=PARIS)
    rule.is_active = False
    rule.save()
    expand()
    assert [day.day for day in days_of(rule)] == [8, 15]


def test_other_types_are_offered_after_an_edit() -> None:
    rule = mondays()
    expand()
    kind = make_type()
    rule.types.set([kind])
    assert expand() == NOTHING._replace(changed=5)
    assert set(ShiftType.objects.values_list("type_id", flat=True)) == {kind.pk}


def test_it_costs_the_same_number_of_queries_when_nothing_changed(
    django_assert_max_num_queries: Any,
) -> None:
    mondays()
    expand_rules(today=TODAY)
    # The rules; per rule its half-days, its types and the offers; per Département its holidays.
    with django_assert_max_num_queries(14):
        expand_rules(today=TODAY)


def test_days_are_those_of_the_centres_zone() -> None:
    rule = mondays(opens=time(8), closes=time(9))
    centre = rule.site.centre
    centre.time_zone = "Pacific/Noumea"
    centre.save()
    expand()
    first = rule.shifts.earliest("occurs_on")
    assert first.starts_at == datetime(2027, 3, 1, 8, tzinfo=ZoneInfo("Pacific/Noumea"))
    assert first.starts_at.astimezone(PARIS).date() == date(2027, 2, 28)

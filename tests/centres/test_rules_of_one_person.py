"""Several rules of the same people: one expansion settles them, and says what it cannot do."""

import logging
from datetime import date, datetime, time
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from centres.actions import Clash, Expansion, expand_rules
from centres.models import OpeningRule, Practitioner, Shift
from tests.factories import (
    PARIS,
    make_appointment,
    make_practitioner,
    make_rule,
    make_shift,
    make_site,
    make_type,
)

pytestmark = pytest.mark.django_db
TODAY = date(2027, 3, 1)
NOTHING = Expansion(0, 0, 0, [], [], [], [])


def weekly(day: str, who: Practitioner, **fields: Any) -> OpeningRule:
    details = {"types": [make_type()], "valid_from": TODAY, "practitioner": who}
    return make_rule(rrule=f"FREQ=WEEKLY;BYDAY={day}", **details | fields)


def expand(*rules: OpeningRule) -> Expansion:
    return expand_rules(today=TODAY, months=1, rule_ids=[rule.pk for rule in rules] or None)


def change(rule: OpeningRule, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(rule, name, value)
    rule.save()


def weekdays(rule: OpeningRule) -> set[str]:
    return {f"{shift.starts_at.astimezone(PARIS):%a %H}" for shift in open_shifts(rule)}


def open_shifts(rule: OpeningRule) -> list[Shift]:
    return list(rule.shifts.filter(status="open").order_by("starts_at"))


def test_two_rules_that_swap_their_days_need_one_expansion() -> None:
    who = make_practitioner()
    first, second = weekly("MO", who), weekly("TU", who)
    expand()
    change(first, rrule="FREQ=WEEKLY;BYDAY=TU")
    change(second, rrule="FREQ=WEEKLY;BYDAY=MO")
    done = expand()
    assert (weekdays(first), weekdays(second)) == ({"Tue 09"}, {"Mon 09"})
    assert (done.made, done.removed, done.clashes) == (10, 10, [])
    assert expand() == NOTHING


def test_two_rules_that_swap_their_hours_need_one_expansion() -> None:
    """Each is in the other's way: one at a time, neither could ever move."""
    who = make_practitioner()
    first, second = weekly("MO", who), weekly("MO", who, opens=time(13), closes=time(16))
    expand()
    booked = make_appointment(open_shifts(first)[1])
    ids = [[shift.pk for shift in open_shifts(rule)] for rule in (first, second)]
    change(first, opens=time(13), closes=time(16))
    change(second, opens=time(9), closes=time(12))
    done = expand()
    assert (weekdays(first), weekdays(second)) == ({"Mon 13"}, {"Mon 09"})
    assert ids == [[shift.pk for shift in open_shifts(rule)] for rule in (first, second)]
    assert (done.made, done.changed, done.removed, done.clashes) == (0, 10, 0, [])
    assert done.outside == [booked.shift_id]
    assert expand() == NOTHING


def test_a_rule_saved_alone_expands_those_that_wait_for_its_time() -> None:
    """As in the administration, where one is saved after the other."""
    who = make_practitioner()
    first, second = weekly("MO", who), weekly("TU", who)
    expand()
    change(first, rrule="FREQ=WEEKLY;BYDAY=TU")
    clashes = expand(first).clashes
    assert [clash.rule for clash in clashes] == [first.pk] * 5
    change(second, rrule="FREQ=WEEKLY;BYDAY=MO")
    assert expand(second).clashes == []
    assert (weekdays(first), weekdays(second)) == ({"Tue 09"}, {"Mon 09"})
    assert expand() == NOTHING


def test_two_people_swap_their_rules() -> None:
    nadia, karim = make_practitioner(), make_practitioner()
    first, second = weekly("MO", nadia), weekly("MO", karim)
    expand()
    change(first, practitioner=karim)
    assert len(expand(first).clashes) == 5
    change(second, practitioner=nadia)
    assert expand(second).clashes == []
    people = [{shift.practitioner for shift in open_shifts(rule)} for rule in (first, second)]
    assert people == [{karim}, {nadia}]
    assert expand() == NOTHING


def test_a_clash_names_the_rule_the_day_and_what_is_in_the_way(
    caplog: pytest.LogCaptureFixture,
) -> None:
    who = make_practitioner()
    first = weekly("MO", who)
    second = weekly("MO", who, opens=time(11), closes=time(15), site=make_site())
    with caplog.at_level(logging.WARNING):
        done = expand()
    assert open_shifts(second) == []
    assert done.clashes == [
        Clash(second.pk, shift.occurs_on, shift.pk) for shift in open_shifts(first)
    ]
    (line,) = caplog.messages
    assert line.startswith(f"rule {second.pk}: 5 half-days not made or moved, from 2027-03-01 on")
    assert expand().clashes == done.clashes, "told as long as it lasts"


def test_one_already_there_keeps_its_time_from_an_older_rule_that_moves() -> None:
    who = make_practitioner()
    older, newer = weekly("MO", who), weekly("TU", who)
    expand()
    change(older, rrule="FREQ=WEEKLY;BYDAY=TU")
    change(older, opens=time(11), closes=time(13))
    done = expand()
    assert {clash.rule for clash in done.clashes} == {older.pk}
    assert weekdays(newer) == {"Tue 09"}


def test_hours_that_cannot_change_stay_and_are_told() -> None:
    who = make_practitioner()
    rule = weekly("MO", who)
    expand()
    other = make_shift(starts_at=datetime(2027, 3, 8, 12, tzinfo=PARIS), practitioner=who)
    change(rule, closes=time(13))
    done = expand()
    kept = rule.shifts.get(occurs_on=date(2027, 3, 8))
    assert kept.ends_at == datetime(2027, 3, 8, 12, tzinfo=PARIS)
    assert (done.changed, done.clashes) == (4, [Clash(rule.pk, kept.occurs_on, other.pk)])


def test_seats_that_families_have_are_told() -> None:
    rule = weekly("MO", make_practitioner(), seats=3)
    expand()
    booked = make_appointment(open_shifts(rule)[1], seat=3)
    change(rule, seats=2, opens=time(10))
    done = expand()
    booked.shift.refresh_from_db()
    assert (booked.shift.seats, booked.shift.starts_at) == (3, booked.starts_at)
    assert (done.changed, done.crowded, done.outside) == (4, [booked.shift_id], [])


def test_a_rule_that_cannot_be_read_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    who = make_practitioner()
    broken, sound = weekly("MO", who), weekly("TU", who)
    expand()
    OpeningRule.objects.filter(pk=broken.pk).update(rrule="FREQ=YEARLY")
    change(sound, rrule="FREQ=WEEKLY;BYDAY=MO,WE")
    done = expand()
    assert (done.unreadable, weekdays(broken), weekdays(sound)) == (
        [broken.pk],
        {"Mon 09"},
        {"Wed 09"},
    )
    assert {clash.rule for clash in done.clashes} == {sound.pk}
    assert "cannot be read: FREQ doit être" in caplog.text


def test_the_command_says_what_cannot_be_made() -> None:
    who = make_practitioner()
    weekly("MO", who, valid_from=date(2020, 1, 6))
    second = weekly("MO", who, valid_from=date(2020, 1, 6), closes=time(10))
    out = StringIO()
    call_command("expand_shifts", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0].endswith(" made, 0 changed, 0 removed.")
    assert lines[1].startswith("Not made or not moved, for the practitioner is elsewhere: 5")
    assert lines[2].startswith(f"  rule {second.pk} on ")
    assert lines[-1].startswith("  … and 3")


def test_half_days_never_last_more_than_fourteen_hours() -> None:
    """Not even on the night that is an hour longer."""
    rule = weekly("SU", make_practitioner(), opens=time(0), closes=time(14))
    expand_rules(today=date(2027, 10, 25), rule_ids=[rule.pk], months=1)
    lengths = {shift.ends_at - shift.starts_at for shift in open_shifts(rule)}
    assert {length.total_seconds() / 3600 for length in lengths} == {14}
    assert date(2027, 10, 31) in {shift.occurs_on for shift in open_shifts(rule)}

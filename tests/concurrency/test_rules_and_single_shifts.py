"""Rules expanded while half-days are edited, given to others and booked: nobody in two places."""

import time
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError

from booking import actions
from booking.models import Appointment
from centres import errors, locking
from centres.actions import edit_shift, expand_rules, expanding
from centres.models import OpeningRule, Practitioner, Shift, User
from tests.booking.scene import NOW, clock, open_morning, parent
from tests.booking.test_shift_bookkeeping import check_books
from tests.concurrency.race import at_once, count, pause_in
from tests.factories import make_practitioner, make_rule, make_type

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2027, 3, 1)
IN_TWO_PLACES = """
SELECT count(*) FROM centres_shift a JOIN centres_shift b
ON a.id < b.id AND a.practitioner_id = b.practitioner_id
   AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
WHERE a.status = 'open' AND b.status = 'open'
"""


def expand(rule: OpeningRule) -> Any:
    return expand_rules(today=TODAY, months=1, rule_ids=[rule.pk])


def swapped() -> tuple[Practitioner, list[OpeningRule]]:
    """Two rules of one person, expanded, then changed to take each other's day."""
    who, kind = make_practitioner(), make_type()
    rules = [
        make_rule(
            practitioner=who, types=[kind], rrule=f"FREQ=WEEKLY;BYDAY={day}", valid_from=TODAY
        )
        for day in ("MO", "TU")
    ]
    expand(rules[0])
    for rule, day in zip(rules, ("TU", "MO"), strict=True):
        OpeningRule.objects.filter(pk=rule.pk).update(rrule=f"FREQ=WEEKLY;BYDAY={day}")
    return who, rules


def test_rules_of_one_person_expanded_together_take_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    who, rules = swapped()
    pause_in(monkeypatch, expanding, "_settle")
    done = at_once([partial(expand, rule) for rule in rules * 3])
    assert sorted(each.made for each in done) == [0, 0, 0, 0, 0, 10]
    assert not any(each.clashes for each in done)
    assert Shift.objects.filter(practitioner=who, status="open").count() == 10
    assert count(IN_TWO_PLACES) == 0


def give_away_while_expanding(monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], set[Any]]:
    """What each edit answered, and the days that expanding neither made nor told of."""
    who, rules = swapped()
    claire = User.objects.create_user("claire@example.org")
    other = make_rule(rrule="FREQ=WEEKLY;BYDAY=TU", valid_from=TODAY)
    expand(other)
    pause_in(monkeypatch, expanding, "_settle", seconds=0.5)

    def give(shift: Shift) -> Any:
        time.sleep(0.2)  # the rules have been settled meanwhile, but not yet written
        change = {"shift_id": shift.pk, "practitioner_id": who.pk}
        try:
            return edit_shift(author=claire, now=NOW, **change)
        except errors.Refusal as refusal:
            return refusal

    tuesdays = other.shifts.filter(starts_at__gt=NOW)
    done, *answers = at_once([partial(expand, rules[0]), *(partial(give, one) for one in tuesdays)])
    assert count(IN_TWO_PLACES) == 0
    told = {(clash.rule, clash.on) for clash in done.clashes}
    made = set(Shift.objects.filter(rule__in=rules).values_list("rule", "occurs_on"))
    wanted = {(rules[0].pk, TODAY + timedelta(days=7 * week + 1)) for week in range(5)}
    wanted |= {(rules[1].pk, TODAY + timedelta(days=7 * week)) for week in range(5)}
    return answers, wanted - made - told


def test_half_days_given_to_somebody_while_their_rules_expand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers, forgotten = give_away_while_expanding(monkeypatch)
    assert {type(each) for each in answers} == {errors.PractitionerBusy}
    assert forgotten == set()


def test_without_their_lock_the_two_wait_in_a_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "LOCK_PEOPLE", "SELECT %s")
    with pytest.raises(OperationalError, match="deadlock"):
        give_away_while_expanding(monkeypatch)


def test_families_book_while_their_half_day_is_edited() -> None:
    """Each appointment is either received, or listed by the edit or among those outside."""
    scene = open_morning()
    claire = User.objects.create_user("claire@example.org")
    held = [scene.hold(at) for at in ("09:00", "09:30", "10:00", "10:30", "11:00", "11:30")]
    later = clock("10:00")
    edit = partial(edit_shift, shift_id=scene.shift.pk, author=claire, now=NOW, starts_at=later)
    confirm = [
        partial(actions.confirm, uid=one.uid, who=parent(one.pk), now=NOW + timedelta(minutes=1))
        for one in held
    ]
    *answers, change = at_once([*confirm, edit])
    outside = set(Appointment.objects.outside().values_list("pk", flat=True))
    early = {one.pk for one in answers if isinstance(one, Appointment) and one.starts_at < later}
    assert outside == early == set(change.outside)
    check_books()

"""A rule changed from a later day on, while its half-days are lent and closed: nobody waits in a
ring, whether it is saved or only tried."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError

from booking import actions
from booking.actions.lending import EDIT
from booking.actions.trying import tried
from centres.actions import Edit, declare_absence, expand_rules, ruling
from centres.actions.ruling import fields_of
from centres.models import Absence, OpeningRule, Shift, User
from tests.booking.scene import NOW
from tests.concurrency.race import at_once, pause_in
from tests.factories import make_practitioner, make_rule, make_type

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2027, 3, 1)
SINCE = date(2027, 3, 16)


@pytest.fixture
def claire() -> User:
    return User.objects.create_user("claire@example.org")


@pytest.fixture
def rule() -> OpeningRule:
    rule = make_rule(types=[make_type()], valid_from=TODAY)
    expand_rules(today=TODAY, months=2)
    return rule


def change(rule: OpeningRule, author: User) -> dict[str, Any]:
    """Half the seats of the morning are kept for agents, from the third one on."""
    return {
        "edits": [Edit({**fields_of(rule), "agent_reserve": 1}, rule.pk, SINCE)],
        "centre_id": rule.site.centre_id,
        "author": author,
        "now": NOW,
        "today": TODAY,
    }


def lend(shift: Shift, author: User) -> None:
    wanted = {"practitioner_id": make_practitioner(shift.centre.department).pk}
    actions.change_half_day(shift_id=shift.pk, do=EDIT, wanted=wanted, author=author, now=NOW)


def close(shift: Shift, _author: User) -> None:
    """From the first half-day on to this one."""
    starts_at = shift.starts_at - timedelta(days=14)
    person, ends_at = shift.practitioner, shift.ends_at
    declare_absence(absence=Absence(practitioner=person, starts_at=starts_at, ends_at=ends_at))


def race(
    monkeypatch: pytest.MonkeyPatch,
    rule: OpeningRule,
    first: Callable[[], Any],
    does: Callable[[Shift, User], None],
    author: User,
) -> Shift:
    """The half-day of that day, once both are done."""
    pause_in(monkeypatch, ruling, "_write", seconds=0.4)
    shift = Shift.objects.select_related("practitioner", "centre").get(occurs_on=SINCE)

    def second() -> None:
        time.sleep(0.2)  # the rule is written, its half-days not yet looked at
        does(shift, author)

    at_once([first, second])
    shift.refresh_from_db()
    return shift


@pytest.mark.parametrize("does", [lend, close])
def test_it_is_saved_while_a_half_day_of_that_day_changes(
    monkeypatch: pytest.MonkeyPatch,
    rule: OpeningRule,
    claire: User,
    does: Callable[[Shift, User], None],
) -> None:
    save = partial(actions.save_rules, **change(rule, claire))
    shift = race(monkeypatch, rule, save, does, claire)
    assert shift.rule_id != rule.pk
    assert shift.is_edited if does is lend else shift.closed


def test_its_trial_keeps_nobody_in_a_ring(
    monkeypatch: pytest.MonkeyPatch, rule: OpeningRule, claire: User
) -> None:
    trial = partial(tried, actions.save_rules, **change(rule, claire))
    shift = race(monkeypatch, rule, trial, lend, claire)
    assert (shift.rule_id, shift.is_edited) == (rule.pk, True)


def test_it_is_taken_back_while_a_half_day_of_that_day_is_lent(
    monkeypatch: pytest.MonkeyPatch, rule: OpeningRule, claire: User
) -> None:
    saved = actions.save_rules(**change(rule, claire))
    (decision,) = saved.saved.decisions
    pause_in(monkeypatch, ruling, "_put", seconds=0.4)
    undo = partial(actions.undo_rule, change_id=decision.pk, author=claire, now=NOW, today=TODAY)
    shift = race(monkeypatch, rule, undo, lend, claire)
    assert (shift.rule_id, shift.is_edited) == (rule.pk, True)


def test_without_the_locks_taken_first_they_do(
    monkeypatch: pytest.MonkeyPatch, rule: OpeningRule, claire: User
) -> None:
    monkeypatch.setattr(ruling, "lock_circles", lambda *_given, **_named: None)
    save = partial(actions.save_rules, **change(rule, claire))
    with pytest.raises(OperationalError, match="deadlock"):
        race(monkeypatch, rule, save, lend, claire)

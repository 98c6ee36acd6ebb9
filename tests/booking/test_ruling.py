"""Opening rules saved as they were seen: what becomes of half-days and appointments."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest

from booking import actions
from booking.actions.ruling import Outcome
from booking.actions.trying import tried
from booking.errors import NotAsSeen
from booking.models import Appointment
from centres.actions import Edit, RuleFields, expand_rules
from centres.actions.ruling import fields_of, version_of
from centres.differences import Kind
from centres.errors import (
    BadRecurrence,
    DatesOutOfOrder,
    EndsTooEarly,
    NothingOffered,
    OtherCentre,
    PractitionerGone,
    RuleChanged,
    SeatsDoNotFit,
)
from centres.models import OpeningRule, RuleChange, Shift, User
from tests.booking.scene import NOW
from tests.factories import (
    make_appointment,
    make_practitioner,
    make_rule,
    make_shift,
    make_site,
    make_type,
)

pytestmark = pytest.mark.django_db
TODAY = date(2027, 3, 1)
FIRST, SECOND = date(2027, 3, 2), date(2027, 3, 9)


@pytest.fixture
def claire() -> User:
    return User.objects.create_user("claire@example.org", first_name="Claire", last_name="Le Bihan")


@pytest.fixture
def rule() -> OpeningRule:
    """Every Tuesday from 9:00 to 12:00, already expanded."""
    rule = make_rule(types=[make_type()], valid_from=TODAY)
    expand_rules(today=TODAY)
    return rule


def wanted(rule: OpeningRule, **fields: Any) -> RuleFields:
    return {**fields_of(rule), **fields}  # type: ignore[typeddict-item]


def values(rule: OpeningRule, claire: User, *edits: Edit) -> dict[str, Any]:
    return {
        "edits": edits,
        "centre_id": rule.site.centre_id,
        "author": claire,
        "now": NOW,
        "today": TODAY,
    }


def change(rule: OpeningRule, claire: User, *, since: date | None = None, **fields: Any) -> Outcome:
    return actions.save_rules(**values(rule, claire, Edit(wanted(rule, **fields), rule.pk, since)))


def days(rule: OpeningRule, status: str = "open") -> list[date]:
    found = Shift.objects.filter(rule=rule, status=status).order_by("occurs_on")
    return list(found.values_list("occurs_on", flat=True))


def test_a_new_rule_has_its_half_days_at_once(rule: OpeningRule, claire: User) -> None:
    said = wanted(rule, rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=FR")
    done = actions.save_rules(**values(rule, claire, Edit(said)))
    made = OpeningRule.objects.exclude(pk=rule.pk).get()
    assert days(made)[:2] == [date(2027, 3, 5), date(2027, 3, 19)]
    assert {each.kind for each in done.saved.differences} == {Kind.APPEARS}
    decision = RuleChange.objects.get()
    assert (decision.rule, decision.action, decision.author_name) == (
        made,
        "create",
        "Claire Le Bihan",
    )


def test_a_trial_tells_all_and_leaves_nothing(rule: OpeningRule, claire: User) -> None:
    visit = make_appointment(Shift.objects.get(occurs_on=FIRST))
    before = list(Shift.objects.order_by("pk").values())
    asked = values(rule, claire, Edit(wanted(rule, opens=time(10)), rule.pk))
    trial = tried(actions.save_rules, **asked)
    assert list(Shift.objects.order_by("pk").values()) == before
    assert not RuleChange.objects.exists()
    assert trial.left_out == [visit]
    assert {each.kind for each in trial.saved.differences} == {Kind.CHANGES}
    done = actions.save_rules(**asked, seen=trial.tokens)
    assert done.saved.differences == trial.saved.differences
    assert Shift.objects.get(occurs_on=FIRST).starts_at.hour == 9  # 10:00 in Paris


def test_what_is_not_as_it_was_seen_is_not_saved(rule: OpeningRule, claire: User) -> None:
    asked = values(rule, claire, Edit(wanted(rule, opens=time(10)), rule.pk))
    seen = tried(actions.save_rules, **asked).tokens
    make_appointment(Shift.objects.get(occurs_on=FIRST))
    with pytest.raises(NotAsSeen) as told:
        actions.save_rules(**asked, seen=seen)
    outcome = told.value.details["outcome"]
    assert isinstance(outcome, Outcome)
    assert len(set(outcome.tokens) - set(seen)) == 1
    rule.refresh_from_db()
    assert rule.opens == time(9)


def test_a_family_left_outside_before_is_not_counted_twice(rule: OpeningRule, claire: User) -> None:
    make_appointment(Shift.objects.get(occurs_on=FIRST))
    assert len(change(rule, claire, opens=time(10)).left_out) == 1
    again = change(rule, claire, opens=time(10, 30))
    assert (again.left_out, len(again.outside)) == ([], 1)


def test_from_a_later_day_on_another_rule_goes_on_with_the_same_appointments(
    rule: OpeningRule, claire: User
) -> None:
    shift = Shift.objects.get(occurs_on=SECOND)
    inside = make_appointment(shift, starts_at=shift.starts_at + timedelta(hours=1))
    early = make_appointment(shift)
    done = change(rule, claire, since=SECOND, opens=time(10))
    follower = OpeningRule.objects.exclude(pk=rule.pk).get()
    assert days(rule) == [FIRST]
    assert days(follower)[0] == SECOND
    assert done.left_out == [early]
    assert Appointment.objects.get(pk=inside.pk).shift.rule == follower
    assert Kind.GOES not in {each.kind for each in done.saved.differences}


def test_one_week_out_of_two_stays_the_same_week(claire: User) -> None:
    rule = make_rule(valid_from=TODAY, rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=TU")
    expand_rules(today=TODAY)
    before = days(rule)
    change(rule, claire, since=SECOND, opens=time(10))
    follower = OpeningRule.objects.exclude(pk=rule.pk).get()
    assert follower.valid_from == date(2027, 3, 16)
    assert days(rule) + days(follower) == before


def test_half_days_that_meet_another_are_told(rule: OpeningRule, claire: User) -> None:
    elsewhere = make_site(rule.site.centre)
    said = wanted(rule, site_id=elsewhere.pk, opens=time(11), closes=time(13))
    done = tried(actions.save_rules, **values(rule, claire, Edit(said)))
    assert done.saved.differences == []
    assert done.others[done.clashes[0].other].rule_id == rule.pk


def test_half_days_changed_by_hand_are_left_alone(rule: OpeningRule, claire: User) -> None:
    Shift.objects.filter(occurs_on=FIRST).update(is_edited=True)
    done = change(rule, claire, opens=time(10))
    first = done.saved.differences[0]
    assert first.place.starts_at.date() == SECOND


def test_nothing_is_written_when_nothing_is_changed(rule: OpeningRule, claire: User) -> None:
    assert change(rule, claire).saved.differences == []
    assert not RuleChange.objects.exists()


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"rrule": "FREQ=YEARLY"}, BadRecurrence),
        ({"closes": time(9)}, EndsTooEarly),
        ({"valid_until": date(2027, 2, 1)}, DatesOutOfOrder),
        ({"type_ids": []}, NothingOffered),
        ({"seats": 3}, SeatsDoNotFit),
        ({"site_id": "another"}, OtherCentre),
        ({"practitioner_id": "gone"}, PractitionerGone),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else "",
)
def test_what_cannot_be_is_refused_by_name(
    rule: OpeningRule, claire: User, fields: dict[str, Any], refusal: type[Exception]
) -> None:
    if fields.get("site_id"):
        fields = {"site_id": make_site().pk}
    if fields.get("practitioner_id"):
        fields = {"practitioner_id": make_practitioner(is_active=False).pk}
    with pytest.raises(refusal):
        change(rule, claire, **fields)


def test_a_rule_of_another_centre_is_not_this_one_s_to_change(
    rule: OpeningRule, claire: User
) -> None:
    foreign = make_rule()
    with pytest.raises(OtherCentre):
        actions.save_rules(**values(rule, claire, Edit(wanted(rule), foreign.pk)))


def test_two_managers_do_not_overwrite_each_other(rule: OpeningRule, claire: User) -> None:
    version = version_of(rule)
    change(rule, claire, opens=time(10))
    edit = Edit(wanted(rule, closes=time(13)), rule.pk, None, version)
    with pytest.raises(RuleChanged):
        actions.save_rules(**values(rule, claire, edit))


def undo(claire: User) -> Outcome:
    last = RuleChange.objects.latest("pk")
    return actions.undo_rule(change_id=last.pk, author=claire, now=NOW, today=TODAY)


@pytest.mark.parametrize("since", [None, SECOND])
def test_undone_all_is_as_before(rule: OpeningRule, claire: User, since: date | None) -> None:
    shift = Shift.objects.get(occurs_on=SECOND)
    make_appointment(shift)
    before = days(rule)
    change(rule, claire, since=since, rrule="FREQ=WEEKLY;BYDAY=WE")
    assert days(rule) != before
    done = undo(claire)
    assert done.outside == []
    assert days(rule) == before
    assert Shift.objects.filter(status="open").count() == len(before)


def test_a_new_rule_undone_offers_nothing(rule: OpeningRule, claire: User) -> None:
    actions.save_rules(**values(rule, claire, Edit(wanted(rule, rrule="FREQ=WEEKLY;BYDAY=FR"))))
    undo(claire)
    made = OpeningRule.objects.exclude(pk=rule.pk).get()
    assert (made.is_active, days(made)) == (False, [])


def test_an_undo_that_would_leave_a_family_outside_is_not_done(
    rule: OpeningRule, claire: User
) -> None:
    change(rule, claire, closes=time(13))
    shift = Shift.objects.get(occurs_on=FIRST)
    make_appointment(shift, starts_at=shift.starts_at + timedelta(hours=3))
    with pytest.raises(NotAsSeen):
        undo(claire)
    rule.refresh_from_db()
    assert rule.closes == time(13)


def test_only_the_last_decision_is_undone_and_only_once(rule: OpeningRule, claire: User) -> None:
    change(rule, claire, opens=time(10))
    first = RuleChange.objects.latest("pk")
    change(rule, claire, opens=time(11))
    with pytest.raises(RuleChanged):
        actions.undo_rule(change_id=first.pk, author=claire, now=NOW, today=TODAY)
    undo(claire)
    with pytest.raises(RuleChanged):
        undo(claire)


def test_people_of_other_rules_are_told_of_too(rule: OpeningRule, claire: User) -> None:
    """A half-day of another rule waited for the time that becomes free."""
    other = make_rule(
        practitioner=rule.practitioner, site=rule.site, valid_from=TODAY, opens=time(10)
    )
    expand_rules(today=TODAY)
    assert days(other) == []
    done = change(rule, claire, rrule="FREQ=WEEKLY;BYDAY=WE")
    assert {each.kind for each in done.saved.differences} == {Kind.APPEARS, Kind.GOES}
    assert days(other)[0] == FIRST


def test_a_single_half_day_counts_as_any_other(rule: OpeningRule, claire: User) -> None:
    alone = make_shift(practitioner=rule.practitioner, starts_at=NOW + timedelta(days=2))
    done = change(rule, claire, rrule="FREQ=WEEKLY;BYDAY=WE", opens=time(8))
    assert done.clashes[0].other == alone.pk

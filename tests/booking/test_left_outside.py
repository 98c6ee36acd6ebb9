"""Visits that their half-day does not receive any more: phoned about, not reminded of; and back."""

from __future__ import annotations

from datetime import time, timedelta
from functools import partial
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from booking import actions
from booking.actions.lending import CANCEL, EDIT, RESTORE, HalfDays
from booking.actions.trying import tried
from booking.desk import calls
from booking.models import Appointment
from booking.planning import DayKey
from centres.actions import Edit, cancel_shift, expand_rules, restore_shift
from centres.actions.ruling import fields_of
from centres.models import OpeningRule, Practitioner, Shift, User
from notifications.composing import compose
from notifications.handling import tell
from notifications.models import OutboxMessage
from tests.booking.scene import TUESDAY, Scene, clock, open_morning, open_session, parent
from tests.booking.test_planner import EARLY, WAITING, waiting
from tests.factories import make_appointment, make_practitioner, make_rule, make_site, make_type
from tests.messages import become

pytestmark = pytest.mark.django_db
LATER = EARLY + timedelta(days=3)


@pytest.fixture(autouse=True)
def _usual_rules() -> None:
    actions.load_default_rules(now=EARLY)


@pytest.fixture
def claire() -> User:
    return User.objects.create_user("claire@example.org", first_name="Claire", last_name="Le Bihan")


@pytest.fixture
def scene() -> Scene:
    return open_morning()


@pytest.fixture
def colleague(scene: Scene) -> Practitioner:
    return make_practitioner(scene.centre.department, last_name="Kerboul")


def book(scene: Scene, at: str, number: int = 1, **fields: Any) -> Appointment:
    who = parent(number, phone=f"+3363998123{number}", **fields)
    return scene.book(at, who=who, now=EARLY)


def change(scene: Scene, claire: User, do: str, **how: Any) -> HalfDays:
    details: dict[str, Any] = {"now": EARLY, **how}
    return actions.change_half_day(shift_id=scene.shift.pk, do=do, author=claire, **details)


def to_call(scene: Scene) -> list[tuple[str, str]]:
    """Why, and whom."""
    found = calls([scene.centre], now=LATER).found
    return sorted((call.message.kind, call.name) for call in found if call.message)


def kinds(*states: str) -> list[str]:
    found = OutboxMessage.objects.filter(state__in=states, kind__in=["confirmation", "reminder"])
    return sorted(found.values_list("kind", flat=True))


def test_the_press_that_cancels_a_half_day_stops_its_reminders(scene: Scene, claire: User) -> None:
    book(scene, "09:00")
    become("sent", kind="confirmation")
    assert waiting() == WAITING
    tried(actions.change_half_day, shift_id=scene.shift.pk, do=CANCEL, author=claire, now=EARLY)
    assert waiting() == WAITING, "a trial leaves all as it is"
    change(scene, claire, CANCEL)
    assert waiting() == []
    assert to_call(scene) == [("to_call", "Parent 1 Le Goff")]


def test_restored_its_reminders_still_ahead_are_planned_again(scene: Scene, claire: User) -> None:
    book(scene, "09:00")
    change(scene, claire, CANCEL)
    change(scene, claire, RESTORE, now=LATER)
    assert waiting() == WAITING[1:], "the e-mail of the 23rd is past"
    assert to_call(scene) == []


def test_what_had_not_left_is_said_once_the_half_day_is_back(scene: Scene, claire: User) -> None:
    """Of a time that does not stand no confirmation leaves."""
    book(scene, "09:00")
    assert kinds("planned").count("confirmation") == 1
    change(scene, claire, CANCEL)
    assert kinds("planned") == []
    change(scene, claire, RESTORE)
    assert kinds("planned").count("confirmation") == 1
    become("sent", kind="confirmation")
    change(scene, claire, CANCEL)
    change(scene, claire, RESTORE)
    assert kinds("planned").count("confirmation") == 0, "said once"


def test_healing_does_not_plan_them_again(scene: Scene, claire: User) -> None:
    book(scene, "09:00")
    change(scene, claire, CANCEL)
    assert actions.heal_reminders(now=EARLY).written == 0
    assert waiting() == []


def test_with_the_function_as_it_was_the_reminders_would_stay(scene: Scene, claire: User) -> None:
    before = import_module("booking.migrations.0026_reminders_of_what_takes_place").BEFORE
    with connection.cursor() as cursor:
        cursor.execute(before.replace("%", "%%"), [])
    book(scene, "09:00")
    change(scene, claire, CANCEL)
    assert waiting() == WAITING


def test_a_half_day_cancelled_behind_our_back_is_not_reminded_of(
    scene: Scene, claire: User
) -> None:
    """In the administration, or by a night’s expansion: nothing leaves, healing withdraws it."""
    book(scene, "09:00")
    message = OutboxMessage.objects.filter(kind="reminder").earliest("send_at")
    assert compose(message) is not None
    cancel_shift(shift_id=scene.shift.pk, author=claire, now=EARLY)
    assert compose(message) is None
    actions.heal_reminders(now=EARLY)
    assert waiting() == []


def test_whoever_a_half_day_left_out_behind_our_back_is_phoned_until_it_is_back(
    scene: Scene, claire: User
) -> None:
    book(scene, "09:00")
    assert actions.heal_calls(now=EARLY) == 0
    cancel_shift(shift_id=scene.shift.pk, author=claire, now=EARLY)
    assert to_call(scene) == []
    assert actions.heal_calls(now=EARLY) == 1
    assert to_call(scene) == [("to_call", "Parent 1 Le Goff")]
    assert waiting() == []
    assert actions.heal_calls(now=EARLY) == 0
    restore_shift(shift_id=scene.shift.pk, author=claire, now=EARLY)
    assert actions.heal_calls(now=EARLY) == 1
    assert to_call(scene) == []
    assert waiting() == WAITING
    assert actions.heal_calls(now=EARLY) == 0


def test_who_was_phoned_about_it_already_is_not_listed_again(scene: Scene, claire: User) -> None:
    book(scene, "09:00")
    change(scene, claire, CANCEL)
    tell(pk=OutboxMessage.objects.get(kind="to_call").pk, by="Claire", now=EARLY)
    assert actions.heal_calls(now=EARLY) == 0
    assert to_call(scene) == []


def test_the_other_visit_of_the_day_is_still_reminded_of(scene: Scene, claire: User) -> None:
    book(scene, "09:00")
    other = scene.another_doctor()
    who = parent(1, phone="+33639981231", child_first_name="Maël")
    scene.book("10:00", who=who, now=EARLY, practitioner_id=other.practitioner_id)
    change(scene, claire, CANCEL)
    assert waiting() == WAITING


def test_shortened_only_those_outside_are_phoned_until_it_has_its_hours_again(
    scene: Scene, claire: User
) -> None:
    early, late = book(scene, "09:00"), book(scene, "10:00", 2)
    hours = {"wanted": {"starts_at": clock("09:30")}}
    seen = tried(
        actions.change_half_day,
        shift_id=scene.shift.pk,
        do=EDIT,
        author=claire,
        now=EARLY,
        **hours,
    )
    assert [each.pk for each in seen.left_out] == [early.pk]
    change(scene, claire, EDIT, seen=seen.tokens, **hours)
    assert to_call(scene) == [("to_call", "Parent 1 Le Goff")]
    reminded = OutboxMessage.objects.filter(kind="reminder", state="planned")
    assert {each.person_ref for each in reminded} == {f"household:{late.household_id}"}
    done = change(scene, claire, EDIT, wanted={"starts_at": clock("09:00")})
    assert [each.pk for each in done.back] == [early.pk]
    assert to_call(scene) == []
    assert len(waiting()) == 2 * len(WAITING)


def test_lent_without_its_appointments_they_are_phoned_until_it_comes_back(
    scene: Scene, claire: User, colleague: Practitioner
) -> None:
    book(scene, "09:00")
    owner = scene.shift.practitioner_id
    change(scene, claire, EDIT, wanted={"practitioner_id": colleague.pk})
    assert to_call(scene) == [("to_call", "Parent 1 Le Goff")]
    assert waiting() == []
    change(scene, claire, EDIT, wanted={"practitioner_id": owner})
    assert to_call(scene) == []
    assert waiting() == WAITING


def test_lent_with_them_nobody_is_phoned(
    scene: Scene, claire: User, colleague: Practitioner
) -> None:
    book(scene, "09:00")
    change(scene, claire, EDIT, wanted={"practitioner_id": colleague.pk}, follows=True)
    assert to_call(scene) == []
    assert waiting() == WAITING


def test_swapped_alone_both_sides_are_phoned_until_they_swap_back(
    scene: Scene, claire: User
) -> None:
    other = scene.another_doctor()
    book(scene, "09:00")
    make_appointment(other, starts_at=clock("10:00"))
    make_appointment(other, starts_at=clock("11:00"))
    values = {
        "one_id": scene.shift.practitioner_id,
        "other_id": other.practitioner_id,
        "shift_ids": [scene.shift.pk, other.pk],
        "author": claire,
        "now": EARLY,
        "follows": False,
    }
    assert len(actions.swap_half_days(**values).left_out) == 3
    assert len(to_call(scene)) == 3
    assert len(actions.swap_half_days(**values).back) == 3
    assert to_call(scene) == []


def test_who_was_told_is_told_that_it_stands_after_all(scene: Scene, claire: User) -> None:
    book(scene, "09:00")
    change(scene, claire, EDIT, wanted={"starts_at": clock("09:30")})
    called = OutboxMessage.objects.get(kind="to_call")
    tell(pk=called.pk, by="Claire", now=EARLY)
    change(scene, claire, EDIT, wanted={"starts_at": clock("09:00")})
    assert to_call(scene) == [("time_kept", "Parent 1 Le Goff")]
    assert waiting() == WAITING


def test_ten_families_cost_as_many_statements_as_one(scene: Scene, claire: User) -> None:
    book(scene, "09:00")
    with CaptureQueriesContext(connection) as one:
        change(scene, claire, CANCEL)
    change(scene, claire, RESTORE)
    for number, at in enumerate(("09:30", "10:00", "10:30", "11:00"), start=2):
        book(scene, at, number)
    with CaptureQueriesContext(connection) as five:
        change(scene, claire, CANCEL)
    assert len(five) == len(one)


# Opening rules.


def rule_with_a_visit() -> tuple[OpeningRule, Scene]:
    kind = make_type(notice_min=0, cancel_notice_min=60)
    rule = make_rule(types=[kind], valid_from=EARLY.date())
    expand_rules(today=EARLY.date())
    scene = Scene(kind, Shift.objects.get(occurs_on=TUESDAY))
    book(scene, "09:00")
    return rule, scene


def save(rule: OpeningRule, claire: User, **fields: Any) -> Any:
    edit = Edit({**fields_of(rule), **fields}, rule.pk)  # type: ignore[typeddict-item]
    values = {"centre_id": rule.site.centre_id, "author": claire, "now": EARLY}
    return actions.save_rules(edits=[edit], today=EARLY.date(), **values)


def test_a_rule_changed_leaves_its_families_to_the_call_list_until_it_is_undone(
    claire: User,
) -> None:
    rule, scene = rule_with_a_visit()
    done = save(rule, claire, opens=time(10))
    assert to_call(scene) == [("to_call", "Parent 1 Le Goff")]
    assert waiting() == []
    (decision,) = done.saved.decisions
    values = {"author": claire, "now": EARLY, "today": EARLY.date()}
    undone = actions.undo_rule(change_id=decision.pk, **values)
    assert len(undone.back) == 1
    assert to_call(scene) == []
    assert waiting() == WAITING


def test_a_rule_given_its_old_hours_by_hand_receives_them_again_once(claire: User) -> None:
    rule, scene = rule_with_a_visit()
    save(rule, claire, opens=time(10))
    tell(pk=OutboxMessage.objects.get(kind="to_call").pk, by="Claire", now=EARLY)
    rule.refresh_from_db()
    assert len(save(rule, claire, opens=time(9)).back) == 1
    assert to_call(scene) == [("time_kept", "Parent 1 Le Goff")]
    rule.refresh_from_db()
    assert save(rule, claire, closes=time(13)).back == [], "it had its place all the while"


# Three ways to ask one thing: of rows, of one row, and of a household's day in the database.


def is_reminded(appointment: Appointment) -> bool:
    key = DayKey(appointment.household_id or 0, TUESDAY)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT visits <> '[]' FROM booking_household_days(%s, %s, false)",
            [[key.household], [key.on]],
        )
        return bool(cursor.fetchone()[0])


SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "as it was": ({}, {}, True),
    "cancelled": ({"status": "cancelled"}, {}, False),
    "begins later": ({"starts_at": clock("09:15")}, {}, False),
    "ends sooner": ({"ends_at": clock("09:20")}, {}, False),
    "cuts a buffer": ({}, {"busy_from": clock("08:55")}, False),
    "added, its buffer outside": ({}, {"busy_from": clock("08:55")}, True),
    "added, cut": ({"ends_at": clock("09:20")}, {}, False),
}


@pytest.mark.parametrize("name", SHAPES)
def test_rows_a_row_and_the_database_say_the_same(name: str, scene: Scene) -> None:
    shift, visit, expected = SHAPES[name]
    added = {"is_overbooked": True, "note": "Urgence"} if name.startswith("added") else {}
    appointment = make_appointment(scene.shift, **visit, **added)
    Shift.objects.filter(pk=scene.shift.pk).update(**shift)
    found = Appointment.objects.select_related("shift").get(pk=appointment.pk)
    assert found.is_received is expected
    assert Appointment.objects.outside().exists() is not expected
    assert is_reminded(found) is expected


@pytest.mark.parametrize("what", ["practitioner", "site"])
def test_another_person_or_another_place_is_outside(what: str, scene: Scene) -> None:
    appointment = make_appointment(scene.shift)
    other = make_practitioner() if what == "practitioner" else make_site(scene.centre)
    Shift.objects.filter(pk=scene.shift.pk).update(**{what: other})
    found = Appointment.objects.select_related("shift").get(pk=appointment.pk)
    assert not found.is_received
    assert Appointment.objects.outside().exists()
    assert not is_reminded(found)


@pytest.mark.parametrize("is_cut", [False, True])
def test_a_seat_is_of_the_whole_session(is_cut: bool) -> None:
    scene = open_session()
    appointment = make_appointment(scene.shift)
    if is_cut:
        Shift.objects.filter(pk=scene.shift.pk).update(ends_at=clock("10:45"))
    found = Appointment.objects.select_related("shift").get(pk=appointment.pk)
    assert found.is_received is not is_cut
    assert Appointment.objects.outside().exists() is is_cut
    assert is_reminded(found) is not is_cut


def test_called_off_again_by_the_night_they_are_phoned_again(scene: Scene) -> None:
    book(scene, "09:00")
    heal = [EARLY + timedelta(hours=hour) for hour in range(1, 6)]
    cancelled, restored = (
        partial(Shift.objects.filter(pk=scene.shift.pk).update, status=status)
        for status in ("cancelled", "open")
    )
    found = []
    for turn, now in zip((cancelled, restored, cancelled, restored, cancelled), heal, strict=True):
        turn()
        found.append(actions.heal_calls(now=now))
        assert actions.heal_calls(now=now + timedelta(minutes=20)) == 0
    assert found == [1, 1, 1, 1, 1]
    assert to_call(scene) == [("to_call", "Parent 1 Le Goff")]


def test_told_that_it_is_on_again_they_are_phoned_when_it_is_off_once_more(
    scene: Scene, claire: User
) -> None:
    book(scene, "09:00")
    become("sent", kind="confirmation")
    change(scene, claire, CANCEL)
    call = OutboxMessage.objects.get(kind="to_call")
    tell(pk=call.pk, by="claire@example.org", now=EARLY)
    assert actions.heal_calls(now=EARLY) == 0
    change(scene, claire, RESTORE)
    Shift.objects.filter(pk=scene.shift.pk).update(status="cancelled")
    assert actions.heal_calls(now=EARLY + timedelta(hours=1)) == 1

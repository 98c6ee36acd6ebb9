"""Whatever happened to the reminders, one healing puts them right, and a second one changes
nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from booking import actions, policy, tasks
from booking.actions.healing import LOCK
from booking.models import Appointment, Guardian, Household, ReminderRule
from centres.models import ReferenceRecord
from notifications.models import OutboxMessage
from tests.booking.scene import Scene, after, clock, open_morning, parent
from tests.booking.test_planner import EARLY, WAITING, generations, rows, waiting
from tests.factories import PARIS, make_appointment, make_guardian
from tests.messages import become

pytestmark = pytest.mark.django_db
EARLY_ENOUGH = datetime(2026, 1, 5, 9, tzinfo=PARIS)


@pytest.fixture(autouse=True)
def _usual_rules() -> None:
    actions.load_default_rules(now=EARLY)


@pytest.fixture
def scene() -> Scene:
    scene = open_morning()
    scene.book("10:00", now=EARLY)
    return scene


def heal(now: datetime = EARLY, **how: Any) -> tuple[int, int, int]:
    return tuple(actions.heal_reminders(now=now, **how))  # type: ignore[return-value]


def test_when_all_is_right_nothing_changes(scene: Scene) -> None:
    before = list(OutboxMessage.objects.order_by("id").values())
    assert heal() == (1, 0, 0)
    assert list(OutboxMessage.objects.order_by("id").values()) == before


def test_rows_that_were_lost_come_back(scene: Scene) -> None:
    OutboxMessage.objects.filter(kind="reminder").delete()
    assert heal() == (1, 1, 3)
    assert waiting() == WAITING
    assert heal() == (1, 0, 0)


def test_one_row_lost_comes_back_alone(scene: Scene) -> None:
    OutboxMessage.objects.filter(pk=rows()[1].pk).delete()
    assert heal() == (1, 1, 1)
    assert (waiting(), generations()) == (WAITING, [1, 1, 1])


def test_late_nothing_stale_is_made_up_for(scene: Scene) -> None:
    OutboxMessage.objects.filter(kind="reminder").delete()
    assert heal(datetime(2027, 2, 28, 12, tzinfo=PARIS)) == (1, 1, 1)
    assert waiting() == WAITING[2:]
    OutboxMessage.objects.filter(kind="reminder").delete()
    assert heal(clock("08:05")) == (1, 0, 0)
    assert heal(clock("10:05")) == (0, 0, 0)


def test_rules_that_changed_are_followed(scene: Scene) -> None:
    ReminderRule.objects.filter(days_before=2).update(days_before=3)
    ReminderRule.objects.filter(days_before=7).delete()
    assert heal() == (1, 1, 2)
    assert waiting() == ["27/02 18:00 sms", "02/03 08:00 sms"]


def test_where_no_rule_is_left_nothing_waits_when_it_would_have_left(scene: Scene) -> None:
    ReminderRule.objects.all().delete()
    assert heal() == (1, 1, 0)
    assert waiting() == []


def test_reminders_of_a_day_whose_visits_are_gone_are_withdrawn(scene: Scene) -> None:
    Appointment.objects.update(state="cancelled")
    assert heal() == (1, 1, 0)
    assert waiting() == []


def test_a_changed_rule_does_not_repeat_what_has_left(scene: Scene) -> None:
    become("delivered", pk=rows()[0].pk)
    ReminderRule.objects.filter(channel="sms", days_before=2).update(at="17:00")
    later = datetime(2027, 2, 23, 12, tzinfo=PARIS)
    assert heal(later) == (1, 1, 2)
    assert waiting() == ["27/02 17:00 sms", "02/03 08:00 sms"]


def test_the_familys_new_wishes_and_addresses_are_followed(scene: Scene) -> None:
    Household.objects.update(language="ar", contact_by="sms")
    Guardian.objects.update(phone="+33698765432")
    heal()
    ahead = rows(state="planned")
    assert {(each.language, each.recipient) for each in ahead} == {("ar", "+33698765432")}
    assert waiting() == WAITING[1:]
    assert heal() == (1, 0, 0)


def test_appointments_nobody_told_us_of_are_reminded_of(scene: Scene) -> None:
    """An import, a restore."""
    make_appointment(
        scene.shift,
        starts_at=clock("11:00"),
        guardian=make_guardian(),
        changed_at=EARLY,
    )
    assert heal() == (2, 1, 3)


def test_only_what_the_rules_reach_is_looked_at(scene: Scene) -> None:
    make_appointment(scene.shift, starts_at=clock("11:00"), state="cancelled")
    OutboxMessage.objects.filter(kind="reminder").delete()
    Appointment.objects.filter(state="booked").update(
        starts_at=EARLY + timedelta(days=16),
        ends_at=EARLY + timedelta(days=17),
        busy_until=EARLY + timedelta(days=18),
    )
    assert heal() == (0, 0, 0)
    assert heal(EARLY + timedelta(days=2))[0] == 1


def test_reading_takes_the_same_statements_whatever_the_number(
    scene: Scene, django_assert_num_queries: Any
) -> None:
    for number, at in enumerate(("09:00", "10:30", "11:00")):
        scene.book(at, who=parent(number), now=EARLY)
    # The rules, the holidays, which days have visits, which reminders soon leave, what they hold.
    with django_assert_num_queries(5):
        assert heal() == (4, 0, 0)


def test_a_dry_run_only_counts(scene: Scene) -> None:
    OutboxMessage.objects.filter(kind="reminder").delete()
    assert heal(is_dry=True) == (1, 1, 0)
    assert waiting() == []


@pytest.mark.django_db(transaction=True)
def test_while_one_heals_another_leaves_it_to_it() -> None:
    actions.load_default_rules(now=EARLY)
    open_morning().book("10:00", now=EARLY)
    OutboxMessage.objects.filter(kind="reminder").delete()
    other = connections["default"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(LOCK)
            assert heal() == (1, 0, 0)
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert heal() == (1, 1, 3)


def test_the_command_says_what_it_did_or_would_do() -> None:
    make_appointment(starts_at=datetime.now(PARIS) + timedelta(days=5), changed_at=EARLY_ENOUGH)
    assert run("--dry-run") == "1 days looked at, 1 would be planned again, 0 reminders written."
    assert "1 planned again" in run()
    assert run() == "1 days looked at, 0 planned again, 0 reminders written."


def run(*options: str) -> str:
    out = StringIO()
    call_command("plan_reminders", *options, stdout=out)
    return out.getvalue().strip()


def test_the_task_heals() -> None:
    assert tasks.heal_messages() == 0


# The rules an installation begins with.


def test_the_first_rules_are_written_once_and_then_left_alone() -> None:
    assert ReminderRule.objects.count() == 3
    assert actions.load_default_rules(now=after(1)) == 0
    ReminderRule.objects.all().delete()
    assert actions.load_default_rules(now=after(2)) == 0
    assert not ReminderRule.objects.exists()


def test_rules_made_by_hand_before_are_not_added_to() -> None:
    ReminderRule.objects.all().delete()
    ReferenceRecord.objects.all().delete()
    ReminderRule.objects.create(channel="sms", days_before=1, at="17:00")
    assert actions.load_default_rules(now=after(1)) == 0
    assert policy.current(now=after(1)).most_days_before == 1


def test_they_come_with_the_reference_data_and_are_no_news_to_it() -> None:
    ReminderRule.objects.all().delete()
    ReferenceRecord.objects.all().delete()
    said = [load_reference() for _ in range(2)]
    assert "3 reminder rules written." in said[0]
    assert "reminder" not in said[1]
    assert ReminderRule.objects.count() == 3


def load_reference() -> str:
    out = StringIO()
    call_command("load_reference", stdout=out)
    return out.getvalue()

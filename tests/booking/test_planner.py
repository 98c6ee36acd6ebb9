"""The reminders of a household's day follow what is booked, moved and cancelled, in the same
transaction; one message for all its visits of a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from booking import actions, policy
from booking.models import Appointment, Household, ReminderRule
from notifications.composing import compose
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, NADIA, Scene, clock, open_morning, parent, undone
from tests.factories import PARIS, make_centre, make_site, make_type
from tests.messages import become

pytestmark = pytest.mark.django_db
State = OutboxMessage.State
# The visits are on Tuesday 2 March 2027; nine days before, all reminders are still ahead.
EARLY = datetime(2027, 2, 21, 9, tzinfo=PARIS).astimezone(UTC)
WAITING = ["23/02 10:00 email", "27/02 18:00 sms", "02/03 08:00 sms"]


@pytest.fixture(autouse=True)
def _usual_rules() -> None:
    actions.load_default_rules(now=EARLY)


def rows(**of: Any) -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(kind="reminder", **of).order_by("send_at", "id"))


def said(message: OutboxMessage) -> str:
    return f"{message.send_at.astimezone(PARIS):%d/%m %H:%M} {message.channel}"


def waiting() -> list[str]:
    return [said(message) for message in rows(state="planned")]


def generations() -> list[int]:
    return [int(message.intent_key.rpartition(":")[2]) for message in rows(state="planned")]


def book(scene: Scene, at: str = "10:00", **fields: Any) -> Appointment:
    return scene.book(at, now=fields.pop("now", EARLY), **fields)


def test_a_booking_writes_its_reminders_with_it() -> None:
    booked = book(open_morning())
    # Two days before is a Sunday: Saturday then.
    assert waiting() == WAITING
    ahead = rows()
    for message in ahead:
        assert message.subject_ref == f"day:{booked.household_id}:2027-03-02"
        assert message.person_ref == f"household:{booked.household_id}"
        assert message.scope == booked.centre.slug
        assert message.valid_until <= booked.starts_at
        assert message.priority == 7
    assert ahead[0].intent_key == f"reminder:{booked.household_id}:2027-03-02:email-7d-1000:email:1"
    assert ahead[0].alternatives == [{"channel": "sms", "recipient": "+33612345678"}]
    assert ahead[1].alternatives == [{"channel": "email", "recipient": "nadia@example.org"}]


def test_a_booking_undone_leaves_no_reminder() -> None:
    with undone():
        book(open_morning())
        assert len(rows()) == 3
    assert rows() == []


def test_a_second_visit_of_the_day_adds_no_second_reminder() -> None:
    scene = open_morning()
    book(scene, "10:00")
    book(scene, "11:00")
    assert waiting() == WAITING
    assert generations() == [1, 1, 1]


def test_an_earlier_visit_of_the_day_shortens_what_waits() -> None:
    scene = open_morning()
    book(scene, "11:00")
    book(scene, "09:00")
    assert waiting() == WAITING
    assert generations() == [2, 2, 2]
    assert rows(state="planned")[-1].valid_until == clock("08:30")
    assert len(rows(state="superseded")) == 3


def test_two_centres_on_one_day_are_one_reminder_too() -> None:
    scene = open_morning()
    other = Scene(
        scene.kind,
        scene.another_doctor(site=make_site(make_centre()), starts_at=clock("14:00")),
    )
    book(scene, "10:00")
    book(other, "14:00")
    assert waiting() == WAITING
    context = compose(rows()[1]).context  # type: ignore[union-attr]
    assert context["times"] == "10h et 14h"


def test_a_move_takes_its_reminders_along() -> None:
    scene = open_morning()
    booked = book(scene, "10:00")
    wednesday = Scene(scene.kind, scene.another_doctor(starts_at=clock("09:00", date(2027, 3, 3))))
    move(wednesday, booked, clock("09:00", date(2027, 3, 3)))
    assert waiting() == ["24/02 10:00 email", "01/03 18:00 sms", "03/03 08:00 sms"]
    assert {message.subject_ref[-10:] for message in rows(state="superseded")} == {"2027-03-02"}


def test_a_move_of_one_visit_leaves_the_reminders_of_the_other() -> None:
    scene = open_morning()
    book(scene, "10:00")
    going = book(scene, "11:00")
    wednesday = Scene(scene.kind, scene.another_doctor(starts_at=clock("09:00", date(2027, 3, 3))))
    move(wednesday, going, clock("09:00", date(2027, 3, 3)))
    assert len(waiting()) == 6
    assert rows(state="superseded") == []
    assert compose(rows()[0]).context["visits"][0].startswith("10")  # type: ignore[union-attr]


def test_a_move_within_the_day_moves_what_waits() -> None:
    scene = open_morning()
    booked = book(scene, "11:00")
    scene.move(booked.uid, "09:00", now=EARLY)
    assert rows(state="planned")[-1].valid_until == clock("08:30")
    assert generations() == [2, 2, 2]


def test_moved_away_and_back_the_day_is_reminded_of_again() -> None:
    scene = open_morning()
    booked = book(scene, "10:00")
    day = date(2027, 3, 3)
    wednesday = Scene(scene.kind, scene.another_doctor(starts_at=clock("09:00", day)))
    move(wednesday, booked, clock("09:00", day))
    scene.move(booked.uid, "11:00", now=EARLY)
    assert waiting() == WAITING
    assert generations() == [2, 2, 2]


def test_cancelled_nothing_waits_any_more() -> None:
    booked = book(open_morning())
    actions.cancel(uid=booked.uid, now=EARLY)
    assert waiting() == []


def test_one_of_two_cancelled_the_other_is_still_reminded_of() -> None:
    scene = open_morning()
    book(scene, "10:00")
    second = book(scene, "11:00")
    actions.cancel(uid=second.uid, now=EARLY)
    assert waiting() == WAITING


def test_the_first_of_two_cancelled_the_reminders_follow_the_second() -> None:
    scene = open_morning()
    first = book(scene, "09:00")
    book(scene, "11:00")
    actions.cancel(uid=first.uid, now=EARLY)
    assert waiting() == WAITING
    assert rows(state="planned")[-1].valid_until == clock("10:30")


def test_what_has_left_is_not_sent_again_by_a_second_booking() -> None:
    scene = open_morning()
    book(scene, "10:00")
    become("sent", pk=rows()[0].pk)
    later = datetime(2027, 2, 24, 9, tzinfo=PARIS).astimezone(UTC)
    book(scene, "09:00", now=later)
    assert waiting() == WAITING[1:]
    assert len(rows(state="sent")) == 1


def test_a_late_booking_skips_what_is_past_or_has_just_been_said() -> None:
    scene = open_morning()
    book(scene, now=datetime(2027, 2, 27, 15, tzinfo=PARIS))
    assert waiting() == ["02/03 08:00 sms"]


def test_a_booking_for_the_same_morning_is_not_reminded_of() -> None:
    scene = open_morning()
    book(scene, "11:00", now=clock("07:00"))
    assert waiting() == []


def test_guardians_who_share_all_they_are_reached_by_are_reminded_together() -> None:
    scene = open_morning()
    book(scene, "11:00")
    book(scene, "09:00", who=parent(2, email=NADIA.email, phone=NADIA.phone))
    assert Household.objects.count() == 1
    assert waiting() == WAITING
    assert compose(rows(state="planned")[1]).context["times"] == "9h et 11h"  # type: ignore[union-attr]


def test_the_reminders_of_a_guardian_whose_visit_is_cancelled_go() -> None:
    scene = open_morning()
    book(scene, "11:00")
    other = book(scene, "09:00", who=parent(2, email=NADIA.email, phone="+33698765432"))
    assert len(waiting()) == 6
    actions.cancel(uid=other.uid, now=EARLY)
    assert waiting() == WAITING
    assert {message.recipient for message in rows(state="planned") if message.channel == "sms"} == {
        "+33612345678"
    }


def test_a_household_that_wants_no_message_gets_no_reminder() -> None:
    scene = open_morning()
    book(scene, "10:00")
    Household.objects.update(contact_by="none")
    book(scene, "11:00")
    assert waiting() == []


def test_a_household_is_reminded_within_its_own_hours() -> None:
    scene = open_morning()
    book(scene, "10:00")
    Household.objects.update(contact_from=time(17), contact_until=time(19))
    book(scene, "11:00")
    assert waiting() == ["23/02 17:00 email", "27/02 18:00 sms", "01/03 18:30 sms"]


# Which rules serve.


def rule(**fields: Any) -> ReminderRule:
    made = ReminderRule.objects.create(
        **{"channel": "sms", "days_before": 1, "at": "17:00"} | fields
    )
    policy.forget()
    return made


def test_the_rules_of_the_most_precise_scope_serve_alone() -> None:
    scene = open_morning()
    rule(centre=scene.centre, at="16:00")
    assert served(scene) == ["01/03 16:00 sms"]
    rule(type=scene.kind, at="15:00")
    assert served(scene) == ["01/03 15:00 sms"]
    rule(type=scene.kind, centre=scene.centre, at="14:00")
    assert served(scene) == ["01/03 14:00 sms"]
    rule(type=make_type(), at="13:00")
    rule(centre=make_centre(), at="12:00")
    assert served(scene) == ["01/03 14:00 sms"]


def test_a_scope_that_is_off_has_no_reminder_at_all() -> None:
    scene = open_morning()
    rule(type=scene.kind, is_off=True)
    assert served(scene) == []


def served(scene: Scene) -> list[str]:
    """What a new family is reminded of under the rules as they are now."""
    with undone():
        book(scene, who=parent("test", phone="+33612345679"))
        return waiting()


def test_visits_with_different_rules_are_reminded_of_by_all_of_them() -> None:
    scene = open_morning()
    other = make_type(notice_min=0)
    rule(type=other, days_before=3, at="17:00")
    afternoon = Scene(other, scene.another_doctor(types=[other], starts_at=clock("14:00")))
    book(scene, "10:00")
    book(afternoon, "14:00")
    assert waiting() == [*WAITING[:1], "27/02 17:00 sms", "02/03 08:00 sms"]


def test_the_rules_are_read_twice_a_minute_and_at_once_after_a_change_here(
    django_assert_num_queries: Any,
) -> None:
    policy.forget()
    with django_assert_num_queries(2):  # the rules, the holidays
        policy.current(now=EARLY)
    with django_assert_num_queries(0):
        policy.current(now=EARLY + timedelta(seconds=29))
    with django_assert_num_queries(2):
        policy.current(now=EARLY + timedelta(seconds=30))
    policy.forget()
    with django_assert_num_queries(2):
        policy.current(now=EARLY)


def move(scene: Scene, booked: Appointment, start: datetime) -> None:
    held = actions.hold(
        kind=scene.kind,
        centre=scene.centre,
        start=int(start.timestamp()) // 60,
        now=EARLY,
        moving=booked.uid,
        actor=AGENT,
    )
    actions.move(uid=booked.uid, hold_uid=held.uid, now=EARLY, actor=AGENT)

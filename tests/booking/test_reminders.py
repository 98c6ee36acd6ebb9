"""When reminders leave: the clock of the place, decent hours, holidays, late bookings."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from booking.reminders import Day, Hours, Reminder, Rule, Visit, Written, plan, settle
from tests.factories import PARIS

BOTH = {"email": "nadia@example.org", "sms": "+33612345678"}
WEEK, EVENING, MORNING = (
    Rule("email", 7, time(10)),
    Rule("sms", 2, time(18)),
    Rule("sms", 0, time(8)),
)
POLICY = (WEEK, EVENING, MORNING)
# A Wednesday: neither two days nor a week before is a Sunday.
WEDNESDAY = date(2027, 3, 17)
LONG_AGO = datetime(2027, 1, 4, 9, tzinfo=UTC)


def at(on: date, clock: str, zone: ZoneInfo = PARIS) -> datetime:
    return datetime.combine(on, time.fromisoformat(clock), zone).astimezone(UTC)


def day_with(
    *starts: str,
    on: date = WEDNESDAY,
    rules: Collection[Rule] = POLICY,
    told_at: datetime = LONG_AGO,
    zone: ZoneInfo = PARIS,
    **fields: Any,
) -> Day:
    visits = [Visit(at(on, start, zone), told_at, rules) for start in starts or ("14:30",)]
    return Day(on=on, zone=zone, visits=visits, **{"ways": BOTH, **fields})


def told(day: Day) -> list[str]:
    """Each reminder as a person would say it: how many days before, when, how."""
    return [
        f"{(day.on - local.date()).days} {local:%H:%M} {each.channel}"
        for each in plan(day)
        if (local := each.send_at.astimezone(day.zone))
    ]


def test_three_reminders_on_the_clock_of_the_place() -> None:
    assert told(day_with()) == ["7 10:00 email", "2 18:00 sms", "0 08:00 sms"]
    assert [each.step for each in plan(day_with())] == [
        "email-7d-1000",
        "sms-2d-1800",
        "sms-0d-0800",
    ]


def test_the_clock_change_between_reminder_and_visit_changes_no_clock_time() -> None:
    # Clocks jump on Sunday 28 March 2027.
    day = day_with(on=date(2027, 3, 30), rules=[Rule("email", 3, time(18)), MORNING])
    assert [each.send_at for each in plan(day)] == [
        datetime(2027, 3, 27, 17, tzinfo=UTC),
        datetime(2027, 3, 30, 6, tzinfo=UTC),
    ]


def test_an_overseas_centre_has_its_own_clock() -> None:
    reunion = ZoneInfo("Indian/Reunion")
    assert plan(day_with(zone=reunion))[-1].send_at == at(WEDNESDAY, "08:00", reunion)
    assert at(WEDNESDAY, "08:00", reunion).hour == 4


@pytest.mark.parametrize(
    ("clock", "moved"), [("06:00", "08:00"), ("21:00", "19:30"), ("19:45", "19:30")]
)
def test_hours_when_phones_must_not_ring_are_left_out(clock: str, moved: str) -> None:
    day = day_with(rules=[Rule("sms", 2, time.fromisoformat(clock))])
    assert told(day) == [f"2 {moved} sms"]


def test_a_household_has_hours_of_its_own() -> None:
    hours = Hours(time(12), time(13, 30))
    day = day_with("16:00", hours=hours)
    assert told(day) == ["7 12:00 email", "2 13:00 sms", "0 12:00 sms"]
    for each in plan(day):
        assert each.leave_by is not None
        assert each.leave_by.astimezone(PARIS).time() <= hours.closes


def test_hours_of_its_own_at_night_are_its_own_choice() -> None:
    day = day_with(hours=Hours(time(20, 30), time(22)), rules=[EVENING])
    assert told(day) == ["2 20:30 sms"]


def test_no_sms_leaves_after_the_hours_even_late() -> None:
    sms = plan(day_with(rules=[EVENING]))[0]
    assert sms.leave_by == at(WEDNESDAY - timedelta(days=2), "20:00")
    email = plan(day_with(rules=[WEEK]))[0]
    assert email.leave_by is None
    assert sms.valid_until == email.valid_until == at(WEDNESDAY, "14:00")


def test_nobody_is_reminded_on_a_sunday_or_a_holiday_but_of_that_very_day() -> None:
    tuesday = date(2027, 3, 30)  # two days before is Easter Sunday, 28 March
    assert told(day_with(on=tuesday, rules=[EVENING])) == ["3 18:00 sms"]
    holidays = {date(2027, 3, 27)}
    assert told(day_with(on=tuesday, rules=[EVENING], holidays=holidays)) == ["4 18:00 sms"]
    sunday = date(2027, 3, 28)
    assert told(day_with(on=sunday, rules=[MORNING])) == ["0 08:00 sms"]


def test_too_early_a_visit_for_its_morning_is_told_the_evening_before() -> None:
    assert told(day_with("08:30", rules=[MORNING])) == ["1 19:30 sms"]
    assert told(day_with("09:00", rules=[MORNING])) == ["0 08:00 sms"]


def test_where_the_evening_before_is_a_sunday_an_email_tells() -> None:
    monday = date(2027, 3, 15)
    assert told(day_with("08:30", on=monday, rules=[MORNING])) == ["1 19:30 email"]
    only_sms = {"sms": BOTH["sms"]}
    assert told(day_with("08:30", on=monday, rules=[MORNING], ways=only_sms)) == []


@pytest.mark.parametrize(
    ("booked", "reminders"),
    [
        ("2027-03-10T05:00", ["7 10:00 email", "2 18:00 sms", "0 08:00 sms"]),
        ("2027-03-10T08:00", ["2 18:00 sms", "0 08:00 sms"]),  # ten o'clock is too soon after
        ("2027-03-15T13:30", ["2 18:00 sms", "0 08:00 sms"]),
        ("2027-03-15T15:00", ["0 08:00 sms"]),
        ("2027-03-15T19:00", ["0 08:00 sms"]),
        ("2027-03-17T06:00", []),
    ],
)
def test_whoever_books_late_is_spared_what_was_just_said(booked: str, reminders: list[str]) -> None:
    told_at = datetime.fromisoformat(booked).replace(tzinfo=PARIS)
    assert told(day_with(told_at=told_at)) == reminders


def test_several_visits_of_a_day_are_reminded_of_together() -> None:
    assert told(day_with("14:30", "10:00")) == told(day_with("10:00"))
    assert plan(day_with("14:30", "10:00"))[-1].valid_until == at(WEDNESDAY, "09:30")


def test_a_visit_added_late_does_not_silence_the_reminders_of_the_first() -> None:
    first, added = day_with("14:30"), day_with("16:00", told_at=at(WEDNESDAY, "07:00"))
    both = Day(on=WEDNESDAY, zone=PARIS, visits=[*added.visits, *first.visits], ways=BOTH)
    assert plan(both) == plan(first)


def test_each_way_falls_back_on_the_other() -> None:
    email = {"email": BOTH["email"]}
    assert told(day_with(ways=email)) == ["7 10:00 email", "2 18:00 email", "0 08:00 email"]
    sms = {"sms": BOTH["sms"]}
    # What e-mail was to say for free is not paid for beside the SMS.
    assert told(day_with(ways=sms)) == ["2 18:00 sms", "0 08:00 sms"]
    assert told(day_with(ways=sms, rules=[WEEK])) == ["7 10:00 sms"]
    assert told(day_with(ways={})) == []


def test_two_rules_that_meet_are_one_reminder() -> None:
    rules = [Rule("sms", 1, time(18)), Rule("sms", 0, time(8))]
    assert told(day_with("08:15", rules=rules)) == ["1 18:00 sms"]
    both = [EVENING, Rule("email", 2, time(18))]
    assert told(day_with(ways={"email": "nadia@example.org"}, rules=both)) == ["2 18:00 email"]


# What the outbox holds, against what is wanted.

NOW = at(date(2027, 3, 14), "12:00")


def row(reminder: Reminder, **fields: Any) -> Written:
    details = {
        "step": reminder.step,
        "generation": 1,
        "channel": reminder.channel,
        "recipient": reminder.recipient,
        "send_at": reminder.send_at,
        "valid_until": reminder.valid_until,
        "leave_by": reminder.leave_by,
        "voice": reminder.voice,
        "others": reminder.others,
        "state": "planned",
    }
    return Written(**details | fields)


def test_only_what_is_ahead_is_written_and_once() -> None:
    wanted = plan(day_with())
    first = settle(wanted, [], now=NOW)
    assert [each.reminder.step for each in first.write] == ["sms-2d-1800", "sms-0d-0800"]
    again = settle(wanted, [row(each.reminder) for each in first.write], now=NOW)
    assert not again.is_needed


def test_when_the_first_visit_changes_what_waits_is_written_anew() -> None:
    written = [row(each) for each in plan(day_with())[1:]]
    done = settle(plan(day_with("10:00")), written, now=NOW)
    assert done.is_withdrawn
    assert [each.generation for each in done.write] == [2, 2]


def test_when_no_visit_is_left_all_is_withdrawn_and_nothing_written() -> None:
    done = settle([], [row(each) for each in plan(day_with())[1:]], now=NOW)
    assert (done.is_withdrawn, done.write) == (True, [])


@pytest.mark.parametrize(
    "state", ["sending", "uncertain", "sent", "delivered", "failed", "expired", "undeliverable"]
)
def test_what_has_left_or_was_given_up_is_never_written_again(state: str) -> None:
    wanted = plan(day_with())[1:]
    done = settle(wanted, [row(wanted[0], state=state), row(wanted[1])], now=NOW)
    assert not done.is_needed


def test_a_day_that_fills_again_gets_new_reminders() -> None:
    wanted = plan(day_with())[1:]
    gone = [row(each, state="superseded", generation=3) for each in wanted]
    done = settle(wanted, gone, now=NOW)
    assert (done.is_withdrawn, [each.generation for each in done.write]) == (False, [4, 4])


def test_one_that_waits_to_be_tried_again_is_left_alone() -> None:
    wanted = plan(day_with())
    now = at(date(2027, 3, 15), "18:02")
    late = row(wanted[1], send_at=now + timedelta(minutes=5))
    assert not settle(wanted, [late, row(wanted[2])], now=now).is_needed


def test_one_already_due_that_has_to_be_changed_leaves_at_once() -> None:
    now = at(date(2027, 3, 15), "18:02")
    written = [row(each) for each in plan(day_with())[1:]]
    other = plan(day_with(ways=BOTH | {"sms": "+33698765432"}))
    done = settle(other, written, now=now)
    assert [(each.reminder.recipient, each.reminder.send_at) for each in done.write] == [
        ("+33698765432", now),
        ("+33698765432", other[2].send_at),
    ]


def test_what_went_another_way_on_purpose_stays_on_it() -> None:
    wanted = plan(day_with())[1:]
    failed = row(wanted[0], state="undeliverable")
    instead = row(wanted[0], channel="email", recipient="a@b.fr", is_replacement=True)
    now = wanted[0].send_at + timedelta(minutes=1)
    assert not settle(wanted, [failed, instead, row(wanted[1])], now=now).is_needed

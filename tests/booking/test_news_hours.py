"""News of an appointment keeps to the hours of the family, however late it comes to leave: after an
outage it waits for the next ones, or somebody is shown it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from booking import actions
from booking.models import Appointment, Household
from notifications import handling, hours, ledger
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, clock, open_morning, parent
from tests.booking.test_planner import EARLY, book, said
from tests.factories import PARIS
from tests.messages import elapse

pytestmark = pytest.mark.django_db
MONDAY = date(2027, 2, 22)
NOON = (time(9), time(12))


def told(kind: str, channel: str = "sms") -> OutboxMessage:
    return OutboxMessage.objects.get(kind=kind, channel=channel)


def called_off(at: datetime, *, own: tuple[time, time] | None = NOON) -> Appointment:
    """A visit of Tuesday in a week that the centre cancels at this time."""
    booked = book(open_morning())
    OutboxMessage.objects.update(state="superseded")
    if own:
        Household.objects.update(contact_from=own[0], contact_until=own[1])
    actions.cancel(uid=booked.uid, now=at, actor=AGENT)
    return booked


def pass_at(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the reconciler does with late messages, were it that time."""
    monkeypatch.setattr(hours, "database_now", lambda: now)
    hours.wait_for_next()


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_news_does_not_leave_after_the_hours_of_the_household(channel: str) -> None:
    called_off(clock("11:50", MONDAY))
    message = told("closed", channel)
    assert message.leave_by == clock("12:00", MONDAY)
    assert message.valid_until == clock("10:00")
    elapse(clock("12:10", MONDAY))
    assert ledger.claim(channel=channel, limit=1) == []


def test_without_hours_of_its_own_a_phone_rings_until_ten() -> None:
    called_off(clock("11:50", MONDAY), own=None)
    assert told("closed").leave_by == clock("22:00", MONDAY)
    assert told("closed", "email").leave_by is None


def test_it_waits_for_the_next_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    called_off(clock("11:50", MONDAY))
    pass_at(clock("13:00", MONDAY), monkeypatch)
    assert said(told("closed")) == "23/02 09:00 sms"
    assert told("closed").leave_by == clock("12:00", date(2027, 2, 23))


def test_put_off_past_its_hours_it_waits_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that says « later » may mean the middle of the night."""
    called_off(clock("11:50", MONDAY))
    OutboxMessage.objects.filter(kind="closed").update(send_at=clock("12:04", MONDAY))
    pass_at(clock("12:00", MONDAY), monkeypatch)
    assert said(told("closed")) == "23/02 09:00 sms"


def test_with_no_hours_left_before_the_visit_somebody_is_shown_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    eve = clock("11:50", date(2027, 3, 1))
    called_off(eve, own=(time(11), time(12)))
    pass_at(eve + timedelta(minutes=20), monkeypatch)
    assert {each.kind for each in handling.waiting_for_a_person()} == {"closed"}


def test_a_family_that_presses_the_button_at_night_is_told_at_once_or_in_the_morning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_night = clock("23:30", MONDAY)
    book(open_morning(), now=at_night, who=parent(1, email="", phone="+33612345678"))
    message = told("confirmation")
    assert message.send_at <= at_night
    assert message.leave_by == at_night + hours.PROMPT
    pass_at(at_night + timedelta(hours=3), monkeypatch)
    assert said(told("confirmation")) == "23/02 08:00 sms"


def test_a_message_of_nobody_known_keeps_to_everyones_hours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An answer to an SMS of a number that no family has."""
    late = datetime(2027, 2, 22, 23, 30, tzinfo=PARIS)
    OutboxMessage.objects.create(
        intent_key="reply:1",
        kind="reply_unknown",
        channel="sms",
        recipient="+33612345678",
        send_at=EARLY,
        leave_by=late,
        valid_until=late + timedelta(hours=24),
        created_at=EARLY,
    )
    pass_at(late, monkeypatch)
    assert said(told("reply_unknown")) == "23/02 08:00 sms"

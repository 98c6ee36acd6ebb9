"""A reminder leaves within the hours of its day, and is of use until shortly before the visit: the
planner's own rows, at 20:30 of the evening when the SMS was to leave."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from booking import actions, policy, ringing
from booking.models import Household, ReminderRule
from notifications import fallback, handling, hours, ledger, replies
from notifications.channels.sms import _outgoing
from notifications.models import Inbound, OutboxMessage
from tests.booking.scene import NADIA, clock, open_morning
from tests.booking.test_planner import EARLY, book, rows, said, waiting
from tests.factories import PARIS
from tests.messages import become, elapse
from tests.notifications.posted import wrote
from tests.notifications.sending import begin

pytestmark = pytest.mark.django_db
# The SMS of two days before was to leave on Saturday 27 February at 18:00.
AT_SIX = datetime(2027, 2, 27, 18, 0, 30, tzinfo=PARIS).astimezone(UTC)
LATE = datetime(2027, 2, 27, 20, 30, tzinfo=PARIS).astimezone(UTC)


@pytest.fixture(autouse=True)
def _usual_rules() -> None:
    actions.load_default_rules(now=EARLY)


def evening_sms(state: str = "planned", *, at: datetime = LATE) -> OutboxMessage:
    """Of a visit on Tuesday at ten, as it is at that time."""
    book(open_morning())
    sms = rows()[1]
    become("sent", kind="confirmation")
    become("sent", pk=rows()[0].pk)
    if state != "planned":
        become(state, pk=sms.pk)
    elapse(at)
    sms.refresh_from_db()
    return sms


def test_it_is_of_use_until_the_visit_but_does_not_leave_at_night() -> None:
    book(open_morning())
    sms = rows()[1]
    assert sms.leave_by == datetime(2027, 2, 27, 20, tzinfo=PARIS)
    assert sms.valid_until == clock("09:30")
    assert rows()[0].leave_by is None, "an e-mail rings no phone"


@pytest.mark.parametrize(("word", "outcome"), [("1", "kept"), ("2", "asked"), ("3", "callback")])
def test_a_reply_after_the_hours_is_understood(word: str, outcome: str) -> None:
    evening_sms("sent")
    OutboxMessage.objects.filter(state="sent").update(
        sent_at=datetime.now(UTC) - timedelta(hours=2)
    )
    receipt = wrote(word, sender=NADIA.phone)
    replies.answer_waiting()
    assert Inbound.objects.get(receipt=receipt).outcome == outcome


def test_lost_after_the_hours_it_goes_by_mail() -> None:
    sms = evening_sms("undeliverable")
    assert fallback.change_channels() == 1
    assert [each.channel for each in sms.replacements.all()] == ["email"]


def test_an_agent_may_send_it_again_after_the_hours() -> None:
    sms = evening_sms("undeliverable")
    OutboxMessage.objects.filter(pk=sms.pk).update(alternatives=[])
    now = datetime.now(UTC)
    done = handling.resend(pk=sms.pk, by="claire", now=now)
    assert done.instead is not None
    assert done.instead.leave_by == now + hours.PROMPT


def test_the_operator_keeps_trying() -> None:
    assert _outgoing(evening_sms("sending"), "RDV", "r").valid_minutes > 24 * 60


def test_within_its_hours_it_leaves() -> None:
    evening_sms(at=AT_SIX)
    (claimed,) = ledger.claim(channel="sms", limit=1)
    assert begin(claimed) is not None


def test_after_its_hours_it_is_not_claimed() -> None:
    evening_sms()
    assert ledger.claim(channel="sms", limit=1) == []


def test_claimed_in_time_it_does_not_begin_after_its_hours() -> None:
    evening_sms(at=AT_SIX)
    (claimed,) = ledger.claim(channel="sms", limit=1)
    OutboxMessage.objects.update(leave_by=datetime.now(UTC))
    assert begin(claimed) is None


def pass_at(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the reconciler does with late messages, were it that time."""
    monkeypatch.setattr(hours, "database_now", lambda: now)
    hours.wait_for_next()


def test_it_waits_for_the_next_ordinary_day(monkeypatch: pytest.MonkeyPatch) -> None:
    book(open_morning())
    ReminderRule.objects.filter(channel="sms", days_before=0).delete()
    policy.forget()
    actions.heal_reminders(now=EARLY)
    become("sent", channel="email")
    pass_at(LATE, monkeypatch)
    (sms,) = rows(state="planned")
    assert said(sms) == "01/03 08:00 sms", "not on Sunday"
    assert sms.leave_by == datetime(2027, 3, 1, 20, tzinfo=PARIS)
    actions.heal_reminders(now=LATE)
    assert waiting() == ["01/03 08:00 sms"], "healing leaves it where it is"
    Household.objects.update(language="en")
    actions.heal_reminders(now=LATE)
    assert waiting() == ["01/03 08:00 sms"], "nor is it lost when it is written anew"
    assert [each.language for each in rows(state="planned")] == ["en"]


def test_one_that_the_next_reminder_makes_needless_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    book(open_morning())
    become("sent", channel="email")
    monday = datetime(2027, 3, 1, 21, tzinfo=PARIS)
    pass_at(monday, monkeypatch)
    assert waiting() == ["02/03 08:00 sms"]
    assert rows()[1].state == "superseded"


def test_with_no_hours_left_before_the_visit_somebody_is_shown_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    booked = book(open_morning())
    Household.objects.update(contact_from=time(17), contact_until=time(19))
    actions.heal_reminders(now=EARLY)
    become("sent", channel="email")
    pass_at(datetime(2027, 3, 1, 21, tzinfo=PARIS), monkeypatch)
    assert {each.state for each in rows(channel="sms")} == {"superseded", "expired"}
    lost = handling.waiting_for_a_person()
    assert {each.person_ref for each in lost} == {f"household:{booked.household_id}"}


def test_it_is_asked_by_way_of_the_household() -> None:
    book(open_morning())
    Household.objects.update(contact_from=time(18), contact_until=time(19))
    sms = rows()[1]
    way = {"channel": "sms", "recipient": sms.recipient}
    opening = ringing.opening(sms, way, datetime(2027, 3, 1, 12, tzinfo=PARIS))
    assert opening == (
        datetime(2027, 3, 1, 18, tzinfo=PARIS),
        datetime(2027, 3, 1, 19, tzinfo=PARIS),
    )

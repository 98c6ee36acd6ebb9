"""Which message tells of which event, to whom, by which way, and which ones it replaces."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.test import override_settings

from booking import messages
from booking.actions import load_default_rules
from booking.actors import SYSTEM, Actor
from booking.desk import calls
from booking.models import Appointment, Verification
from notifications import handling, outbox
from notifications.models import OutboxMessage
from tests.factories import (
    make_appointment,
    make_guardian,
    make_household,
    make_shift,
    make_type,
)
from tests.messages import become

pytestmark = pytest.mark.django_db
State = OutboxMessage.State
# Tuesday 24 November 2026 is the example; the year is far enough for the tests' own clock.
TUESDAY = datetime(2037, 11, 24, 8, 30, tzinfo=UTC)
AGENT = Actor("agent", "claire@example.org")
MOBILE = "+33639981234"
HOUSEHOLD = {"language", "sms_sender", "contact_by", "contact_from", "contact_until"}


def now() -> datetime:
    return datetime.now(UTC)


def booked(**fields: Any) -> Appointment:
    return make_appointment(starts_at=fields.pop("starts_at", TUESDAY), **fields)


def of(appointment: Appointment, kind: str) -> list[OutboxMessage]:
    """Its messages of a kind, in the order written."""
    found = OutboxMessage.objects.filter(subject_ref=str(appointment.uid), kind=kind)
    return list(found.order_by("id"))


def confirmed(**fields: Any) -> Appointment:
    appointment = booked(**fields)
    messages.confirmation(appointment, now=now())
    return appointment


def change(appointment: Appointment, state: str = "") -> Appointment:
    appointment.sequence += 1
    appointment.state = state or appointment.state
    appointment.save(update_fields=["sequence", "state"])
    return appointment


def move(appointment: Appointment, *, actor: Actor | None = None, **later: float) -> Appointment:
    """Move it by so much and tell."""
    was = messages.before_move(appointment)
    appointment.starts_at += timedelta(**later)
    appointment.ends_at += timedelta(**later)
    appointment.busy_from += timedelta(**later)
    appointment.busy_until += timedelta(**later)
    appointment.save()
    change(appointment)
    messages.moved(appointment, now=now(), was=was, **({"actor": actor} if actor else {}))
    return appointment


def cancel(appointment: Appointment, **by: Any) -> Appointment:
    messages.cancelled(change(appointment, "cancelled"), now=now(), **by)
    return appointment


def told(appointment: Appointment) -> list[tuple[str, str, str]]:
    """What is still to be said about it: kind, channel, where."""
    waiting = OutboxMessage.objects.filter(
        subject_ref=str(appointment.uid), state=State.PLANNED
    ).order_by("id")
    return list(waiting.values_list("kind", "channel", "recipient"))


def parent(**fields: Any) -> Any:
    """A parent with an e-mail address and a mobile, both proved by a code."""
    home = {key: fields.pop(key) for key in HOUSEHOLD & set(fields)}
    known = {"email": "nadia@example.org", "phone": MOBILE, "phone_verified_at": now()}
    household = make_household(**home)
    return make_guardian(household, last_name=f"Benali {household.pk}", **known | fields)


def test_a_confirmation_says_for_whom_and_until_when_it_is_useful() -> None:
    guardian = parent(language="tr", sms_sender="CD35INFO")
    appointment = confirmed(guardian=guardian)
    (message,) = of(appointment, "confirmation")
    assert (message.channel, message.recipient) == ("email", "nadia@example.org")
    assert message.alternatives == [{"channel": "sms", "recipient": MOBILE}]
    assert message.person_ref == f"guardian:{guardian.pk}"
    assert (message.scope, message.sender) == (appointment.centre.slug, "CD35INFO")
    assert (message.language, message.version) == ("tr", 0)
    assert message.valid_until == appointment.starts_at
    assert message.priority == outbox.NORMAL


@pytest.mark.parametrize(
    ("contact_by", "way"),
    [
        ("any", "email"),
        ("email", "email"),
        ("sms", "sms"),
        ("none", None),
    ],
)
def test_a_family_is_told_by_the_ways_it_allows(contact_by: str, way: str | None) -> None:
    appointment = confirmed(guardian=parent(contact_by=contact_by))
    assert [channel for _kind, channel, _ in told(appointment)] == ([way] if way else [])
    if contact_by in {"email", "sms"}:
        assert of(appointment, "confirmation")[0].alternatives == []


@pytest.mark.parametrize(
    ("contact", "way"),
    [
        ({"phone": ""}, "email"),
        ({"email": ""}, "sms"),
        ({"email": "", "phone": "+33299020304"}, None),  # a landline
        ({"email": "", "phone": ""}, None),
    ],
)
def test_only_an_address_that_can_receive_is_used(contact: dict[str, str], way: str | None) -> None:
    appointment = confirmed(guardian=parent(**contact))
    assert [channel for _kind, channel, _ in told(appointment)] == ([way] if way else [])


@override_settings(SMS_URL="", DEMO=False)
def test_without_a_provider_of_sms_everything_goes_by_email() -> None:
    assert told(confirmed(guardian=parent(contact_by="any")))[0][1] == "email"
    assert told(confirmed(guardian=parent(contact_by="sms"))) == []
    kind = make_type(is_discreet=True)
    shift = make_shift(types=[kind], starts_at=TUESDAY)
    assert told(confirmed(guardian=parent(), shift=shift))[0][1] == "email"


def test_a_discreet_reason_goes_to_the_phone_alone() -> None:
    shift = make_shift(types=[make_type(is_discreet=True)], starts_at=TUESDAY)
    appointment = confirmed(guardian=parent(), shift=shift)
    assert [channel for _kind, channel, _ in told(appointment)] == ["sms"]
    assert of(appointment, "confirmation")[0].alternatives == []
    other = make_shift(types=[make_type(is_discreet=True)], starts_at=TUESDAY)
    assert told(confirmed(guardian=parent(phone=""), shift=other))[0][1] == "email"


@pytest.mark.parametrize(
    ("proofs", "ways"),
    [
        ({"phone_verified_at": None}, ["email"]),
        ({"email_verified_at": None}, ["sms"]),
        ({"phone_verified_at": None, "email_verified_at": None}, []),
    ],
)
def test_a_discreet_reason_goes_to_nobody_unproved(
    proofs: dict[str, None], ways: list[str]
) -> None:
    load_default_rules(now=now())
    shift = make_shift(types=[make_type(is_discreet=True)], starts_at=TUESDAY)
    appointment = booked(guardian=parent(**proofs), shift=shift)
    messages.confirmation(appointment, now=now(), actor=AGENT)
    assert [channel for _kind, channel, _ in told(appointment)] == ways
    reminders = OutboxMessage.objects.filter(kind="reminder")
    assert {each.channel for each in reminders} == set(ways)
    assert [each.alternatives for each in reminders if each.alternatives] == []
    become("sent")
    cancel(appointment, actor=AGENT)
    assert [channel for _kind, channel, _ in told(appointment)] == ways


def test_what_families_do_rings_no_phone_they_only_typed() -> None:
    load_default_rules(now=now())
    typed = parent(contact_by="sms", phone_verified_at=None)
    appointment = confirmed(guardian=typed)
    assert told(appointment) == []
    move(move(appointment, hours=1), hours=1)
    assert told(appointment) == []
    reminders = OutboxMessage.objects.filter(kind="reminder", state=State.PLANNED)
    assert {each.recipient for each in reminders} == {MOBILE}
    move(appointment, actor=AGENT, hours=1)
    assert [way for _kind, *way in told(appointment)] == [["sms", MOBILE]]
    cancel(appointment)
    assert not OutboxMessage.objects.filter(kind="cancelled").exists()
    fallen_back = confirmed(guardian=parent(email="b@example.org", phone_verified_at=None))
    assert of(fallen_back, "confirmation")[0].alternatives == []


def test_a_confirmation_by_an_agent_goes_where_the_family_said() -> None:
    unproved = {"email_verified_at": None, "phone_verified_at": None}
    appointment = booked(guardian=parent(**unproved))
    messages.confirmation(appointment, now=now(), actor=AGENT)
    (message,) = of(appointment, "confirmation")
    assert message.recipient == "nadia@example.org"
    assert message.alternatives == [{"channel": "sms", "recipient": MOBILE}]


def test_moved_before_anything_left_the_new_time_alone_is_confirmed() -> None:
    appointment = move(confirmed(), hours=1)
    first, second = of(appointment, "confirmation")
    assert (first.state, second.state, second.version) == (State.SUPERSEDED, State.PLANNED, 1)
    move(appointment, hours=1)
    assert [kind for kind, _, _ in told(appointment)] == ["confirmation"]


@pytest.mark.parametrize("state", ["sending", "uncertain", "sent", "delivered"])
def test_a_move_is_told_once_the_old_time_has_left(state: str) -> None:
    appointment = confirmed()
    become(state)
    move(appointment, hours=1)
    assert [kind for kind, _, _ in told(appointment)] == ["moved"]
    (confirmation,) = of(appointment, "confirmation")
    assert confirmation.is_withdrawn == (state in {"sending", "uncertain"})


def test_moved_again_before_the_first_move_left_one_move_is_told() -> None:
    appointment = confirmed()
    become("sent")
    move(move(appointment, hours=1), hours=1)
    assert [kind for kind, _, _ in told(appointment)] == ["moved"]


def test_cancelled_before_anything_left_nothing_is_told() -> None:
    assert told(cancel(confirmed())) == []


def test_a_cancellation_is_told_to_whoever_knew() -> None:
    appointment = confirmed()
    become("sent")
    assert [kind for kind, _, _ in told(cancel(appointment))] == ["cancelled"]


@pytest.mark.parametrize("actor", [AGENT, SYSTEM])
def test_what_the_centre_cancels_is_told_by_every_way(actor: Actor) -> None:
    appointment = cancel(confirmed(guardian=parent()), actor=actor)
    assert told(appointment) == [
        ("closed", "email", "nadia@example.org"),
        ("closed", "sms", MOBILE),
    ]
    assert {message.priority for message in of(appointment, "closed")} == {outbox.NORMAL}


def test_a_move_by_the_centre_soon_before_takes_every_way() -> None:
    soon = now() + timedelta(days=2)
    near = move(confirmed(guardian=parent(), starts_at=soon), actor=AGENT, minutes=30)
    assert [channel for _, channel, _ in told(near)] == ["email", "sms"]
    far = move(confirmed(guardian=parent()), actor=AGENT, minutes=30)
    assert [channel for _, channel, _ in told(far)] == ["email"]
    own = move(confirmed(guardian=parent(email="b@example.org"), starts_at=soon), minutes=30)
    assert [channel for _, channel, _ in told(own)] == ["email"]


def test_telling_the_same_version_twice_writes_one_message() -> None:
    appointment = confirmed()
    messages.confirmation(appointment, now=now())
    assert len(of(appointment, "confirmation")) == 1


def test_messages_of_other_appointments_are_left_alone() -> None:
    other = confirmed()
    cancel(booked())
    assert len(told(other)) == 1


def test_a_message_about_what_has_already_begun_is_not_written() -> None:
    assert told(confirmed(starts_at=now() - timedelta(minutes=5))) == []


@pytest.mark.parametrize(
    ("asked", "given"), [("en", "en"), ("xx", "fr"), ("fr-CA", "fr"), ("fr-x-facile",) * 2]
)
def test_a_message_is_in_the_households_language_or_in_french(asked: str, given: str) -> None:
    (message,) = of(confirmed(guardian=parent(language=asked)), "confirmation")
    assert message.language == given


# Staff's news and the hours a household chose.


def by_staff(at: str, **home: Any) -> dict[str, str]:
    """When a family learns that its visit of Tuesday 9:30 was cancelled on Monday at this time."""
    monday = datetime.fromisoformat(f"2037-11-23T{at}+01:00").astimezone(UTC)
    appointment = booked(guardian=parent(**home))
    messages.cancelled(change(appointment, "cancelled"), now=monday, actor=AGENT)
    return {
        message.channel: f"{message.send_at + timedelta(hours=1):%d %H:%M}"
        if message.send_at > now()
        else "now"
        for message in of(appointment, "closed")
        if message.state == State.PLANNED
    }


def test_news_by_staff_wait_for_the_hours_of_the_household() -> None:
    hours = {"contact_from": time(17), "contact_until": time(19)}
    assert by_staff("15:00", **hours) == {"email": "23 17:00", "sms": "23 17:00"}
    assert by_staff("18:00", **hours) == {"email": "now", "sms": "now"}
    # Nobody else's eyes: the next morning would be too late, so somebody has to phone.
    assert by_staff("19:30", **hours) == {}


def test_news_by_staff_ring_no_phone_at_night_unless_it_would_be_too_late() -> None:
    assert by_staff("21:30") == {"email": "now", "sms": "now"}
    assert by_staff("23:00") == {"email": "now", "sms": "24 08:00"}


# Codes.


def verification(**fields: Any) -> Verification:
    details = {
        "purpose": "booking",
        "contact": "karim@example.org",
        "code_hash": "x",
        "created_at": now(),
        "expires_at": now() + timedelta(minutes=15),
    }
    return Verification.objects.create(**details | fields)


def test_a_code_is_urgent_and_short_lived_and_replaces_the_former() -> None:
    asked = verification()
    messages.code(asked, "042042", language="uk", now=now())
    (first,) = OutboxMessage.objects.filter(kind="code")
    assert (first.priority, first.valid_until) == (outbox.URGENT, asked.expires_at)
    assert (first.language, first.context["code"], first.context["minutes"]) == ("uk", "042042", 14)
    assert first.context[outbox.SECRET]
    asked.sends += 1
    messages.code(asked, "171717", language="en", now=now())
    states = (
        OutboxMessage.objects.filter(kind="code").order_by("id").values_list("state", flat=True)
    )
    assert list(states) == [State.SUPERSEDED, State.PLANNED]


def test_a_code_goes_to_the_phone_it_is_to_prove() -> None:
    messages.code(verification(contact=MOBILE, channel="sms"), "042042", language="fr", now=now())
    (message,) = OutboxMessage.objects.filter(kind="code")
    assert (message.channel, message.recipient) == ("sms", MOBILE)


# Families that no message can reach.


def on_the_list(appointment: Appointment) -> list[str]:
    found = calls([appointment.centre], now=now()).found
    return [call.message.kind for call in found if call.message]


def test_whom_no_message_of_the_centre_reaches_is_on_the_list_to_phone() -> None:
    appointment = booked(guardian=parent(contact_by="none"))
    assert on_the_list(move(appointment, hours=1)) == [], "they did it themselves"
    assert on_the_list(move(appointment, hours=1, actor=AGENT)) == ["moved"]
    assert on_the_list(cancel(appointment, actor=AGENT)) == ["closed"]
    (lost,) = of(appointment, "closed")
    with pytest.raises(handling.BadAddress):
        handling.resend(pk=lost.pk, by="claire@example.org", now=now())
    handling.tell(pk=lost.pk, by="claire@example.org", now=now())
    assert on_the_list(appointment) == []


def test_whom_a_whole_half_day_called_off_cannot_reach_is_on_the_list_too() -> None:
    first = booked(guardian=parent(contact_by="none"))
    change(first, "cancelled")
    assert messages.closed([first], now=now(), actor=AGENT) == [first]
    assert on_the_list(first) == ["closed"]

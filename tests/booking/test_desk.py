"""Whom a centre has to phone today: families a message did not reach, replies, promised calls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking import desk
from booking.desk import (
    Call,
    appointment_of_reference,
    calls,
    messages_about,
    subject_day,
    subject_uid,
)
from booking.models import Appointment, CallbackRequest
from centres.models import Centre
from notifications.models import ContactProblem, Inbound, OutboxMessage, Receipt
from tests.factories import (
    PARIS,
    make_appointment,
    make_centre,
    make_guardian,
    make_shift,
    make_site,
    make_type,
)
from tests.notifications.messages import make_attempt, make_row, make_unsure

pytestmark = pytest.mark.django_db


@pytest.fixture
def centre() -> Centre:
    return make_centre()


def visit(centre: Centre, *, days: float = 2, **fields: Any) -> Appointment:
    """An appointment at the centre in so many days."""
    starts_at = timezone.now() + timedelta(days=days)
    site = make_site(centre)
    fields.setdefault("guardian", make_guardian(phone="+33639981234"))
    return make_appointment(make_shift(site=site, starts_at=starts_at), **fields)


def lost(appointment: Appointment, **fields: Any) -> OutboxMessage:
    """A message about it that reached nobody."""
    return make_row(**about(appointment) | fields)


def about(appointment: Appointment) -> dict[str, Any]:
    return {
        "subject_ref": str(appointment.uid),
        "person_ref": f"guardian:{appointment.guardian_id}",
        "version": appointment.sequence,
        "scope": appointment.centre.slug,
        "valid_until": appointment.starts_at,
        "send_at": appointment.starts_at - timedelta(days=30),
    }


def day_ref(appointment: Appointment) -> str:
    on = appointment.starts_at.astimezone(PARIS).date()
    return f"day:{appointment.household_id}:{on.isoformat()}"


def to_phone(*centres: Centre, now: datetime | None = None) -> list[Call]:
    return calls(centres, now=now or timezone.now()).found


def test_what_is_past_or_another_centres_hides_nobody(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "MOST", 3)
    now, other = timezone.now(), make_centre()
    day_before = now - timedelta(days=1)
    for hours in range(1, 6):
        make_row(scope=centre.slug, valid_until=now - timedelta(hours=hours), send_at=day_before)
        make_row(scope=other.slug, valid_until=now + timedelta(hours=hours), send_at=day_before)
    message = lost(visit(centre))
    found, capped = calls([centre, other], now=now)
    assert message in [call.message for call in found]
    assert capped == {centre.slug, other.slug}
    assert calls([make_centre()], now=now).capped == set()


def test_a_family_is_there_with_its_number_its_appointment_and_why(centre: Centre) -> None:
    appointment = visit(centre)
    message = lost(appointment)
    make_attempt(message, "not_taken")
    make_attempt(message, "refused")
    ContactProblem.objects.create(
        channel="email", address=message.recipient, reason="dead", since=timezone.now()
    )
    (call,) = to_phone(centre)
    assert (call.name, call.phone) == ("Karim Le Goff", "+33639981234")
    assert call.appointments == [appointment]
    assert call.message == message
    assert (call.problem, call.outcome) == ("dead", "refused")
    assert call.soonest == appointment.starts_at


def test_the_soonest_appointment_comes_first_whatever_the_reason(centre: Centre) -> None:
    late, soon, middle = (visit(centre, days=days) for days in (6, 1, 3))
    for appointment in (late, soon):
        lost(appointment)
    reply_to(middle)
    assert [call.appointments[0] for call in to_phone(centre)] == [soon, middle, late]


def test_a_reminder_is_joined_to_all_appointments_of_its_day(centre: Centre) -> None:
    now = timezone.now()
    noon = (now + timedelta(days=2)).astimezone(PARIS).replace(hour=12, minute=0, second=0)
    guardian = make_guardian()
    kind = make_type()
    first, second, other_day = (
        make_appointment(
            make_shift(site=make_site(centre), starts_at=noon + timedelta(hours=h), types=[kind]),
            guardian=guardian,
        )
        for h in (0, 2, 48)
    )
    cancelled = make_appointment(
        make_shift(site=make_site(centre), starts_at=noon), guardian=guardian, state="cancelled"
    )
    lost(first, kind="reminder", subject_ref=day_ref(first), person_ref="household:1", version=0)
    (call,) = to_phone(centre)
    assert list(call.appointments) == [first, second]
    assert {other_day, cancelled}.isdisjoint(call.appointments)


def moot(centre: Centre) -> Iterator[OutboxMessage]:
    """Lost messages that no call is worth."""
    moved = visit(centre)
    yield lost(moved, version=moved.sequence + 1)
    yield lost(visit(centre), handled_as="told", handled_at=timezone.now())
    yield lost(visit(centre), kind="code")
    yield lost(visit(centre), state="superseded")
    over = visit(centre, days=-1)
    yield lost(over)
    cancelled = visit(centre, state="cancelled")
    yield lost(cancelled, kind="reminder", subject_ref=day_ref(cancelled))
    told = visit(centre)
    yield lost(told)
    make_row(**about(told), channel="sms", state="delivered")
    soon = visit(centre)
    yield lost(soon, kind="reminder", subject_ref=day_ref(soon))
    make_row(**about(soon) | {"subject_ref": day_ref(soon)}, kind="reminder", state="planned")


def test_what_is_no_longer_so_or_was_told_otherwise_is_nobodys_call(centre: Centre) -> None:
    assert len(list(moot(centre))) == 8
    assert to_phone(centre) == []


def test_the_father_s_lost_message_is_not_made_good_by_the_mother_s(centre: Centre) -> None:
    appointment = visit(centre)
    lost(appointment)
    make_row(**about(appointment) | {"person_ref": "guardian:999999"}, state="delivered")
    assert len(to_phone(centre)) == 1


def test_what_is_withheld_from_its_address_is_a_call(centre: Centre) -> None:
    held = lost(visit(centre), state="suppressed")
    assert [call.message for call in to_phone(centre)] == [held]


def test_two_messages_lost_about_the_same_are_one_call(centre: Centre) -> None:
    appointment = visit(centre)
    lost(appointment)
    newest = lost(appointment, channel="sms", recipient="+33639981234", state="undeliverable")
    (call,) = to_phone(centre)
    assert call.message == newest


def test_an_uncertain_message_is_a_call_after_a_quarter_of_an_hour(centre: Centre) -> None:
    now = timezone.now()
    make_unsure(since=now - timedelta(minutes=14), **about(visit(centre)))
    assert to_phone(centre) == []
    assert len(to_phone(centre, now=now + timedelta(minutes=2))) == 1


def test_another_centre_s_families_are_not_there(centre: Centre) -> None:
    other = make_centre()
    appointment = visit(other)
    lost(appointment)
    reply_to(visit(other))
    asked(other)
    assert to_phone(centre) == []
    assert len(to_phone(other)) == len(to_phone(centre, other)) == 3


def reply_to(appointment: Appointment, **fields: Any) -> Inbound:
    now = timezone.now()
    message = lost(appointment, state="delivered")
    receipt = Receipt.objects.create(
        route="ovh", kind="inbound", event_id=str(message.pk), received_at=now
    )
    defaults = {
        "sender": "+33639981234",
        "text": "On sera en retard",
        "at": now,
        "meaning": "unknown",
        "answers": message,
        "scope": appointment.centre.slug,
        "needs_person": True,
    }
    return Inbound.objects.create(receipt=receipt, **defaults | fields)


def test_a_reply_that_needs_a_person_is_a_call_until_it_is_read(centre: Centre) -> None:
    reply = reply_to(visit(centre))
    reply_to(visit(centre), needs_person=False)
    (call,) = to_phone(centre)
    assert (call.reply, call.phone) == (reply, "+33639981234")
    Inbound.objects.filter(pk=reply.pk).update(handled_at=timezone.now(), handled_by="claire")
    assert to_phone(centre) == []


def asked(centre: Centre, *, days: int = 0, **fields: Any) -> CallbackRequest:
    number = CallbackRequest.objects.count()
    defaults: dict[str, Any] = {
        "type": make_type(),
        "first_name": "Léa",
        "last_name": "Guillou",
        "phone": f"+3363998{number:04}",
        "promised_on": timezone.localdate() + timedelta(days=days),
        "created_at": timezone.now(),
    }
    return CallbackRequest.objects.create(centre=centre, **defaults | fields)


def test_a_promise_to_call_back_is_there_on_its_day_and_after(centre: Centre) -> None:
    today, late = asked(centre), asked(centre, days=-3)
    asked(centre, days=1)
    done = {"state": "done", "outcome": "answered", "closed_by": "x", "closed_at": timezone.now()}
    asked(centre, **done)
    assert [call.callback for call in to_phone(centre)] == [late, today]


def test_it_reads_as_often_with_ten_rows_as_with_one(
    centre: Centre, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for rows in (1, 9):
        for _ in range(rows):
            lost(visit(centre))
            reminded = visit(centre)
            lost(reminded, kind="reminder", subject_ref=day_ref(reminded))
            make_unsure(since=timezone.now() - timedelta(hours=1), **about(visit(centre)))
            reply_to(visit(centre))
            asked(centre)
        # lost, uncertain, told otherwise, replies, appointments by uid and by day, addresses,
        # attempts, call-backs
        with django_assert_num_queries(9):
            assert len(to_phone(centre)) == (5 if rows == 1 else 50)


def test_all_messages_about_an_appointment_are_found(
    centre: Centre, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    appointment = visit(centre)
    told = lost(appointment, state="delivered")
    reminder = lost(appointment, kind="reminder", subject_ref=day_ref(appointment))
    lost(visit(centre))
    assert messages_about(appointment) == [told, reminder]
    for _ in range(9):
        make_attempt(lost(appointment), "refused")
    with django_assert_num_queries(7):
        assert len(messages_about(appointment)) == 11


@pytest.mark.parametrize("typed", ["{}-{}", "{}{}", " {} {} ", "{}–{}"])
def test_a_reference_is_found_however_it_is_typed(centre: Centre, typed: str) -> None:
    appointment = visit(centre)
    spelled = typed.format(appointment.reference[:4].lower(), appointment.reference[4:])
    assert appointment_of_reference(spelled) == appointment
    assert appointment_of_reference(spelled + "X") is None


def test_a_time_only_held_is_no_appointment_yet(centre: Centre) -> None:
    held = visit(centre, state="held", expires_at=timezone.now() + timedelta(minutes=9))
    assert appointment_of_reference(held.reference) is None


@pytest.mark.parametrize("ref", ["", "day", "day:x:2027-01-01", "day:7:", "day:7:2027-13-01", "é"])
def test_a_reference_that_names_nothing_is_read_as_nothing(ref: str) -> None:
    assert subject_day(ref) is None
    assert subject_uid(ref) is None

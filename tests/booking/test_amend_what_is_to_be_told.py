"""A corrected child or date leaves what is still to be told, proposed or phoned as it was."""

from __future__ import annotations

import pytest

from booking import actions, telling
from booking.actions.answering import chase_proposals
from booking.desk import calls
from booking.models import Appointment, AppointmentEvent, Household
from notifications.composing import compose
from notifications.models import OutboxMessage
from tests.booking.illness import ill
from tests.booking.scene import AGENT, NOW, after, clock, open_morning
from tests.booking.test_amend import amend, other_type, told, twin_of
from tests.booking.test_book_siblings import a_family, book
from tests.booking.test_uncancel import sent

pytestmark = pytest.mark.django_db


def test_a_proposal_can_still_be_accepted_and_no_reminder_says_otherwise() -> None:
    actions.load_default_rules(now=NOW)
    it = ill(1)
    case, (visit,) = it.declare("propose").cases.get(), it.visits
    held = Appointment.objects.get(state="held")
    twin = twin_of(visit)
    amend(visit, child=twin)
    assert chase_proposals(now=after(6)) == 0
    reminders = OutboxMessage.objects.filter(kind="reminder", state="planned")
    assert [compose(each) for each in reminders] == [None]
    moved = actions.accept_proposal(case_id=case.pk, now=after(10))
    assert (moved.starts_at, moved.child) == (held.starts_at, twin)


def test_whom_an_absence_leaves_to_a_call_is_still_to_be_phoned() -> None:
    it = ill(1)
    it.declare("call")
    (visit,) = it.visits
    amend(visit, child=twin_of(visit))
    (call,) = calls([it.scene.centre], now=after(6)).found
    assert [each.pk for each in call.appointments] == [visit.pk]


def test_a_move_nobody_could_be_told_of_is_still_to_be_phoned() -> None:
    scene = open_morning()
    booked = scene.book()
    sent()
    Household.objects.update(contact_by="none")
    held = scene.hold("10:00", moving=booked.uid)
    actions.move(uid=booked.uid, hold_uid=held.uid, now=after(1), actor=AGENT)
    amend(booked, child=twin_of(booked))
    (call,) = calls([scene.centre], now=after(6)).found
    assert call.message is not None
    assert (call.message.kind, [each.pk for each in call.appointments]) == ("moved", [booked.pk])


def test_one_message_of_the_day_that_waits_tells_of_the_other_type_too() -> None:
    scene = open_morning()
    guardian, children = a_family(2, phone="")
    first, _second = book(scene, guardian, children)
    kind = other_type(scene, what_to_bring="L’ordonnance", duration_min=30)
    amend(first, kind)
    assert told(first) == []
    (message,) = OutboxMessage.objects.filter(kind="together")
    content = telling.about_together(message)
    assert content is not None
    assert "L’ordonnance" in content.context["bring"]


def test_once_that_message_has_left_another_one_tells_of_the_other_type() -> None:
    scene = open_morning()
    guardian, children = a_family(2, phone="")
    first, _second = book(scene, guardian, children)
    OutboxMessage.objects.update(state="sent")
    amend(first, other_type(scene, duration_min=30))
    assert told(first) == [("corrected", "planned", 1)]


def test_its_history_says_each_correction_of_one_version() -> None:
    booked = open_morning().book()
    amend(booked, child=twin_of(booked), now=clock("08:00"))
    event = AppointmentEvent.objects.latest("id")
    assert (event.action, event.actor, event.sequence) == ("rechild", AGENT.label, 0)
    assert event.at == clock("08:00")

"""A promised call that ends in an appointment: closed by it, with it, or not at all."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import DataError

from booking import actions
from booking.actors import Actor
from booking.errors import CallbackClosed, SlotTaken
from booking.models import Appointment, CallbackRequest, CallbackTry
from tests.booking.scene import AGENT, NOW, Scene, open_morning
from tests.booking.test_calling_again import ask

pytestmark = pytest.mark.django_db
MARC = Actor("agent", "marc@example.org")


@pytest.fixture
def scene() -> Scene:
    return open_morning()


def nothing() -> None:
    return None


def refused() -> Appointment:
    raise SlotTaken


def booked_by(scene: Scene) -> Appointment:
    return scene.book()


def test_looking_for_the_family_leaves_the_request_open_and_tells_colleagues(scene: Scene) -> None:
    asked = ask(scene)
    for _ in range(2):
        actions.call_to_book(uid=asked.uid, note=" Plutôt le matin ", now=NOW, actor=AGENT)
    asked.refresh_from_db()
    assert (asked.state, asked.outcome, asked.note) == ("open", "", "Plutôt le matin")
    assert asked.taken(now=NOW) == AGENT.label
    assert not CallbackTry.objects.exists()


def test_who_books_for_a_call_that_a_colleague_took_does_not_take_it_from_them(
    scene: Scene,
) -> None:
    asked = actions.take_callback(uid=ask(scene).uid, now=NOW, actor=MARC)
    actions.call_to_book(uid=asked.uid, note="", now=NOW, actor=AGENT)
    asked.refresh_from_db()
    assert asked.taken(now=NOW) == MARC.label


def test_no_family_is_looked_for_once_the_request_is_closed(scene: Scene) -> None:
    asked = ask(scene)
    actions.close_callback(uid=asked.uid, outcome="dropped", note="", now=NOW, actor=MARC)
    with pytest.raises(CallbackClosed):
        actions.call_to_book(uid=asked.uid, note="", now=NOW, actor=AGENT)


def test_what_was_noted_while_looking_is_kept_when_it_is_closed(scene: Scene) -> None:
    asked = ask(scene)
    actions.call_to_book(uid=asked.uid, note="Plutôt le matin", now=NOW, actor=AGENT)
    actions.book_called(uid=asked.uid, book=partial(booked_by, scene), now=NOW, actor=AGENT)
    asked.refresh_from_db()
    assert (asked.outcome, asked.note) == ("booked", "Plutôt le matin")
    assert CallbackTry.objects.get().note == "Plutôt le matin"


def test_the_appointment_closes_the_request(scene: Scene) -> None:
    asked = actions.take_callback(uid=ask(scene).uid, now=NOW, actor=AGENT)
    later = NOW + timedelta(minutes=4)
    called = actions.book_called(
        uid=asked.uid, book=partial(booked_by, scene), now=later, actor=AGENT
    )
    assert called.booked == Appointment.objects.get()
    assert called.is_closed
    asked.refresh_from_db()
    assert (asked.state, asked.outcome) == ("done", "booked")
    assert (asked.closed_by, asked.closed_at, asked.taken_by) == (AGENT.label, later, "")
    assert CallbackTry.objects.get().outcome == "booked"


def test_a_time_that_is_refused_leaves_it_open(scene: Scene) -> None:
    asked = ask(scene)
    with pytest.raises(SlotTaken):
        actions.book_called(uid=asked.uid, book=refused, now=NOW, actor=AGENT)
    called = actions.book_called(uid=asked.uid, book=nothing, now=NOW, actor=AGENT)
    assert called == (None, False)
    asked.refresh_from_db()
    assert asked.state == "open"


def test_nothing_is_booked_when_the_request_cannot_be_closed(
    scene: Scene,
) -> None:
    """One transaction: it is never booked with the call still to be made."""
    asked = ask(scene)
    too_long = Actor("agent", f"{'x' * 300}@example.org")
    with pytest.raises(DataError):
        actions.book_called(uid=asked.uid, book=partial(booked_by, scene), now=NOW, actor=too_long)
    assert not Appointment.objects.filter(state="booked").exists()


def test_a_request_that_is_closed_or_gone_stays_what_it_is_and_the_family_is_booked(
    scene: Scene,
) -> None:
    asked = ask(scene)
    actions.close_callback(uid=asked.uid, outcome="dropped", note="Déménage", now=NOW, actor=MARC)
    called = actions.book_called(
        uid=asked.uid, book=partial(booked_by, scene), now=NOW, actor=AGENT
    )
    assert called.booked is not None
    assert not called.is_closed
    asked.refresh_from_db()
    assert (asked.outcome, asked.closed_by, asked.note) == ("dropped", MARC.label, "Déménage")
    gone = actions.book_called(uid=uuid4(), book=lambda: called.booked, now=NOW, actor=AGENT)
    assert gone == (called.booked, False)


def test_pressed_twice_it_is_closed_once(scene: Scene) -> None:
    asked = ask(scene)
    appointment = booked_by(scene)
    for _ in range(2):
        called = actions.book_called(uid=asked.uid, book=lambda: appointment, now=NOW, actor=AGENT)
        assert called.is_closed
    assert CallbackTry.objects.count() == 1
    assert CallbackRequest.objects.get().outcome == "booked"

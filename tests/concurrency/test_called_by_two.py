"""Two agents book from one promised call at once: nobody's booking is refused, and the call, which
the first of them closed, stays as that one left it."""

from __future__ import annotations

from functools import partial
from threading import Event
from typing import Any

import pytest

from booking import actions
from booking.actions import callbacks
from booking.actions.callbacks import Called
from booking.actors import Actor
from booking.errors import CallbackClosed, SlotTaken
from booking.models import Appointment, CallbackRequest, CallbackTry
from centres.calendar import to_minute
from tests.booking.scene import AGENT, NADIA, NOW, Scene, after, clock, open_morning
from tests.booking.test_calling_again import ask
from tests.concurrency.race import at_once, meet_in, refusals, until_somebody_waits
from tests.factories import make_child, make_guardian, make_shift

pytestmark = pytest.mark.django_db(transaction=True)
MARC = Actor("agent", "marc@example.org")


@pytest.fixture
def scene() -> Scene:
    """With a second half-day, so that who books there shares no lock of a shift."""
    scene = open_morning(age_max_months=72)
    make_shift(
        starts_at=clock("09:00", NOW.date().replace(day=9)),
        site=scene.shift.site, practitioner=scene.shift.practitioner, types=[scene.kind],
    )  # fmt: skip
    return scene


@pytest.fixture
def asked(scene: Scene) -> CallbackRequest:
    return ask(scene, NADIA.phone)


def as_known(scene: Scene, asked: CallbackRequest, at: str = "09:00") -> Called:
    """An agent who found the family books for it on the Tuesday."""
    nadia = make_guardian(phone=NADIA.phone)
    book = partial(
        actions.book_for, guardian=nadia, child=make_child(nadia), kind=scene.kind,
        centre=scene.centre, start=to_minute(clock(at)), now=NOW, actor=AGENT,
    )  # fmt: skip
    return actions.book_called(uid=asked.uid, book=book, now=NOW, actor=AGENT)


def as_newcomer(scene: Scene, asked: CallbackRequest, day: int = 9) -> Called:
    """A colleague who did not types it anew, and books on another day unless told otherwise."""
    start = to_minute(clock("09:00", NOW.date().replace(day=day)))
    book = partial(
        actions.book_for_newcomer, who=NADIA, kind=scene.kind, centre=scene.centre, start=start,
        now=after(1), actor=MARC,
    )  # fmt: skip
    return actions.book_called(uid=asked.uid, book=book, now=after(1), actor=MARC)


def first_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has the request goes on only when the other waits."""
    lock, has_it = callbacks._locked_if_any, Event()

    def lock_and_meet(uid: Any) -> CallbackRequest | None:
        found = lock(uid)
        if not has_it.is_set():
            has_it.set()
            until_somebody_waits()
        return found

    monkeypatch.setattr(callbacks, "_locked_if_any", lock_and_meet)


def test_two_agents_book_from_one_call_and_it_is_closed_once(
    scene: Scene, asked: CallbackRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_waits(monkeypatch)
    answers = at_once([partial(as_known, scene, asked), partial(as_newcomer, scene, asked)])
    assert [each.is_closed for each in answers] == [True, True]
    assert Appointment.objects.filter(state="booked").count() == 2
    made = CallbackTry.objects.get()
    asked.refresh_from_db()
    assert (asked.state, asked.outcome) == ("done", "booked")
    assert (asked.closed_by, asked.closed_at) == (made.by, made.at)


def test_without_its_lock_each_would_close_it(
    scene: Scene, asked: CallbackRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        callbacks, "_locked_if_any", lambda uid: CallbackRequest.objects.filter(uid=uid).first()
    )
    meet_in(monkeypatch, callbacks, "_locked_if_any", many=2)
    at_once([partial(as_known, scene, asked), partial(as_newcomer, scene, asked)])
    assert set(CallbackTry.objects.values_list("by", flat=True)) == {AGENT.label, MARC.label}


def test_of_two_agents_who_want_the_same_time_one_is_refused_and_changes_nothing(
    scene: Scene, asked: CallbackRequest
) -> None:
    answers = at_once([partial(as_known, scene, asked), partial(as_newcomer, scene, asked, day=2)])
    assert [type(each) for each in refusals(answers)] == [SlotTaken]
    (called,) = (each for each in answers if isinstance(each, Called))
    assert called.is_closed
    assert Appointment.objects.get(state="booked") == called.booked
    made = CallbackTry.objects.get()
    asked.refresh_from_db()
    assert (asked.closed_by, made.by) == (called.booked.actor, called.booked.actor)


def test_a_call_that_is_dropped_as_a_colleague_books_from_it_has_one_outcome(
    scene: Scene, asked: CallbackRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_waits(monkeypatch)
    drop = partial(
        actions.close_callback, uid=asked.uid, outcome="dropped", note="", now=NOW, actor=MARC
    )
    called, dropped = at_once([partial(as_known, scene, asked), drop])
    assert called.booked.state == "booked"
    assert called.is_closed == isinstance(dropped, CallbackClosed)
    asked.refresh_from_db()
    made = CallbackTry.objects.get()
    assert (made.outcome, made.by) == (asked.outcome, asked.closed_by)
    assert made.by == (AGENT.label if called.is_closed else MARC.label)

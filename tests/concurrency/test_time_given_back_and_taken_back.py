"""An agent takes a cancellation back while somebody else takes the time."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest

from booking import actions
from booking.actions import restoring
from booking.errors import SlotTaken
from booking.models import Appointment
from centres.models import Centre
from tests.booking.scene import AGENT, NOW, Scene, open_morning
from tests.concurrency.race import (
    OVERLAPS,
    at_once,
    count,
    pause_in,
    refusals,
    without_constraint,
)

pytestmark = pytest.mark.django_db(transaction=True)
SOON = NOW + timedelta(seconds=30)


def given_back() -> tuple[Scene, Appointment]:
    """A time that an agent has just cancelled, and that anybody may have at once."""
    scene = open_morning()
    booked = scene.book()
    Centre.objects.update(reoffer_delay_min=0)
    return scene, actions.cancel(uid=booked.uid, now=NOW, actor=AGENT, is_asked=True)


def test_one_has_the_time_and_the_others_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    scene, booked = given_back()
    pause_in(monkeypatch, restoring, "check_still_there", seconds=0.1)
    undo = partial(actions.uncancel, uid=booked.uid, now=SOON, actor=AGENT)
    answers = at_once([undo, *[partial(scene.hold, "09:00", now=SOON)] * 3])
    assert [type(each) for each in refusals(answers)] == [SlotTaken] * 3
    assert Appointment.objects.exclude(state__in=["cancelled", "lapsed"]).count() == 1
    assert count(OVERLAPS) == 0


def test_without_locks_and_constraint_two_would_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    scene, booked = given_back()

    def unlocked(uids: list[UUID]) -> dict[UUID, Appointment]:
        found = Appointment.objects.select_related("shift", "type", "centre", "child", "guardian")
        loaded = {each.uid: each for each in found.filter(uid__in=uids)}
        at_once([partial(scene.hold, "09:00", now=SOON)])  # while the agent's press is judged
        return loaded

    monkeypatch.setattr(restoring, "lock_appointments", unlocked)
    with without_constraint():
        actions.uncancel(uid=booked.uid, now=SOON, actor=AGENT)
        assert count(OVERLAPS) == 1

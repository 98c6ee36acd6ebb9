"""Two of one household at once, on one day: its reminders are those of what is left in the end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from booking import actions, planning
from booking.models import Appointment
from notifications.models import OutboxMessage
from tests.booking.scene import Scene, clock, open_morning, parent
from tests.booking.test_planner import EARLY, WAITING, rows, waiting
from tests.concurrency.race import at_once, meet_in, pause_in
from tests.factories import make_appointment, make_guardian, make_household

# They share an address and a number, so they are told together.
TOGETHER = {"email": "famille@example.org", "phone": "+33639981234"}
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visits() -> list[Appointment]:
    """Of two parents of a household, with two doctors: no other lock is shared."""
    actions.load_default_rules(now=EARLY)
    scene, household = open_morning(), make_household()
    shifts = [scene.shift, scene.another_doctor()]
    made = [
        make_appointment(
            shift,
            starts_at=clock(at),
            guardian=make_guardian(household, first_name=at, **TOGETHER),
            changed_at=EARLY,
        )
        for shift, at in zip(shifts, ("09:00", "11:00"), strict=True)
    ]
    actions.heal_reminders(now=EARLY)
    assert waiting() == WAITING
    return made


def cancelling(visits: list[Appointment]) -> list[Callable[[], Any]]:
    return [partial(actions.cancel, uid=visit.uid, now=EARLY) for visit in visits]


def test_both_cancelled_at_once_nothing_waits(
    visits: list[Appointment], monkeypatch: pytest.MonkeyPatch
) -> None:
    pause_in(monkeypatch, planning, "_read", seconds=0.1)
    at_once(cancelling(visits))
    assert waiting() == []


def test_without_the_lock_reminders_of_nothing_would_wait(
    visits: list[Appointment], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = planning._read

    def unlocked(keys: Any, *, is_locked: bool) -> Any:
        del is_locked
        return read(keys, is_locked=False)

    monkeypatch.setattr(planning, "_read", unlocked)
    meet_in(monkeypatch, planning, "_read", many=2)
    at_once(cancelling(visits))
    assert waiting() == WAITING


def test_two_booked_at_once_are_one_reminder_of_the_earlier() -> None:
    actions.load_default_rules(now=EARLY)
    scene, household = open_morning(), make_household()
    other = Scene(scene.kind, scene.another_doctor())
    parents = [make_guardian(household, first_name=name, **TOGETHER) for name in ("Ali", "Lou")]
    held = [scene.hold("11:00", now=EARLY), other.hold("09:00", now=EARLY)]

    def confirm(number: int) -> Any:
        known = parents[number]
        who = parent(
            number,
            first_name=known.first_name,
            last_name=known.last_name,
            email=known.email,
            phone="+33639981234",
        )
        return actions.confirm(uid=held[number].uid, who=who, now=EARLY)

    at_once([partial(confirm, 0), partial(confirm, 1)])
    assert Appointment.objects.filter(state="booked", household=household).count() == 2
    assert waiting() == WAITING
    assert rows(state="planned")[-1].valid_until == clock("08:30")
    keys = OutboxMessage.objects.filter(kind="reminder").values_list("intent_key", flat=True)
    assert len(set(keys)) == len(keys)

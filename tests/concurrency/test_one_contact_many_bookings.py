"""One family in several windows: its limit holds, and it stays one family."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from booking import actions
from booking.actions import confirming, families
from booking.actors import Who
from booking.errors import LimitReached
from booking.models import Appointment, Guardian, Household
from centres.models import Centre
from tests.booking.scene import NADIA, NOW, open_morning
from tests.concurrency.race import at_once, meet_in, pause_in, refusals

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]
PARENTS = [NADIA, replace(NADIA, first_name="Karim", child_first_name="Aya")]


def confirm_all_at_once(parents: list[Who], *, is_known: bool, limit: int = 2) -> list[Any]:
    """Six holds of one address confirmed together where `limit` are allowed.

    With six doctors: on one half-day its own lock would already queue them.
    """
    scene = open_morning()
    doctors = [scene.shift, *(scene.another_doctor() for _ in TIMES[1:])]
    Centre.objects.update(max_open_per_contact=limit)
    if is_known:
        actions.cancel(uid=scene.book("09:00", now=NOW).uid, now=NOW)
        Centre.objects.update(reoffer_delay_min=0)
        Appointment.objects.update(reoffer_at=None)
    holds = [
        scene.hold(at, practitioner_id=doctor.practitioner_id)
        for at, doctor in zip(TIMES, doctors, strict=True)
    ]
    return at_once(
        [
            partial(actions.confirm, uid=held.uid, who=parents[number % len(parents)], now=NOW)
            for number, held in enumerate(holds)
        ]
    )


BY_PHONE = [replace(parent, email="", phone="+33639981234") for parent in PARENTS]


@pytest.mark.parametrize(
    ("parents", "is_known"), [(PARENTS, True), (PARENTS, False), (BY_PHONE, False)]
)
def test_the_limit_holds_and_the_family_is_one(
    monkeypatch: pytest.MonkeyPatch, parents: list[Who], is_known: bool
) -> None:
    pause_in(monkeypatch, families, "load_guardians")
    answers = confirm_all_at_once(parents, is_known=is_known)
    assert Appointment.objects.filter(state="booked").count() == 2
    assert [type(refusal) for refusal in refusals(answers)] == [LimitReached] * 4
    assert Household.objects.count() == 1
    assert Guardian.objects.count() <= 2


def test_without_the_lock_the_same_race_passes_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    locking = confirming.lock_appointments
    monkeypatch.setattr(
        confirming, "lock_appointments", lambda uids, *, address, seen: locking(uids, seen=seen)
    )
    meet_in(monkeypatch, families, "_check_limit", many=len(TIMES))
    confirm_all_at_once([NADIA], is_known=True, limit=1)
    assert Appointment.objects.filter(state="booked").count() > 1

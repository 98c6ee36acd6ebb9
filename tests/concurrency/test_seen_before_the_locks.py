"""A family confirms what it saw, while somebody else changes it: the locks tell."""

from __future__ import annotations

from threading import Event

import pytest
from django.db import transaction

from booking import actions
from booking.errors import Refusal
from booking.loading import load_hold, load_locked
from booking.models import Appointment
from centres.models import Shift
from tests.booking.scene import NADIA, NOW, open_morning
from tests.concurrency.race import until_somebody_waits
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_change_committed_while_it_waits_for_the_lock_is_seen() -> None:
    scene = open_morning()
    seen = load_hold(scene.hold().uid)
    assert seen is not None
    is_locked = Event()

    def close_the_half_day() -> str:
        with transaction.atomic():
            shift = Shift.objects.select_for_update().get(pk=scene.shift.pk)
            is_locked.set()
            shift.status = Shift.Status.CANCELLED
            shift.save(update_fields=["status"])
            until_somebody_waits()
        return "closed"

    def lock() -> str:
        assert is_locked.wait(10)
        with transaction.atomic():
            found, _ = load_locked([seen.uid], address="", seen=[seen])
            return found[seen.uid].shift.status

    assert at_once(close_the_half_day, lock) == ["closed", "cancelled"]


def test_an_appointment_changed_without_its_half_day_is_read_again_too() -> None:
    scene = open_morning()
    seen = load_hold(scene.hold().uid)
    assert seen is not None
    is_changed = Event()

    def lapse_without_the_shifts_lock() -> str:
        with transaction.atomic():
            Appointment.objects.filter(pk=seen.pk).update(state="lapsed")
            is_changed.set()
            until_somebody_waits()
        return "lapsed"

    def confirm() -> str:
        assert is_changed.wait(10)
        try:
            actions.confirm(uid=seen.uid, who=NADIA, now=NOW, seen=seen)
        except Refusal as refusal:
            return refusal.code
        return "booked"

    assert at_once(lapse_without_the_shifts_lock, confirm) == ["lapsed", "hold_expired"]
    assert Appointment.objects.get(pk=seen.pk).state == "lapsed"

"""What is read before the locks counts only while nothing has changed since."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from booking import actions
from booking.loading import load_appointments, load_hold, load_locked
from booking.models import Appointment
from booking.rules import HOLD_FOR
from centres.models import AppointmentType, Centre
from centres.rollout import Stage
from tests.booking.scene import NOW, Scene, after, open_morning

pytestmark = pytest.mark.django_db


def locked(seen: Appointment) -> Appointment:
    found, is_elsewhere = load_locked([seen.uid], address="", seen=[seen])
    assert not is_elsewhere
    return found[seen.uid]


def hold_seen(scene: Scene) -> Appointment:
    seen = load_hold(scene.hold().uid)
    assert seen is not None
    return seen


def extend(scene: Scene, seen: Appointment) -> None:
    actions.extend_hold(uid=seen.uid, now=after(1))


def cancel_half_day(scene: Scene, seen: Appointment) -> None:
    scene.shift.status = "cancelled"
    scene.shift.save(update_fields=["status"])


def pause_the_centre(scene: Scene, seen: Appointment) -> None:
    Centre.objects.filter(pk=scene.centre.pk).update(stage=Stage.PAUSED)


def take_the_type_off_line(scene: Scene, seen: Appointment) -> None:
    AppointmentType.objects.filter(pk=scene.kind.pk).update(is_active=False)


def let_it_lapse(scene: Scene, seen: Appointment) -> None:
    actions.release_hold(uid=seen.uid, now=NOW)


def test_what_has_not_changed_is_not_read_again_but_is_a_copy() -> None:
    seen = hold_seen(open_morning())
    with CaptureQueriesContext(connection) as done:
        mine = locked(seen)
    assert len(done) == 1
    assert (mine.pk, mine.shift, mine.type, mine.centre) == (
        seen.pk,
        seen.shift,
        seen.type,
        seen.centre,
    )
    mine.state, mine.expires_at = Appointment.State.BOOKED, None
    assert (seen.state, seen.expires_at) == ("held", NOW + HOLD_FOR)


def facts(each: Appointment) -> tuple[object, ...]:
    return (
        each.state,
        each.expires_at,
        each.shift.status,
        each.centre.stage,
        each.type.is_active,
    )


@pytest.mark.parametrize(
    "change",
    [extend, cancel_half_day, let_it_lapse, pause_the_centre, take_the_type_off_line],
)
def test_what_has_changed_meanwhile_is_read_again(
    change: Callable[[Scene, Appointment], None],
) -> None:
    scene = open_morning()
    seen = hold_seen(scene)
    change(scene, seen)
    mine = locked(seen)
    assert facts(mine) == facts(load_appointments([seen.uid])[seen.uid])
    assert facts(mine) != facts(seen)


def test_somebody_elses_booking_of_the_same_half_day_counts_as_a_change() -> None:
    scene = open_morning()
    seen = hold_seen(scene)
    scene.book("10:00")
    assert locked(seen).shift.busy != seen.shift.busy


def test_an_unknown_hold_is_none() -> None:
    held = open_morning().hold()
    held.delete()
    assert load_hold(held.uid) is None

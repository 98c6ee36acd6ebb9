"""Overbooking: by agents, with a reason, recorded; and what becomes of it later."""

from datetime import date, datetime

import pytest

from booking import actions
from booking.actors import FAMILY, Actor
from booking.errors import (
    AgeNotAllowed,
    CentreNotOpen,
    NotOffered,
    ReasonRequired,
    SlotTaken,
    TypeNotBookable,
)
from booking.models import Appointment, AppointmentEvent, Guardian
from centres.actions import declare_absence
from centres.models import Absence, AppointmentType, Centre, Shift
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, NADIA, NOW, Scene, after, clock, open_morning, parent

pytestmark = pytest.mark.django_db
ILYES = parent(9, child_first_name="Ilyès", child_born_on=date(2026, 2, 10))


def overbook(
    scene: Scene,
    at: str = "09:00",
    *,
    reason: str = "Bébé fiévreux",
    actor: Actor = AGENT,
    kind: AppointmentType | None = None,
    now: datetime = NOW,
) -> Appointment:
    return actions.overbook(
        shift_id=scene.shift.pk,
        type_id=(kind or scene.kind).pk,
        start=int(clock(at).timestamp()) // 60,
        who=ILYES,
        reason=reason,
        now=now,
        actor=actor,
    )


def test_an_agent_adds_one_over_another_and_it_is_recorded() -> None:
    scene = open_morning()
    scene.book("09:00")
    added = overbook(scene)
    added.refresh_from_db()
    assert (added.state, added.is_overbooked, added.note) == ("booked", True, "Bébé fiévreux")
    event = AppointmentEvent.objects.get(appointment=added)
    assert (event.action, event.actor, event.note) == ("overbook", AGENT.label, "Bébé fiévreux")
    assert OutboxMessage.objects.filter(recipient=ILYES.email, kind="confirmation").count() == 1


def test_its_time_is_offered_to_nobody_else() -> None:
    scene = open_morning()
    overbook(scene, "10:00")
    with pytest.raises(SlotTaken):
        scene.hold("10:15")


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_reason_is_required(reason: str) -> None:
    with pytest.raises(ReasonRequired):
        overbook(open_morning(), reason=reason)
    assert not Appointment.objects.exists()


def test_families_never_overbook() -> None:
    with pytest.raises(ReasonRequired):
        overbook(open_morning(), actor=FAMILY)


def test_the_other_rules_hold() -> None:
    scene = open_morning(age_max_months=6)
    with pytest.raises(AgeNotAllowed):
        overbook(scene)
    with pytest.raises(TypeNotBookable):
        overbook(open_morning(is_active=False))
    Centre.objects.update(stage="preparing")
    with pytest.raises(CentreNotOpen):
        overbook(scene)


@pytest.mark.parametrize("at", ["08:45", "11:45", "12:00", "18:00"])
def test_nobody_is_added_outside_the_half_day(at: str) -> None:
    """Neither before it, nor after, nor to end after it: the doctor is not there."""
    scene = open_morning()
    with pytest.raises(NotOffered):
        overbook(scene, at)
    assert not Appointment.objects.exists()
    assert not Guardian.objects.exists(), "nothing is kept of who was refused"
    assert overbook(scene, "11:30").ends_at == clock("12:00")


def test_nobody_is_added_for_what_the_half_day_does_not_offer() -> None:
    """A workshop leader does not vaccinate, however full the doctor's morning is."""
    scene, elsewhere = open_morning(), open_morning()
    with pytest.raises(NotOffered):
        overbook(scene, kind=elsewhere.kind)
    assert not Appointment.objects.exists()
    assert not Guardian.objects.exists()


def test_nobody_is_added_to_a_time_that_is_over() -> None:
    scene = open_morning()
    with pytest.raises(NotOffered):
        overbook(scene, "09:00", now=clock("09:30"))
    assert not Appointment.objects.exists()
    assert overbook(scene, "09:00", now=clock("09:29")).state == "booked"


def test_nobody_is_added_to_a_half_day_that_was_cancelled_or_is_closed_then() -> None:
    scene = open_morning()
    away = {"starts_at": clock("09:20"), "ends_at": clock("10:00")}
    declare_absence(absence=Absence(practitioner=scene.shift.practitioner, **away))
    with pytest.raises(NotOffered):
        overbook(scene, "09:00")
    overbook(scene, "10:00")
    Shift.objects.update(status=Shift.Status.CANCELLED)
    with pytest.raises(NotOffered):
        overbook(scene, "11:00")


def test_an_overbooked_one_moves_to_a_free_time_and_is_an_ordinary_one_there() -> None:
    scene = open_morning()
    scene.book("09:00")
    moved = scene.move(overbook(scene).uid, "10:00")
    moved.refresh_from_db()
    assert (moved.starts_at, moved.is_overbooked) == (clock("10:00"), False)


def test_an_overbooked_one_is_cancelled_like_any_other() -> None:
    scene = open_morning()
    added = overbook(scene)
    cancelled = actions.cancel(uid=added.uid, now=after(1))
    assert (cancelled.state, cancelled.sequence) == ("cancelled", 1)


def test_both_families_are_received() -> None:
    scene = open_morning()
    first, second = scene.book("09:00", who=NADIA), overbook(scene)
    for uid in (first.uid, second.uid):
        actions.arrive(uid=uid, now=clock("09:00"), actor=AGENT)
        assert actions.fulfil(uid=uid, now=clock("09:30"), actor=AGENT).state == "fulfilled"

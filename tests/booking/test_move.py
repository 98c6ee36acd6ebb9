"""Moving an appointment: the new time before the old, or nothing at all."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from booking import actions
from booking.errors import (
    AgeNotAllowed,
    AlreadyBookedThen,
    CentreNotOpen,
    HoldExpired,
    SlotTaken,
    TooLate,
    WeeksNotAllowed,
    WrongState,
)
from booking.models import Appointment
from booking.rules import TERM_DAYS
from centres.calendar import to_minute
from centres.models import AppointmentType, Centre
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, NADIA, NOW, Scene, after, clock, open_morning, parent
from tests.factories import make_shift, make_site
from tests.messages import become

pytestmark = pytest.mark.django_db
PREGNANCY = AppointmentType.Audience.PREGNANCY


def test_a_move_changes_the_time_and_keeps_the_appointment() -> None:
    scene = open_morning()
    elsewhere = scene.another_doctor(site=make_site(scene.centre))
    booked = scene.book("09:00")
    held = scene.hold("10:00", moving=booked.uid, site_id=elsewhere.site_id)
    actions.move(uid=booked.uid, hold_uid=held.uid, now=after(1))
    moved = Appointment.objects.get(uid=booked.uid)
    assert (moved.pk, moved.state, moved.sequence) == (booked.pk, "booked", 1)
    assert (moved.starts_at, moved.ends_at) == (clock("10:00"), clock("10:30"))
    assert (moved.shift, moved.practitioner) == (elsewhere, elsewhere.practitioner)
    assert (moved.site, moved.last_action) == (elsewhere.site, "move")
    assert Appointment.objects.get(uid=held.uid).state == "lapsed"


def test_both_half_days_are_counted_anew() -> None:
    scene = open_morning()
    other = scene.another_doctor()
    booked = scene.book("09:00", practitioner_id=scene.shift.practitioner_id)
    held = scene.hold("10:00", moving=booked.uid, practitioner_id=other.practitioner_id)
    actions.move(uid=booked.uid, hold_uid=held.uid, now=NOW)
    scene.shift.refresh_from_db()
    other.refresh_from_db()
    assert scene.shift.busy == []
    assert other.busy == [_minute("10:00"), _minute("10:30")]


def test_the_weeks_of_a_pregnancy_are_counted_at_the_new_time() -> None:
    """On Tuesday it has lasted 13 weeks, on Friday 14."""
    scene = open_morning(audience=PREGNANCY, week_max=13, notice_min=0)
    friday = clock("09:00", date(2027, 3, 5))
    make_shift(starts_at=friday, site=scene.shift.site, types=[scene.kind])
    fit = replace(NADIA, due_on=date(2027, 3, 5) + timedelta(days=TERM_DAYS - 14 * 7))
    booked = scene.book("09:00", who=fit)
    with pytest.raises(WeeksNotAllowed):
        _move_to(scene, booked, friday)
    assert place(booked) == ("booked", clock("09:00"))
    assert scene.move(booked.uid, "10:00").starts_at == clock("10:00")


def test_an_appointment_whose_due_date_nobody_kept_can_still_be_moved() -> None:
    scene = open_morning(audience=PREGNANCY, week_max=13)
    booked = scene.book(who=replace(NADIA, due_on=clock("09:00").date() + timedelta(days=210)))
    Appointment.objects.update(due_on=None)
    assert scene.move(booked.uid, "10:00").starts_at == clock("10:00")


def _move_to(scene: Scene, booked: Appointment, at: datetime) -> None:
    held = actions.hold(
        kind=scene.kind,
        centre=scene.centre,
        start=to_minute(at),
        now=NOW,
        moving=booked.uid,
    )
    actions.move(uid=booked.uid, hold_uid=held.uid, now=NOW)


def place(booked: Appointment) -> tuple[str, datetime]:
    booked.refresh_from_db()
    return booked.state, booked.starts_at


def test_a_move_is_told_to_whoever_knew_of_the_old_time() -> None:
    scene = open_morning()
    booked = scene.book("09:00")
    become("sent")
    scene.move(booked.uid, "10:00")
    states = dict(OutboxMessage.objects.values_list("kind", "state"))
    assert states == {"confirmation": "sent", "moved": "planned"}


def test_moved_before_the_confirmation_left_only_the_new_time_is_confirmed() -> None:
    scene = open_morning()
    scene.move(scene.book("09:00").uid, "10:00")
    told = OutboxMessage.objects.order_by("id").values_list("kind", "state", "version")
    assert list(told) == [("confirmation", "superseded", 0), ("confirmation", "planned", 1)]


def test_the_old_time_waits_for_the_centres_delay() -> None:
    scene = open_morning()
    scene.move(scene.book("09:00").uid, "10:00")
    with pytest.raises(SlotTaken):
        scene.hold("09:00", now=after(29))
    assert scene.hold("09:00", now=after(30)).state == "held"


def test_a_refused_move_keeps_the_old_time() -> None:
    scene = open_morning()
    booked = scene.book("09:00")
    held = scene.hold("10:00", moving=booked.uid)
    with pytest.raises(HoldExpired):
        actions.move(uid=booked.uid, hold_uid=held.uid, now=after(15))
    booked.refresh_from_db()
    assert (booked.starts_at, booked.sequence, booked.state) == (clock("09:00"), 0, "booked")


def test_a_move_is_refused_too_late_but_not_to_an_agent() -> None:
    scene = open_morning(cancel_notice_min=60)
    booked = scene.book("09:00")
    late = clock("08:01")
    held = scene.hold("10:00", moving=booked.uid, now=late)
    with pytest.raises(TooLate):
        actions.move(uid=booked.uid, hold_uid=held.uid, now=late)
    moved = actions.move(uid=booked.uid, hold_uid=held.uid, now=late, actor=AGENT)
    assert moved.starts_at == clock("10:00")


def test_only_a_hold_made_for_it_moves_an_appointment() -> None:
    scene = open_morning()
    mine, other = scene.book("09:00"), scene.book("09:30", who=parent(2))
    plain, others = scene.hold("10:00"), scene.hold("10:30", moving=other.uid)
    for held in (plain, others):
        with pytest.raises(WrongState):
            actions.move(uid=mine.uid, hold_uid=held.uid, now=NOW)


def test_moving_twice_by_one_hold_is_refused_and_harmless() -> None:
    scene = open_morning()
    booked = scene.book("09:00")
    held = scene.hold("10:00", moving=booked.uid)
    actions.move(uid=booked.uid, hold_uid=held.uid, now=NOW)
    with pytest.raises(HoldExpired):
        actions.move(uid=booked.uid, hold_uid=held.uid, now=NOW)
    booked.refresh_from_db()
    assert booked.sequence == 1


@pytest.mark.parametrize("state", ["cancelled", "arrived", "fulfilled", "noshow"])
def test_what_is_not_ahead_is_not_moved(state: str) -> None:
    scene = open_morning()
    booked = scene.book("09:00")
    held = scene.hold("10:00", moving=booked.uid)
    Appointment.objects.filter(pk=booked.pk).update(state=state)
    with pytest.raises(WrongState):
        actions.move(uid=booked.uid, hold_uid=held.uid, now=NOW)


def test_a_child_too_old_on_the_new_day_is_not_moved_there() -> None:
    scene = open_morning(age_max_months=12)
    make_shift(
        starts_at=clock("09:00", date(2027, 3, 16)), types=[scene.kind], site=scene.shift.site
    )
    booked = scene.book("09:00", who=replace(NADIA, child_born_on=date(2026, 2, 10)))
    held = actions.hold(
        kind=scene.kind,
        centre=scene.centre,
        start=_minute("09:00", date(2027, 3, 16)),
        now=NOW,
        moving=booked.uid,
    )
    with pytest.raises(AgeNotAllowed):
        actions.move(uid=booked.uid, hold_uid=held.uid, now=NOW)


def test_a_child_is_not_moved_onto_its_own_other_appointment() -> None:
    scene = open_morning()
    scene.another_doctor()
    scene.book("10:00")
    booked = scene.book("09:00")
    held = scene.hold("10:15", moving=booked.uid)
    with pytest.raises(AlreadyBookedThen):
        actions.move(uid=booked.uid, hold_uid=held.uid, now=NOW)


def test_an_appointment_may_move_onto_part_of_its_own_time() -> None:
    scene = open_morning()
    scene.another_doctor()
    assert scene.move(scene.book("09:00").uid, "09:15").starts_at == clock("09:15")


def test_a_paused_centre_moves_nobody() -> None:
    scene = open_morning()
    booked = scene.book("09:00")
    held = scene.hold("10:00", moving=booked.uid)
    Centre.objects.update(stage="paused")
    with pytest.raises(CentreNotOpen):
        actions.move(uid=booked.uid, hold_uid=held.uid, now=NOW)


def _minute(at: str, day: date = date(2027, 3, 2)) -> int:
    return int(clock(at, day).timestamp()) // 60

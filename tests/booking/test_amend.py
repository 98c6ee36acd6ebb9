"""What an appointment is for, or which child, put right at its time: rules, messages, history."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from booking import actions
from booking.actions.amending import TimeHeldElsewhere, shown
from booking.actions.waiting import Wishes
from booking.actors import FAMILY
from booking.errors import (
    AgeNotAllowed,
    AgentsOnly,
    AlreadyBookedThen,
    ChildRequired,
    DueDateRequired,
    NotOffered,
    OverbookedEnough,
    SlotTaken,
    TypeNotBookable,
    WeeksNotAllowed,
    WrongState,
)
from booking.models import Appointment, AppointmentEvent, Child, Household
from booking.rules import TERM_DAYS
from booking.telling import about_appointment
from centres.calendar import to_minute
from centres.models import AppointmentType, Shift, ShiftType
from notifications.models import OutboxMessage
from tests.booking.scene import (
    AGENT,
    NOW,
    TUESDAY,
    Scene,
    after,
    clock,
    open_morning,
    open_session,
    parent,
)
from tests.booking.test_uncancel import sent
from tests.factories import make_child, make_guardian, make_practitioner, make_type

pytestmark = pytest.mark.django_db


def other_type(scene: Scene, **fields: Any) -> AppointmentType:
    """Another type that the same half-day is for."""
    kind = make_type(**{"notice_min": 0, **fields})
    offer(scene.shift, kind)
    return kind


def offer(shift: Shift, kind: AppointmentType) -> None:
    (like,) = ShiftType.objects.filter(shift=shift)[:1]
    ShiftType.objects.create(
        shift=shift, type=kind, centre_id=like.centre_id, starts_at=like.starts_at
    )


def amend(booked: Appointment, kind: AppointmentType | None = None, **how: Any) -> Appointment:
    given: dict[str, Any] = {
        "uid": booked.uid,
        "kind": kind or booked.type,
        "child": booked.child,
        "now": after(5),
        "actor": AGENT,
    }
    return actions.amend(**given | how)


def told(booked: Appointment) -> list[tuple[str, str, int]]:
    rows = OutboxMessage.objects.filter(subject_ref=str(booked.uid)).order_by("id")
    return list(rows.values_list("kind", "state", "version"))


def twin_of(booked: Appointment, **fields: Any) -> Child:
    assert booked.guardian is not None
    return make_child(booked.guardian, **{"first_name": "Lina", **fields})


def test_another_type_has_its_own_length_and_the_half_day_knows() -> None:
    scene = open_morning()
    booked = scene.book()
    longer = other_type(scene, duration_min=45, buffer_after_min=5)
    amend(booked, longer)
    again = Appointment.objects.get(pk=booked.pk)
    assert (again.type, again.sequence, again.starts_at) == (longer, 1, clock("09:00"))
    assert (again.ends_at, again.busy_until) == (clock("09:45"), clock("09:50"))
    scene.shift.refresh_from_db()
    assert scene.shift.busy == [to_minute(clock("09:00")), to_minute(clock("09:50"))]
    event = AppointmentEvent.objects.filter(appointment=booked).latest("id")
    assert (event.action, event.actor, event.sequence) == ("retype", AGENT.label, 1)


def test_a_shorter_type_gives_the_rest_back() -> None:
    scene = open_morning()
    booked = scene.book()
    amend(booked, other_type(scene, duration_min=15))
    assert scene.hold("09:15").starts_at == clock("09:15")


def test_the_other_twin_is_one_change_of_the_history_and_no_message() -> None:
    booked = open_morning().book()
    sent()
    twin = twin_of(booked)
    amend(booked, child=twin)
    again = Appointment.objects.get(pk=booked.pk)
    assert (again.child, again.sequence) == (twin, 0)
    assert AppointmentEvent.objects.latest("id").action == "rechild"
    assert {row[0] for row in told(booked)} == {"confirmation"}


def test_type_and_child_at_once_are_one_change() -> None:
    scene = open_morning()
    booked = scene.book()
    amend(booked, other_type(scene), child=twin_of(booked))
    assert AppointmentEvent.objects.latest("id").action == "amend"


def test_a_family_that_was_told_of_the_former_type_is_told_of_this_one() -> None:
    scene = open_morning()
    booked = scene.book()
    sent()
    kind = other_type(scene, label="Vaccination", what_to_bring="Le carnet de santé")
    amend(booked, kind)
    assert told(booked)[1:] == [("corrected", "planned", 1)]
    content = about_appointment(OutboxMessage.objects.get(kind="corrected"))
    assert content is not None
    assert content.context["reason"] == "Vaccination"
    assert content.context["bring"] == ["Le carnet de santé"]


def test_one_that_was_told_nothing_yet_is_told_once_as_it_is_now() -> None:
    scene = open_morning()
    booked = scene.book()
    amend(booked, other_type(scene))
    assert told(booked) == [("confirmation", "superseded", 0), ("confirmation", "planned", 1)]


def test_what_had_not_left_about_the_other_child_leaves_all_the_same() -> None:
    booked = open_morning().book()
    amend(booked, child=twin_of(booked))
    assert told(booked) == [("confirmation", "planned", 0)]


def test_one_that_no_message_reaches_is_to_be_phoned() -> None:
    scene = open_morning()
    booked = scene.book()
    sent()
    Household.objects.update(contact_by="none")
    amend(booked, other_type(scene))
    row = OutboxMessage.objects.get(kind="corrected")
    assert (row.state, row.recipient) == ("failed", "")


@pytest.mark.parametrize("state", ["arrived", "in_progress"])
def test_a_family_that_is_there_is_told_by_word_of_mouth(state: str) -> None:
    scene = open_morning()
    booked = scene.book()
    sent()
    Appointment.objects.filter(pk=booked.pk).update(state=state)
    amend(booked, other_type(scene), now=clock("09:05"))
    assert {row[0] for row in told(booked)} == {"confirmation"}


def test_its_reminders_are_those_of_its_new_type() -> None:
    actions.load_default_rules(now=NOW)
    scene = open_morning()
    kind = other_type(scene)
    booked = scene.book(now=NOW)
    before = set(OutboxMessage.objects.filter(kind="reminder").values_list("pk", flat=True))
    amend(booked, kind)
    assert OutboxMessage.objects.filter(kind="reminder", state="planned").exists() == bool(before)


def test_to_change_nothing_is_no_change() -> None:
    booked = open_morning().book()
    assert amend(booked, seen="7.0.").sequence == 0
    assert AppointmentEvent.objects.filter(appointment=booked).count() == 1


def test_an_old_page_changes_nothing() -> None:
    scene = open_morning()
    booked = scene.book()
    kind = other_type(scene)
    seen = shown(booked)
    Appointment.objects.filter(pk=booked.pk).update(sequence=3)
    with pytest.raises(WrongState):
        amend(booked, kind, seen=seen)
    assert amend(booked, kind).type == kind  # without that it would


def test_an_old_page_does_not_bring_the_former_child_back() -> None:
    scene = open_morning()
    booked = scene.book()
    seen, twin = shown(booked), twin_of(booked)
    amend(booked, child=twin)
    with pytest.raises(WrongState):
        amend(booked, other_type(scene), seen=seen)
    assert Appointment.objects.get(pk=booked.pk).child == twin


def test_a_longer_type_does_not_run_into_the_next_family() -> None:
    scene = open_morning()
    booked = scene.book()
    scene.book("09:30", who=parent(2))
    with pytest.raises(SlotTaken):
        amend(booked, other_type(scene, duration_min=45))
    assert Appointment.objects.get(pk=booked.pk).type == scene.kind
    assert amend(booked, other_type(scene, duration_min=30)).sequence == 1


def test_a_hold_that_is_over_is_in_nobody_s_way() -> None:
    scene = open_morning()
    booked = scene.book()
    held = scene.hold("09:30")
    longer = other_type(scene, duration_min=45)
    with pytest.raises(SlotTaken):
        amend(booked, longer)
    Appointment.objects.filter(pk=held.pk).update(expires_at=NOW)
    assert amend(booked, longer).type == longer


def test_it_does_not_run_over_the_end_of_its_half_day() -> None:
    scene = open_morning()
    booked = scene.book("11:30")
    with pytest.raises(NotOffered):
        amend(booked, other_type(scene, duration_min=45))


def test_its_half_day_is_for_that_type() -> None:
    booked = open_morning().book()
    with pytest.raises(NotOffered):
        amend(booked, make_type(notice_min=0))


def test_a_type_nobody_books_is_refused() -> None:
    scene = open_morning()
    booked = scene.book()
    with pytest.raises(TypeNotBookable):
        amend(booked, other_type(scene, is_active=False))


def test_the_child_is_of_the_age_for_it() -> None:
    scene = open_morning()
    booked = scene.book()  # a child of one year
    with pytest.raises(AgeNotAllowed):
        amend(booked, other_type(scene, age_min_months=36, age_max_months=72))
    older = twin_of(booked, born_on=date(2023, 2, 10))
    kind = AppointmentType.objects.get(age_min_months=36)
    assert amend(booked, kind, child=older).child == older


def test_a_child_s_type_needs_a_child_of_the_family() -> None:
    booked = open_morning().book()
    with pytest.raises(ChildRequired):
        amend(booked, child=None)
    with pytest.raises(WrongState):
        amend(booked, child=make_child(make_guardian()))


def test_an_adult_s_type_is_for_no_child() -> None:
    scene = open_morning()
    booked = scene.book()
    assert amend(booked, other_type(scene, audience="adult")).child is None
    assert AppointmentEvent.objects.latest("id").action == "retype"


def test_a_pregnancy_needs_its_date_and_its_week() -> None:
    scene = open_morning()
    booked = scene.book()
    kind = other_type(scene, audience="pregnancy", week_min=10, week_max=20)
    due = TUESDAY + timedelta(days=TERM_DAYS - 15 * 7)
    with pytest.raises(DueDateRequired):
        amend(booked, kind)
    with pytest.raises(WeeksNotAllowed):
        amend(booked, kind, due_on=due - timedelta(weeks=10))
    assert amend(booked, kind, due_on=due).due_on == due
    later = due + timedelta(days=3)
    assert amend(booked, kind, due_on=later).due_on == later
    assert AppointmentEvent.objects.latest("id").action == "redate"
    with pytest.raises(WeeksNotAllowed):
        amend(booked, kind, due_on=due - timedelta(weeks=10))
    # Health data is kept where it is asked for only.
    child = Child.objects.get()
    assert amend(booked, scene.kind, child=child).due_on is None


def test_a_child_is_in_one_place() -> None:
    scene = open_morning()
    booked = scene.book()
    second = Scene(scene.kind, scene.another_doctor()).book(who=parent(2))
    twin = twin_of(booked)
    Appointment.objects.filter(pk=second.pk).update(child=twin)
    with pytest.raises(AlreadyBookedThen):
        amend(booked, child=twin)


def test_while_another_time_is_held_for_the_family_its_type_stays() -> None:
    scene = open_morning()
    booked = scene.book()
    held = scene.hold("10:00", moving=booked.uid)
    kind = other_type(scene)
    with pytest.raises(TimeHeldElsewhere):
        amend(booked, kind, now=after(1))
    # Without that, the family's yes would be refused.
    Appointment.objects.filter(pk=booked.pk).update(type=kind)
    with pytest.raises(WrongState):
        actions.move(uid=booked.uid, hold_uid=held.uid, now=after(1))


def test_the_child_is_put_right_while_another_time_is_held() -> None:
    scene = open_morning()
    booked = scene.book()
    held = scene.hold("10:00", moving=booked.uid)
    amend(booked, child=twin_of(booked), now=after(1))
    moved = actions.move(uid=booked.uid, hold_uid=held.uid, now=after(2))
    assert moved.starts_at == clock("10:00")


def test_one_whose_half_day_is_a_colleague_s_now_keeps_its_type_but_not_a_wrong_child() -> None:
    scene = open_morning()
    booked = scene.book()
    other = make_practitioner(scene.centre.department)
    Shift.objects.filter(pk=scene.shift.pk).update(practitioner=other)
    twin = twin_of(booked)
    assert amend(booked, child=twin).child == twin
    with pytest.raises(NotOffered):
        amend(booked, other_type(scene), child=twin)


def test_a_seat_of_a_session_takes_the_session() -> None:
    session = open_session()
    adult = parent(1, child_first_name="", child_born_on=None)
    booked = session.book(who=adult)
    kind = other_type(session, mode="group", audience="adult", duration_min=30)
    amend(booked, kind)
    again = Appointment.objects.get(pk=booked.pk)
    assert (again.type, again.seat, again.ends_at) == (kind, booked.seat, booked.ends_at)


def test_one_added_over_others_stays_so_within_the_limit_of_its_type() -> None:
    scene = open_morning(overbook_max=1)
    scene.book()
    added = actions.overbook(
        shift_id=scene.shift.pk,
        type_id=scene.kind.pk,
        start=to_minute(clock("09:00")),
        who=parent(2),
        reason="Jumeaux",
        now=NOW,
        actor=AGENT,
    )
    with pytest.raises(OverbookedEnough):
        amend(added, other_type(scene, overbook_max=0))
    amended = amend(added, other_type(scene, overbook_max=1, duration_min=40))
    assert (amended.is_overbooked, amended.note) == (True, "Jumeaux")
    assert amended.busy_until == clock("09:40")


def test_its_wish_for_an_earlier_time_follows() -> None:
    scene = open_morning()
    booked = scene.book()
    wishes = Wishes(sites=(scene.shift.site_id,))
    entry = actions.ask_for_earlier(uid=booked.uid, wishes=wishes, now=NOW)
    kind, twin = other_type(scene), twin_of(booked)
    amend(booked, kind, child=twin)
    entry.refresh_from_db()
    assert (entry.type, entry.child) == (kind, twin)


@pytest.mark.parametrize("state", ["cancelled", "fulfilled", "noshow"])
def test_what_is_over_stays_what_it_was(state: str) -> None:
    scene = open_morning()
    booked = scene.book()
    Appointment.objects.filter(pk=booked.pk).update(state=state)
    with pytest.raises(WrongState):
        amend(booked, other_type(scene))


def test_families_do_not_amend() -> None:
    scene = open_morning()
    with pytest.raises(AgentsOnly):
        amend(scene.book(), other_type(scene), actor=FAMILY)

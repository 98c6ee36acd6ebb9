"""An agent's cancellation taken back within the minute: the time, the messages, the history."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from booking import actions
from booking.actions.restoring import Restored, seconds_to_undo
from booking.actions.waiting import Wishes
from booking.actors import FAMILY, WAITING_LIST, Actor
from booking.errors import (
    AgentsOnly,
    AlreadyBookedThen,
    NotOffered,
    OverbookedEnough,
    PersonBookedThen,
    SlotTaken,
    UncancelTooLate,
    WrongState,
)
from booking.models import Appointment, AppointmentEvent, Household, WaitingListEntry
from centres.models import AppointmentType, Centre, Shift
from notifications.models import OutboxMessage
from tests.booking.scene import (
    AGENT,
    NOW,
    Scene,
    after,
    clock,
    open_morning,
    open_session,
    parent,
)
from tests.booking.test_arriving import WALK_IN, note

pytestmark = pytest.mark.django_db
PAUL = Actor("agent", "paul@example.org")
THEN = after(1)
SOON = THEN + timedelta(seconds=40)


def told(booked: Appointment) -> list[tuple[str, str]]:
    rows = OutboxMessage.objects.filter(subject_ref=str(booked.uid)).order_by("id")
    return list(rows.values_list("kind", "state"))


def sent() -> None:
    OutboxMessage.objects.filter(state="planned").update(state="sent", sent_at=NOW)


def cancel(booked: Appointment, **how: Any) -> Appointment:
    return actions.cancel(uid=booked.uid, now=THEN, actor=AGENT, **{"is_asked": True, **how})


def uncancel(booked: Appointment, *, now: datetime = SOON, actor: Actor = PAUL) -> Restored:
    return actions.uncancel(uid=booked.uid, now=now, actor=actor)


def test_it_takes_place_at_its_time_with_a_higher_version_and_the_history_says_who() -> None:
    scene = open_morning()
    booked = scene.book()
    cancel(booked, reason="La famille n’en a plus besoin")
    restored, _told = uncancel(booked)
    again = Appointment.objects.get(pk=booked.pk)
    assert (again.state, again.sequence, again.reoffer_at, again.note) == ("booked", 2, None, "")
    assert (again.starts_at, restored.pk) == (booked.starts_at, booked.pk)
    scene.shift.refresh_from_db()
    assert scene.shift.busy != []
    events = AppointmentEvent.objects.filter(appointment=booked).order_by("id")
    assert [(each.action, each.actor) for each in events][-2:] == [
        ("cancel", AGENT.label),
        ("uncancel", PAUL.label),
    ]
    with pytest.raises(SlotTaken):
        scene.hold("09:00")


@pytest.mark.parametrize("is_asked", [True, False])
def test_the_message_waits_for_the_minute_and_never_leaves(is_asked: bool) -> None:
    booked = open_morning().book()
    sent()
    cancel(booked, is_asked=is_asked)
    kind = "cancelled" if is_asked else "closed"
    waiting = OutboxMessage.objects.filter(kind=kind)
    assert {row.send_at for row in waiting} == {after(2.25)}
    assert uncancel(booked).was_told is False
    assert [state for told_of, state in told(booked) if told_of == kind] == (
        ["superseded"] * waiting.count()
    )
    assert not OutboxMessage.objects.filter(state="planned", kind="confirmation").exists()


def test_a_family_about_to_set_out_is_told_at_once() -> None:
    booked = open_morning().book()
    at = clock("08:30")
    actions.cancel(uid=booked.uid, now=at, actor=AGENT)
    assert all(row.send_at <= at for row in OutboxMessage.objects.filter(kind="closed"))


def test_a_family_that_was_told_of_the_cancellation_is_told_by_every_way_that_it_stands() -> None:
    booked = open_morning().book()
    sent()
    cancel(booked, is_asked=False)
    sent()
    assert uncancel(booked).was_told is True
    again = OutboxMessage.objects.filter(kind="confirmation", version=2)
    assert {(row.channel, row.state) for row in again} == {
        ("email", "planned"),
        ("sms", "planned"),
    }


def test_a_family_that_was_told_and_has_no_way_any_more_is_to_be_phoned() -> None:
    booked = open_morning().book()
    sent()
    cancel(booked, is_asked=False)
    sent()
    Household.objects.update(contact_by="none")
    assert uncancel(booked).was_told is True
    assert OutboxMessage.objects.get(kind="time_kept").state == "failed"


def test_nobody_phones_any_more_about_a_cancellation_that_is_none() -> None:
    booked = open_morning().book()
    Household.objects.update(contact_by="none")
    cancel(booked, is_asked=False)
    assert uncancel(booked).was_told is False
    assert OutboxMessage.objects.get(kind="closed").handled_as == "closed"


def test_a_confirmation_that_the_cancellation_had_withdrawn_leaves_after_all() -> None:
    booked = open_morning().book(actor=AGENT)
    cancel(booked)
    assert told(booked) == [("confirmation", "superseded")]
    uncancel(booked)
    assert told(booked) == [("confirmation", "superseded"), ("confirmation", "planned")]


def test_its_reminders_are_planned_again() -> None:
    actions.load_default_rules(now=after(days=-20))
    scene = open_morning()
    booked = scene.book(now=after(days=-10))
    before = set(reminders())
    assert before
    cancel(booked)
    assert not reminders()
    uncancel(booked)
    still_ahead = {key[:2] for key in before if key[1] > SOON}
    assert {key[:2] for key in reminders()} == still_ahead != set()


def reminders() -> list[tuple[str, datetime, str]]:
    rows = OutboxMessage.objects.filter(kind="reminder", state="planned")
    return [(row.channel, row.send_at, row.intent_key) for row in rows]


def add_over(scene: Scene, number: int) -> Appointment:
    return actions.overbook(
        shift_id=scene.shift.pk,
        type_id=scene.kind.pk,
        start=int(clock("09:00").timestamp() // 60),
        who=parent(number),
        reason="Jumeaux",
        now=NOW,
        actor=AGENT,
    )


def test_one_added_over_others_is_not_one_too_many_once_another_is_added_instead() -> None:
    scene = open_morning(overbook_max=1)
    scene.book()
    added = add_over(scene, 2)
    cancel(added)
    add_over(scene, 3)
    with pytest.raises(OverbookedEnough):
        uncancel(added)
    AppointmentType.objects.update(overbook_max=2)
    assert uncancel(added).appointment.state == "booked"


def test_the_reason_of_one_added_over_others_is_that_of_before() -> None:
    scene = open_morning(overbook_max=1)
    scene.book()
    added = add_over(scene, 2)
    cancel(added, reason="La famille n’en a plus besoin")
    assert uncancel(added).appointment.note == "Jumeaux"


def test_in_a_session_another_seat_does_as_well_but_not_one_too_many() -> None:
    session = open_session(seats=2)
    Centre.objects.update(reoffer_delay_min=0)
    first, second = session.book(who=parent(1)), session.book(who=parent(2))
    assert (first.seat, cancel(first).state) == (1, "cancelled")
    session.book(who=parent(3))
    with pytest.raises(SlotTaken):
        uncancel(first)
    actions.cancel(uid=second.uid, now=NOW)
    assert uncancel(first).appointment.seat == 2


def test_pressed_twice_it_is_done_once() -> None:
    booked = open_morning().book()
    cancel(booked)
    uncancel(booked)
    assert uncancel(booked).appointment.sequence == 2
    assert AppointmentEvent.objects.filter(action="uncancel").count() == 1


def test_after_a_minute_it_is_too_late() -> None:
    booked = open_morning().book()
    cancelled = cancel(booked)
    assert seconds_to_undo(cancelled, now=SOON) == 20
    assert seconds_to_undo(cancelled, now=after(2.1)) == 0
    with pytest.raises(UncancelTooLate):
        uncancel(booked, now=after(2.1))
    assert Appointment.objects.get(pk=booked.pk).state == "cancelled"


def test_what_would_have_begun_meanwhile_stays_cancelled() -> None:
    booked = open_morning().book()
    at = clock("09:00") - timedelta(seconds=10)
    cancelled = actions.cancel(uid=booked.uid, now=at, actor=AGENT)
    late = at + timedelta(seconds=20)
    assert seconds_to_undo(cancelled, now=late) == 0
    with pytest.raises(UncancelTooLate):
        uncancel(booked, now=late)


def test_what_the_family_cancelled_is_not_the_desk_s_to_undo() -> None:
    booked = open_morning().book()
    cancelled = actions.cancel(uid=booked.uid, now=NOW)
    assert seconds_to_undo(cancelled, now=SOON) == 0
    with pytest.raises(WrongState):
        uncancel(booked)


def test_families_do_not_undo_what_the_desk_did() -> None:
    booked = open_morning().book()
    cancel(booked)
    with pytest.raises(AgentsOnly):
        uncancel(booked, actor=FAMILY)


def test_what_was_not_cancelled_is_not_undone() -> None:
    with pytest.raises(WrongState):
        uncancel(open_morning().book())


def test_a_visit_noted_by_mistake_and_taken_back_never_becomes_an_appointment() -> None:
    scene = open_morning(booking=WALK_IN, duration_min=15)
    (noted,) = note(scene, "08:30")
    at = clock("08:31")
    gone = actions.await_again(uid=noted.uid, now=at, actor=AGENT)
    assert (gone.state, seconds_to_undo(gone, now=at)) == ("cancelled", 0)
    with pytest.raises(WrongState):
        uncancel(noted, now=at)
    assert Appointment.objects.get(pk=noted.pk).state == "cancelled"


def test_somebody_who_has_its_time_keeps_it() -> None:
    scene = open_morning()
    Centre.objects.update(reoffer_delay_min=0)
    booked = scene.book()
    cancel(booked)
    held = scene.hold("09:00")
    with pytest.raises(SlotTaken):
        uncancel(booked)
    # A hold that is over is nobody's.
    Appointment.objects.filter(pk=held.pk).update(expires_at=NOW)
    assert uncancel(booked).appointment.state == "booked"


def test_a_half_day_that_is_no_more_receives_nobody() -> None:
    scene = open_morning()
    booked = scene.book()
    cancel(booked)
    Shift.objects.filter(pk=scene.shift.pk).update(status="cancelled")
    with pytest.raises(NotOffered):
        uncancel(booked)


def wishes_of(scene: Scene) -> Wishes:
    return Wishes(sites=(scene.shift.site_id,))


def elsewhere(scene: Scene) -> Scene:
    return Scene(scene.kind, scene.another_doctor())


def test_a_child_booked_elsewhere_meanwhile_is_in_one_place() -> None:
    scene = open_morning()
    booked = scene.book()
    cancel(booked)
    elsewhere(scene).book()
    with pytest.raises(AlreadyBookedThen):
        uncancel(booked)


def test_an_adult_booked_elsewhere_meanwhile_is_in_one_place() -> None:
    scene = open_morning(audience="adult")
    adult = parent(1, child_first_name="", child_born_on=None)
    booked = scene.book(who=adult)
    cancel(booked)
    elsewhere(scene).book(who=adult)
    with pytest.raises(PersonBookedThen):
        uncancel(booked)


def test_its_wish_for_an_earlier_time_is_open_again() -> None:
    scene = open_morning()
    booked = scene.book()
    asked = {"uid": booked.uid, "wishes": wishes_of(scene), "now": NOW}
    entry = actions.ask_for_earlier(**asked)
    cancel(booked)
    actions.stop_waiting(uid=entry.uid, now=SOON, ending="useless", actor=WAITING_LIST)
    uncancel(booked)
    entry.refresh_from_db()
    assert (entry.state, entry.ending) == ("open", "")
    assert (entry.closed_at, entry.closed_by) == (None, "")


def test_a_wish_that_the_family_gave_up_stays_so() -> None:
    scene = open_morning()
    booked = scene.book()
    entry = actions.ask_for_earlier(uid=booked.uid, wishes=wishes_of(scene), now=NOW)
    actions.stop_waiting(uid=entry.uid, now=NOW)
    cancel(booked)
    uncancel(booked)
    assert WaitingListEntry.objects.get().state == "closed"

"""Cancelling: once, in time, and the delay before the time is offered again."""

from uuid import uuid4

import pytest

from booking import actions
from booking.errors import SlotTaken, TooLate, WrongState
from booking.models import Appointment, AppointmentEvent
from centres.models import Centre
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, after, clock, open_morning
from tests.messages import become

pytestmark = pytest.mark.django_db


def test_cancelling_frees_the_half_day_and_tells_the_family() -> None:
    scene = open_morning()
    booked = scene.book()
    become("sent")
    actions.cancel(uid=booked.uid, now=after(1), reason="Enfant malade")
    booked.refresh_from_db()
    scene.shift.refresh_from_db()
    assert (booked.state, booked.sequence, booked.note) == ("cancelled", 1, "Enfant malade")
    assert scene.shift.busy == []
    states = dict(OutboxMessage.objects.values_list("kind", "state"))
    assert states == {"confirmation": "sent", "cancelled": "planned"}


def test_cancelling_twice_is_one_cancellation() -> None:
    booked = open_morning().book()
    become("sent")
    actions.cancel(uid=booked.uid, now=after(1), reason="Première")
    again = actions.cancel(uid=booked.uid, now=after(2), reason="Seconde")
    assert (again.sequence, again.note) == (1, "Première")
    assert AppointmentEvent.objects.filter(action="cancel").count() == 1
    assert OutboxMessage.objects.filter(kind="cancelled").count() == 1


def test_cancelling_too_late_is_refused_to_families_not_to_agents() -> None:
    booked = open_morning(cancel_notice_min=120).book()
    with pytest.raises(TooLate) as refusal:
        actions.cancel(uid=booked.uid, now=clock("07:01"))
    assert refusal.value.details == {"notice_min": 120}
    assert actions.cancel(uid=booked.uid, now=clock("07:01"), actor=AGENT).state == "cancelled"


def test_to_the_minute_of_the_notice_one_may_cancel() -> None:
    booked = open_morning(cancel_notice_min=120).book()
    assert actions.cancel(uid=booked.uid, now=clock("07:00")).state == "cancelled"


@pytest.mark.parametrize("state", ["arrived", "in_progress", "fulfilled", "noshow"])
def test_what_has_begun_or_is_over_is_not_cancelled(state: str) -> None:
    booked = open_morning().book()
    Appointment.objects.filter(pk=booked.pk).update(state=state)
    with pytest.raises(WrongState):
        actions.cancel(uid=booked.uid, now=after(1), actor=AGENT)


def test_a_hold_or_an_unknown_appointment_is_not_cancelled() -> None:
    for uid in (open_morning().hold().uid, uuid4()):
        with pytest.raises(WrongState):
            actions.cancel(uid=uid, now=after(1))


def test_a_freed_time_is_offered_again_after_the_delay() -> None:
    scene = open_morning()
    actions.cancel(uid=scene.book("09:15").uid, now=after(0))
    for at in ("09:00", "09:15", "09:30"):
        with pytest.raises(SlotTaken):
            scene.hold(at, now=after(29))
    assert scene.hold("09:15", now=after(30)).state == "held"


def test_a_time_close_at_hand_is_offered_again_at_once() -> None:
    scene = open_morning()
    booked = scene.book("09:00")
    late = clock("07:30")
    actions.cancel(uid=booked.uid, now=late)
    assert scene.hold("09:00", now=late).state == "held"


def test_without_a_delay_a_freed_time_is_offered_at_once() -> None:
    scene = open_morning()
    Centre.objects.update(reoffer_delay_min=0)
    actions.cancel(uid=scene.book("09:00").uid, now=after(0))
    assert scene.hold("09:00").state == "held"


def test_a_reason_longer_than_its_column_is_cut() -> None:
    booked = open_morning().book()
    assert len(actions.cancel(uid=booked.uid, now=after(1), reason="é" * 500).note) == 200


def test_an_agent_asked_by_the_family_tells_it_what_it_asked_for_even_where_nothing_is_proved() -> (
    None
):
    booked = open_morning().book(actor=AGENT)
    become("sent")
    actions.cancel(uid=booked.uid, now=after(1), actor=AGENT, is_asked=True)
    assert set(OutboxMessage.objects.values_list("kind", "state")) == {
        ("confirmation", "sent"),
        ("cancelled", "planned"),
    }


def test_what_was_booked_and_cancelled_before_any_message_left_is_told_to_nobody() -> None:
    booked = open_morning().book(actor=AGENT)
    actions.cancel(uid=booked.uid, now=after(1), actor=AGENT, is_asked=True)
    assert set(OutboxMessage.objects.values_list("kind", "state")) == {
        ("confirmation", "superseded")
    }


def test_another_version_than_the_one_seen_is_not_cancelled() -> None:
    booked = open_morning().book()
    Appointment.objects.filter(pk=booked.pk).update(sequence=1)
    with pytest.raises(WrongState):
        actions.cancel(uid=booked.uid, now=after(1), actor=AGENT, seen=0)
    # Without that, what a colleague has just moved would be cancelled by an old page.
    assert actions.cancel(uid=booked.uid, now=after(1), actor=AGENT).state == "cancelled"


def test_what_has_begun_is_not_cancelled_even_by_an_agent() -> None:
    booked = open_morning().book("09:00")
    with pytest.raises(TooLate):
        actions.cancel(uid=booked.uid, now=booked.starts_at, actor=AGENT)


def test_a_time_at_which_the_centre_cannot_receive_is_offered_to_nobody() -> None:
    scene = open_morning()
    booked = scene.book("09:00")
    actions.cancel(uid=booked.uid, now=after(1), actor=AGENT)
    booked.refresh_from_db()
    assert (booked.last_action, booked.reoffer_at) == ("call_off", booked.ends_at)
    with pytest.raises(SlotTaken):
        scene.hold("09:00", now=clock("08:00"))

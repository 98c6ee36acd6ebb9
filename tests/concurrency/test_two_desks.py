"""Two agents of one centre note the same visit at once."""

from __future__ import annotations

from functools import partial

import pytest

from booking import actions
from booking.errors import WrongState
from booking.models import Appointment, AppointmentEvent
from tests.booking.scene import AGENT, clock, open_morning
from tests.concurrency.race import at_once, refusals

pytestmark = pytest.mark.django_db(transaction=True)
AT_NINE = clock("09:00")


@pytest.fixture
def booked() -> Appointment:
    return open_morning().book()


def test_the_same_press_twice_is_one_event(booked: Appointment) -> None:
    press = partial(actions.arrive, uid=booked.uid, now=AT_NINE, actor=AGENT, seen="booked")
    assert refusals(at_once([press] * 4)) == []
    assert AppointmentEvent.objects.filter(action="arrive").count() == 1


def test_of_two_presses_that_say_otherwise_one_is_refused(booked: Appointment) -> None:
    seen = {"uid": booked.uid, "now": AT_NINE, "actor": AGENT, "seen": "booked"}
    answers = at_once([partial(actions.arrive, **seen), partial(actions.mark_noshow, **seen)])
    assert [type(refusal) for refusal in refusals(answers)] == [WrongState]


def test_without_what_was_seen_the_slower_press_would_overrule_the_other(
    booked: Appointment,
) -> None:
    """A family may still come after it was noted absent; but not by a press made before that."""
    actions.mark_noshow(uid=booked.uid, now=AT_NINE, actor=AGENT)
    with pytest.raises(WrongState):
        actions.arrive(uid=booked.uid, now=AT_NINE, actor=AGENT, seen="booked")
    assert actions.arrive(uid=booked.uid, now=AT_NINE, actor=AGENT).state == "arrived"

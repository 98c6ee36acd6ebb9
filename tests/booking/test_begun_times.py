"""A free time that began minutes ago: given to who stands at the desk, and to nobody else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from booking import actions, daybook
from booking.errors import TooSoon
from booking.freebook import free_times, places_for
from booking.models import Appointment
from centres.calendar import to_minute
from notifications.models import OutboxMessage
from tests.booking.scene import (
    AGENT,
    NADIA,
    TUESDAY,
    Scene,
    clock,
    open_morning,
    open_session,
    parent,
)
from tests.factories import make_child, make_guardian

pytestmark = pytest.mark.django_db
NINE = to_minute(clock("09:00"))


def give(scene: Scene, *, now: datetime, **wishes: Any) -> Appointment:
    guardian = make_guardian()
    return actions.book_for(
        guardian=guardian,
        child=make_child(guardian),
        kind=scene.kind,
        centre=scene.centre,
        start=NINE,
        now=now,
        actor=AGENT,
        **wishes,
    )


@pytest.mark.parametrize("at", ["09:00", "09:05", "09:29"])
def test_an_agent_gives_it_as_long_as_it_is_not_over_and_nobody_is_written_to(at: str) -> None:
    scene = open_morning()
    booked = give(scene, now=clock(at))
    assert (booked.state, booked.starts_at) == ("booked", clock("09:00"))
    assert not OutboxMessage.objects.exists()
    assert actions.arrive(uid=booked.uid, now=clock(at), actor=AGENT).state == "arrived"


def test_once_it_is_over_it_is_nobody_s() -> None:
    scene = open_morning()
    with pytest.raises(TooSoon):
        give(scene, now=clock("09:30"))
    assert not Appointment.objects.exists()


def test_a_long_one_is_given_for_half_an_hour() -> None:
    scene = open_morning(duration_min=60)
    with pytest.raises(TooSoon):
        give(scene, now=clock("09:31"))
    assert give(scene, now=clock("09:30")).state == "booked"


def test_a_session_that_has_begun_takes_one_more() -> None:
    scene = open_session()
    guardian = make_guardian()
    booked = actions.book_for(
        guardian=guardian,
        child=None,
        kind=scene.kind,
        centre=scene.centre,
        start=NINE,
        now=clock("09:10"),
        actor=AGENT,
    )
    assert booked.seat == 1


def test_siblings_too_and_nobody_is_written_to() -> None:
    scene = open_morning()
    guardian = make_guardian()
    booked = actions.book_siblings(
        guardian=guardian,
        children=[make_child(guardian), make_child(guardian, first_name="Malo")],
        kind=scene.kind,
        centre=scene.centre,
        start=NINE,
        now=clock("09:05"),
        actor=AGENT,
    )
    assert [each.starts_at for each in booked] == [clock("09:00"), clock("09:30")]
    assert not OutboxMessage.objects.filter(kind="together").exists()


def test_a_family_never_takes_what_has_begun() -> None:
    scene = open_morning()
    with pytest.raises(TooSoon):
        scene.hold("09:00", now=clock("09:01"))
    assert scene.hold("09:30", now=clock("09:01")).state == "held"


def test_nothing_is_moved_to_what_has_begun() -> None:
    """Who is early for a later time is noted as arrived: there is nothing to move."""
    scene = open_morning()
    booked = scene.book("11:00")
    with pytest.raises(TooSoon):
        actions.move_to(uid=booked.uid, start=NINE, now=clock("09:05"), actor=AGENT)
    with pytest.raises(TooSoon):
        scene.hold("09:00", now=clock("09:05"), actor=AGENT, moving=booked.uid)
    places = places_for(booked, on=TUESDAY, now=clock("09:05"))
    assert min(each.start for each in places) == to_minute(clock("09:15"))


def test_the_calendar_shows_it_until_it_is_over() -> None:
    scene = open_morning()

    def first(now: datetime) -> int:
        day = daybook.read_day(scene.centre, on=TUESDAY, now=now)
        return free_times(scene.centre, [day], now=now)[scene.shift.pk][0].start

    assert first(clock("09:14")) == NINE
    assert first(clock("09:29")) == NINE
    assert first(clock("09:30")) == to_minute(clock("09:15"))


def test_who_is_added_over_another_that_has_begun_is_not_written_to_either() -> None:
    scene = open_morning()
    scene.book("09:00", who=NADIA)
    OutboxMessage.objects.all().delete()
    actions.overbook(
        shift_id=scene.shift.pk,
        type_id=scene.kind.pk,
        start=NINE,
        who=parent(3),
        reason="Fièvre",
        now=clock("09:05"),
        actor=AGENT,
    )
    assert not OutboxMessage.objects.filter(kind="confirmation").exists()

"""Extending a hold: once, and only while it lives."""

from uuid import uuid4

import pytest

from booking import actions
from booking.errors import HoldExpired, HoldNotExtendable, SlotTaken
from tests.booking.scene import after, open_morning

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("asked_after", [1, 14])
def test_a_hold_is_extended_by_fifteen_minutes_whenever_asked(asked_after: int) -> None:
    """Who asks early loses nothing: the page promises a quarter of an hour more."""
    scene = open_morning()
    held = actions.extend_hold(uid=scene.hold().uid, now=after(asked_after))
    assert (held.expires_at, held.is_extended) == (after(30), True)
    with pytest.raises(SlotTaken):
        scene.hold(now=after(29))


def test_a_hold_is_extended_once() -> None:
    held = open_morning().hold()
    actions.extend_hold(uid=held.uid, now=after(5))
    with pytest.raises(HoldNotExtendable):
        actions.extend_hold(uid=held.uid, now=after(6))


def test_an_expired_hold_is_not_extended() -> None:
    held = open_morning().hold()
    with pytest.raises(HoldExpired):
        actions.extend_hold(uid=held.uid, now=after(15))


def test_what_is_no_hold_is_not_extended() -> None:
    scene = open_morning()
    with pytest.raises(HoldExpired):
        actions.extend_hold(uid=uuid4(), now=after(1))
    with pytest.raises(HoldExpired):
        actions.extend_hold(uid=scene.book().uid, now=after(1))


def test_a_sweep_marks_expired_holds_only() -> None:
    scene = open_morning()
    old, young = scene.hold("09:00"), scene.hold("10:00", now=after(10))
    assert actions.lapse_expired_holds(now=after(15)) == 1
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.state, young.state) == ("lapsed", "held")

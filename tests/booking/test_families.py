"""Whose appointment it is: families are never mixed up, and what they say anew counts."""

from dataclasses import replace

import pytest

from booking import actions
from booking.access import is_known_contact
from booking.models import Guardian, Household
from tests.booking.scene import AGENT, NADIA, NOW, open_morning, parent

pytestmark = pytest.mark.django_db


def test_families_without_an_address_stay_apart() -> None:
    scene = open_morning()
    callers = [replace(parent(n), email="", first_name="Marie", phone="") for n in (1, 2)]
    booked = [
        actions.confirm(uid=scene.hold(at, actor=AGENT).uid, who=who, now=NOW, actor=AGENT)
        for at, who in zip(("09:00", "10:00"), callers, strict=True)
    ]
    assert booked[0].household != booked[1].household
    assert Guardian.objects.count() == 2


def test_an_address_that_an_agent_typed_opens_nothing() -> None:
    scene = open_morning()
    held = scene.hold(actor=AGENT)
    actions.confirm(uid=held.uid, who=NADIA, now=NOW, actor=AGENT)
    assert Guardian.objects.get().email_verified_at is None
    assert not is_known_contact(NADIA.email)


def test_a_known_familys_new_number_and_language_are_kept() -> None:
    scene = open_morning()
    scene.book("09:00")
    news = replace(NADIA, phone="+33639981234", language="en", needs_interpreter=True)
    actions.confirm(uid=scene.hold("10:00").uid, who=news, now=NOW)
    assert str(Guardian.objects.get().phone) == "+33639981234"
    household = Household.objects.get()
    assert (household.language, household.needs_interpreter) == ("en", True)


def test_a_number_left_empty_forgets_nothing() -> None:
    scene = open_morning()
    scene.book("09:00")
    actions.confirm(uid=scene.hold("10:00").uid, who=replace(NADIA, phone=""), now=NOW)
    assert str(Guardian.objects.get().phone) == NADIA.phone

"""A reminder takes only the ways its family may be told by now, and says to nobody what is another
guardian's."""

from __future__ import annotations

import pytest

from booking import actions
from booking.actions.contacting import choose_contact
from booking.contacts import ContactChoices
from booking.models import Household
from notifications import fallback
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, Scene, clock, open_morning
from tests.booking.test_planner import EARLY, book, rows
from tests.factories import make_type
from tests.messages import become

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _usual_rules() -> None:
    actions.load_default_rules(now=EARLY)


def others() -> list[list[str]]:
    """By which other ways each waiting reminder may go."""
    return [[way["channel"] for way in each.alternatives] for each in rows(state="planned")]


def discreet(scene: Scene) -> Scene:
    """The same morning, for a reason that nobody is to know of."""
    kind = make_type(notice_min=0, is_discreet=True, audience="adult")
    return Scene(kind, scene.another_doctor(types=[kind], starts_at=clock("09:00")))


def test_who_wants_sms_only_is_not_written_to_when_one_fails() -> None:
    booked = book(open_morning())
    choose_contact(
        household_id=booked.household_id or 0,
        choices=ContactChoices(language="fr", contact_by="sms"),
        now=EARLY,
    )
    assert others() == [[], []]
    become("undeliverable", channel="sms")
    assert fallback.change_channels() == 0


def test_a_discreet_visit_of_the_day_leaves_no_mail_to_fall_back_on() -> None:
    scene = open_morning()
    book(scene, "09:00")
    assert others() == [["sms"], ["email"], ["email"]]
    book(discreet(scene), "11:00")
    assert others() == [[], []]
    become("undeliverable", channel="sms")
    assert fallback.change_channels() == 0


@pytest.mark.parametrize("change", ["wish", "address", "discreet"])
@pytest.mark.parametrize("kind", ["reminder", "closed"])
def test_what_had_left_before_asks_again_before_it_takes_another_way(
    kind: str, change: str
) -> None:
    """Its own list is that of when it was written."""
    scene = open_morning()
    booked = book(scene)
    if kind == "closed":
        actions.cancel(uid=booked.uid, now=EARLY, actor=AGENT)
    become("undeliverable", kind=kind, channel="sms")
    old = OutboxMessage.objects.filter(kind=kind, channel="sms").latest("pk")
    OutboxMessage.objects.filter(pk=old.pk).update(
        alternatives=[{"channel": "email", "recipient": "Nadia@example.org"}]
    )
    if change == "wish":
        Household.objects.update(contact_by="sms")
    elif change == "address" and booked.guardian:
        booked.guardian.email = "elsewhere@example.org"
        booked.guardian.save()
    else:
        booked.type.is_discreet = True
        booked.type.save()
    fallback.change_channels()
    assert not old.replacements.exists()


@pytest.mark.parametrize("kind", ["reminder", "closed"])
def test_a_way_that_is_still_allowed_is_taken(kind: str) -> None:
    booked = book(open_morning())
    if kind == "closed":
        actions.cancel(uid=booked.uid, now=EARLY, actor=AGENT)
    become("undeliverable", kind=kind, channel="sms")
    old = OutboxMessage.objects.filter(kind=kind, channel="sms").latest("pk")
    OutboxMessage.objects.filter(pk=old.pk).update(
        alternatives=[{"channel": "email", "recipient": "Nadia@example.org"}]
    )
    fallback.change_channels()
    assert old.replacements.exists()

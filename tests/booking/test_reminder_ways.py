"""A reminder takes only the ways its family may be told by now, and says to nobody what is another
guardian's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from booking import actions, desk
from booking.actions.contacting import choose_contact
from booking.contacts import ContactChoices
from booking.models import Appointment, Guardian, Household
from notifications import fallback, replies
from notifications.models import OutboxMessage
from tests.booking.scene import AGENT, NADIA, Scene, clock, open_morning, parent
from tests.booking.test_planner import EARLY, book, rows
from tests.factories import make_type
from tests.messages import become, content
from tests.notifications.posted import wrote

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


def prove_phones() -> None:
    """Nothing discreet goes to a number that nobody proved."""
    Guardian.objects.update(phone_verified_at=EARLY)
    actions.heal_reminders(now=EARLY)


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
    prove_phones()
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
        Guardian.objects.update(phone_verified_at=EARLY)
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


# Two parents of one household: one e-mail address, two phones.
FATHER = parent(2, email=NADIA.email, phone="+33698765432")


def two_parents() -> tuple[Appointment, Appointment]:
    """The father's visit at nine, the mother's discreet one at eleven."""
    scene = open_morning()
    his = book(scene, "09:00", who=FATHER)
    hers = book(discreet(scene), "11:00", who=NADIA)
    prove_phones()
    assert his.household_id == hers.household_id
    return his, hers


def said(**of: Any) -> set[tuple[str, str]]:
    """Which hours each phone is told of."""
    found = rows(state="planned", channel="sms", **of)
    return {(each.recipient, content(each).context["times"]) for each in found}


def test_each_phone_is_told_of_its_own_visits() -> None:
    two_parents()
    assert said() == {(FATHER.phone, "9h"), (NADIA.phone, "11h")}
    assert {
        row.channel for row in rows(state="planned") if row.person_ref.startswith("guardian")
    } == {"sms"}, "a discreet reason does not go to the shared mailbox"
    assert actions.heal_reminders(now=EARLY).put_right == 0


def test_whoever_comes_first() -> None:
    """The one alone tells of nothing when the other is added before it."""
    scene = open_morning()
    book(scene, "11:00", who=FATHER)
    book(discreet(scene), "09:00", who=NADIA)
    prove_phones()
    assert said() == {(FATHER.phone, "11h"), (NADIA.phone, "9h")}


def test_a_guardian_reached_nowhere_is_told_by_the_other() -> None:
    scene = open_morning()
    book(scene, "09:00")
    hers = book(scene, "11:00", who=parent(2, email=NADIA.email))
    Guardian.objects.filter(pk=hers.guardian_id).update(email="", phone="")
    actions.heal_reminders(now=EARLY)
    assert said() == {(NADIA.phone, "9h et 11h")}


def test_a_reply_acts_on_the_visits_it_was_told_of() -> None:
    his, hers = two_parents()
    become("sent", channel="sms")
    OutboxMessage.objects.filter(state="sent").update(sent_at=Now() - timedelta(minutes=2))
    for _ in range(2):
        wrote("2", sender=FATHER.phone)
        replies.answer_waiting()
        become("sent", kind="reply_ask")
        OutboxMessage.objects.filter(kind="reply_ask", state="sent").update(
            sent_at=Now() - timedelta(minutes=1)
        )
    his.refresh_from_db()
    hers.refresh_from_db()
    assert (his.state, hers.state) == ("cancelled", "booked")


def test_the_desk_phones_whom_it_was_for() -> None:
    _his, hers = two_parents()
    become("failed", person_ref=f"guardian:{hers.guardian_id}", kind="reminder")
    (call,) = desk.calls([hers.centre], now=EARLY).found
    assert (call.phone, call.appointments) == (NADIA.phone, [hers])

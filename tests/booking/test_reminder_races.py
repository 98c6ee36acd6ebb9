"""What a reminder says is what is true when it is announced, whatever changed since it was put into
words; and what changes while one is on its way neither loses it nor doubles it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models.functions import Now

from booking import actions
from booking.actions.contacting import choose_contact
from booking.contacts import ContactChoices
from booking.models import Appointment, Household
from notifications import ledger
from notifications.ledger import Begun
from notifications.models import OutboxMessage
from notifications.rendering import Rendered
from notifications.sms.base import Accepted
from tests.booking.scene import AGENT, Scene, clock, open_morning
from tests.booking.test_planner import EARLY, book, rows
from tests.booking.test_reminder_hours import AT_SIX
from tests.factories import make_site
from tests.messages import become, rendered
from tests.notifications.sending import MINUTE

pytestmark = pytest.mark.django_db
RELEASE = re.compile(r"UPDATE notifications_outboxmessage m\s+SET state = 'planned'.*?;", re.DOTALL)


@pytest.fixture(autouse=True)
def _usual_rules() -> None:
    actions.load_default_rules(now=EARLY)


def two_visits() -> tuple[Scene, Appointment, Appointment]:
    """At nine and eleven, on the evening two days before."""
    scene = open_morning()
    first, second = book(scene, "09:00"), book(scene, "11:00")
    become("sent", kind="confirmation")
    become("sent", channel="email")
    evening = rows(channel="sms")[0]
    OutboxMessage.objects.filter(pk=evening.pk).update(send_at=Now())
    return scene, first, second


def claim() -> tuple[OutboxMessage, Rendered]:
    """The SMS of that evening, claimed and put into words."""
    (message,) = ledger.claim(channel="sms", limit=1)
    return message, rendered(message)


def begins(message: OutboxMessage, words: Rendered) -> bool:
    return ledger.begin(message, words, route="ovh", deadline=MINUTE) is not None


def move_second(scene: Scene, _first: Appointment, second: Appointment) -> None:
    scene.move(second.uid, "11:30", now=AT_SIX)


def cancel_second(_scene: Scene, _first: Appointment, second: Appointment) -> None:
    actions.cancel(uid=second.uid, now=AT_SIX)


def call_off_second(_scene: Scene, _first: Appointment, second: Appointment) -> None:
    actions.cancel_for_centre(appointment_ids=[second.pk], now=AT_SIX, actor=AGENT)


def add_third(scene: Scene, _first: Appointment, _second: Appointment) -> None:
    book(scene, "10:00", now=AT_SIX)


def move_first_elsewhere(scene: Scene, first: Appointment, _second: Appointment) -> None:
    """To another place at the same hour."""
    other = scene.another_doctor(site=make_site(scene.centre, name="Salle du Moulin"))
    held = actions.hold(
        kind=scene.kind,
        centre=scene.centre,
        start=int(clock("09:00").timestamp()) // 60,
        now=AT_SIX,
        moving=first.uid,
    )
    assert held.shift_id == other.pk
    actions.move(uid=first.uid, hold_uid=held.uid, now=AT_SIX)


Change = Callable[[Scene, Appointment, Appointment], None]


@pytest.mark.parametrize(
    "change", [move_second, cancel_second, call_off_second, add_third, move_first_elsewhere]
)
def test_what_was_put_into_words_before_a_change_does_not_leave_after_it(change: Change) -> None:
    visits = two_visits()
    message, words = claim()
    change(*visits)
    assert not begins(message, words)
    again, now_true = claim()
    assert again.pk == message.pk
    assert now_true.text != words.text
    assert begins(again, now_true)


def test_without_the_release_the_stale_words_leave() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('booking_household_days'::regproc)")
        found, times = RELEASE.subn("", cursor.fetchone()[0])
        assert times == 1
        cursor.execute(found.replace("%", "%%"), [])
    visits = two_visits()
    message, words = claim()
    move_second(*visits)
    assert begins(message, words)
    assert OutboxMessage.objects.get(pk=message.pk).sent_body == words.text


# What changes while one is on its way.


def leaving() -> Begun:
    """The SMS of that evening is with its provider, who has not answered yet."""
    two_visits()
    (message,) = ledger.claim(channel="sms", limit=1)
    begun = ledger.begin(message, rendered(message), route="ovh", deadline=MINUTE)
    assert begun is not None
    return begun


def choose(**choices: str) -> None:
    household = Household.objects.get()
    wanted = ContactChoices(**{"language": "fr", "contact_by": "any"} | choices)
    choose_contact(household_id=household.pk, choices=wanted, now=AT_SIX)


def evening() -> list[tuple[str, str, str]]:
    """The rows of that evening's reminder."""
    found = OutboxMessage.objects.filter(intent_key__contains="sms-2d").order_by("pk")
    return [(each.state, each.channel, each.language) for each in found]


def test_one_the_provider_did_not_take_is_not_lost_by_a_change() -> None:
    begun = leaving()
    choose(language="en")
    assert ledger.not_taken(begun, "429", wait=MINUTE) == "planned"
    actions.heal_reminders(now=AT_SIX)
    assert evening() == [("superseded", "sms", "fr"), ("planned", "sms", "en")]
    assert actions.heal_reminders(now=AT_SIX).put_right == 0


def test_one_the_provider_took_is_not_sent_twice_by_a_change() -> None:
    begun = leaving()
    choose(language="en")
    assert ledger.accepted(begun, Accepted("1", 1, None), None)
    actions.heal_reminders(now=AT_SIX)
    assert evening() == [("sent", "sms", "fr")]


def test_one_on_its_way_to_where_it_must_not_go_any_more_is_written_for_where_it_may() -> None:
    begun = leaving()
    choose(contact_by="email")
    assert evening() == [("sending", "sms", "fr"), ("planned", "email", "fr")]
    assert actions.heal_reminders(now=AT_SIX).put_right == 0
    assert ledger.not_taken(begun, "429", wait=MINUTE) == "superseded"
    assert evening() == [("superseded", "sms", "fr"), ("planned", "email", "fr")]


def test_one_on_its_way_that_nobody_wants_any_more_is_not_tried_again() -> None:
    begun = leaving()
    for visit in Appointment.objects.filter(state="booked"):
        actions.cancel(uid=visit.uid, now=AT_SIX)
    assert ledger.not_taken(begun, "429", wait=MINUTE) == "superseded"

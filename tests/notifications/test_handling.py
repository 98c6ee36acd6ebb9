"""What a person does about a lost message happens once, is signed, and never doubles a message."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from notifications import composing, handling
from notifications.composing import Content
from notifications.handling import Done
from notifications.models import ContactProblem, Inbound, OutboxMessage, Receipt
from tests.notifications.messages import KIND, make_attempt, make_route, make_row, make_unsure

pytestmark = pytest.mark.django_db
CLAIRE, MARC = "claire@example.org", "marc@example.org"


@pytest.fixture(autouse=True)
def _always_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """What these messages tell of is still so."""
    monkeypatch.setitem(composing._composers, KIND, lambda message: Content(message.context))


def do(action: str, message: OutboxMessage, by: str = CLAIRE, **more: Any) -> Done:
    done: Done = getattr(handling, action)(pk=message.pk, by=by, now=timezone.now(), **more)
    message.refresh_from_db()
    return done


@pytest.mark.parametrize(("action", "as_what"), [("tell", "told"), ("close", "closed")])
@pytest.mark.parametrize("state", ["failed", "suppressed"])
def test_a_settled_message_is_signed_and_waits_no_more(
    action: str, as_what: str, state: str
) -> None:
    message = make_row(state=state)
    do(action, message)
    assert (message.handled_as, message.handled_by) == (as_what, CLAIRE)
    assert message.handled_at is not None
    assert not handling.waiting_for_a_person().exists()
    assert message.state == state, "what became of the message stays true"


def test_pressing_twice_is_pressing_once() -> None:
    message = make_row()
    do("tell", message)
    first = message.handled_at
    do("tell", message)
    assert message.handled_at == first


def test_what_somebody_else_settled_stays_as_it_is() -> None:
    message = make_row()
    do("tell", message)
    for action in ("tell", "close", "resend"):
        with pytest.raises(handling.AlreadyHandled):
            do(action, message, by=MARC)
    assert message.handled_by == CLAIRE
    assert not message.replacements.exists()


def test_one_call_settles_all_that_a_person_did_not_get_about_the_same_thing() -> None:
    message = make_row()
    same = {"subject_ref": message.subject_ref, "person_ref": message.person_ref}
    sms = make_row(**same, channel="sms", recipient="+33639981234", state="undeliverable")
    father = make_row(subject_ref=message.subject_ref)
    arrived = make_row(**same, state="delivered")
    do("tell", message)
    for row in (sms, father, arrived):
        row.refresh_from_db()
    assert sms.handled_as == "told"
    assert father.handled_as == arrived.handled_as == ""


def test_an_uncertain_message_is_not_tried_again_once_the_family_knows() -> None:
    message = make_unsure(since=timezone.now())
    do("tell", message)
    assert (message.state, message.is_withdrawn) == ("uncertain", True)


def test_a_message_is_sent_again_as_a_row_of_its_own_with_the_same_words() -> None:
    message = make_row(context={"code": "1"}, version=3, language="ar", priority=7)
    done = do("resend", message)
    instead = done.instead
    assert instead is not None
    for name in ("kind", "subject_ref", "person_ref", "scope", "recipient", "language", "version"):
        assert getattr(instead, name) == getattr(message, name)
    assert (instead.context, instead.state) == (message.context, "planned")
    assert instead.instead_of == message
    assert instead.send_at <= timezone.now()
    assert instead.priority == 3, "somebody is waiting for it: not with the bulk"
    assert message.handled_as == "resent"


def test_sending_again_twice_sends_once_more_not_twice() -> None:
    message = make_row()
    assert do("resend", message).instead == do("resend", message).instead
    assert OutboxMessage.objects.count() == 2


def test_however_often_it_is_sent_again_its_key_stays_short() -> None:
    message = make_row()
    for number in range(1, 31):
        instead = do("resend", message).instead
        assert instead is not None
        assert instead.intent_key == f"{message.intent_key.split(':resend')[0]}:resend:{number}"
        OutboxMessage.objects.filter(pk=instead.pk).update(state="claimed")
        OutboxMessage.objects.filter(pk=instead.pk).update(state="failed")
        message = instead


@pytest.mark.parametrize("why", ["late", "untrue"])
def test_what_is_of_no_more_use_is_not_sent_again(
    why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = timezone.now() - timedelta(seconds=1)
    message = make_row(valid_until=over) if why == "late" else make_row()
    monkeypatch.setitem(composing._composers, KIND, lambda _: None)
    with pytest.raises(handling.NoLongerUseful):
        do("resend", message)
    assert message.handled_as == ""
    assert OutboxMessage.objects.count() == 1


def test_nobody_sends_blindly_what_may_have_arrived() -> None:
    message = make_unsure(since=timezone.now())
    with pytest.raises(handling.StillUncertain):
        do("resend", message)
    with pytest.raises(handling.StillUncertain):
        do("redirect", message, channel="email", address="autre@example.org")
    assert OutboxMessage.objects.count() == 1


@pytest.mark.parametrize("state", ["planned", "sent", "delivered", "superseded"])
def test_a_message_that_is_not_lost_is_left_alone(state: str) -> None:
    message = make_row(state=state)
    for action in ("tell", "resend", "close"):
        with pytest.raises(handling.NotLost):
            do(action, message)


def test_a_corrected_address_gets_the_message_in_lower_case() -> None:
    message = make_row()
    done = do("redirect", message, channel="email", address=" Lea@Exemple.FR ")
    assert done.instead is not None
    assert done.instead.recipient == "lea@exemple.fr"
    assert message.handled_as == "corrected"
    again = do("redirect", message, channel="email", address="lea@exemple.fr")
    assert again.instead == done.instead


@pytest.mark.parametrize(
    ("channel", "address", "refusal"),
    [
        ("email", "lea@", handling.BadAddress),
        ("sms", "02 99 71 00 00", handling.BadAddress),
        ("sms", "06 39 98", handling.BadAddress),
        ("sms", "06 39 98 12 34", handling.NotByThisChannel),
        ("email", "LEA@example.org", handling.SameAddress),
    ],
)
def test_an_address_that_cannot_serve_is_refused_and_nothing_changes(
    channel: str, address: str, refusal: type[handling.NotHandled]
) -> None:
    message = make_row(recipient="lea@example.org")
    with pytest.raises(refusal) as caught:
        do("redirect", message, channel=channel, address=address)
    assert caught.value.status == 422
    assert (message.handled_as, OutboxMessage.objects.count()) == ("", 1)


def test_the_other_channel_carries_it_where_there_is_one() -> None:
    make_route("ovh", "sms")
    message = make_row()
    done = do("redirect", message, channel="sms", address="06 39 98 12 34")
    assert done.instead is not None
    assert (done.instead.channel, done.instead.recipient) == ("sms", "+33639981234")
    assert done.instead.intent_key == f"{message.intent_key}:sms:1"


def test_nothing_is_written_to_an_address_that_is_known_not_to_work() -> None:
    message = make_row(state="suppressed")
    ContactProblem.objects.create(
        channel="email", address=message.recipient, reason="dead", since=timezone.now()
    )
    with pytest.raises(handling.KnownBad):
        do("resend", message)
    other = make_row()
    with pytest.raises(handling.KnownBad):
        do("redirect", other, channel="email", address=message.recipient)
    assert OutboxMessage.objects.count() == 2
    do("redirect", message, channel="email", address="autre@example.org")
    assert message.handled_as == "corrected"


def test_codes_wait_for_nobody() -> None:
    make_row(kind="code")
    assert not handling.waiting_for_a_person().exists()


def test_a_message_takes_other_ways_before_it_leaves_and_without_any_it_is_lost() -> None:
    message = make_row(state="planned", recipient="old@example.org")
    handling.reroute(message, [("sms", "+33639981234"), ("email", "new@example.org")])
    message.refresh_from_db()
    assert (message.channel, message.recipient) == ("sms", "+33639981234")
    assert message.alternatives == [{"channel": "email", "recipient": "new@example.org"}]
    handling.reroute(message, [])
    message.refresh_from_db()
    assert (message.recipient, message.alternatives) == ("", [])
    assert handling.waiting_for_a_person().get() == message


def test_who_has_cancelled_is_not_to_be_phoned_about_it() -> None:
    make_row(kind="cancelled")
    assert not handling.waiting_for_a_person().exists()


def test_a_reply_is_read_once() -> None:
    now = timezone.now()
    receipt = Receipt.objects.create(route="ovh", kind="inbound", event_id="1", received_at=now)
    reply = Inbound.objects.create(receipt=receipt, at=now, meaning="unknown", needs_person=True)
    first = handling.read_reply(pk=reply.pk, by=CLAIRE, now=now).handled_at
    later = now + timedelta(minutes=1)
    assert handling.read_reply(pk=reply.pk, by=CLAIRE, now=later).handled_at == first
    with pytest.raises(handling.AlreadyHandled):
        handling.read_reply(pk=reply.pk, by=MARC, now=later)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("people", [[CLAIRE] * 8, [f"agent{n}@example.org" for n in range(8)]])
def test_many_at_once_send_it_once_more(people: list[str]) -> None:
    message = make_row()
    make_attempt(message, "refused")

    def press(by: str) -> bool:
        try:
            handling.resend(pk=message.pk, by=by, now=timezone.now())
        except handling.AlreadyHandled:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(press, people))
    assert OutboxMessage.objects.filter(instead_of=message).count() == 1
    assert done.count(True) == (8 if len(set(people)) == 1 else 1)

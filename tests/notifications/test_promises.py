"""What the database itself refuses, and what happens where the guard is taken away."""

from __future__ import annotations

import itertools

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import UniqueConstraint

from notifications import ledger
from notifications.models import Attempt, OutboxMessage, Wording
from notifications.models.outbox import OPEN_STATES
from notifications.sms.base import Accepted
from tests.factories import make_message
from tests.notifications.sending import attempts, begin, begun, claim_one, only, run

pytestmark = pytest.mark.django_db
State = OutboxMessage.State
ACCEPTED = Accepted("id-1", 1, None)
AS_ELSEWHERE = "SET LOCAL emgav.may_empty_history = ''"  # as it is outside these tests

FORWARD = {
    "planned": "claimed superseded expired suppressed failed sent delivered undeliverable",
    "claimed": "planned sending superseded expired suppressed failed sent delivered undeliverable",
    "sending": "sent planned uncertain failed undeliverable superseded expired",
    "uncertain": "sent delivered undeliverable planned failed superseded expired",
    "sent": "delivered undeliverable",
}


def refused(*statements: str) -> str:
    """The name of the promise that the database keeps."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        run(*statements)
    cause = caught.value.__cause__
    return str(cause.diag.constraint_name)  # type: ignore[union-attr]


def unguard(table: str, trigger: str) -> None:
    # What is still to be checked is checked first: a table cannot change before.
    run(
        "SET CONSTRAINTS ALL IMMEDIATE",
        f"ALTER TABLE notifications_{table} DISABLE TRIGGER {trigger}",
    )


def wording() -> Wording:
    return Wording.objects.create(
        kind="code", channel="sms", language="fr", version=1, body="Code", created_by="Claire",
        created_at="2026-11-26T10:00:00Z",
    )  # fmt: skip


def test_states_go_forward_only() -> None:
    make_message()
    pk = only().pk
    for before, after in itertools.permutations(State.values, 2):
        OutboxMessage.objects.all().delete()
        OutboxMessage(
            pk=pk, intent_key="k", channel="email", state=before,
            send_at="2026-11-26T10:00:00Z", valid_until="2026-11-27T10:00:00Z",
            created_at="2026-11-26T10:00:00Z",
        ).save(force_insert=True)  # fmt: skip
        change = f"UPDATE notifications_outboxmessage SET state = '{after}'"  # noqa: S608  ours
        if after in FORWARD.get(before, "").split():
            run(change)
        else:
            assert refused(change) == "message_goes_forward", (before, after)


def test_without_the_guard_a_sent_message_is_planned_again() -> None:
    make_message()
    again = "UPDATE notifications_outboxmessage SET state = 'planned'"
    ledger.accepted(begun(), ACCEPTED, None)
    assert refused(again) == "message_goes_forward"
    unguard("outboxmessage", "message_goes_forward")
    run(again)
    assert begin(claim_one()) is not None, "it would be sent twice"


def test_an_attempt_is_closed_once_and_never_changed_after() -> None:
    make_message()
    opened = begun()
    assert refused("UPDATE notifications_attempt SET route = 'x'") == "attempt_append_only"
    assert refused("UPDATE notifications_attempt SET deadline_at = now()") == "attempt_append_only"
    run("UPDATE notifications_attempt SET unknown_since = now()")
    assert refused("UPDATE notifications_attempt SET unknown_since = NULL") == (
        "attempt_append_only"
    )
    ledger.accepted(opened, ACCEPTED, None)
    reopen = "UPDATE notifications_attempt SET closed_at = NULL, outcome = ''"
    assert refused(reopen) == "attempt_append_only"
    unguard("attempt", "attempt_append_only")
    run(reopen)
    assert attempts() == [(1, "smtp", "")]


def test_an_attempt_leaves_with_its_message_only() -> None:
    make_message()
    begun()
    alone = ("DELETE FROM notifications_attempt", "SET CONSTRAINTS ALL IMMEDIATE")
    assert refused(*alone) == "attempt_append_only"
    OutboxMessage.objects.all().delete()
    run("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED")
    assert not Attempt.objects.exists()
    make_message()
    begun()
    unguard("attempt", "attempt_leaves_with_message")
    run(*alone)
    assert only().state == State.SENDING, "a call that nobody remembers"


def test_another_provider_is_not_asked_while_the_first_may_have_it() -> None:
    make_message()
    ledger.absent(begun(route="one"), "absent")
    message = claim_one()
    with pytest.raises(IntegrityError, match="another provider"), transaction.atomic():
        begin(message, route="two")
    assert begin(message, route="one") is not None


def test_without_that_guard_two_providers_have_the_same_message() -> None:
    make_message()
    ledger.absent(begun(route="one"), "absent")
    unguard("attempt", "attempt_same_route")
    assert begin(claim_one(), route="two") is not None


def test_two_attempts_are_never_open() -> None:
    make_message()
    begun()
    second = (
        "INSERT INTO notifications_attempt (message_id, number, route, opened_at, deadline_at,"
        " outcome, detail, provider_id, body_hash)"
        " SELECT id, 2, 'smtp', now(), now(), '', '', '', '' FROM notifications_outboxmessage"
    )
    assert refused(second) == "attempt_one_open_per_message"
    (guard,) = (
        each
        for each in Attempt._meta.constraints
        if isinstance(each, UniqueConstraint) and each.name == "attempt_one_open_per_message"
    )
    with connection.schema_editor(atomic=False) as editor:
        editor.remove_constraint(Attempt, guard)
    run(second)
    assert attempts() == [(1, "smtp", ""), (2, "smtp", "")], "nobody knows how many have left"


def test_words_are_never_changed_only_replaced() -> None:
    wording()
    changed = "UPDATE notifications_wording SET body = 'Other'"
    assert refused(changed) == "wording_is_kept"
    assert refused("DELETE FROM notifications_wording") == "wording_is_kept"
    run("UPDATE notifications_wording SET is_current = false")
    unguard("wording", "wording_is_kept")
    run(changed)
    assert Wording.objects.get().body == "Other"


@pytest.mark.parametrize("table", ["outboxmessage", "attempt", "wording"])
def test_the_record_is_not_emptied(table: str) -> None:
    emptied = f"TRUNCATE notifications_{table} CASCADE"
    assert refused("SET CONSTRAINTS ALL IMMEDIATE", AS_ELSEWHERE, emptied) == (
        "messages_never_emptied"
    )
    run("SET CONSTRAINTS ALL IMMEDIATE", "SET LOCAL emgav.may_empty_history = 'yes'", emptied)


def test_open_states_are_those_that_go_anywhere_but_to_a_receipt() -> None:
    assert {state for state in FORWARD if state != "sent"} == set(OPEN_STATES)

"""Many who claim at once, a change that races a send, and what claiming costs with a backlog."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from notifications import ledger, outbox
from notifications.ledger import Begun
from notifications.models import OutboxMessage
from notifications.sms.base import Accepted
from tests.concurrency.race import at_once, until_somebody_waits
from tests.factories import make_message
from tests.notifications.sending import MINUTE, attempts, begin, begun, claim_one, only, run

State = OutboxMessage.State
LEAVE_MANY = """
INSERT INTO notifications_outboxmessage
    (intent_key, kind, subject_ref, person_ref, scope, channel, recipient, sender, language,
     version, context, attachments, alternatives, priority, send_at, valid_until, state,
     is_withdrawn, attempts, last_error, route, provider_id, settle_tries, sent_subject, sent_body,
     handled_as, handled_by, created_at)
SELECT '%(state)s' || n, 'reminder', 'day:' || n, 'household:' || n, '', 'sms', '+33600000000', '',
    'fr', 0, '{}', '[]', '[]', 7, now() - interval '1 minute', now() + interval '1 day',
    '%(state)s', false, 0, '', '', '', 0, '', '', '', '', now()
FROM generate_series(1, %(many)s) n
"""


@pytest.mark.django_db(transaction=True)
def test_no_two_workers_claim_the_same_message() -> None:
    for n in range(80):
        make_message(intent_key=f"m:{n}")

    def take() -> list[str]:
        mine: list[str] = []
        while found := ledger.claim(channel="email", limit=3):
            mine += [message.intent_key for message in found]
        return mine

    shares = at_once([take] * 6)
    claimed = Counter(key for share in shares for key in share)
    assert (len(claimed), set(claimed.values())) == (80, {1})


@pytest.mark.django_db(transaction=True)
def test_of_one_persons_messages_only_one_leaves_however_many_claim() -> None:
    for n in range(12):
        make_message(intent_key=f"m:{n:02}", subject_ref="x", person_ref="guardian:1")
    shares = at_once([lambda: ledger.claim(channel="email", limit=5)] * 6)
    assert [message.intent_key for share in shares for message in share] == ["m:00"]


@pytest.mark.django_db(transaction=True)
def test_either_the_change_or_the_send_comes_first() -> None:
    """A withdrawn message was never announced, or its change knows that it has left."""
    ends: Counter[tuple[bool, bool]] = Counter()
    for n in range(50):
        make_message(subject_ref=f"x{n}", intent_key=f"m:{n}")
        message = claim_one()
        began, withdrawn = at_once(
            [
                lambda message=message: begin(message),
                lambda n=n: outbox.supersede(subject_refs=[f"x{n}"], kinds=["code"]),
            ]
        )
        has_left = withdrawn[0].has_left
        assert has_left == (began is not None)
        found = OutboxMessage.objects.get(pk=message.pk)
        assert found.state == (State.SENDING if has_left else State.SUPERSEDED)
        assert found.ledger.count() == has_left
        ends[began is not None, has_left] += 1
    assert sum(ends.values()) == 50


@pytest.mark.django_db(transaction=True)
def test_of_two_who_begin_the_same_claim_one_may_call() -> None:
    make_message()
    message = claim_one()
    found = at_once([lambda: begin(message)] * 5)
    assert sum(each is not None for each in found) == 1
    assert only().attempts == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "close",
    [
        lambda attempt: ledger.accepted(attempt, Accepted("id-1", 1, None), None),
        lambda attempt: ledger.refused(attempt, "no", is_address_bad=False),
        lambda attempt: ledger.unknown(attempt, "lost", wait=MINUTE),
    ],
)
def test_a_closing_and_a_receipt_do_not_wait_in_a_circle(close: Callable[[Begun], object]) -> None:
    """A receipt locks the message, then the attempt; who closes must not do it the other way."""
    make_message()
    attempt = begun()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            OutboxMessage.objects.select_for_update().get()
            closing = pool.submit(lambda: [close(attempt), connection.close()])
            until_somebody_waits(unless=closing.done)
            assert not closing.done()
            run("UPDATE notifications_attempt SET closed_at = now(), outcome = 'found'")
        assert not closing.result(20)[0], "the receipt was first"
    assert attempts() == [(1, "smtp", "found")]


@pytest.mark.django_db(transaction=True)
def test_a_change_committed_while_a_closing_waits_for_it_counts() -> None:
    make_message(subject_ref="x")
    attempt = begun()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            outbox.supersede(subject_refs=["x"], kinds=["code"])
            closing = pool.submit(
                lambda: [ledger.not_taken(attempt, "busy", wait=MINUTE), connection.close()]
            )
            until_somebody_waits(unless=closing.done)
            assert not closing.done()
        assert closing.result(20)[0] == State.SUPERSEDED
    assert only().state == State.SUPERSEDED


@pytest.mark.django_db
def test_a_claim_costs_the_same_with_a_hundred_thousand_due_and_a_history() -> None:
    run(
        LEAVE_MANY % {"state": "planned", "many": 100_000},
        LEAVE_MANY % {"state": "sent", "many": 20_000},
        "ANALYZE notifications_outboxmessage",
    )
    pages = [_pages() for _ in range(5)]
    assert max(pages) < 1_000, pages
    assert len(ledger.claim(channel="sms", limit=20)) == 20


def _pages() -> int:
    """How many pages of tables and indexes one claim of twenty looks at."""
    values = {
        "channel": "sms", "priorities": [1, 3, 7], "limit": 20,
        "lease": ledger.CLAIM_LEASE, "owner": ledger.uuid4(), "passes": [],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {ledger.CLAIM}", values)
        (plan,) = cursor.fetchone()[0]
    top = plan["Plan"]
    assert ("Seq Scan", "notifications_outboxmessage") not in _nodes(top), _nodes(top)
    return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


def _nodes(plan: dict[str, object]) -> set[tuple[object, object]]:
    below = plan.get("Plans", [])
    assert isinstance(below, list)
    node = (plan["Node Type"], plan.get("Relation Name"))
    return {node}.union(*(_nodes(each) for each in below))

"""What becomes of old messages: that one was sent, when and at what cost stays; to whom and in
which words does not (RGPD art. 5.1.e)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection

# As long as a family may still ask what it was told, or a provider what it is owed.
KEPT = timedelta(days=90)
# Numbers are given to somebody else in time. A STOP and a complaint are wishes: they stay.
DEAD_KEPT = timedelta(days=365)
BATCH = 5_000

MESSAGES = """
UPDATE notifications_outboxmessage SET
    recipient = '', context = '{}', attachments = '[]', alternatives = '[]', sent_subject = '',
    sent_body = '', last_error = ''
WHERE id IN (
    SELECT id FROM notifications_outboxmessage
    WHERE valid_until < statement_timestamp() - %(kept)s AND recipient <> ''
      AND state NOT IN ('planned', 'claimed', 'sending', 'uncertain')
    LIMIT %(batch)s FOR UPDATE SKIP LOCKED)
"""
RECEIPTS = """
UPDATE notifications_receipt SET sender = '', text = ''
WHERE id IN (
    SELECT id FROM notifications_receipt
    WHERE received_at < statement_timestamp() - %(kept)s AND applied_at IS NOT NULL
      AND (sender <> '' OR text <> '')
    LIMIT %(batch)s FOR UPDATE SKIP LOCKED)
"""
INBOUND = """
UPDATE notifications_inbound SET sender = '', text = ''
WHERE id IN (
    SELECT id FROM notifications_inbound
    WHERE at < statement_timestamp() - %(kept)s AND (sender <> '' OR text <> '')
    LIMIT %(batch)s FOR UPDATE SKIP LOCKED)
"""
DEAD = """
DELETE FROM notifications_contactproblem
WHERE id IN (
    SELECT id FROM notifications_contactproblem
    WHERE reason = 'dead' AND since < statement_timestamp() - %(dead_kept)s
    LIMIT %(batch)s FOR UPDATE SKIP LOCKED)
"""


def forget_old() -> int:
    """Empty what is older, some thousand rows to a statement; how many."""
    return sum(map(_empty, (MESSAGES, RECEIPTS, INBOUND, DEAD)))


def _empty(statement: str) -> int:
    emptied = 0
    values: dict[str, Any] = {"kept": KEPT, "dead_kept": DEAD_KEPT, "batch": BATCH}
    with connection.cursor() as cursor:
        while True:
            cursor.execute(statement, values)
            emptied += int(cursor.rowcount)
            if cursor.rowcount < BATCH:
                return emptied

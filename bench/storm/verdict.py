"""What became of every message: our rows beside what the gateway and the mail server have taken.

The two ledgers are the judge. Nothing of the product's code is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import NAMESPACE_URL, uuid5

import psycopg
from psycopg.rows import class_row

# With each message the instants at which it could have become untrue: the commits of later changes
# of the same appointment, by PostgreSQL's own record of commits.
MESSAGES = """
SELECT m.id, m.intent_key, m.kind, m.channel, m.state, m.subject_ref, m.version, m.valid_until,
    m.send_at > now() + interval '10 minutes' AS is_later,
    m.recipient, m.is_withdrawn,
    (SELECT min(pg_xact_commit_timestamp(e.xmin)) FROM booking_appointmentevent e
     JOIN booking_appointment a ON a.id = e.appointment_id
     WHERE a.uid::text = m.subject_ref AND e.sequence > m.version) AS untrue_at,
    (SELECT max(t.opened_at) FROM notifications_attempt t WHERE t.message_id = m.id) AS last_try,
    (SELECT count(*) FROM notifications_attempt t WHERE t.message_id = m.id) AS tries,
    (SELECT count(*) FROM notifications_attempt t WHERE t.message_id = m.id
       AND t.outcome = 'given_up' AND t.closed_at - t.opened_at >= %(answer_time)s) AS given_up
FROM notifications_outboxmessage m ORDER BY m.id
"""
# The last change of each appointment must have its message, or one withdrawn by the next rule.
UNTOLD = """
SELECT a.uid, a.sequence FROM booking_appointment a
JOIN booking_guardian g ON g.id = a.guardian_id
WHERE a.state = 'booked' AND NOT EXISTS (
    SELECT 1 FROM notifications_outboxmessage m
    WHERE m.subject_ref = a.uid::text AND m.version = a.sequence)
"""
# Of an attempt that is open nobody may make a second one: counted on the rows, without the index.
TWO_OPEN = """
SELECT count(*) FROM (
    SELECT message_id FROM notifications_attempt WHERE closed_at IS NULL
    GROUP BY message_id HAVING count(*) > 1) twice
"""
OUTCOMES = """
SELECT coalesce(nullif(outcome, ''), 'open'), count(*) FROM notifications_attempt GROUP BY 1
"""
GOT = ("sent", "delivered")
# Reached nobody, and says so where somebody looks.
TOLD_OFF = ("undeliverable", "failed", "expired", "suppressed", "superseded")


@dataclass(frozen=True, slots=True)
class Row:
    """A message and what the ledger of attempts says of it."""

    id: int
    intent_key: str
    kind: str
    channel: str
    state: str
    subject_ref: str
    version: int
    valid_until: datetime
    is_later: bool
    recipient: str
    is_withdrawn: bool
    untrue_at: datetime | None
    last_try: datetime | None
    tries: int
    given_up: int  # attempts whose server had all its time to answer, and did not

    @property
    def may_repeat(self) -> bool:
        """Nobody can be asked whether a mail left: once its server's time to answer is over
        (RFC 5321 §4.5.3.2.6) it goes once more, under the same Message-ID. An SMS never does."""
        return self.channel == "email" and self.given_up == 1


@dataclass
class Verdict:
    """Zero of the first four, or a promise is broken."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    overtaken: list[str] = field(default_factory=list)
    sent: int = 0
    waiting: int = 0  # e-mails whose server never answered: their 12 minutes are not over
    repeated: int = 0  # e-mails that arrived once more with the same Message-ID, by that rule
    visible: int = 0  # in a state somebody is told of
    later: int = 0  # reminders of another day
    outcomes: dict[str, int] = field(default_factory=dict)  # of the attempts
    retried: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.stale or self.overtaken)

    def __str__(self) -> str:
        return (
            f"{self.sent} sent, {len(self.lost)} lost, {len(self.doubled)} doubled, "
            f"{len(self.stale)} stale, {len(self.overtaken)} overtaken; {self.retried} tried more "
            f"than once, {self.visible} withdrawn or given up in sight, {self.later} due another "
            f"day, {self.waiting} e-mails wait for their server's time to be over, {self.repeated} "
            f"came once more after it; {self.outcomes}"
        )


def judge(
    url: str,
    *,
    sms: Mapping[str, list[float]],
    mail: Mapping[str, list[float]],
    answer_time: timedelta,
) -> Verdict:
    """`sms` and `mail`: the instants at which each reference, or Message-ID, was taken;
    `answer_time`: how long a mail server has to answer."""
    verdict = Verdict()
    with psycopg.connect(url) as link:
        reader = link.cursor(row_factory=class_row(Row))
        rows = reader.execute(MESSAGES, {"answer_time": answer_time}).fetchall()
        untold = link.execute(UNTOLD).fetchall()
        (twice,) = link.execute(TWO_OPEN).fetchone() or (0,)
        verdict.outcomes = dict(link.execute(OUTCOMES).fetchall())
    verdict.lost += [f"no message tells of {uid} version {version}" for uid, version in untold]
    verdict.doubled += ["two attempts open at once"] * int(twice)
    taken: dict[int, list[float]] = {}
    for row in rows:
        key = uuid5(NAMESPACE_URL, row.intent_key)
        taken[row.id] = sms.get(key.hex, []) if row.channel == "sms" else mail.get(str(key), [])
        judge_one(row, taken[row.id], verdict)
    known = {uuid5(NAMESPACE_URL, row.intent_key) for row in rows}
    strays = {*sms} - {key.hex for key in known} | {*mail} - {str(key) for key in known}
    verdict.lost += [f"taken, but of no row: {key}" for key in strays]
    verdict.overtaken += _overtaken(rows, taken)
    return verdict


def judge_one(row: Row, taken: list[float], verdict: Verdict) -> None:
    """Add to the verdict what became of one message; `taken`: the instants at which it was."""
    state, key = row.state, row.intent_key
    verdict.sent += bool(taken)
    verdict.retried += row.tries > 1
    if len(taken) == 2 and row.may_repeat:
        verdict.repeated += 1
    elif len(taken) > 1:
        verdict.doubled.append(f"{key} taken {len(taken)} times ({state})")
    if state in GOT and not taken:
        verdict.lost.append(f"{key} is {state}, nobody took it")
    elif state == "uncertain" and row.channel == "email":
        verdict.waiting += 1
    elif state == "planned" and row.is_later:
        verdict.later += 1
    elif state in TOLD_OFF:
        verdict.visible += 1
    elif state not in GOT:
        verdict.lost.append(f"{key} is still {state}")
    _judge_time(row, taken, verdict)


def _judge_time(row: Row, taken: list[float], verdict: Verdict) -> None:
    """Late, or begun after the change that made it untrue was committed."""
    if any(at > row.valid_until.timestamp() for at in taken):
        verdict.stale.append(f"{row.intent_key} taken after its time")
    if row.untrue_at and row.last_try and row.last_try > row.untrue_at:
        late = row.last_try - row.untrue_at
        verdict.stale.append(f"{row.intent_key} begun {late} after it had become untrue")


def _overtaken(rows: Iterable[Row], taken: Mapping[int, list[float]]) -> list[str]:
    """Of two messages to one person about one thing the later written arrived first."""
    told: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
    for row in rows:
        if taken[row.id]:
            about = (row.subject_ref, row.recipient)
            told[about].append((row.id, min(taken[row.id])))
    return [
        f"message {older} after {newer}"
        for messages in told.values()
        for (older, first), (newer, second) in pairwise(messages)
        if first > second
    ]

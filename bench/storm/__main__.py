"""One storm from start to calm, in a world and a process of its own; the outcome as JSON.

python -m bench.storm [--seconds 30] [--seed 35] [--settings bench.settings]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import django
import psycopg

from bench.storm import mail
from bench.storm.mischief import Mischief
from bench.storm.verdict import Verdict, judge
from bench.storm.world import HASTE, World, world
from tests.notifications.sms import ledger

if TYPE_CHECKING:
    from bench.storm.families import Crowd

SETTLE_SECONDS = 120
BULK_PER_SECOND = 30
# RFC 5321 gives a server ten minutes for its last answer; two more are the way there.
MAIL_ANSWERS_WITHIN = timedelta(minutes=12)
# What is still on its way, but for e-mails whose server has its own twelve minutes to answer.
ON_ITS_WAY = """
SELECT count(*) FROM notifications_outboxmessage
WHERE (state IN ('planned', 'claimed', 'sending') AND send_at < now() + interval '10 minutes')
   OR (state = 'uncertain' AND channel = 'sms')
"""
# What must have happened in any storm, whatever the dice say; and in one of minutes.
SHORT = {
    "worker": 2, "worker's child": 2, "worker at a point": 3, "web process": 2, "beat": 1,
    "redis killed": 1, "redis emptied": 1, "redis frozen": 1, "postgres restarted": 1,
    "provider": 3,
}  # fmt: skip
LONG = {
    "worker": 12, "worker's child": 12, "worker at a point": 12, "web process": 10, "beat": 6,
    "redis killed": 2, "redis emptied": 2, "redis frozen": 2, "postgres restarted": 5,
    "provider": 10, "no credit": 1,
}  # fmt: skip
LONG_SECONDS = 120
# And what must have come of it, or it was no storm. A busy machine sends little in its time and
# little of that goes wrong: then the storm lasts longer.
MOVES, TROUBLED, LONGER_SECONDS = 20, 3, 60
# Attempts that were not simply accepted; one without an answer yet is on the way to be one.
NOT_SIMPLY_ACCEPTED = """
SELECT count(*) FROM notifications_attempt
WHERE outcome NOT IN ('', 'accepted')
   OR (closed_at IS NULL AND opened_at < now() - interval '5 seconds')
"""


@dataclass(frozen=True)
class Outcome:
    verdict: Verdict
    kills: int
    moves: int
    done: dict[str, int]
    answers: dict[str, int]

    def as_json(self) -> str:
        told = asdict(self) | {"is_clean": self.verdict.is_clean, "says": str(self.verdict)}
        return json.dumps(told, ensure_ascii=False)


def blow(here: World, *, seconds: float, seed: int, receipts: int) -> Outcome:
    """Families book, move and cancel for so long while everything goes wrong."""
    from bench.storm import families  # noqa: PLC0415  its models need the world's settings

    now = datetime.now(UTC)
    choices = families.lay_ground(households=int(seconds * 40) + 1000, now=now)
    families.bulk(int(seconds * BULK_PER_SECOND), seconds=seconds, now=now)
    here.receipts(copies=receipts)
    mischief = Mischief(here, seed=seed)
    least = LONG if seconds >= LONG_SECONDS else SHORT
    with families.crowd(here.port, choices, clients=6, pause=0.4) as crowd:
        mischief.rage(seconds=seconds / 2, least={})
        here.receipts(copies=0)
        mischief.rage(seconds=seconds / 2, least=least)
        _rage_on(here, mischief, crowd)
        mischief.calm()
        time.sleep(1)
    _settle(here, mischief)
    verdict = judge(
        here.postgres.url,
        sms=_taken_sms(here),
        mail=_taken_mail(here),
        answer_time=MAIL_ANSWERS_WITHIN / float(HASTE["EMGAV_HASTE"]),
    )
    return Outcome(verdict, mischief.kills, crowd.moves, dict(mischief.done), dict(crowd.answers))


def _rage_on(here: World, mischief: Mischief, crowd: Crowd) -> None:
    """The provider misbehaves until enough has come of the storm, or for a minute more."""
    ends = time.monotonic() + LONGER_SECONDS
    with psycopg.connect(here.postgres.url, autocommit=True) as link:
        while time.monotonic() < ends:
            (troubled,) = link.execute(NOT_SIMPLY_ACCEPTED).fetchone() or (0,)
            if troubled >= TROUBLED and crowd.moves >= MOVES:
                return
            mischief.do("provider")


def _settle(here: World, mischief: Mischief) -> None:
    """Until nothing is on its way any more, or its time is over: then the verdict names it."""
    ends = time.monotonic() + SETTLE_SECONDS
    with psycopg.connect(here.postgres.url, autocommit=True) as link:
        while time.monotonic() < ends:
            mischief.calm()
            (left,) = link.execute(ON_ITS_WAY).fetchone() or (0,)
            if not left:
                return
            time.sleep(0.5)


def _taken_sms(here: World) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = defaultdict(list)
    for entry in ledger.read(here.sms_ledger):
        taken[entry.reference].append(entry.at)
    return taken


def _taken_mail(here: World) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = defaultdict(list)
    for each in mail.read(here.mail_ledger):
        taken[each.message_id.strip("<>").partition("@")[0]].append(each.at)
    return taken


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=35)
    parser.add_argument("--settings", default="bench.settings")
    parser.add_argument("--receipts", type=int, default=3, help="of each, in the first half")
    parser.add_argument("--keep", type=Path, help="keep data and logs there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="emgav-storm-") as name:
        folder = given.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        # As root PostgreSQL runs as another user, who has to pass through.
        folder.chmod(0o711)
        with world(folder, settings=given.settings) as here:
            os.environ.update(here.environment)
            django.setup()
            outcome = blow(here, seconds=given.seconds, seed=given.seed, receipts=given.receipts)
    sys.stdout.write(f"{outcome.as_json()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

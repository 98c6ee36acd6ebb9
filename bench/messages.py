"""messages.*: from commit to accepted, at a trickle and in a flood, beside the limits of the tools.

The gateway takes 50 ms a message and shares the two cores with all the rest.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from bench.ground import ROOT, Ground, say
from bench.measure import Result, Times
from bench.storm.world import World, world

WORKERS = 2
TRICKLE_PER_SECOND, TRICKLE_SECONDS = 20, 40.0
FLOOD, BACKLOG = 6_000, 100_000
CONFIRMATIONS_PER_SECOND = 2
PATIENCE_SECONDS = 900.0

# As outbox.enqueue writes them, many at a time: a text composed from its own context.
WRITE = """
INSERT INTO notifications_outboxmessage
    (intent_key, kind, subject_ref, person_ref, scope, channel, recipient, sender, language,
     version, context, attachments, alternatives, priority, send_at, valid_until, state,
     is_withdrawn, attempts, last_error, route, provider_id, settle_tries, sent_subject, sent_body,
     handled_as, handled_by, created_at)
SELECT %(name)s::text || ':' || n, 'reply_callback', %(name)s::text || n, 'p' || n, 'bench', 'sms',
    '+336' || (39980000 + n %% 10000), '', 'fr', 0, %(context)s, '[]', '[]', %(priority)s,
    clock_timestamp(), clock_timestamp() + interval '6 hours', 'planned', false, 0, '', '', '', 0,
    '', '', '', '', clock_timestamp()
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
"""
LEFT = """
SELECT count(*) FROM notifications_outboxmessage
WHERE intent_key LIKE %(name)s::text || ':%%'
  AND state IN ('planned', 'claimed', 'sending', 'uncertain')
"""
WAITS = """
SELECT extract(epoch FROM sent_at - created_at)::float8 * 1000 FROM notifications_outboxmessage
WHERE intent_key LIKE %(name)s::text || ':%%' AND sent_at IS NOT NULL
"""
SPAN = """
SELECT count(*), extract(epoch FROM max(sent_at) - min(sent_at))::float8
FROM notifications_outboxmessage
WHERE intent_key LIKE %(name)s::text || ':%%' AND sent_at IS NOT NULL
"""
NORMAL, BULK = 3, 7


class Post:
    """Writes messages and watches what becomes of them, in plain SQL."""

    def __init__(self, here: World) -> None:
        self.here = here
        self.link = psycopg.connect(here.postgres.url, autocommit=True)

    def write(self, name: str, first: int, last: int, *, priority: int) -> None:
        context = Jsonb({"phone": "02 61 91 23 45"})
        values = {"name": name, "first": first, "last": last, "context": context}
        self.link.execute(WRITE, values | {"priority": priority})

    def left(self, name: str) -> int:
        row = self.link.execute(LEFT, {"name": name}).fetchone()
        return int(row[0]) if row else 0

    def wait(self, name: str) -> None:
        """Until all have left. Raises when they do not."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while self.left(name):
            if time.monotonic() > ends:
                raise RuntimeError(f"{self.left(name)} messages of {name} never left")
            time.sleep(0.2)

    def waits(self, name: str) -> Times:
        rows = self.link.execute(WAITS, {"name": name}).fetchall()
        return Times(sorted(float(row[0]) for row in rows))

    def rate(self, name: str) -> float:
        row = self.link.execute(SPAN, {"name": name}).fetchone()
        return row[0] / row[1] if row and row[1] else 0.0

    def trickle(self, name: str, *, per_second: float, seconds: float) -> None:
        began, number = time.monotonic(), 0
        while (now := time.monotonic()) - began < seconds:
            wanted = int((now - began) * per_second)
            while number < wanted:
                number += 1
                self.write(name, number, number, priority=NORMAL)
            time.sleep(0.005)


@contextmanager
def post_office(ground: Ground) -> Iterator[Post]:
    with tempfile.TemporaryDirectory(prefix="emgav-messages-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with world(folder, workers=WORKERS, beats=1, busy=0.0) as here:
            yield Post(here)


def messages(ground: Ground) -> Iterator[Result]:
    """A trickle, a flood and a backlog, one after the other, by the same two worker processes."""
    share = min(1.0, ground.scale)
    with post_office(ground) as post:
        yield from _trickle(post, seconds=TRICKLE_SECONDS * max(share, 0.1))
        yield from _flood(post, many=int(FLOOD * max(share, 0.1)))
        yield from _drain(post, many=int(BACKLOG * share))


def frozen_redis(ground: Ground) -> Iterator[Result]:
    """A booking never waits for Redis: its latency with Redis frozen beside that with it well."""
    turns = ground.rounds(6)
    command = [sys.executable, "-m", "bench.storm.frozen", "--turns", str(turns)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    well, frozen = (Times(sorted(told[state])) for state in ("well", "frozen"))
    yield Result(
        name="messages.frozen_redis",
        value=frozen.p50,
        unit="ms",
        baseline=well.p50,
        ratio=frozen.p50 / well.p50,
        note=f"hold + confirm over HTTP, {len(frozen.samples)} bookings each, in turns: frozen "
        f"{frozen}; well {well}; worker and beat running; bound 1.10",
    )


def _trickle(post: Post, *, seconds: float) -> Iterator[Result]:
    post.trickle("warm", per_second=TRICKLE_PER_SECOND, seconds=5)
    post.wait("warm")  # the workers are all there
    post.trickle("trickle", per_second=TRICKLE_PER_SECOND, seconds=seconds)
    post.wait("trickle")
    times = post.waits("trickle")
    note = (
        f"commit to accepted, {len(times.samples)} messages at {TRICKLE_PER_SECOND}/s, "
        f"{WORKERS} workers, 50 ms gateway; aim p95 ≤ 2 s, GOV.UK Notify publishes 95 % in 10 s"
    )
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        yield Result(name=f"messages.{name}", value=times.at(share), unit="ms", note=note)


def _flood(post: Post, *, many: int) -> Iterator[Result]:
    post.write("flood", 1, many, priority=NORMAL)
    post.wait("flood")
    ours = post.rate("flood")
    bare, tasks = _bare_loop(post, many), _bare_tasks(post, many)
    yield Result(
        name="messages.rate",
        value=ours,
        unit="/s",
        baseline=bare,
        ratio=ours / bare,
        note=f"{many} due at once, {WORKERS} workers, 50 ms gateway, aim ≥ 300/s; limit: a bare "
        "psycopg loop of two processes (claim, attempt, call, close; no composing, no rules) "
        f"with the same gateway; Celery tasks that do nothing: {tasks:.0f}/s, "
        f"ours {ours / tasks:.2f} of it",
    )


def _bare_loop(post: Post, many: int) -> float:
    command = [sys.executable, "-m", "bench.bare_sender", post.here.postgres.url]
    told = [str(post.here.gateway.port), str(many // 2)]
    began = time.monotonic()
    running = [subprocess.Popen([*command, *told], cwd=ROOT) for _ in range(WORKERS)]
    if any(process.wait() for process in running):
        raise RuntimeError("the bare loop failed")
    return many / (time.monotonic() - began)


def _bare_tasks(post: Post, many: int) -> float:
    """What Celery itself can do with as many processes: tasks that do nothing, `acks_late`."""
    command = [sys.executable, "-m", "bench.bare_tasks", post.here.redis.url, str(many)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def _drain(post: Post, *, many: int) -> Iterator[Result]:
    """A day's reminders of a whole country at 18:00, and families who book meanwhile."""
    say(f"{many:,} reminders due at once…")
    post.write("backlog", 1, many, priority=BULK)
    began, number = time.monotonic(), 0
    while post.left("backlog"):
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise RuntimeError("the backlog never left")
        number += 1
        post.write("meanwhile", number, number, priority=NORMAL)
        time.sleep(1 / CONFIRMATIONS_PER_SECOND)
    taken = time.monotonic() - began
    post.wait("meanwhile")
    times = post.waits("meanwhile")
    yield Result(
        name="messages.drain",
        value=taken,
        unit="s",
        note=f"{many:,} reminders due at once, {many / taken:.0f}/s; {len(times.samples)} "
        f"confirmations written meanwhile: p50 {times.p50:.0f} ms, p99 {times.p99:.0f} ms, "
        f"worst {times.samples[-1]:.0f} ms (aim < 5 s)",
    )

"""What goes wrong in a storm: one thing at a time, drawn by dice, then mended."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import psycopg
import redis

from bench.storm.world import Part, World

# How a provider misbehaves for a while, to a share of the messages.
TROUBLES = ("accept-then-hang", "accept-then-reset", "429", "503", "5xx-before", "5xx-after-accept")
FAILPOINTS = ("after_claim", "after_begin", "after_send", "before_close")
KILLS = ("worker", "worker's child", "worker at a point", "web process", "beat")
FROZEN_SECONDS = 2.0
# A provider that says it is not paid is called no more until a person has seen to it.
RESUME = """
UPDATE notifications_route
SET circuit = 'closed', reason = '', needs_person = false, probe_at = NULL
WHERE needs_person
"""


class Mischief:
    """Does harm and counts it."""

    def __init__(self, world: World, *, seed: int) -> None:
        self.world, self.dice = world, random.Random(seed)
        self.done: Counter[str] = Counter()
        self._menu: dict[str, tuple[int, Callable[[], None]]] = {
            "worker": (5, self._kill_worker),
            "worker's child": (5, self._kill_worker_child),
            "worker at a point": (6, self._kill_at_point),
            "web process": (4, self._kill_web),
            "beat": (2, self._kill_beat),
            "redis killed": (1, self.world.kill_redis),
            "redis emptied": (1, self._empty_redis),
            "redis frozen": (1, self._freeze_redis),
            "postgres restarted": (1, self.world.restart_postgres),
            "provider": (4, self._trouble_provider),
            "no credit": (1, self._no_credit),
        }

    @property
    def kills(self) -> int:
        return sum(self.done[name] for name in KILLS)

    def rage(self, *, seconds: float, pause: float = 0.6, least: dict[str, int]) -> None:
        """Until the time is over and each of `least` was done often enough."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends or self._missing(least):
            missing = self._missing(least) if time.monotonic() >= ends else []
            self.do(missing[0] if missing else self._draw())
            self.world.revive()
            time.sleep(self.dice.uniform(0.2, 1.2) * pause)

    def _missing(self, least: dict[str, int]) -> list[str]:
        return [name for name, many in least.items() if self.done[name] < many]

    def _draw(self) -> str:
        names = list(self._menu)
        return self.dice.choices(names, [self._menu[name][0] for name in names])[0]

    def do(self, name: str) -> None:
        self._menu[name][1]()
        self.done[name] += 1

    def calm(self) -> None:
        """Everything runs, and the provider is well again."""
        self.world.gateway.mode("ok", seconds=0.05)
        self.world.revive()
        self._see_to_it()

    def _one(self, prefix: str) -> Part:
        return self.dice.choice(self.world.named(prefix))

    def _kill_worker(self) -> None:
        self._one("worker").kill()

    def _kill_worker_child(self) -> None:
        self._one("worker").kill_child(self.dice)

    def _kill_at_point(self) -> None:
        """A worker that ends itself at a named point of its work, at its next message."""
        part = self._one("worker")
        part.kill()
        part.start(EMGAV_FAILPOINT=self.dice.choice(FAILPOINTS))
        ends = time.monotonic() + 6
        # Its pool starts another process in place of the one that died, which dies the same way.
        while time.monotonic() < ends and part.process.poll() is None:
            time.sleep(0.1)
        part.kill()

    def _kill_web(self) -> None:
        self._one("web").kill_child(self.dice)

    def _kill_beat(self) -> None:
        self._one("beat").kill()

    def _empty_redis(self) -> None:
        with suppress(redis.RedisError), redis.Redis.from_url(self.world.redis.url) as client:
            client.flushall()

    def _freeze_redis(self) -> None:
        with self.world.frozen_redis():
            time.sleep(FROZEN_SECONDS)

    def _trouble_provider(self) -> None:
        self.world.gateway.mode(self.dice.choice(TROUBLES), share=0.4, seconds=0.05)
        time.sleep(1.5)
        self.world.gateway.mode("ok", seconds=0.05)

    def _no_credit(self) -> None:
        """The first provider refuses all: its circuit opens and the other carries on, until
        somebody has paid."""
        self.world.gateway.mode("402", times=3, seconds=0.05)
        time.sleep(0.5)
        self.world.gateway.mode("ok", seconds=0.05)
        time.sleep(2)
        self._see_to_it()

    def _see_to_it(self) -> None:
        """What the button of the health page does."""
        with psycopg.connect(self.world.postgres.url, autocommit=True) as link:
            link.execute(RESUME)

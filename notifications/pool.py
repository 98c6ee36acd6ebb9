"""Many threads that send what is due: one looks and claims, the others call the providers.

Each channel has threads of its own, and of those a few that carry no bulk: neither a provider that
hangs nor a hundred thousand reminders make a confirmation wait.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import Error, InterfaceError, OperationalError, connection

from notifications import heartbeats, ledger, routing
from notifications.delivery import What, claim, send
from notifications.models import OutboxMessage
from notifications.outbox import NORMAL, URGENT

logger = logging.getLogger(__name__)

# A due message is seen this soon, and room for the next this often.
LOOK_EVERY = 0.2
# Each thread holds a database connection while it lives, and lives only if there is work for it.
THREADS, RESERVED_THREADS = 10, 3
# Claimed beyond what is being sent: a thread that has finished need not wait for the next look.
AHEAD = 6
# In hand when told to end: they have so long, and what they leave is settled like after a crash.
LAST_SECONDS = 15.0


@dataclass(slots=True)
class Lane:
    """Threads that send messages of one channel and of some priorities."""

    channel: str
    priorities: tuple[int, ...]
    threads: int
    ahead: int
    has_room: threading.Event
    waiting: queue.SimpleQueue[OutboxMessage | None] = field(default_factory=queue.SimpleQueue)
    running: list[threading.Thread] = field(default_factory=list)
    tally: Counter[What] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    in_hand: int = 0
    look_at: float = 0.0

    def fill(self) -> int:
        """Claim what can be sent soon; how many. Where there was nothing more, there is no look
        before the next is due, however much room there is."""
        room = self.threads + self.ahead - self.in_hand
        if room < max(1, self.ahead // 2) or time.monotonic() < self.look_at:
            return 0
        messages = claim(self.channel, limit=room, priorities=self.priorities)
        if len(messages) < room:
            self.look_at = time.monotonic() + LOOK_EVERY
        with self.lock:
            self.in_hand += len(messages)
        for message in messages:
            self.waiting.put(message)
        while len(self.running) < min(self.in_hand, self.threads):
            self._start()
        return len(messages)

    def stop(self) -> None:
        """Give back what nobody has begun; its threads end with what is in hand."""
        unbegun = self._drain()
        for _thread in self.running:
            self.waiting.put(None)
        try:
            ledger.release(unbegun)
        except Error:  # away, or open for reading only: the other lanes are to be stopped too
            connection.close()  # their leases run out

    def join(self, *, by: float) -> None:
        for thread in self.running:
            thread.join(max(0.0, by - time.monotonic()))

    def _drain(self) -> list[OutboxMessage]:
        found: list[OutboxMessage] = []
        while True:
            try:
                message = self.waiting.get_nowait()
            except queue.Empty:
                return found
            if message is not None:
                found.append(message)

    def _start(self) -> None:
        name = f"{self.channel}-{len(self.running) + 1}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        self.running.append(thread)
        thread.start()

    def _work(self) -> None:
        try:
            while (message := self.waiting.get()) is not None:
                self._send(message)
        finally:
            routing.part()
            connection.close()

    def _send(self, message: OutboxMessage) -> None:
        try:
            outcome: What = send(message)
        except (OperationalError, InterfaceError):
            # Nothing was announced: its lease runs out and another has it.
            connection.close()
            outcome = "left"
        except Exception:
            logger.exception("Message %d not sent", message.pk)
            outcome = "failed"
        with self.lock:
            self.in_hand -= 1
            self.tally[outcome] += 1
        self.has_room.set()


def run(
    *,
    seconds: float,
    must_stop: Callable[[], bool] = lambda: False,
    threads: int = THREADS,
    reserved: int = RESERVED_THREADS,
) -> Counter[What]:
    """Send what is due, and what becomes due, until the time is over or it is told to stop.

    Ends early when the database goes away, which takes what this process holds of it: whoever runs
    this runs it again.
    """
    has_room = threading.Event()
    lanes = [
        lane
        for channel in routing.CHANNELS
        for lane in (
            Lane(channel, (URGENT, NORMAL), reserved, 0, has_room),
            Lane(channel, ledger.ALL_PRIORITIES, threads, AHEAD, has_room),
        )
    ]
    ends = time.monotonic() + seconds
    try:
        while time.monotonic() < ends and not must_stop():
            has_room.clear()
            claimed = sum(lane.fill() for lane in lanes)
            heartbeats.beat(heartbeats.WORKER)
            if not claimed:
                has_room.wait(LOOK_EVERY)
    except (OperationalError, InterfaceError) as error:
        logger.warning("The database does not answer: %s", str(error).strip())
        connection.close()
    finally:
        by = time.monotonic() + LAST_SECONDS
        for lane in lanes:
            lane.stop()
        for lane in lanes:
            lane.join(by=by)
    return sum((lane.tally for lane in lanes), Counter())

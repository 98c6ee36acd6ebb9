"""Processes that are started again when they end by themselves, unless they keep ending."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded import Server, end, last_line, spawn

# One that ends this often within so many seconds is broken, and starting it again helps nobody.
MOST_ENDS, WITHIN_SECONDS = 5, 60.0


class ChildDied(Exception):
    """A process ended by itself and cannot be kept alive."""


@dataclass(kw_only=True)
class Child:
    """A process of ours and how it is started."""

    name: str
    command: Sequence[str]
    log: Path
    folder: Path
    ends: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.process = spawn(self.command, log=self.log, cwd=self.folder)

    def stop(self) -> None:
        end(self.process)

    def check(self) -> None:
        """Raises ChildDied when it has ended."""
        if self.process.poll() is not None:
            raise ChildDied(_obituary(self.name, self.process.returncode, self.log))

    def keep(self) -> None:
        """Start it again if it has ended. Raises ChildDied when it ended too often lately."""
        if self.process.poll() is None:
            return
        now = time.monotonic()
        self.ends = [at for at in self.ends if now - at < WITHIN_SECONDS] + [now]
        if len(self.ends) >= MOST_ENDS:
            raise ChildDied(_obituary(self.name, self.process.returncode, self.log))
        # What it had started itself would stay on its port, or take its tasks.
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        sys.stderr.write(f"bin/serve: {self.name} ended and is started again (log: {self.log})\n")
        self.start()


def check(server: Server) -> None:
    """Raises ChildDied when a data server has ended: its data needs a look first."""
    if server.process.poll() is not None:
        raise ChildDied(_obituary(server.name, server.process.returncode, server.log))


def _obituary(name: str, code: int, log: Path) -> str:
    return f"{name} ended with code {code}: {last_line(log)} (its log: {log})"

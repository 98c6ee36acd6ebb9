"""faults.*: what becomes of messages while processes, servers and providers fail."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.ground import ROOT, Ground, say
from bench.measure import Result
from config.embedded import end, last_line, spawn


def storm(*, seconds: float, **options: object) -> dict[str, Any]:
    """The outcome of one storm: see bench.storm. It brings all its servers and ends them."""
    told = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    with tempfile.TemporaryDirectory(prefix="emgav-outcome-") as folder:
        log = Path(folder) / "outcome"
        command = [sys.executable, "-m", "bench.storm", "--seconds", str(seconds), *told]
        # It ends with us, however we end.
        process = spawn(command, log=log, cwd=ROOT)
        try:
            if process.wait():
                raise RuntimeError(f"the storm failed: {last_line(log)}")
            outcome: dict[str, Any] = json.loads(last_line(log))
        finally:
            end(process)
    return outcome


def faults(ground: Ground) -> Iterator[Result]:
    """`bin/bench faults --minutes N`: from two minutes on with 50 kills, 5 of PostgreSQL beside."""
    outcome = storm(seconds=60 * ground.minutes)
    verdict, note = outcome["verdict"], f"{outcome['says']}; {outcome['done']}"
    say(note)
    for name in ("lost", "doubled", "stale", "overtaken"):
        for line in verdict[name][:20]:
            say(f"{name}: {line}")
    figures = {
        "sent": verdict["sent"],
        "kills": outcome["kills"],
        "lost": len(verdict["lost"]),
        "doubled": len(verdict["doubled"]),
        "stale": len(verdict["stale"]) + len(verdict["overtaken"]),
        "moves": outcome["moves"],
    }
    for name, value in figures.items():
        yield Result(name=f"faults.{name}", value=value, unit="", note=note)

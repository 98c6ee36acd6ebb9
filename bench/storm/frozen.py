"""Bookings with Redis frozen beside bookings with Redis well, in turns; their times as JSON.

python -m bench.storm.frozen [--turns 6] [--each 40]
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import django

from bench.client import Client
from bench.storm.world import world


def book(port: int, choices: Iterator[str], many: int) -> list[float]:
    """Milliseconds for hold and confirm together, of so many new families one after the other."""
    from bench.family import Family  # noqa: PLC0415  their models need the world's settings
    from bench.storm.families import NAME  # noqa: PLC0415

    taken = []
    with Client(port) as browser:
        for choice in itertools.islice(choices, many):
            family = Family(browser, NAME, NAME)
            began = time.perf_counter()
            family.hold(choice).expect(302)
            family.confirm(family.token).expect(302)
            taken.append((time.perf_counter() - began) * 1000)
    return taken


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--each", type=int, default=40)
    given = parser.parse_args()
    times: dict[str, list[float]] = {"well": [], "frozen": []}
    with tempfile.TemporaryDirectory(prefix="emgav-frozen-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with world(folder, workers=1, beats=1, busy=0.0) as here:
            os.environ.update(here.environment)
            django.setup()
            from bench.storm.families import lay_ground  # noqa: PLC0415  needs these settings

            found = lay_ground(households=0, now=datetime.now(UTC))
            choices = iter(random.Random(35).sample(found, len(found)))
            book(here.port, choices, given.each)  # warm
            for turn in range(given.turns):
                for state in sorted(times, reverse=bool(turn % 2)):
                    with here.frozen_redis() if state == "frozen" else nullcontext():
                        times[state] += book(here.port, choices, given.each)
    sys.stdout.write(f"{json.dumps(times)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

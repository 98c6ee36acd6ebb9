"""Messages in a storm: whatever is killed or misbehaves, each arrives once, or says that not."""

from __future__ import annotations

import pytest

from bench.faults import storm
from bench.storm.__main__ import MOVES, TROUBLED

pytestmark = pytest.mark.faults


def test_in_a_storm_no_message_is_lost_doubled_or_stale() -> None:
    outcome = storm(seconds=18)
    verdict = outcome["verdict"]
    print(outcome["says"], outcome["done"], outcome["answers"])  # noqa: T201  figures with -s
    broken = ("lost", "doubled", "stale", "overtaken")
    assert {name: verdict[name] for name in broken} == {name: [] for name in broken}
    assert outcome["kills"] >= 10
    assert verdict["sent"] >= 200
    troubled = sum(n for name, n in verdict["outcomes"].items() if name != "accepted")
    assert troubled >= TROUBLED, "every message went through at once: it was no storm"
    assert outcome["moves"] >= MOVES

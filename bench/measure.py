"""How things are timed: in turns, so that whatever else the machine does hits all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WARM_UP = 8  # enough for prepared statements to settle on their plan


@dataclass(frozen=True, kw_only=True)
class Result:
    """One line of the report. `ratio` is ours over the baseline in the same unit."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": rounded(self.value),
            "unit": self.unit,
            "baseline": rounded(self.baseline),
            "ratio": rounded(self.ratio),
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Times:
    """Samples in milliseconds, sorted."""

    samples: Sequence[float]

    @property
    def p50(self) -> float:
        return self.at(0.50)

    @property
    def p99(self) -> float:
        return self.at(0.99)

    def at(self, share: float) -> float:
        return self.samples[min(len(self.samples) - 1, int(len(self.samples) * share))]

    def __str__(self) -> str:
        return f"p50 {self.p50:.2f}, p99 {self.p99:.2f}, best {self.samples[0]:.2f} ms"


def rounded(value: float | None) -> float | None:
    """Three digits that mean something."""
    return None if value is None else float(f"{value:.4g}")


def alternate(calls: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, Times]:
    """Time each call once a round, in turn and in turn backwards."""
    for call in calls.values():
        for _ in range(WARM_UP):
            call()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    for number in range(rounds):
        for name in names if number % 2 else reversed(names):
            call = calls[name]
            began = time.perf_counter()
            call()
            taken[name].append((time.perf_counter() - began) * 1000)
    return {name: Times(sorted(samples)) for name, samples in taken.items()}

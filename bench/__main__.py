"""`bin/bench [NAME…] [--json FILE] [--scale N] [--minutes N]`: each figure beside its limit."""

from __future__ import annotations

import argparse
import json
import operator
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.ground import Ground, ground
from bench.measure import Result, rounded

ALIASES = {"notifications": "messages"}
# What was promised of some, on a machine of two cores: at least, or at most.
PROMISED: dict[str, tuple[str, Callable[[float, float], bool], float]] = {
    "search.week": ("ratio", operator.le, 2.0),
    "growth.search": ("value", operator.le, 1.15),
    "search.next_free_all": ("value", operator.le, 5.0),
    "booking.rate": ("ratio", operator.ge, 0.15),
    "contention.double_bookings": ("value", operator.eq, 0.0),
    "faults.lost": ("value", operator.eq, 0.0),
    "faults.doubled": ("value", operator.eq, 0.0),
}
Bench = Callable[[Ground], Iterator[Result]]


def benches() -> dict[Bench, tuple[str, ...]]:
    """Each measurement and the names it gives, in the order they run. Needs Django's settings."""
    from bench import (  # noqa: PLC0415  they read the settings
        board,
        booking,
        closing,
        families,
        faults,
        messages,
        pages,
        race,
        searching,
    )

    return {
        searching.in_window: ("search.week", "search.90days"),
        searching.next_free_all: ("search.next_free_all",),
        searching.growth: ("growth.search",),
        booking.bookings: ("booking.rate", "booking.latency"),
        race.contention: ("contention.double_bookings",),
        pages.weights: ("page.weight",),
        families.found: ("families.p95",),
        board.polling: ("board.poll", "board.core"),
        closing.closing: ("closure.time",),
        messages.messages: (
            "messages.p50",
            "messages.p95",
            "messages.p99",
            "messages.rate",
            "messages.drain",
        ),
        messages.frozen_redis: ("messages.frozen_redis",),
        faults.faults: (
            "faults.sent",
            "faults.kills",
            "faults.lost",
            "faults.doubled",
            "faults.stale",
            "faults.moves",
        ),
    }


def is_wanted(name: str, asked: list[str]) -> bool:
    """All when nothing is asked for; a name, or the beginning of some up to a dot."""
    return not asked or any(name == each or name.startswith(f"{each}.") for each in asked)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="all of them when none is given")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument(
        "--scale", type=float, default=1.0, metavar="N", help="a smaller trial, such as 0.05"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the databases there, for today's next run"
    )
    parser.add_argument(
        "--minutes", type=float, default=3, metavar="N", help="how long `faults` lasts"
    )
    parser.add_argument(
        "--check", action="store_true", help="fail when a figure is not what was promised"
    )
    options = parser.parse_args(arguments)
    names = [ALIASES.get(name, name) for name in options.names]
    with tempfile.TemporaryDirectory(prefix="emgav-bench-") as folder:
        results = run(
            options.keep or Path(folder),
            names,
            scale=options.scale,
            minutes=options.minutes,
        )
    if not results:
        parser.error(f"no measurement is called {' or '.join(options.names)}")
    if options.json:
        text = json.dumps([each.as_json() for each in results], ensure_ascii=False, indent=1)
        options.json.write_text(f"{text}\n", encoding="utf-8")
    broken = [each for each in results if not is_kept(each)] if options.check else []
    for each in broken:
        name, _compare, bound = PROMISED[each.name]
        print(f"{each.name}: its {name} is {getattr(each, name)}, promised was {bound}")
    return 1 if broken else 0


def is_kept(result: Result) -> bool:
    """Whether a figure is as promised; of most nothing was. One without the figure is not."""
    if result.name not in PROMISED:
        return True
    name, compare, bound = PROMISED[result.name]
    figure = getattr(result, name)
    return figure is not None and compare(figure, bound)


def run(folder: Path, names: list[str], *, scale: float, minutes: float = 3) -> list[Result]:
    results: list[Result] = []
    with ground(folder, scale=scale, minutes=minutes) as here:
        for bench, given in benches().items():
            # page.weight.home asks for page.weight; page asks for it too.
            if not any(is_wanted(name, names) or is_wanted_below(name, names) for name in given):
                continue
            for result in bench(here):
                if is_wanted(result.name, names):
                    results.append(result)
                    show(result)
    return results


def is_wanted_below(name: str, asked: list[str]) -> bool:
    return any(each.startswith(f"{name}.") for each in asked)


def show(result: Result) -> None:
    line = f"{result.name:28} {rounded(result.value):>9} {result.unit:10}"
    if result.baseline is not None:
        line += f" limit {rounded(result.baseline):>8}"
    if result.ratio is not None:
        line += f"  ratio {result.ratio:.2f}"
    print(f"{line}\n    {result.note}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

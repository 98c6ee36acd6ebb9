"""bin/bench in a trial run: every figure is there under its stable name, in the promised shape."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import benches, is_wanted
from bench.measure import Times, alternate, rounded

pytestmark = pytest.mark.faults  # two web servers and a durable database: too much beside a browser

NAMES = {
    "search.week": "ms",
    "search.90days": "ms",
    "search.next_free_all": "ms",
    "growth.search": "×",
    "booking.rate": "/s",
    "booking.latency": "ms",
    "contention.double_bookings": "bookings",
    "families.p95": "ms",
    "board.poll": "ms",
    "board.core": "% core",
    "closure.time": "s",
}
# Messages have a storm of their own (tests/faults), and take minutes to measure.
QUICK = ("search", "growth", "booking", "contention", "page", "families", "board", "closure")
SLOW = {
    "messages.p50", "messages.p95", "messages.p99", "messages.rate", "messages.drain",
    "messages.frozen_redis",
    "faults.sent", "faults.kills", "faults.lost", "faults.doubled", "faults.stale", "faults.moves",
}  # fmt: skip
PAGES = {
    "accessibility", "appointment", "callback", "cancel", "centre", "centres", "code",
    "confirmation", "home", "ill-child", "legal", "mine", "mine-list", "move", "need", "print",
    "privacy", "walk-ins", "when", "where", "who",
}  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What a tiny run writes, by name."""
    file = tmp_path_factory.mktemp("bench") / "figures.json"
    root = Path(__file__).resolve().parents[2]
    subprocess.run(
        [sys.executable, "-m", "bench", *QUICK, "--scale", "0.01", "--json", file],
        check=True,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        timeout=300,
        stdout=subprocess.DEVNULL,
    )
    figures = json.loads(file.read_text(encoding="utf-8"))
    assert isinstance(figures, list)
    return {figure["name"]: figure for figure in figures}


def test_every_figure_has_its_stable_name_and_unit(report: dict[str, dict[str, Any]]) -> None:
    expected = NAMES | {f"page.weight.{page}": "kB" for page in PAGES}
    assert {name: figure["unit"] for name, figure in report.items()} == expected


def test_what_takes_minutes_has_its_stable_names_too() -> None:
    named = {name for names in benches().values() for name in names}
    assert named - {*NAMES, "page.weight"} == SLOW


def test_every_figure_has_the_promised_shape(report: dict[str, dict[str, Any]]) -> None:
    for figure in report.values():
        assert list(figure) == ["name", "value", "unit", "baseline", "ratio", "note"]
        assert isinstance(figure["value"], float)
        assert figure["note"]


def test_a_ratio_is_ours_over_the_limit(report: dict[str, dict[str, Any]]) -> None:
    for name, figure in report.items():
        if name != "contention.double_bookings":
            assert figure["ratio"] == pytest.approx(figure["value"] / figure["baseline"], rel=0.01)


def test_nothing_is_booked_twice_even_here(report: dict[str, dict[str, Any]]) -> None:
    assert report["contention.double_bookings"]["value"] == 0


def test_no_page_is_too_heavy(report: dict[str, dict[str, Any]]) -> None:
    pages = [figure for name, figure in report.items() if name.startswith("page.weight.")]
    assert [page for page in pages if page["value"] > 60] == []
    assert [page for page in pages if "foreign" in page["note"]] == []


def test_names_select_themselves_and_what_is_below() -> None:
    assert is_wanted("search.week", [])
    assert is_wanted("search.week", ["search"])
    assert is_wanted("page.weight.home", ["page.weight"])
    assert not is_wanted("searching", ["search"])


def test_samples_are_taken_in_turn() -> None:
    seen: list[str] = []
    times = alternate({"a": lambda: seen.append("a"), "b": lambda: seen.append("b")}, rounds=4)
    assert seen[-8:] == ["b", "a", "a", "b", "b", "a", "a", "b"]
    assert len(times["a"].samples) == 4


def test_percentiles_are_samples() -> None:
    times = Times([float(n) for n in range(1, 101)])
    assert (times.p50, times.p99) == (51.0, 100.0)
    assert rounded(1234.5678) == 1235.0

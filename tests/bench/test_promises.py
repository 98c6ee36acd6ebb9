"""`bin/bench --check` fails when a figure is not what was promised."""

from __future__ import annotations

import pytest

from bench.__main__ import PROMISED, benches, is_kept
from bench.measure import Result


def figure(name: str, value: float, ratio: float | None) -> Result:
    return Result(name=name, value=value, unit="", baseline=1.0, ratio=ratio, note="")


@pytest.mark.parametrize(
    ("name", "value", "ratio", "kept"),
    [
        ("booking.rate", 240.0, 0.15, True),
        ("booking.rate", 240.0, 0.149, False),
        ("search.week", 1.0, 2.0, True),
        ("search.week", 1.0, 2.01, False),
        ("search.week", 1.0, None, False),
        ("search.next_free_all", 5.1, 0.1, False),
        ("growth.search", 1.16, 1.0, False),
        ("contention.double_bookings", 1.0, None, False),
        ("page.weight.home", 1_000.0, None, True),
    ],
)
def test_a_figure_is_kept_or_not(
    name: str, value: float, ratio: float | None, *, kept: bool
) -> None:
    assert is_kept(figure(name, value, ratio)) is kept


def test_only_figures_that_there_are_were_promised() -> None:
    assert PROMISED.keys() <= {name for names in benches().values() for name in names}

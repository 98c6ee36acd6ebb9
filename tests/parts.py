"""The files of the tests that have a marker. To read all others for these few takes longer than
some of them: each process of each part does so."""

from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parent
MARKERS = ("browser", "faults")


@cache
def files(marker: str) -> frozenset[Path]:
    """Where the marker is written."""
    return frozenset(
        path
        for path in TESTS.rglob("test_*.py")
        if f"mark.{marker}" in path.read_text(encoding="utf-8")
    )

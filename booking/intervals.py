"""Half-open intervals [a, b) of whole numbers, as sorted lists of pairs (pure, no Django)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Interval = tuple[int, int]


def pairs(flat: Sequence[int]) -> list[Interval]:
    """[a, b, c, d] → [(a, b), (c, d)]: how PostgreSQL hands a list of intervals over."""
    return list(zip(flat[::2], flat[1::2], strict=True))


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The same minutes as few, sorted, disjoint intervals; touching ones become one."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def gaps(start: int, end: int, taken: Iterable[Interval]) -> list[Interval]:
    """What is left of [start, end) once every interval of `taken` is cut out, in order."""
    free: list[Interval] = []
    for a, b in sorted(taken):
        if b <= start or b <= a:
            continue
        if a >= end:
            break
        if a > start:
            free.append((start, a))
        start = b
    if start < end:
        free.append((start, end))
    return free


def overlaps(start: int, end: int, others: Iterable[Interval]) -> bool:
    """Whether [start, end) shares a minute with any of `others`."""
    return any(a < end and start < b for a, b in others)

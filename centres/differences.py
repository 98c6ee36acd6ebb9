"""What becomes of half-days when something is changed: which appear, change, go (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    APPEARS = "appears"
    CHANGES = "changes"
    GOES = "goes"


class HalfDay(NamedTuple):
    """A half-day as it stood at one moment. `kinds` are the types it offers."""

    rule: int | None
    practitioner: int
    site: int
    starts_at: datetime
    ends_at: datetime
    seats: int
    reserve: int
    is_open: bool
    kinds: tuple[int, ...] = ()


class Difference(NamedTuple):
    """What becomes of one half-day: `before` is None when it appears, `after` when it goes."""

    kind: Kind
    before: HalfDay | None
    after: HalfDay | None

    @property
    def place(self) -> HalfDay:
        """Where to look for it."""
        place = self.after or self.before
        assert place is not None  # noqa: S101  one of the two is there
        return place

    @property
    def sentence_key(self) -> str:
        """The same for the same difference, whatever numbers a half-day not made yet will have."""
        sides = (
            "-" if side is None else repr((*side[1:3], *(at.timestamp() for at in side[3:5])))
            for side in (self.before, self.after)
        )
        offered = [(side.seats, side.reserve, side.kinds) for side in self[1:] if side]
        return f"{self.kind}:{':'.join(sides)}:{offered!r}"


def differences(before: Mapping[int, HalfDay], after: Mapping[int, HalfDay]) -> list[Difference]:
    """By time. Half-days that were closed and stay so do not count, nor whose rule they are of."""
    found = []
    for pk in before.keys() | after.keys():
        was, now = _open(before.get(pk)), _open(after.get(pk))
        if was is None and now is not None:
            found.append(Difference(Kind.APPEARS, None, now))
        elif was is not None and now is None:
            found.append(Difference(Kind.GOES, was, None))
        elif was is not None and now is not None and was[1:] != now[1:]:
            found.append(Difference(Kind.CHANGES, was, now))
    return sorted(found, key=lambda each: (each.place.starts_at, each.place.practitioner))


def _open(half_day: HalfDay | None) -> HalfDay | None:
    return half_day if half_day is not None and half_day.is_open else None

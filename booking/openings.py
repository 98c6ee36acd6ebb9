"""The free times of a half-day, as cells of a calendar: where a visit could begin, and of which
types (pure). They are those of the lists; nothing is computed twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from booking.availability import ShiftLoad, Timing, Window, shift_starts


class Offer(NamedTuple):
    """A type that a half-day offers, and the starts that may be chosen of it now."""

    kind: int
    timing: Timing
    agents: Window
    # None: families cannot choose it at all.
    public: Window | None = None


class Opening(NamedTuple):
    """A start that is free for some types. Its cell reaches to the next one, or to its own end."""

    start: int
    until: int
    shift: int
    practitioner: int
    site: int
    kinds: tuple[int, ...]
    # Whether a family could choose it online for one of these types.
    is_public: bool

    @property
    def choice(self) -> str:
        """What the address of its page says of it."""
        return f"{self.start}-{self.site}-{self.practitioner}"


def openings(load: ShiftLoad, offers: Iterable[Offer]) -> list[Opening]:
    """The free starts of a half-day, each once, in order."""
    kinds: dict[int, list[int]] = {}
    ends: dict[int, int] = {}
    public: set[int] = set()
    for offer in offers:
        is_session = load.seats > 1
        for start in _within(offer.agents, shift_starts(load, offer.timing, for_public=False)):
            kinds.setdefault(start, []).append(offer.kind)
            end = load.ends if is_session else start + offer.timing.duration
            ends[start] = max(end, ends.get(start, 0))
        if offer.public is not None:
            public.update(_within(offer.public, shift_starts(load, offer.timing)))
    starts = sorted(kinds)
    return [
        Opening(
            start,
            min([ends[start], *starts[place + 1 : place + 2]]),
            load.id,
            load.practitioner,
            load.site,
            tuple(kinds[start]),
            start in public,
        )
        for place, start in enumerate(starts)
    ]


def _within(window: Window, starts: Sequence[int]) -> list[int]:
    return [start for start in starts if window.earliest <= start < window.latest]


def nearest(starts: Iterable[int], dropped: int, *, within: int) -> int | None:
    """The start closest to where something was let go, if one is so near (minutes)."""
    close = [start for start in starts if abs(start - dropped) <= within]
    return min(close, key=lambda start: (abs(start - dropped), start), default=None)

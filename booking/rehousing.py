"""Other times for families whose own cannot be: the two best of each, never one shown twice (pure).

Instants are minutes since the epoch.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from booking.intervals import Interval, overlaps

DAY = 24 * 60
# How much nearer in time another practitioner, or another site, has to be to be better.
OTHER_PRACTITIONER, OTHER_SITE = DAY // 2, DAY
# A second choice is to be a real one: not the hour beside the first.
APART = 60
# No visit takes longer, its buffers included.
LONGEST = 14 * 60


class Need(NamedTuple):
    """A family that has to come at another time, within the days that suit its child."""

    id: int
    kind: int
    centre: int
    site: int
    practitioner: int
    household: int
    start: int
    earliest: int
    latest: int


class Place(NamedTuple):
    """A time that one family can take; `since` and `until` are what it takes, buffers included.
    A session has one for each of its free seats."""

    start: int
    end: int
    shift: int
    practitioner: int
    site: int
    seat: int
    since: int
    until: int

    @property
    def lane(self) -> tuple[int, int]:
        """Two places of one lane cannot both be taken if they overlap."""
        return self.practitioner, self.seat


def _since(place: Place) -> int:
    return place.since


# By type and centre.
Offer = tuple[int, int]


class _Offers:
    """What can still be given away."""

    def __init__(self, offers: Mapping[Offer, Iterable[Place]]) -> None:
        self.by_offer = {offer: sorted(places) for offer, places in offers.items()}
        self.by_lane: dict[tuple[int, int], list[Place]] = {}
        every = (place for places in self.by_offer.values() for place in places)
        for place in sorted(every, key=_since):
            self.by_lane.setdefault(place.lane, []).append(place)
        self.gone: set[Place] = set()

    def take(self, taken: Place) -> None:
        """With it goes all that it overlaps."""
        lane = self.by_lane[taken.lane]
        first = bisect_left(lane, taken.since - LONGEST, key=_since)
        last = bisect_left(lane, taken.until, key=_since)
        self.gone.update(each for each in lane[first:last] if taken.since < each.until)

    def around(self, need: Need) -> Iterator[Place]:
        """What is left of its type at its centre, nearest in time first."""
        places = self.by_offer.get((need.kind, need.centre), [])
        after = bisect_left(places, need.start, key=lambda place: place.start)
        before = after - 1
        while before >= 0 or after < len(places):
            is_later = before < 0 or (
                after < len(places)
                and places[after].start - need.start <= need.start - places[before].start
            )
            place = places[after if is_later else before]
            after, before = (after + 1, before) if is_later else (after, before - 1)
            if place not in self.gone:
                yield place


def _cost(need: Need, place: Place, other_practitioner: int) -> int:
    return (
        abs(place.start - need.start)
        + (other_practitioner if place.practitioner != need.practitioner else 0)
        + (OTHER_SITE if place.site != need.site else 0)
    )


def _best(
    offers: _Offers, need: Need, busy: Sequence[Interval], first: Place | None
) -> Place | None:
    """The nearest place that suits; after a first one with somebody else, rather with the family's
    own practitioner, however far."""
    wants_own = first is not None and first.practitioner != need.practitioner
    dear = 365 * DAY if wants_own else OTHER_PRACTITIONER
    best: Place | None = None
    cost = 0
    for place in offers.around(need):
        if best is not None and abs(place.start - need.start) >= cost:
            break
        if not need.earliest <= place.start < need.latest:
            continue
        if first is not None and abs(place.start - first.start) < APART:
            continue
        if overlaps(place.start, place.end, busy):
            continue
        its = _cost(need, place, dear)
        if best is None or its < cost:
            best, cost = place, its
    return best


def propose(
    needs: Iterable[Need],
    offers: Mapping[Offer, Iterable[Place]],
    busy: Mapping[int, Sequence[Interval]],
) -> dict[int, list[Place]]:
    """Up to two places for each need, by its id, the better one first.

    Whoever was to come first chooses first; everybody has a first place before anybody has a
    second one, and no two places given, to whomever, overlap. A household is nowhere twice at a
    time: neither where it is `busy` nor where another need of it has been given a first place.
    """
    left = _Offers(offers)
    asked = sorted(needs, key=lambda need: (need.start, need.id))
    taken = {household: list(times) for household, times in busy.items()}
    found: dict[int, list[Place]] = {need.id: [] for need in asked}
    for round_of in (0, 1):
        for need in asked:
            given = found[need.id]
            if len(given) < round_of:
                continue
            times = taken.setdefault(need.household, [])
            place = _best(left, need, times, given[0] if given else None)
            if place is None:
                continue
            given.append(place)
            left.take(place)
            times.append((place.start, place.end))
    return found

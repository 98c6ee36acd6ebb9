"""From what a family typed or chose to the place it means and the centres to show first (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from centres.geo import Place, find, is_exact
from frontend.nearby import Nearby, Point

FIRST_SHOWN = 5
MOST_CHOICES = 12


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search means: one place, several to choose from, none, or no question asked."""

    query: str = ""
    place: Place | None = None
    choices: list[Place] = field(default_factory=list)
    is_unknown: bool = False
    is_cut: bool = False  # more places fit than are shown

    @property
    def point(self) -> Point | None:
        return (self.place.latitude, self.place.longitude) if self.place else None


def answer(query: str, insee: str, district: str, places: Sequence[Place]) -> Answer:
    """The place of a chosen commune (and district), else of the words typed."""
    if insee:
        number = int(district) if district.isdigit() and len(district) < 3 else 0
        chosen = [p for p in places if p.insee == insee and p.district in (number, 0)]
        place = max(chosen, key=lambda p: p.district, default=None)
        return Answer(place=place, is_unknown=place is None)
    if not query:
        return Answer()
    found = find(query, places)
    if not found:
        return Answer(query=query, is_unknown=True)
    best = found[0]
    if len(found) == 1 or is_exact(query, best):
        return Answer(query, best, [place for place in found[1:] if not place.district])
    # One postal code of several communes, all with the same centre: nothing to ask.
    if len({place.centres for place in found}) == 1:
        return Answer(query, best._replace(label=query.strip()))
    return Answer(query, choices=found[:MOST_CHOICES], is_cut=len(found) > MOST_CHOICES)


@dataclass(frozen=True, slots=True)
class Listing:
    """The centres of the "where" page in the order they are shown."""

    own: list[Nearby]
    near: list[Nearby]
    far: list[Nearby]


def listing(found: Sequence[Nearby], place: Place | None) -> Listing:
    """The family's own centre or centres first, then the nearest, then all others."""
    own = [each for each in found if place and each.centre.pk in place.centres]
    others = [each for each in found if each not in own]
    if place is None:
        return Listing(own, others, [])
    near = [n for i, n in enumerate(others) if i < FIRST_SHOWN or _is_first_with_time(n, others)]
    return Listing(own, near, [each for each in others if each not in near])


def _is_first_with_time(each: Nearby, others: Sequence[Nearby]) -> bool:
    """Among the first two with a free time, however far: nobody should end at a closed door."""
    return each in [other for other in others if other.start is not None][:2]


def districts_by_centre(place: Place | None, places: Sequence[Place]) -> dict[int, list[str]]:
    """The names of a commune's districts, by the centre that serves them."""
    found: dict[int, list[str]] = {}
    if place is not None and len(place.centres) > 1:
        for other in places:
            if other.insee == place.insee and other.district:
                found.setdefault(other.centres[0], []).append(other.label.partition(", ")[2])
    return found

"""Finding a place from what people type, and how far places are from each other (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

from centres.communes import search_key

EARTH_RADIUS_KM = 6371.0
NOISE = frozenset({"cedex", "cdas", "france", "bretagne", "quartier"})
# Two spellings this alike are the same name mistyped: one wrong letter in five passes.
ALIKE = 0.78


class Place(NamedTuple):
    """A commune, or a district of one, as the search sees it. `names` are search keys."""

    insee: str
    district: int
    label: str
    names: tuple[str, ...]
    postal_codes: tuple[str, ...]
    latitude: float
    longitude: float
    centres: tuple[int, ...]


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance between two (latitude, longitude) points."""
    lat_a, lon_a, lat_b, lon_b = map(radians, (*a, *b))
    h = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(h))


def find(query: str, places: Sequence[Place]) -> list[Place]:
    """The places meant by a commune's name, a district's or a postal code, best first.

    Exact names win over beginnings, beginnings over parts, and only when nothing fits is a name
    that looks alike accepted.
    """
    words = search_key(query[:80]).split()
    codes = {word for word in words if re.fullmatch(r"\d{5}", word)}
    name = " ".join(w for w in words if not w.isdigit() and w not in NOISE)
    if codes:
        there = [p for p in places if codes & set(p.postal_codes) and not p.district]
        if not name or len(there) == 1:
            return there
        places = there or places
    if len(name) < 2:
        return []
    return _by_name(name, places) or _alike(name, places)


def _by_name(name: str, places: Iterable[Place]) -> list[Place]:
    ranked = [(rank, place) for place in places if (rank := _rank(name, place)) is not None]
    ranked.sort(key=lambda pair: (pair[0], pair[1].district, pair[1].label))
    return [place for _, place in ranked]


def is_exact(query: str, place: Place) -> bool:
    """Whether the person typed this very name, so that nothing needs asking."""
    name = " ".join(w for w in search_key(query).split() if not w.isdigit() and w not in NOISE)
    return name in place.names


def _rank(name: str, place: Place) -> int | None:
    if name in place.names:
        return 0
    if any(known.startswith(name) for known in place.names):
        return 1
    if any(f" {name}" in known for known in place.names):
        return 2
    return None


def _alike(name: str, places: Iterable[Place]) -> list[Place]:
    tight = name.replace(" ", "")
    scored = []
    for place in places:
        score = max(_likeness(tight, known.replace(" ", "")) for known in place.names)
        if score >= ALIKE:
            scored.append((-score, place.label, place))
    scored.sort(key=lambda entry: entry[:2])
    return [place for *_, place in scored[:6]]


def _likeness(a: str, b: str) -> float:
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    # The two quick upper bounds spare the costly ratio for nearly every commune.
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return 0.0
    return matcher.ratio()

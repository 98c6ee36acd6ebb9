"""The light map of the Département: outlines of the centres' territories and their points, as SVG.

Decoration only: the list beside it says the same in words.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from math import cos, radians
from pathlib import Path
from typing import NamedTuple

from centres.models import Centre

SOURCE = Path(__file__).resolve().parent.parent / "centres" / "data" / "cdas_territories.geojson"
# One unit is some 800 m: fine enough for a picture of a thumb's width, and a few kilobytes in all.
WIDTH = 150
# The outline file has one territory for the city, which six centres share.
SHARED = {"rennes": "rennes-"}


class Outline(NamedTuple):
    slug: str
    path: str


class Frame(NamedTuple):
    """How longitudes and latitudes become units of the picture (flat, true at its middle)."""

    west: float
    north: float
    stretch: float
    scale: float
    height: int

    def point(self, lon: float, lat: float) -> tuple[int, int]:
        x, y = (lon - self.west) * self.stretch * self.scale, (self.north - lat) * self.scale
        return round(x), round(y)


class Area(NamedTuple):
    """An outline with what the page says of it: "here", "open" or nothing."""

    path: str
    kind: str


class Dot(NamedTuple):
    x: int
    y: int


class Picture(NamedTuple):
    width: int
    height: int
    areas: list[Area]
    dots: list[Dot]


@cache
def _drawing() -> tuple[Frame, tuple[Outline, ...]]:
    features = json.loads(SOURCE.read_text(encoding="utf-8"))["features"]
    shapes = {f["properties"]["cdas_slug"]: list(_rings(f["geometry"])) for f in features}
    points = [point for rings in shapes.values() for ring in rings for point in ring]
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    stretch = cos(radians((south + north) / 2))
    scale = WIDTH / ((east - west) * stretch)
    frame = Frame(west, north, stretch, scale, round((north - south) * scale))
    outlines = (
        Outline(slug, "".join(path for ring in rings if (path := _path(frame, ring))))
        for slug, rings in shapes.items()
    )
    return frame, tuple(outlines)


def _rings(geometry: dict[str, list[list[list[list[float]]]]]) -> Iterable[list[list[float]]]:
    """Outer rings only: no territory here has a hole worth drawing."""
    many = geometry["type"] == "MultiPolygon"  # type: ignore[comparison-overlap]
    polygons = geometry["coordinates"] if many else [geometry["coordinates"]]
    for polygon in polygons:
        yield polygon[0]  # type: ignore[misc]


def _path(frame: Frame, ring: Sequence[Sequence[float]]) -> str:
    """The ring in relative whole units. Equal points round alike: neighbours keep their border."""
    points: list[tuple[int, int]] = []
    for lon, lat, *_ in ring:
        point = frame.point(lon, lat)
        if not points or point != points[-1]:
            points.append(point)
    if len(points) < 4:
        return ""
    (x, y), rest = points[0], points[1:-1]
    steps = []
    for a, b in rest:
        steps.append(f"{a - x},{b - y}")
        x, y = a, b
    path = f"M{points[0][0]},{points[0][1]}l{' '.join(steps)}z"
    return path.replace(",-", "-").replace(" -", "-")


def _covers(outline: Outline, centre: Centre) -> bool:
    prefix = SHARED.get(outline.slug)
    return centre.slug.startswith(prefix) if prefix else centre.slug == outline.slug


def picture(
    centres: Collection[Centre], *, here: Collection[int] = (), opened: Collection[int] = ()
) -> Picture:
    """The map with some centres marked as the family's own and others as open online."""
    frame, outlines = _drawing()
    areas = []
    for outline in outlines:
        ids = {centre.pk for centre in centres if _covers(outline, centre)}
        kind = "here" if ids & set(here) else "open" if ids & set(opened) else ""
        areas.append(Area(outline.path, kind))
    dots = [Dot(*frame.point(centre.longitude, centre.latitude)) for centre in centres]
    return Picture(WIDTH, frame.height, areas, dots)

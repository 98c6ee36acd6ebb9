"""The light map: every centre has its point inside the picture, and the whole stays small."""

from centres.models import Centre
from frontend.map import picture

REDON = Centre(pk=1, slug="redon", latitude=47.65165, longitude=-2.08421)
BLOSNE = Centre(pk=2, slug="rennes-blosne", latitude=48.08847, longitude=-1.65786)
VITRE = Centre(pk=3, slug="vitre", latitude=48.12279, longitude=-1.20983)


def test_the_family_s_centre_and_the_open_ones_are_marked() -> None:
    drawn = picture([REDON, BLOSNE, VITRE], here=[1], opened=[2])
    assert sorted(area.kind for area in drawn.areas if area.kind) == ["here", "open"]
    assert len(drawn.dots) == 3
    assert all(0 <= x <= drawn.width and 0 <= y <= drawn.height for x, y in drawn.dots)


def test_the_outlines_weigh_less_than_8_kb() -> None:
    assert sum(len(area.path) for area in picture([]).areas) < 8_000


def test_neighbours_stand_where_they_should() -> None:
    redon, blosne, vitre = picture([REDON, BLOSNE, VITRE]).dots
    assert redon.x < blosne.x < vitre.x
    assert redon.y > blosne.y > vitre.y

"""What the search for a centre reads: places, centres, types. A fixed number of queries each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from centres.communes import search_key
from centres.geo import Place
from centres.models import AppointmentType, Centre, Commune, District, Site


def places() -> list[Place]:
    """Every commune and every district of those served by several centres: two queries."""
    rows = Commune.objects.annotate(centre_ids=ArrayAgg("centres")).values_list(
        "insee", "name", "search_name", "postal_codes", "latitude", "longitude", "centre_ids"
    )
    communes = {
        insee: Place(insee, 0, name, (key,), tuple(codes), lat, lon, _ids(centres))
        for insee, name, key, codes, lat, lon, centres in rows.order_by("name")
    }
    return [*communes.values(), *_districts(communes)]


def _ids(centres: Sequence[int | None]) -> tuple[int, ...]:
    return tuple(pk for pk in centres if pk is not None)


def _districts(communes: dict[str, Place]) -> list[Place]:
    found = []
    for district in District.objects.order_by("commune", "number"):
        commune = communes[district.commune_id]
        label = f"{commune.label}, {district.name}"
        found.append(
            commune._replace(
                district=district.number,
                label=label,
                names=_district_names(district.name, commune.label),
                centres=(district.centre_id,),
            )
        )
    return found


def _district_names(name: str, commune: str) -> tuple[str, ...]:
    """A district answers to each of its parts, alone or after the commune's name."""
    parts = [search_key(part) for part in re.split(r"[–(),]", name)]
    known = [part for part in (search_key(name), *parts) if part and part != "centre"]
    full = [f"{search_key(commune)} {part}" for part in (*known, "centre")]
    return tuple(dict.fromkeys([*known, *full]))


def public_centres() -> list[Centre]:
    """Every centre by name: one query."""
    return list(_by_name())


def _by_name() -> QuerySet[Centre]:
    return Centre.objects.select_related("department").order_by("name")


class Elsewhere(NamedTuple):
    """A place of a centre that is not its main one."""

    centre: Centre
    name: str
    town: str


def centres_and_elsewhere() -> tuple[list[Centre], dict[int, Elsewhere]]:
    """Every centre by name, and by its id each place that is not a main one: one query."""
    others = Site.objects.filter(centre=OuterRef("pk"), is_main=False).order_by()
    listed = ArraySubquery(others.values_list(JSONObject(pk="pk", name="name", town="town")))
    centres = list(_by_name().annotate(elsewhere=listed))
    found = {
        each["pk"]: Elsewhere(centre, each["name"], each["town"])
        for centre in centres
        for each in centre.elsewhere
    }
    return list(centres), found


def types_of_need(need: str) -> list[AppointmentType]:
    """The types listed under a need of the first page: one query."""
    return list(AppointmentType.objects.filter(need=need, is_active=True))


def needs_in_use() -> set[str]:
    """The needs that have at least one type: one query."""
    return set(
        AppointmentType.objects.filter(is_active=True)
        .order_by()
        .values_list("need", flat=True)
        .distinct()
    )

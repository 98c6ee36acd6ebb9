"""Where a family that waits could go: its centre's sites first, then those of the nearest ones. And
what an agent wished of a time already, as the first values of what is wished while waiting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from centres import queries
from centres.geo import distance_km
from centres.models import AppointmentType, Centre, ShiftType, Site
from centres.rollout import is_open_to_agents
from frontend.forms_talking import Wish

# Of the other centres, the nearest ones only: a family does not cross the Département.
NEIGHBOURS = 3


def sites_near(kind: AppointmentType, centre: Centre, *, now: datetime) -> list[Site]:
    """The sites of this centre, and those of its nearest neighbours where this type is received."""
    others = [each for each in queries.public_centres() if each.pk != centre.pk]
    point = (centre.latitude, centre.longitude)
    others = [each for each in others if is_open_to_agents(each, now=now)]
    others.sort(key=lambda each: distance_km(point, (each.latitude, each.longitude)))
    rank = {each.pk: number for number, each in enumerate([centre, *others[:NEIGHBOURS]])}
    ahead = ShiftType.objects.filter(type=kind, centre__in=rank, starts_at__gt=now)
    received = set(ahead.order_by().values_list("shift__site", flat=True).distinct())
    sites = Site.objects.filter(centre__in=rank)
    found = [each for each in sites if each.pk in received or each.centre_id == centre.pk]
    return sorted(found, key=lambda site: (rank[site.centre_id], not site.is_main, site.name))


def wished_before(wish: Wish, sites: Sequence[Site]) -> dict[str, Any]:
    """What was looked for in vain, for a form of the waiting list: a place, a half-day, a first
    day and a person that were chosen need not be chosen again."""
    asked: dict[str, Any] = {"is_same_person": wish.practitioner_id is not None}
    if any(site.pk == wish.site_id for site in sites):
        asked["sites"] = [str(wish.site_id)]
    if wish.half:
        asked["moment"] = wish.half
    if wish.since:
        asked["from_on"] = wish.since
    return asked

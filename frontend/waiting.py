"""Where a family that waits could go: its centre's sites first, then those of the nearest ones."""

from __future__ import annotations

from datetime import datetime

from centres import queries
from centres.geo import distance_km
from centres.models import AppointmentType, Centre, ShiftType, Site
from centres.rollout import is_open_to_agents

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

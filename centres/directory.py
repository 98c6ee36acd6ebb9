"""What the public pages show of centres: who they are, where, what they offer, walk-in sessions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q

from centres.geo import distance_km
from centres.models import AppointmentType, Centre, OpeningRule, Shift, ShiftType, Site
from centres.rollout import is_open_online

UNCHECKED = ("placeholder", "missing")
WALK_IN_DAYS = 14
# A workshop may come back twice a year, without a rule.
RECEIVED_LATELY = timedelta(days=180)


def is_address_sure(site: Site) -> bool:
    """Whether a family can rely on the address: there, and no placeholder."""
    return bool(site.address.strip()) and site.certainty not in UNCHECKED


class NearbyCentre(NamedTuple):
    """A centre open online, and how far it is."""

    centre: Centre
    kilometres: float


def centre_page(slug: str) -> Centre | None:
    """One centre with its sites: two queries."""
    return (
        Centre.objects.select_related("department")
        .prefetch_related("sites")
        .filter(slug=slug)
        .first()
    )


def nearest_open(centre: Centre, *, now: datetime, most: int = 3) -> list[NearbyCentre]:
    """The other centres open online, nearest first: one query."""
    here = (centre.latitude, centre.longitude)
    found = [
        NearbyCentre(other, distance_km(here, (other.latitude, other.longitude)))
        for other in Centre.objects.filter(department=centre.department_id).exclude(pk=centre.pk)
        if is_open_online(other, now=now)
    ]
    return sorted(found, key=lambda each: (each.kilometres, each.centre.name))[:most]


def types_offered_online(centre: Centre, *, now: datetime) -> list[AppointmentType]:
    """The types families may book here that some coming half-day really offers: one query."""
    offers = ShiftType.objects.filter(
        type=OuterRef("pk"), centre=centre, starts_at__gt=now, shift__status=Shift.Status.OPEN
    )
    return list(
        AppointmentType.objects.filter(
            Exists(offers), booking=AppointmentType.Booking.ONLINE, is_active=True
        )
    )


def is_received(kind: AppointmentType, centre: Centre, *, now: datetime) -> bool:
    """Whether times of this type may come about here, though none be free: a rule that is not over
    names it, or a half-day to come or of late does, be it cancelled. At most two queries."""
    if not kind.is_active or kind.booking == AppointmentType.Booking.WALK_IN:
        return False
    half_days = ShiftType.objects.filter(
        type=kind, centre=centre, starts_at__gt=now - RECEIVED_LATELY
    )
    rules = OpeningRule.objects.filter(
        Q(valid_until=None) | Q(valid_until__gte=now.date()),
        types=kind,
        site__centre=centre,
        is_active=True,
    )
    return half_days.exists() or rules.exists()


def walk_in_sessions(*, now: datetime, centre: Centre | None = None) -> list[ShiftType]:
    """Sessions of the next days where one comes without an appointment: one query."""
    sessions = ShiftType.objects.filter(
        type__booking=AppointmentType.Booking.WALK_IN,
        type__is_active=True,
        shift__status=Shift.Status.OPEN,
        shift__ends_at__gt=now,
        starts_at__gt=now - timedelta(days=1),
        starts_at__lt=now + timedelta(days=WALK_IN_DAYS),
    )
    if centre is not None:
        sessions = sessions.filter(centre=centre)
    return list(
        sessions.select_related("type", "centre", "shift__site").order_by(
            "starts_at", "centre__name"
        )
    )

"""What the public pages show of centres: who they are, where, what they offer, walk-in sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from centres.models import AppointmentType, Centre, Shift, ShiftType, Site
from centres.rollout import Stage, effective_stage, is_open_online

UNCHECKED = ("placeholder", "missing")
WALK_IN_DAYS = 14


def known_address(site: Site) -> str:
    """The site's address, or nothing while it is empty or a placeholder: never invent one."""
    if any(word in site.certainty for word in UNCHECKED):
        return ""
    return site.address.strip()


@dataclass(frozen=True, slots=True)
class CentreLine:
    """A centre in the list, with the stage in force now."""

    centre: Centre
    stage: Stage
    is_open: bool


def all_centres(*, now: datetime) -> list[CentreLine]:
    """Every centre by name: one query."""
    return [
        CentreLine(centre, effective_stage(centre, now=now), is_open_online(centre, now=now))
        for centre in Centre.objects.select_related("department").order_by("name")
    ]


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

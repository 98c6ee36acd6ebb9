"""Where one more could still be received than there is time for: half-days, and times in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from booking import queries
from booking.availability import ShiftLoad, Window, crowded_starts
from booking.models import Appointment
from centres.calendar import from_minute, to_minute
from centres.models import AppointmentType, Centre, Shift

State = Appointment.State
# As many half-days as somebody reads out.
MOST = 6


class Crowded(NamedTuple):
    """A half-day that may take one more, and the starts (minutes) at which it has no time left."""

    shift: Shift
    starts: Sequence[int]


def added(
    shift: Shift,
    kind: AppointmentType,
    starts_at: datetime,
    ends_at: datetime,
    **others: str,
) -> Appointment:
    """One that takes no time and no seat from anybody, for the reason in its note: where and when,
    with its `others` columns; not saved and nobody's yet."""
    return Appointment(
        shift=shift,
        practitioner_id=shift.practitioner_id,
        centre=shift.centre,
        site=shift.site,
        type=kind,
        starts_at=starts_at,
        ends_at=ends_at,
        busy_from=starts_at,
        busy_until=ends_at,
        is_overbooked=True,
        **others,
    )


def overbooked_in(shifts: Sequence[Shift]) -> list[int]:
    """The half-days (ids, once for each) of the appointments added to these over others, not of who
    came without any: one query, by their practitioners' times."""
    if not shifts:
        return []
    found = Appointment.objects.filter(
        practitioner__in={shift.practitioner_id for shift in shifts},
        busy_from__gte=min(shift.starts_at for shift in shifts),
        busy_from__lt=max(shift.ends_at for shift in shifts),
        shift__in=shifts,
        is_overbooked=True,
    )
    gone = Q(state__in=[State.CANCELLED, State.LAPSED]) | Q(booked_via=Appointment.Via.DOOR)
    return list(found.exclude(gone).values_list("shift", flat=True))


def crowded(
    *,
    kind: AppointmentType,
    centre: Centre,
    window: Window,
    now: datetime,
    site_id: int | None = None,
    practitioner_id: int | None = None,
) -> list[Crowded]:
    """The first half-days of the window that may take one more: two queries."""
    if not kind.overbook_max:
        return []
    wished = {"site": site_id, "practitioner": practitioner_id}
    shifts = list(
        Shift.objects.filter(
            offers__type=kind,
            centre=centre,
            status=Shift.Status.OPEN,
            ends_at__gt=from_minute(window.earliest),
            starts_at__gt=from_minute(window.earliest) - queries.LONGEST_SHIFT,
            starts_at__lt=from_minute(window.latest),
            **{name: pk for name, pk in wished.items() if pk is not None},
        )
        .select_related("practitioner", "site")
        .order_by("starts_at", "pk")[: 10 * MOST]
    )
    taken = Counter(overbooked_in(shifts))
    timing = queries.type_rules(kind).timing
    found = [
        Crowded(shift, crowded_starts(_load(shift), timing, after=to_minute(now)))
        for shift in shifts
        if taken[shift.pk] < kind.overbook_max
    ]
    return [each for each in found if each.starts][:MOST]


def _load(shift: Shift) -> ShiftLoad:
    return ShiftLoad(
        shift.pk,
        shift.practitioner_id,
        shift.site_id,
        shift.centre_id,
        to_minute(shift.starts_at),
        to_minute(shift.ends_at),
        shift.seats,
        shift.taken,
        shift.agent_reserve,
        shift.closed,
        shift.busy,
        (),
    )

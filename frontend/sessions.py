"""Walk-in sessions by day or by centre: closures taken out, each on the clock of its centre."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from booking.intervals import gaps, pairs
from centres.calendar import from_minute, to_minute
from centres.geo import Place, distance_km
from centres.models import AppointmentType, Centre, ShiftType, Site


class Session(NamedTuple):
    """One stretch of time when a family may come without an appointment."""

    opens: datetime
    closes: datetime
    kind: AppointmentType
    centre: Centre
    site: Site


class Day(NamedTuple):
    on: date
    sessions: list[Session]


def _open_stretches(offer: ShiftType, *, now: datetime) -> Iterable[Session]:
    shift, zone = offer.shift, ZoneInfo(offer.centre.time_zone)
    start, end = to_minute(shift.starts_at), to_minute(shift.ends_at)
    for a, b in gaps(start, end, pairs(shift.closed)):
        if b > to_minute(now):
            opens, closes = from_minute(a, zone), from_minute(b, zone)
            yield Session(opens, closes, offer.type, offer.centre, shift.site)


class CentreSessions(NamedTuple):
    """A centre with its sessions; how far it is, for one that is not the family's own."""

    centre: Centre
    days: list[Day]
    kilometres: float | None = None

    @property
    def number(self) -> int:
        return sum(len(day.sessions) for day in self.days)


class Around(NamedTuple):
    """The sessions of a place's own centres, all of them, and of the nearest that have some."""

    own: list[CentreSessions]
    near: list[CentreSessions]


def around(
    offers: Sequence[ShiftType],
    place: Place,
    centres: Iterable[Centre],
    *,
    now: datetime,
    most: int = 3,
) -> Around:
    point, own, near = (place.latitude, place.longitude), [], []
    for centre in centres:
        days = by_day([offer for offer in offers if offer.centre_id == centre.pk], now=now)
        if centre.pk in place.centres:
            own.append(CentreSessions(centre, days))
        elif days:
            far = distance_km(point, (centre.latitude, centre.longitude))
            near.append(CentreSessions(centre, days, far))
    return Around(own, sorted(near, key=lambda each: (each.kilometres, each.centre.name))[:most])


def by_day(offers: Iterable[ShiftType], *, now: datetime) -> list[Day]:
    """The sessions not over yet, day by day, in order of time and then of centre."""
    found = [session for offer in offers for session in _open_stretches(offer, now=now)]
    found.sort(key=lambda each: (each.opens, each.centre.name, each.site.name))
    return [
        Day(on, list(sessions)) for on, sessions in groupby(found, lambda each: each.opens.date())
    ]

"""Centres around a point, each with its stage and its next free time of a type."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from booking import queries as booking_queries
from booking.availability import Slot, Window
from booking.rules import ANY_DAY, Days
from booking.wording import spoken_town
from centres import queries
from centres.geo import distance_km
from centres.models import AppointmentType, Centre
from centres.queries import Elsewhere
from frontend.opening import Opening
from frontend.week import on_days

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Nearby:
    """A centre as the search shows it. `start` is the minute of its next free time, if any;
    `elsewhere` where that is, if not at the centre itself."""

    opening: Opening
    kilometres: float | None
    start: int | None
    elsewhere: Elsewhere | None = None

    @property
    def centre(self) -> Centre:
        return self.opening.centre

    @property
    def is_open(self) -> bool:
        return self.opening.is_open

    @property
    def place(self) -> str:
        """à Pipriac · Espace des Halles, in the centre's own town; empty at the centre itself."""
        if self.elsewhere is None:
            return ""
        town = self.elsewhere.town
        return self.elsewhere.name if town == self.centre.town else spoken_town(town)


def is_bookable(kind: AppointmentType) -> bool:
    """Whether families may book this type online at all."""
    return kind.is_active and kind.booking == AppointmentType.Booking.ONLINE


def around(
    kind: AppointmentType, *, point: Point | None, now: datetime, days: Days = ANY_DAY
) -> list[Nearby]:
    """Every centre, nearest first (by name without a point): centres, holidays if the type's notice
    is in working days, and one query for the next free time of all open ones."""
    centres, elsewhere = queries.centres_and_elsewhere()
    openings = [Opening(centre, now) for centre in centres]
    opened = [opening.centre for opening in openings if opening.is_open]
    slots = _next_free(kind, opened, now=now, days=days) if is_bookable(kind) else {}
    named = elsewhere if kind.is_at_a_place else {}
    found = [_nearby(opening, point, slots, named) for opening in openings]
    return sorted(found, key=lambda each: (each.kilometres or 0.0, each.centre.name))


def _nearby(
    opening: Opening,
    point: Point | None,
    slots: Mapping[int, Slot],
    elsewhere: Mapping[int, Elsewhere],
) -> Nearby:
    centre = opening.centre
    slot = slots.get(centre.pk)
    return Nearby(
        opening=opening,
        kilometres=distance_km(point, (centre.latitude, centre.longitude)) if point else None,
        start=slot.start if slot else None,
        elsewhere=elsewhere.get(slot.site) if slot else None,
    )


def _next_free(
    kind: AppointmentType, centres: Sequence[Centre], *, now: datetime, days: Days
) -> dict[int, Slot]:
    if not centres:
        return {}
    holidays = booking_queries.holidays_near(kind, centres[0], now=now)
    windows: dict[int, Window] = {
        centre.pk: on_days(
            booking_queries.window_for(kind, centre, now=now, holidays=holidays),
            days,
            ZoneInfo(centre.time_zone),
        )
        for centre in centres
    }
    return booking_queries.next_free(kind=kind, windows=windows, now=now)


def with_times(
    found: Sequence[Nearby], *, besides: Collection[int] = (), most: int = 4
) -> list[Nearby]:
    """The first few that a family can book now, leaving some out."""
    free = [each for each in found if each.start is not None and each.centre.pk not in besides]
    return free[:most]

"""Which times of a centre's days are free, and for what: of days that are read already, two queries
more; and where one appointment could go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta

from booking import queries, rules
from booking.availability import ShiftLoad, Slot, Window, slots, without
from booking.board import CANCELLED, HELD, HalfDay, Visit
from booking.daybook import Day, span_of
from booking.intervals import Interval
from booking.models import Appointment
from booking.openings import Offer, Opening, openings
from centres.calendar import to_minute
from centres.models import AppointmentType, Centre, PublicHoliday, Shift
from centres.rollout import is_open_online, is_open_to_agents

Booking = AppointmentType.Booking
# The longest notice in working days that anybody asks, with a Christmas in it.
NOTICE_REACHES = timedelta(days=60)


def free_times(
    centre: Centre, days: Iterable[Day], *, now: datetime, kind: AppointmentType | None = None
) -> dict[int, list[Opening]]:
    """The free starts of each half-day (id) of these days, of one type or of all: one query.

    They are the very slots that agents' and families' lists compute.
    """
    if not is_open_to_agents(centre, now=now):
        return {}
    offers = _Offers(centre, now=now)
    found: dict[int, list[Opening]] = {}
    for day in days:
        blocked = _blocked(day.visits, now=to_minute(now))
        for half_day in day.half_days:
            shift: Shift = half_day.subject
            kinds = [offer.type for offer in shift.offers.all() if kind in (None, offer.type)]
            if half_day.is_cancelled or to_minute(now) >= half_day.ends:
                continue
            load = _load(half_day, shift, blocked[half_day.id])
            found[half_day.id] = openings(load, offers.of(kinds))
    return found


class _Offers:
    """How the types of a centre may be chosen now; each is judged once."""

    def __init__(self, centre: Centre, *, now: datetime) -> None:
        self.centre, self.now = centre, now
        self.is_online = is_open_online(centre, now=now)
        self.holidays = _holidays_ahead(centre, now=now)
        self.known: dict[int, Offer] = {}

    def of(self, kinds: Sequence[AppointmentType]) -> list[Offer]:
        bookable = [each for each in kinds if each.is_active and each.booking != Booking.WALK_IN]
        return [self.known.get(each.pk) or self._judge(each) for each in bookable]

    def _judge(self, kind: AppointmentType) -> Offer:
        public: Window | None = None
        if self.is_online and kind.booking == Booking.ONLINE:
            public = queries.window_for(kind, self.centre, now=self.now, holidays=self.holidays)
        timing = queries.type_rules(kind).timing
        agents = rules.desk_window(now=self.now, duration=timing.duration)
        offer = Offer(kind.pk, timing, agents, public)
        self.known[kind.pk] = offer
        return offer


def _holidays_ahead(centre: Centre, *, now: datetime) -> Collection[date]:
    found = PublicHoliday.objects.filter(
        department=centre.department_id, on__range=(now.date(), now.date() + NOTICE_REACHES)
    )
    return list(found.values_list("on", flat=True))


def _blocked(visits: Sequence[Visit], *, now: int) -> defaultdict[int, list[int]]:
    """What holds and times not offered again yet take of each half-day: flat pairs."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for each in visits:
        if each.state in (HELD, CANCELLED) and each.until is not None and each.until > now:
            found[each.shift] += [each.busy_from, each.busy_until]
    return found


def _load(half_day: HalfDay, shift: Shift, blocked: Sequence[int]) -> ShiftLoad:
    return ShiftLoad(
        half_day.id,
        half_day.practitioner,
        shift.site_id,
        shift.centre_id,
        half_day.starts,
        half_day.ends,
        half_day.seats,
        shift.taken,
        shift.agent_reserve,
        shift.closed,
        shift.busy,
        blocked,
    )


def places_for(appointment: Appointment, *, on: date, days: int = 1, now: datetime) -> list[Slot]:
    """Where an appointment could begin on some days of its centre, its own time given back, and
    what it left behind or its family holds for it: two queries."""
    span = span_of(appointment.centre, on, days=days)
    agents = rules.agent_window(now=now)
    window = Window(
        max(agents.earliest, to_minute(span.since)), min(agents.latest, to_minute(span.until))
    )
    if window.earliest >= window.latest:
        return []
    loads = queries.load_shifts(
        kind=appointment.type, centre_id=appointment.centre_id, window=window, now=now, together=0
    )
    own, aside = _minutes(appointment), list(map(_minutes, appointment.move_holds.all()))
    mine = [
        without(
            load,
            busy=[own] if load.practitioner == appointment.practitioner_id else [],
            blocked=aside,
        )
        for load in loads
    ]
    timing = queries.type_rules(appointment.type).timing
    return sorted(slots(mine, timing, window, for_public=False))


def _minutes(appointment: Appointment) -> Interval:
    return to_minute(appointment.busy_from), to_minute(appointment.busy_until)

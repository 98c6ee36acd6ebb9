"""Fills shifts with appointments: who, when, booked how long ahead, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from booking.availability import ShiftLoad, footprint, shift_starts
from booking.demo.families import Registry, Visitor
from booking.demo.stages import Rollout
from booking.intervals import gaps, pairs
from booking.models import Appointment
from booking.models.appointment import REFERENCE_ALPHABET
from booking.queries import type_rules
from booking.rules import TypeRules
from centres.calendar import from_minute, to_minute, wall
from centres.models import AppointmentType

State, Via = Appointment.State, Appointment.Via
DAY = 1440
# How likely a type is among those a shift offers.
LIKELY = {
    "consultation-enfant-medecin": 5.0,
    "premiere-consultation-bebe": 2.0,
    "vaccination-enfant": 4.0,
    "rdv-puericultrice": 6.0,
    "agrement-entretien-centre": 0.4,
    "rappel-puericultrice": 3.0,
    "consultation-prenatale": 4.0,
    "entretien-prenatal-precoce": 2.0,
    "sante-sexuelle-consultation": 6.0,
    "ivg-premier-contact": 0.5,
    "visite-domicile-puericultrice": 5.0,
}
CANCEL_REASONS = (
    "",
    "",
    "",
    "Empêchement",
    "Enfant malade",
    "Rendez-vous pris ailleurs",
    "Transport",
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A shift with what it offers."""

    load: ShiftLoad
    kinds: tuple[int, ...]


@dataclass(slots=True)
class Visit:
    """An appointment to write, with its history: (when, action, actor, state)."""

    id: int
    uid: UUID
    reference: str
    load: ShiftLoad
    kind: AppointmentType
    start: int
    end: int
    busy: tuple[int, int]
    seat: int
    visitor: Visitor
    created: int
    via: str
    state: str = State.BOOKED
    sequence: int = 0
    note: str = ""
    events: list[tuple[int, str, str, str]] = field(default_factory=list)
    moved_from: int | None = None


@dataclass(slots=True)
class Diary:
    """Draws appointments, shift after shift, in order of time."""

    kinds: dict[int, AppointmentType]
    registry: Registry
    rollouts: dict[int, Rollout]
    agents: dict[int, list[str]]
    zone: ZoneInfo
    now: int
    midnight: int  # everything was booked by then, so the hour of a run changes little
    fullness: float
    rng: Random
    limits: dict[int, TypeRules] = field(default_factory=dict)
    references: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.limits = {pk: type_rules(kind) for pk, kind in self.kinds.items()}

    def fill(self, offers: list[Offer]) -> Iterator[Visit]:
        for offer in offers:
            kinds = [self.kinds[pk] for pk in offer.kinds if self._is_booked(pk)]
            rollout = self.rollouts[offer.load.centre]
            if not kinds or rollout.agents_from is None:
                continue
            share = self._share(offer.load.starts) * self.rng.uniform(0.75, 1.25)
            if offer.load.seats > 1:
                yield from self._fill_session(offer.load, kinds[0], share)
            else:
                yield from self._fill_half_day(offer.load, kinds, min(share, 1.0))

    def _is_booked(self, kind: int) -> bool:
        return self.kinds[kind].booking != AppointmentType.Booking.WALK_IN

    def _share(self, start: int) -> float:
        """The part of a shift that is taken, by how far ahead it is."""
        days = (start - self.midnight) / DAY - 1
        points = ((0.0, 0.75), (1.0, 0.75), (7.0, 0.75), (60.0, 0.2), (90.0, 0.04), (120.0, 0.0))
        if days <= 0:
            return self.fullness * points[0][1]
        for (near, high), (far, low) in pairwise(points):
            if days <= far:
                return self.fullness * (high + (low - high) * (days - near) / (far - near))
        return 0.0

    def _fill_half_day(
        self, load: ShiftLoad, kinds: list[AppointmentType], share: float
    ) -> Iterator[Visit]:
        free = gaps(load.starts, load.ends, pairs(load.closed))
        wanted = share * sum(b - a for a, b in free)
        weights = [LIKELY.get(kind.slug, 1.0) for kind in kinds]
        taken, failures = 0.0, 0
        while taken < wanted and failures < 4:
            kind = self.rng.choices(kinds, weights)[0]
            timing = self.limits[kind.pk].timing
            # What is wanted is rarely a whole number of visits: the last one is a matter of luck.
            if self.rng.random() * timing.occupied > wanted - taken:
                return
            starts = shift_starts(load, timing, for_public=False)
            if not starts:
                failures += 1
                continue
            start = starts[0] if self.rng.random() < 0.6 else self.rng.choice(starts)
            visit = self._visit(load, kind, start, start + timing.duration, seat=0)
            if visit is None:
                failures += 1
                continue
            yield visit
            if visit.state != State.CANCELLED:
                taken += timing.occupied
                busy = sorted([*pairs(load.busy), footprint(start, timing)])
                load = load._replace(busy=[edge for pair in busy for edge in pair])

    def _fill_session(
        self, load: ShiftLoad, kind: AppointmentType, share: float
    ) -> Iterator[Visit]:
        seat = 1
        if load.closed:
            return
        for _ in range(load.seats):
            if self.rng.random() < share and seat <= load.seats:
                visit = self._visit(load, kind, load.starts, load.ends, seat=seat)
                if visit is not None:
                    yield visit
                    seat += visit.state != State.CANCELLED

    def _visit(
        self, load: ShiftLoad, kind: AppointmentType, start: int, end: int, *, seat: int
    ) -> Visit | None:
        booked = self._booking(load, kind, start)
        if booked is None:
            return None
        on = from_minute(start, self.zone).date()
        visitor = self.registry.find(kind, self.limits[kind.pk], load.centre, on)
        if visitor is None:
            return None
        created, via = booked
        if visitor.kid is not None:  # nobody books for a child before the birth
            born = to_minute(wall(visitor.kid.born_on, time(10), self.zone))
            created = min(max(created, born), start - 60, self.midnight)
        if via == Via.WEB and not visitor.parent.is_online:
            via = Via.AGENT
        busy = (start, end) if seat else footprint(start, self.limits[kind.pk].timing)
        visit = Visit(
            id=0,
            uid=UUID(int=self.rng.getrandbits(128), version=4),
            reference=self._reference(),
            load=load,
            kind=kind,
            start=start,
            end=end,
            busy=busy,
            seat=seat,
            visitor=visitor,
            created=created,
            via=via,
        )
        self._tell_story(visit)
        family = visitor.family
        booked_at = from_minute(created)
        if family.created_at is None or booked_at < family.created_at:
            family.created_at = booked_at
        return visit

    def _reference(self) -> str:
        while True:
            reference = "".join(self.rng.choices(REFERENCE_ALPHABET, k=8))
            if reference not in self.references:
                self.references.add(reference)
                return reference

    def _booking(
        self, load: ShiftLoad, kind: AppointmentType, start: int
    ) -> tuple[int, str] | None:
        """When and by whom it was booked; None when nobody could have yet."""
        rng = self.rng
        latest = min(start - max(kind.notice_min, 60), self.midnight)
        ahead = int(rng.expovariate(1 / (14 * DAY)))
        created = max(latest - ahead, start - kind.horizon_days * DAY)
        if created > latest:
            return None
        rollout = self.rollouts[load.centre]
        opened = to_minute(rollout.online_from) if rollout.online_from else None
        is_online = kind.booking == AppointmentType.Booking.ONLINE
        if is_online and opened is not None and created > opened and rng.random() < 0.55:
            return min(created, latest), Via.WEB
        created = min(self._in_office_hours(created), latest)
        begun = to_minute(rollout.agents_from) if rollout.agents_from else None
        return created, Via.IMPORT if begun is None or created < begun else Via.AGENT

    def _in_office_hours(self, minute: int) -> int:
        local = from_minute(minute, self.zone)
        day = local.date() - timedelta(days=max(0, local.weekday() - 4))
        clock = timedelta(hours=self.rng.randint(9, 16), minutes=self.rng.randrange(60))
        at = datetime(day.year, day.month, day.day, tzinfo=self.zone) + clock
        return to_minute(at)

    def _tell_story(self, visit: Visit) -> None:
        """Booked, perhaps moved, perhaps cancelled; and for what is past, come or not."""
        desk = self.rng.choice(self.agents[visit.load.centre])
        actor = {Via.WEB: "family", Via.AGENT: desk, Via.IMPORT: "import"}[Via(visit.via)]
        visit.events.append((visit.created, "book", actor, State.BOOKED))
        actor = "family" if visit.via == Via.WEB else desk
        until = min(self.midnight, visit.start - 60)
        if until - visit.created > 2 * DAY and self.rng.random() < 0.05:
            visit.moved_from = visit.start + 7 * DAY
            self._change(visit, "move", actor, State.BOOKED, until=(visit.created + until) // 2)
        if until - visit.events[-1][0] > 60 and self.rng.random() < 0.11:
            visit.note = self.rng.choice(CANCEL_REASONS)
            self._change(visit, "cancel", actor, State.CANCELLED, until=until)
        elif visit.start - 15 <= self.now:
            self._live_through(visit, desk)

    def _change(self, visit: Visit, action: str, actor: str, state: str, *, until: int) -> None:
        """A change between the last event and `until`, in office hours when an agent makes it."""
        since = visit.events[-1][0] + 1
        at = until - self.rng.randrange((until - since) // 2 + 1)
        if actor != "family":
            at = max(since, min(self._in_office_hours(at), until))
        visit.sequence += 1
        self._happen(visit, at, action, actor, state)

    def _live_through(self, visit: Visit, desk: str) -> None:
        """What the visit came to by now."""
        rng, now = Random(visit.uid.int), self.now  # noqa: S311 - not the shared one: see midnight
        missed = 0.12 if visit.via == Via.WEB else 0.17
        if rng.random() < missed:
            if now >= visit.start + 15:
                self._happen(visit, visit.start + 15, "noshow", desk, State.NOSHOW)
            return
        arrived = visit.start - rng.randrange(1, 12)
        started = visit.start + rng.randrange(8)
        ended = max(visit.end - rng.randrange(6), started + 1)
        for at, action, state in (
            (arrived, "arrive", State.ARRIVED),
            (started, "start", State.IN_PROGRESS),
            (ended, "fulfil", State.FULFILLED),
        ):
            # Desks rarely note the start; it only matters while the visit lasts.
            if at <= now and not (action == "start" and ended <= now):
                self._happen(visit, at, action, desk, state)

    @staticmethod
    def _happen(visit: Visit, at: int, action: str, actor: str, state: str) -> None:
        visit.state = state
        visit.events.append((at, action, actor, state))

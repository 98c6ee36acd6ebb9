"""A practitioner's own half-days at every site, and who comes: a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from booking import board, daybook, usual
from booking.board import Block
from booking.models import Appointment
from booking.usual import MET, Suggestion, Visit
from centres.calendar import to_minute, wall
from centres.models import Absence, Practitioner, Shift

DAYS_SHOWN = timedelta(days=7)
# What is only announced: when and where, and how many come.
LOOK_AHEAD = timedelta(weeks=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of a practitioner: half-days with those who come, in order."""

    on: date
    is_today: bool
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of those who come, beside their appointment."""

    visits: Sequence[Visit]
    suggestions: dict[int, Suggestion]

    def is_first(self, appointment: Appointment) -> bool:
        """Whether nobody of the service has met this child, or this adult, before."""
        return not any(
            visit.starts_at < appointment.starts_at
            and visit.state in MET
            and visit.child == appointment.child_id
            and (visit.child is not None or visit.guardian == appointment.guardian_id)
            for visit in self.visits
        )


def zone_of(practitioner: Practitioner) -> ZoneInfo:
    """Whose midnight ends a day of somebody who works at several centres."""
    return ZoneInfo(practitioner.department.time_zone)


def read_days(practitioner: Practitioner, *, since: date, now: datetime) -> list[Day]:
    """The seven days from one on, those with nothing left out: four queries."""
    zone = zone_of(practitioner)
    span = [wall(day, time(), zone) for day in (since, since + DAYS_SHOWN)]
    shifts = list(_shifts(practitioner).filter(starts_at__gte=span[0], starts_at__lt=span[1]))
    visits = list(_visits(practitioner).filter(busy_from__gte=span[0], busy_from__lt=span[1]))
    half_days = [(_on(each), daybook.half_day(each)) for each in shifts]
    facts = [(_on(each.subject), each) for each in daybook.facts(visits)]
    days = []
    for on in sorted({on for on, _ in [*half_days, *facts]}):
        is_today = on == now.astimezone(zone).date()
        found = board.build(
            [each for day, each in half_days if day == on],
            [each for day, each in facts if day == on],
            now=to_minute(now),
            is_today=is_today,
        )
        blocks = [block for column in found.columns for block in column.blocks]
        if blocks:
            days.append(Day(on=on, is_today=is_today, blocks=blocks))
    return days


def read_session(practitioner: Practitioner, pk: int, *, now: datetime) -> Day | None:
    """One of their half-days with those who come to it; None if it is not theirs: four queries."""
    shift = _shifts(practitioner).filter(pk=pk).first()
    if shift is None:
        return None
    visits = list(_visits(practitioner).filter(shift=shift))
    found = board.build(
        [daybook.half_day(shift)], daybook.facts(visits), now=to_minute(now), is_today=False
    )
    on, today = _on(shift), now.astimezone(zone_of(practitioner)).date()
    return Day(on=on, is_today=on == today, blocks=found.columns[0].blocks)


def later_shifts(practitioner: Practitioner, *, since: date) -> list[Shift]:
    """Their half-days of the weeks after the days shown, not cancelled: one query."""
    zone = zone_of(practitioner)
    first, last = since + DAYS_SHOWN, since + LOOK_AHEAD
    found = Shift.objects.filter(
        practitioner=practitioner,
        starts_at__gte=wall(first, time(), zone),
        starts_at__lt=wall(last, time(), zone),
        status=Shift.Status.OPEN,
    )
    return list(found.select_related("site", "centre").order_by("starts_at", "id"))


def booked_in(shift: Shift) -> int:
    """How many appointments a half-day holds, by what the database keeps on its row."""
    return shift.taken if shift.seats > 1 else len(shift.busy) // 2


def coming_absences(practitioner: Practitioner, *, now: datetime) -> list[Absence]:
    """Those not over: one query."""
    found = Absence.objects.filter(practitioner=practitioner, ends_at__gt=now)
    return list(found.order_by("starts_at", "id"))


def facts_of(days: Iterable[Day], *, today: date, now: datetime) -> Facts:
    """What is known of those who come on these days: four queries, none without them."""
    coming = [
        entry.visit.subject
        for day in days
        for block in day.blocks
        for entry in block.entries
        if entry.visit is not None and entry.visit.subject.guardian_id
    ]
    if not coming:
        return Facts(visits=[], suggestions={})
    children = {each.child_id: each.child for each in coming if each.child_id}
    adults = {each.guardian_id for each in coming if not each.child_id}
    visits = usual.visits_of(children, adults)
    suggestions = usual.suggestions(
        children.values(),
        schedule=usual.schedule(today),
        visits=visits,
        decided=usual.decisions(children),
        today=today,
        now=now,
    )
    return Facts(visits=visits, suggestions=suggestions)


def _shifts(practitioner: Practitioner) -> QuerySet[Shift]:
    found = daybook.for_half_day(Shift.objects.filter(practitioner=practitioner))
    return found.select_related("centre").order_by("starts_at", "id")


def _visits(practitioner: Practitioner) -> QuerySet[Appointment]:
    return (
        Appointment.objects.filter(practitioner=practitioner)
        .exclude(state=Appointment.State.LAPSED)
        .select_related(
            "practitioner", "type", "site", "centre", "guardian", "child", "household", "remark"
        )
        .order_by("starts_at", "id")
    )


def _on(each: Shift | Appointment) -> date:
    return each.starts_at.astimezone(ZoneInfo(each.centre.time_zone)).date()

"""When children are usually seen next, and what can be booked for it: a fixed number of queries for
any number of children."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from booking import growing, rules
from booking.growing import Decision, Exam, Next, Seen
from booking.models import Appointment, Child, NextVisit
from booking.queries import type_rules
from centres.models import AppointmentType, ChildExam, VaccineAge
from centres.models.childhood import in_force

State, Status = Appointment.State, VaccineAge.Status
WALK_IN = AppointmentType.Booking.WALK_IN
MET = (State.ARRIVED, State.IN_PROGRESS, State.FULFILLED)


class Visit(NamedTuple):
    """An appointment that stands, or stood: what is asked of a family's past and future."""

    child: int | None
    guardian: int
    starts_at: datetime
    state: str
    type: int
    time_zone: str

    @property
    def on(self) -> date:
        return self.starts_at.astimezone(ZoneInfo(self.time_zone)).date()


@dataclass(frozen=True, slots=True)
class Schedule:
    """The examinations in force on a day, in order, and the ages of vaccines in months."""

    exams: Sequence[Exam]
    months: Sequence[int]
    doctors: frozenset[int]
    nurses: frozenset[int]


class Suggestion(NamedTuple):
    """What to propose for a child: the days, and the types to choose from, the best one first."""

    child: Child
    next: Next
    kinds: Sequence[AppointmentType]
    # It stands already for a later day.
    planned_at: datetime | None

    @property
    def exam(self) -> ChildExam | None:
        return self.next.exam.subject if self.next.exam else None


def schedule(on: date) -> Schedule:
    """Two queries."""
    rows = list(ChildExam.objects.filter(in_force(on)).select_related("doctor_type", "nurse_type"))
    usual = VaccineAge.objects.filter(
        in_force(on), status__in=[Status.MANDATORY, Status.RECOMMENDED]
    )
    return Schedule(
        [Exam(row.first_day, row.until_day, row.usual_day, row) for row in rows],
        sorted(set(usual.values_list("age_months", flat=True))),
        frozenset(row.doctor_type_id for row in rows if row.doctor_type_id),
        frozenset(row.nurse_type_id for row in rows if row.nurse_type_id),
    )


def visits_of(children: Collection[int], adults: Collection[int] = ()) -> list[Visit]:
    """The appointments of these children, and those of these guardians for themselves, that stand
    or took place: one query, by their indexes."""
    found = Appointment.objects.filter(
        Q(child__in=children) | Q(guardian__in=adults, child=None),
        state__in=[State.BOOKED, *MET],
    )
    fields = ("child", "guardian", "starts_at", "state", "type", "centre__time_zone")
    return [Visit._make(row) for row in found.order_by("starts_at").values_list(*fields)]


def decisions(children: Collection[int]) -> dict[int, Decision]:
    """What professionals decided for these children: one query."""
    zone = timezone.get_default_timezone()
    found = NextVisit.objects.filter(child__in=children)
    return {
        child: Decision(on, said_at.astimezone(zone).date())
        for child, on, said_at in found.values_list("child", "on", "decided_at")
    }


def suggestions(
    children: Iterable[Child],
    *,
    schedule: Schedule,
    visits: Iterable[Visit],
    decided: Mapping[int, Decision],
    today: date,
    now: datetime,
) -> dict[int, Suggestion]:
    """What to propose for each child (by id) for whom something is usual and can be booked."""
    by_child: dict[int, list[Visit]] = {}
    for visit in visits:
        if visit.child is not None:
            by_child.setdefault(visit.child, []).append(visit)
    found = {}
    for child in children:
        own = by_child.get(child.pk, [])
        made = _suggestion(child, own, schedule, decided.get(child.pk), today=today, now=now)
        if made is not None:
            found[child.pk] = made
    return found


def _suggestion(
    child: Child,
    visits: Sequence[Visit],
    usual: Schedule,
    decision: Decision | None,
    *,
    today: date,
    now: datetime,
) -> Suggestion | None:
    exams = usual.doctors | usual.nurses
    own = [visit for visit in visits if visit.type in exams]
    seen = [Seen(visit.on, visit.type in usual.doctors) for visit in own]
    planned_at = next((each.starts_at for each in own if each.starts_at > now), None)
    decided = growing.decided(decision, today=today, seen=seen) if decision else None
    # Of a day decided, the examination only tells the types.
    day = decided.around if decided else today
    by_age = growing.next_exam(
        usual.exams,
        usual.months,
        born_on=child.born_on,
        today=day,
        seen=() if decided else seen,
    )
    if by_age is None:
        return None
    found = decided or by_age
    kinds = _kinds(by_age, child, around=found.around, is_free=found.is_decided)
    return Suggestion(child, found, kinds, planned_at) if kinds else None


def _kinds(by_age: Next, child: Child, *, around: date, is_free: bool) -> list[AppointmentType]:
    """The types of an examination that can be booked for this child around that day: the doctor's,
    and the nurse's where a doctor is not usual or a professional decides."""
    row: ChildExam | None = by_age.exam.subject if by_age.exam else None
    if row is None:
        return []
    wanted = [row.doctor_type]
    if is_free or not by_age.needs_doctor:
        wanted.append(row.nurse_type)
    return [kind for kind in wanted if kind and _may_book(kind, child, around)]


def _may_book(kind: AppointmentType, child: Child, around: date) -> bool:
    days = rules.fitting_days(type_rules(kind), born_on=child.born_on)
    is_of_age = (days.first or around) <= around <= (days.last or around)
    return kind.is_active and kind.booking != WALK_IN and is_of_age

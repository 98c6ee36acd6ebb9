"""What opening rules ask for and which half-days there are: read and locked, not yet written."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import F, Q

from centres.calendar import LONGEST_SHIFT, wall
from centres.errors import BadRecurrence
from centres.locking import lock_people
from centres.models import Department, OpeningRule, PublicHoliday, SchoolHoliday, Shift
from centres.recurrence import DayFilter, occurrences
from centres.settling import Place

logger = logging.getLogger(__name__)
Day = tuple[int, date]  # a rule and a day: what a half-day is made for, once


class Planned(NamedTuple):
    """A half-day as its rule wants it."""

    starts_at: datetime
    ends_at: datetime


class Holidays:
    """Public and school holidays of Départements, read once each."""

    def __init__(self) -> None:
        self._known: dict[int, DayFilter] = {}

    def left_out_by(self, rule: OpeningRule) -> DayFilter:
        """The days on which this rule does not apply."""
        every = self._of(rule.site.centre.department)
        return DayFilter(
            () if rule.on_public_holidays else every.holidays,
            every.breaks if rule.skip_school_holidays else (),
        )

    def _of(self, department: Department) -> DayFilter:
        if department.pk not in self._known:
            holidays = PublicHoliday.objects.filter(department=department)
            breaks = SchoolHoliday.objects.filter(zone=department.school_zone)
            self._known[department.pk] = DayFilter(
                frozenset(holidays.values_list("on", flat=True)),
                tuple(breaks.values_list("starts_on", "ends_on")),
            )
        return self._known[department.pk]


def plan(rule: OpeningRule, *, start: date, until: date, holidays: Holidays) -> dict[date, Planned]:
    """The half-days a rule asks for in [start, until). Raises BadRecurrence."""
    zone = ZoneInfo(rule.site.centre.time_zone)
    if not (rule.is_active and rule.practitioner.is_active):
        return {}
    if rule.valid_until is not None:
        until = min(until, rule.valid_until + timedelta(days=1))
    wanted = {}
    for day in occurrences(
        rule.rrule,
        first_on=rule.valid_from,
        start=max(start, rule.valid_from),
        until=until,
        days=holidays.left_out_by(rule),
    ):
        starts_at, ends_at = wall(day, rule.opens, zone), wall(day, rule.closes, zone)
        if starts_at < ends_at:  # a half-day that a clock change swallows whole does not exist
            # The autumn night makes the longest ones an hour longer than anything may be.
            wanted[day] = Planned(starts_at, min(ends_at, starts_at + LONGEST_SHIFT))
    return wanted


class Circle(NamedTuple):
    """Rules tied by the people who work by them, and these people: settled together."""

    rules: list[int]
    people: list[int]


def circles(
    rule_ids: Iterable[int] | None, start: date, *, also: Iterable[tuple[int, int]] = ()
) -> list[Circle]:
    """The circles these rules are in, or all there are; with `also`, as they will be once these
    rules are given to these people."""
    links = {*OpeningRule.objects.order_by("pk").values_list("pk", "practitioner_id"), *also}
    # Given to somebody else, a rule is still tied to whoever has its half-days until it expands.
    strays = Shift.objects.filter(rule__isnull=False, is_edited=False, occurs_on__gte=start)
    strays = strays.exclude(practitioner=F("rule__practitioner")).order_by()
    links |= set(strays.values_list("rule_id", "practitioner_id").distinct())
    people, rules = defaultdict(set), defaultdict(set)
    for rule, who in links:
        people[rule].add(who)
        rules[who].add(rule)
    found: list[Circle] = []
    seen: set[int] = set()
    for rule in sorted(people if rule_ids is None else set(rule_ids) & people.keys()):
        if rule not in seen:
            found.append(_circle(rule, people, rules))
            seen.update(found[-1].rules)
    return found


def _circle(rule: int, people: dict[int, set[int]], rules: dict[int, set[int]]) -> Circle:
    reached, new = {rule}, {rule}
    while new:
        new = {each for known in new for who in people[known] for each in rules[who]} - reached
        reached |= new
    return Circle(sorted(reached), sorted({who for known in reached for who in people[known]}))


class Work:
    """The half-days of a circle in a period: as they are, and as their rules want them."""

    def __init__(self, circle: Circle, period: tuple[date, date], holidays: Holidays) -> None:
        lock_people(circle.people)
        rules = OpeningRule.objects.select_related("site__centre__department", "practitioner")
        rules = rules.prefetch_related("types").filter(pk__in=circle.rules).order_by("pk")
        self.rules: dict[int, OpeningRule] = {}
        self.wanted: dict[Day, Planned] = {}
        self.unreadable: list[int] = []
        for rule in rules:
            try:
                planned = plan(rule, start=period[0], until=period[1], holidays=holidays)
            except BadRecurrence as refusal:
                logger.error("rule %s cannot be read: %s", rule.pk, refusal)
                self.unreadable.append(rule.pk)
                continue
            self.rules[rule.pk] = rule
            self.wanted |= {(rule.pk, day): each for day, each in planned.items()}
        shifts = _lock_shifts(circle, period)
        # Those of other rules, or of days outside the period, only take their practitioner's time.
        self.known = {
            (shift.rule_id, shift.occurs_on): shift
            for shift in shifts
            if shift.rule_id in self.rules and period[0] <= shift.occurs_on < period[1]
        }
        self.kept = {
            day: shift
            for day, shift in self.known.items()
            if day in self.wanted and not shift.is_edited
        }
        self.dropped = [
            shift
            for day, shift in self.known.items()
            if day not in self.wanted and not shift.is_edited
        ]
        gone = {shift.pk for shift in self.dropped}
        self.open = [s for s in shifts if s.pk not in gone and s.status == Shift.Status.OPEN]

    def place(self, day: Day) -> Place:
        """Where the half-day of a rule on a day ought to be."""
        return Place(self.rules[day[0]].practitioner_id, *self.wanted[day])


def lock_circles(
    rule_ids: Iterable[int],
    start: date,
    *,
    also: Iterable[tuple[int, int]] = (),
    whole: Collection[int] = (),
) -> None:
    """Lock the people of these rules' circles, then all half-days from `start` on that changing the
    rules may touch, those of the `whole` rules from their first day: before any is written."""
    tied = circles(rule_ids, start, also=also)
    people = [pk for circle in tied for pk in circle.people]
    lock_people(people)
    of_people = Q(
        practitioner__in=people,
        status=Shift.Status.OPEN,
        starts_at__gt=datetime.combine(start, time(), UTC) - timedelta(days=1) - LONGEST_SHIFT,
    )
    of_rules = Q(rule__in=[pk for circle in tied for pk in circle.rules], occurs_on__gte=start)
    shifts = Shift.objects.select_for_update(of=("self",), no_key=True)
    shifts = shifts.filter(of_rules | of_people | Q(rule__in=whole)).order_by("pk")
    list(shifts.values_list("pk", flat=True))


def _lock_shifts(circle: Circle, period: tuple[date, date]) -> list[Shift]:
    """The half-days of these rules and of these people in the period, locked."""
    since, until = (datetime.combine(day, time(), UTC) for day in period)
    shifts = Shift.objects.select_for_update(of=("self",), no_key=True)
    of_rules = Q(rule__in=circle.rules, occurs_on__gte=period[0], occurs_on__lt=period[1])
    of_people = Q(
        practitioner__in=circle.people,
        status=Shift.Status.OPEN,
        starts_at__gt=since - timedelta(days=1) - LONGEST_SHIFT,
        starts_at__lt=until + timedelta(days=1),
    )
    return list(shifts.filter(of_rules | of_people).order_by("pk"))  # the order all writers lock in

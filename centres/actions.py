"""The writers of opening hours and rollout: expand rules into shifts, close time, change stage."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from centres.calendar import DayFilter, occurrences, to_minute, wall
from centres.models import (
    Absence,
    Centre,
    Closure,
    OpeningRule,
    PublicHoliday,
    SchoolHoliday,
    Shift,
    ShiftType,
    StageChange,
    User,
)
from centres.rollout import Stage, effective_stage

HORIZON_MONTHS = 12

LOCK_SHIFTS = "SELECT id FROM centres_shift WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
# What absences and closures take of shifts: rebuilt for the shifts named, from the facts alone.
REFRESH_CLOSED = """
UPDATE centres_shift s SET closed = c.closed
FROM (
    SELECT s.id, coalesce(array_agg(edge ORDER BY p.starts_at, p.ends_at, edge)
                          FILTER (WHERE edge IS NOT NULL), '{}') AS closed
    FROM centres_shift s
    LEFT JOIN LATERAL (
        SELECT starts_at, ends_at FROM centres_absence
        WHERE practitioner_id = s.practitioner_id
          AND starts_at < s.ends_at AND ends_at > s.starts_at
        UNION  -- one period once, or its edges could not be told from another's
        SELECT starts_at, ends_at FROM centres_closure
        WHERE starts_at < s.ends_at AND ends_at > s.starts_at
          AND department_id = (SELECT department_id FROM centres_centre WHERE id = s.centre_id)
          AND (centre_id IS NULL OR centre_id = s.centre_id)
          AND (site_id IS NULL OR site_id = s.site_id)
    ) p ON true
    LEFT JOIN LATERAL unnest(ARRAY[
        floor(extract(epoch FROM p.starts_at) / 60)::int,
        ceil(extract(epoch FROM p.ends_at) / 60)::int]) edge ON p.starts_at IS NOT NULL
    WHERE s.id = ANY(%s)
    GROUP BY s.id
) c
WHERE s.id = c.id AND s.closed <> c.closed
"""

# The shifts of a rule on many days, and what they offer: one statement, or a first year of a
# whole Département takes minutes. One that would put someone in two places is left out.
MAKE_SHIFTS = """
WITH made AS (
    INSERT INTO centres_shift
        (rule_id, occurs_on, practitioner_id, centre_id, site_id, starts_at, ends_at, seats,
         agent_reserve, status, is_edited, closed, busy, taken, room)
    SELECT %(rule)s, w.day, %(practitioner)s, %(centre)s, %(site)s, w.starts_at, w.ends_at,
           %(seats)s, %(reserve)s, 'open', false, '{}', '{}', 0, 0
    FROM unnest(%(days)s::date[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
         AS w (day, starts_at, ends_at)
    ON CONFLICT DO NOTHING
    RETURNING id, centre_id, starts_at
), offered AS (
    INSERT INTO centres_shifttype (shift_id, type_id, centre_id, starts_at)
    SELECT made.id, kind, made.centre_id, made.starts_at
    FROM made, unnest(%(types)s::bigint[]) AS kind
)
SELECT id FROM made
"""


class Expansion(NamedTuple):
    """What expanding did. `outside`: shifts with appointments that their rule no longer covers."""

    made: int
    changed: int
    removed: int
    outside: list[int]


class Planned(NamedTuple):
    """A shift as its rule wants it."""

    starts_at: datetime
    ends_at: datetime


def refresh_closed(shift_ids: Iterable[int]) -> None:
    """Recount what absences and closures take of these shifts.

    They are locked first, in the order all writers use: of two absences declared at once, the
    second is counted with the first.
    """
    ids = list(shift_ids)
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SHIFTS, [ids])
        cursor.execute(REFRESH_CLOSED, [ids])


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def expand_rules(
    *,
    today: date,
    rule_ids: Iterable[int] | None = None,
    months: int = HORIZON_MONTHS,
    since: date | None = None,
) -> Expansion:
    """Make the dated shifts of opening rules from `since` (today by default) for `months`.

    Idempotent: running it twice, or late, changes nothing more. Shifts edited by hand are left as
    they are. One that its rule no longer asks for is removed, or, when appointments stand in it,
    cancelled. No appointment is ever lost by an edit: shifts whose appointments no longer fit are
    listed in `outside`. A shift that would put a practitioner in two places is not made.

    One transaction per rule: the nightly run locks one rule's shifts at a time.
    """
    start, until = since or today, months_after(today, months)
    rules = OpeningRule.objects.select_related("site__centre__department", "practitioner")
    rules = rules.prefetch_related("types")
    if rule_ids is not None:
        rules = rules.filter(pk__in=list(rule_ids))
    total = Expansion(0, 0, 0, [])
    calendars: dict[int, DayFilter] = {}
    for rule in rules.order_by("pk"):
        done = _expand(rule, start, until, calendars)
        total = Expansion(
            total.made + done.made,
            total.changed + done.changed,
            total.removed + done.removed,
            total.outside + done.outside,
        )
    return total


def _days_off(rule: OpeningRule, calendars: dict[int, DayFilter]) -> DayFilter:
    department = rule.site.centre.department
    if department.pk not in calendars:
        holidays = PublicHoliday.objects.filter(department=department).values_list("on", flat=True)
        breaks = SchoolHoliday.objects.filter(zone=department.school_zone)
        calendars[department.pk] = DayFilter(
            frozenset(holidays), tuple(breaks.values_list("starts_on", "ends_on"))
        )
    every = calendars[department.pk]
    return DayFilter(
        () if rule.on_public_holidays else every.holidays,
        every.breaks if rule.skip_school_holidays else (),
    )


def _plan(rule: OpeningRule, start: date, until: date, days: DayFilter) -> dict[date, Planned]:
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
        days=days,
    ):
        starts_at, ends_at = wall(day, rule.opens, zone), wall(day, rule.closes, zone)
        if starts_at < ends_at:  # a half-day that a clock change swallows whole does not exist
            wanted[day] = Planned(starts_at, ends_at)
    return wanted


@transaction.atomic
def _expand(
    rule: OpeningRule, start: date, until: date, calendars: dict[int, DayFilter]
) -> Expansion:
    wanted = _plan(rule, start, until, _days_off(rule, calendars))
    shifts = Shift.objects.select_for_update(of=("self",), no_key=True)
    existing = {
        shift.occurs_on: shift
        for shift in shifts.filter(rule=rule, occurs_on__gte=start, occurs_on__lt=until).order_by(
            "pk"
        )  # the order in which all writers lock
    }
    removed, outside = _withdraw(
        [shift for day, shift in existing.items() if day not in wanted and not shift.is_edited]
    )
    types = [kind.pk for kind in rule.types.all()]
    kept = [shift for day, shift in existing.items() if day in wanted and not shift.is_edited]
    changed = _offer_anew(kept, types)
    for shift in kept:
        plan = wanted[shift.occurs_on]
        is_left_out = _leaves_some_out(shift, rule, plan)
        if _align(shift, rule, plan):
            changed.add(shift.pk)
            outside += [shift.pk] if is_left_out else []
    made = _make(rule, {day: plan for day, plan in wanted.items() if day not in existing}, types)
    return Expansion(made, len(changed), removed, outside)


def _withdraw(shifts: list[Shift]) -> tuple[int, list[int]]:
    """Delete the shifts nobody booked; cancel the others, which keep their appointments."""
    if not shifts:
        return 0, []
    gone = [shift.pk for shift in shifts]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM centres_shift s WHERE id = ANY(%s) AND (busy <> '{}' OR taken > 0)",
            [gone],
        )
        kept = [row[0] for row in cursor.fetchall()]
    open_ones = Shift.objects.filter(pk__in=kept).exclude(status=Shift.Status.CANCELLED)
    newly_outside = list(open_ones.values_list("pk", flat=True))
    open_ones.update(status=Shift.Status.CANCELLED)
    return _delete_or_cancel(set(gone) - set(kept)), newly_outside


def _delete_or_cancel(ids: set[int]) -> int:
    """Delete shifts; those that history still names (cancelled appointments) are only cancelled."""
    named = Shift.objects.filter(pk__in=ids).filter(~Q(appointments=None)).distinct()
    used = set(named.values_list("pk", flat=True))
    Shift.objects.filter(pk__in=used).update(status=Shift.Status.CANCELLED)
    deleted, _ = Shift.objects.filter(pk__in=ids - used).delete()
    return deleted


def _align(shift: Shift, rule: OpeningRule, plan: Planned) -> bool:
    """Bring an existing, unedited shift in line with its rule; whether anything changed."""
    wanted = {
        "starts_at": plan.starts_at,
        "ends_at": plan.ends_at,
        "practitioner_id": rule.practitioner_id,
        "site_id": rule.site_id,
        "centre_id": rule.site.centre_id,
        "seats": rule.seats,
        "agent_reserve": rule.agent_reserve,
        "status": Shift.Status.OPEN,
    }
    changes = {name: new for name, new in wanted.items() if getattr(shift, name) != new}
    if not changes:
        return False
    try:
        with transaction.atomic():
            Shift.objects.filter(pk=shift.pk).update(**changes)
    except IntegrityError:  # it would stand in two places, or lose seats families have
        return False
    refresh_closed([shift.pk])
    return True


def _leaves_some_out(shift: Shift, rule: OpeningRule, plan: Planned) -> bool:
    """Whether families booked in the shift were told another time, place or person than planned."""
    if not (shift.busy or shift.taken):
        return False
    if (shift.practitioner_id, shift.site_id) != (rule.practitioner_id, rule.site_id):
        return True
    if shift.taken:
        return (shift.starts_at, shift.ends_at) != plan
    return min(shift.busy) < to_minute(plan.starts_at) or max(shift.busy) > to_minute(plan.ends_at)


def _offer_anew(shifts: list[Shift], types: list[int]) -> set[int]:
    """Make these shifts offer these types; the ids of those that did not."""
    offered: dict[int, set[int]] = {shift.pk: set() for shift in shifts}
    offers = ShiftType.objects.filter(shift__in=shifts)
    for shift_id, type_id in offers.values_list("shift_id", "type_id"):
        offered[shift_id].add(type_id)
    stale = [shift for shift in shifts if offered[shift.pk] != set(types)]
    if stale:
        offers.filter(shift__in=stale).delete()
        _offer(stale, types)
    return {shift.pk for shift in stale}


def _make(rule: OpeningRule, plans: dict[date, Planned], types: list[int]) -> int:
    if not plans:
        return 0
    values: dict[str, Any] = {
        "rule": rule.pk,
        "practitioner": rule.practitioner_id,
        "centre": rule.site.centre_id,
        "site": rule.site_id,
        "seats": rule.seats,
        "reserve": rule.agent_reserve,
        "days": list(plans),
        "starts": [plan.starts_at for plan in plans.values()],
        "ends": [plan.ends_at for plan in plans.values()],
        "types": types,
    }
    with connection.cursor() as cursor:
        cursor.execute(MAKE_SHIFTS, values)
        made = [row[0] for row in cursor.fetchall()]
    refresh_closed(made)
    return len(made)


def _offer(shifts: list[Shift], types: list[int]) -> None:
    ShiftType.objects.bulk_create(
        [
            ShiftType(
                shift=shift, type_id=kind, centre_id=shift.centre_id, starts_at=shift.starts_at
            )
            for shift in shifts
            for kind in types
        ],
        ignore_conflicts=True,
    )


def _shifts_during(period: Absence | Closure) -> list[int]:
    """The shifts a period may close: more than it does is harmless, `refresh_closed` recounts."""
    shifts = Shift.objects.filter(starts_at__lt=period.ends_at, ends_at__gt=period.starts_at)
    if isinstance(period, Absence):
        shifts = shifts.filter(practitioner=period.practitioner_id)
    else:
        shifts = shifts.filter(centre__department=period.department_id)
    return list(shifts.values_list("pk", flat=True))


@transaction.atomic
def declare_absence(*, absence: Absence) -> Absence:
    """Record an absence, or change one; the practitioner's shifts lose (or gain) that time in the
    same transaction."""
    before = Absence.objects.filter(pk=absence.pk).first()
    freed = _shifts_during(before) if before else []
    absence.save()
    refresh_closed([*freed, *_shifts_during(absence)])
    return absence


@transaction.atomic
def declare_closure(*, closure: Closure) -> Closure:
    """Record a closure of a site, a centre or the Département, or change one; their shifts lose
    (or gain) that time."""
    before = Closure.objects.filter(pk=closure.pk).first()
    freed = _shifts_during(before) if before else []
    closure.save()
    refresh_closed([*freed, *_shifts_during(closure)])
    return closure


@transaction.atomic
def withdraw(*, period: Absence | Closure) -> None:
    """Take an absence or a closure back; the time is offered again."""
    touched = _shifts_during(period)
    period.delete()
    refresh_closed(touched)


@transaction.atomic
def change_stage(
    *,
    centre_id: int,
    stage: str,
    now: datetime,
    author: User | None,
    author_name: str,
    note: str = "",
    effective_at: datetime | None = None,
) -> StageChange:
    """Open, pause or prepare a centre, at once or from a local date and time on.

    Appointments already made stay. A later decision replaces one that is scheduled. Raises
    ValueError when the stage is unknown or the scheduled time has passed.
    """
    wanted = Stage(stage)
    centre = Centre.objects.select_for_update().get(pk=centre_id)
    before = effective_stage(centre, now=now)
    if effective_at is not None and effective_at <= now:
        raise ValueError("the scheduled time has passed")
    if effective_at is None:
        centre.stage, centre.next_stage, centre.next_stage_at = wanted, "", None
    else:
        centre.stage, centre.next_stage, centre.next_stage_at = before, wanted, effective_at
    centre.save(update_fields=["stage", "next_stage", "next_stage_at"])
    return StageChange.objects.create(
        centre=centre,
        stage_before=before,
        stage=wanted,
        effective_at=effective_at or now,
        author=author,
        author_name=author_name,
        note=note,
        decided_at=now,
    )

"""Opening rules become dated half-days, and stay in step with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, NamedTuple

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from centres.actions.clashes import Clash, in_the_way, log
from centres.actions.closing import refresh_closed
from centres.actions.planning import Circle, Day, Holidays, Planned, Work, circles
from centres.calendar import months_after, to_minute
from centres.models import OpeningRule, Shift, ShiftType
from centres.settling import Diary, Move, Place, settle

HORIZON_MONTHS = 12

# The shifts of a rule on many days, and what they offer: one statement, or a first year of a
# whole Département takes minutes.
MAKE_SHIFTS = """
WITH made AS (
    INSERT INTO centres_shift
        (rule_id, occurs_on, practitioner_id, centre_id, site_id, starts_at, ends_at, seats,
         agent_reserve, status, is_edited, closed, busy, taken, room, free)
    SELECT %(rule)s, w.day, %(practitioner)s, %(centre)s, %(site)s, w.starts_at, w.ends_at,
           %(seats)s, %(reserve)s, 'open', false, '{}', '{}', 0, 0, 0
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
    """What expanding did, and what it could not do.

    `outside`: shifts with appointments that their rule no longer covers. `clashes`: half-days that
    would put somebody in two places. `crowded`: shifts whose families have seats that the rule
    would take away. `unreadable`: rules left alone for their recurrence.
    """

    made: int
    changed: int
    removed: int
    outside: list[int]
    clashes: list[Clash]
    crowded: list[int]
    unreadable: list[int]


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
    listed in `outside`. A shift that would put a practitioner in two places is not made; it is
    listed in `clashes`.

    A rule is expanded together with all others of the same people, who may wait for each other's
    times: one transaction for these.
    """
    period = (since or today, months_after(today, months))
    holidays = Holidays()
    total = Expansion(0, 0, 0, [], [], [], [])
    for circle in circles(rule_ids, period[0]):
        total = _sum(total, _expand(circle, period, holidays))
    return total


def _sum(one: Expansion, other: Expansion) -> Expansion:
    return Expansion(
        made=one.made + other.made,
        changed=one.changed + other.changed,
        removed=one.removed + other.removed,
        outside=one.outside + other.outside,
        clashes=one.clashes + other.clashes,
        crowded=one.crowded + other.crowded,
        unreadable=one.unreadable + other.unreadable,
    )


@transaction.atomic
def _expand(circle: Circle, period: tuple[date, date], holidays: Holidays) -> Expansion:
    work = Work(circle, period, holidays)
    removed, outside = _withdraw(work.dropped)
    changed = _offer_anew(work)
    reseated, crowded = _reseat(work)
    made, refused = _settle(work, crowded)
    aligned, left_out = _align(work, [move for move in made if move.key in work.kept], crowded)
    new = [move.key for move in made if move.key not in work.known]
    fresh = [shift for rule in work.rules for shift in _make(work, rule, new)]
    refresh_closed([*aligned, *fresh])
    clashes = in_the_way(refused)
    log(clashes)
    return Expansion(
        made=len(fresh),
        changed=len(changed | reseated | aligned),
        removed=removed,
        outside=outside + left_out,
        clashes=clashes,
        crowded=sorted(crowded),
        unreadable=work.unreadable,
    )


def _withdraw(shifts: list[Shift]) -> tuple[int, list[int]]:
    """Delete the shifts nobody booked; cancel the others, which keep their appointments."""
    if not shifts:
        return 0, []
    kept = {shift.pk for shift in shifts if shift.busy or shift.taken}
    open_ones = Shift.objects.filter(pk__in=kept).exclude(status=Shift.Status.CANCELLED)
    newly_outside = list(open_ones.order_by("pk").values_list("pk", flat=True))
    open_ones.update(status=Shift.Status.CANCELLED)
    return _delete_or_cancel({shift.pk for shift in shifts} - kept), newly_outside


def _delete_or_cancel(ids: set[int]) -> int:
    """Delete shifts; those that history still names (cancelled appointments, who was counted there,
    changes by hand) are only cancelled."""
    told = ~Q(appointments=None) | ~Q(counted=None) | ~Q(changes=None)
    named = Shift.objects.filter(pk__in=ids).filter(told)
    used = set(named.values_list("pk", flat=True).distinct())
    Shift.objects.filter(pk__in=used).update(status=Shift.Status.CANCELLED)
    deleted, _ = Shift.objects.filter(pk__in=ids - used).delete()
    return deleted


def _offer_anew(work: Work) -> set[int]:
    """Make the kept shifts offer what their rule does; the ids of those that did not."""
    offered: dict[int, set[int]] = {shift.pk: set() for shift in work.kept.values()}
    offers = ShiftType.objects.filter(shift__in=offered)
    for shift_id, type_id in offers.values_list("shift_id", "type_id"):
        offered[shift_id].add(type_id)
    types = {pk: {kind.pk for kind in rule.types.all()} for pk, rule in work.rules.items()}
    stale = {
        shift: types[rule]
        for (rule, _), shift in work.kept.items()
        if offered[shift.pk] != types[rule]
    }
    if stale:
        offers.filter(shift__in=stale).delete()
        offer(stale)
    return {shift.pk for shift in stale}


def offer(types: dict[Shift, set[int]]) -> None:
    """Make shifts, which offer nothing yet, offer these types."""
    ShiftType.objects.bulk_create(
        [
            ShiftType(
                shift=shift, type_id=kind, centre_id=shift.centre_id, starts_at=shift.starts_at
            )
            for shift, kinds in types.items()
            for kind in sorted(kinds)
        ],
        ignore_conflicts=True,
    )


def _reseat(work: Work) -> tuple[set[int], set[int]]:
    """Give the kept shifts their rule's seats. The ids of those that changed, and of those left
    as they are because families have the seats."""
    changed, crowded = set(), set()
    for (rule, _), shift in work.kept.items():
        if shift.seats == work.rules[rule].seats:
            continue
        try:
            with transaction.atomic():
                Shift.objects.filter(pk=shift.pk).update(seats=work.rules[rule].seats)
            changed.add(shift.pk)
        except IntegrityError:
            crowded.add(shift.pk)
    return changed, crowded


def _settle(work: Work, fixed: Collection[int]) -> tuple[list[Move], list[Move]]:
    """What can be moved or made, and what cannot. Those already in their place go nowhere."""
    diary, moves = Diary(), []
    leaving: set[int] = set()
    for day, shift in sorted(work.kept.items(), key=lambda each: each[0]):
        place = Place(shift.practitioner_id, shift.starts_at, shift.ends_at)
        is_open = shift.status == Shift.Status.OPEN
        if shift.pk not in fixed and (place != work.place(day) or not is_open):
            moves.append(Move(*day, work.place(day), place if is_open else None))
            leaving.add(shift.pk)
    for shift in work.open:
        if shift.pk not in leaving:
            diary.add(Place(shift.practitioner_id, shift.starts_at, shift.ends_at))
    new = sorted(work.wanted.keys() - work.known.keys())
    return settle([*moves, *(Move(*day, work.place(day), None) for day in new)], diary)


def _align(
    work: Work, moves: Collection[Move], fixed: Collection[int]
) -> tuple[set[int], list[int]]:
    """Bring kept shifts in line with their rules. The ids of those that changed, and of those of
    them whose families were told another time, person or place."""
    moving = {move.key for move in moves}
    # Out of each other’s way first: the constraint looks at one row at a time.
    aside = [move.key for move in moves if move.leaves is not None]
    if len(aside) > 1:
        ids = [work.kept[day].pk for day in aside]
        Shift.objects.filter(pk__in=ids).update(status=Shift.Status.CANCELLED)
    changed: set[int] = set()
    left_out = []
    for day, shift in work.kept.items():
        rule = work.rules[day[0]]
        is_home = _is_in_place(shift, work.place(day))
        if shift.pk in fixed or not (is_home or day in moving):
            continue
        wanted = columns_of(rule, work.wanted[day])
        if all(getattr(shift, name) == value for name, value in wanted.items()):
            continue
        Shift.objects.filter(pk=shift.pk).update(**wanted)
        changed.add(shift.pk)
        left_out += [shift.pk] if _leaves_some_out(shift, rule, work.wanted[day]) else []
    return changed, left_out


def _is_in_place(shift: Shift, place: Place) -> bool:
    return shift.status == Shift.Status.OPEN and place == (
        shift.practitioner_id,
        shift.starts_at,
        shift.ends_at,
    )


def columns_of(rule: OpeningRule, planned: Planned) -> dict[str, Any]:
    """What a shift takes from its rule, seats apart."""
    return {
        "starts_at": planned.starts_at,
        "ends_at": planned.ends_at,
        "practitioner_id": rule.practitioner_id,
        "site_id": rule.site_id,
        "centre_id": rule.site.centre_id,
        "agent_reserve": rule.agent_reserve,
        "status": Shift.Status.OPEN,
    }


def _leaves_some_out(shift: Shift, rule: OpeningRule, planned: Planned) -> bool:
    """Whether families booked in the shift were told another time, place or person than planned."""
    if not (shift.busy or shift.taken):
        return False
    if (shift.practitioner_id, shift.site_id) != (rule.practitioner_id, rule.site_id):
        return True
    if shift.taken:
        return (shift.starts_at, shift.ends_at) != planned
    since, until = to_minute(planned.starts_at), to_minute(planned.ends_at)
    return min(shift.busy) < since or max(shift.busy) > until


def _make(work: Work, rule_id: int, days: Iterable[Day]) -> list[int]:
    plans = {day: work.wanted[rule, day] for rule, day in days if rule == rule_id}
    if not plans:
        return []
    rule = work.rules[rule_id]
    values: dict[str, Any] = {
        "rule": rule.pk,
        "practitioner": rule.practitioner_id,
        "centre": rule.site.centre_id,
        "site": rule.site_id,
        "seats": rule.seats,
        "reserve": rule.agent_reserve,
        "days": list(plans),
        "starts": [planned.starts_at for planned in plans.values()],
        "ends": [planned.ends_at for planned in plans.values()],
        "types": [kind.pk for kind in rule.types.all()],
    }
    with connection.cursor() as cursor:
        cursor.execute(MAKE_SHIFTS, values)
        return [row[0] for row in cursor.fetchall()]

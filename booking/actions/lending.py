"""Single half-days as managers change them: edited, cancelled, restored, lent to a colleague, or
swapped with one; the appointments go along if asked (ADR 0028).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction

from booking import announcing
from booking.actions.undoing import stand_again
from booking.constraints import SLOT_CONSTRAINTS, broken_constraint
from booking.errors import ColleagueBooked, NotAsSeen
from booking.locking import lock_half_days
from booking.models import Appointment, Case
from booking.models.declaration import CaseQuerySet
from booking.wording import spoken_day, spoken_time
from centres import actions as opening
from centres.actions.shifts import ShiftFields
from centres.errors import PractitionerAway, PractitionerWorks
from centres.locking import lock_people
from centres.models import Absence, Shift, ShiftChange, User

State = Appointment.State
AWAITED = (State.BOOKED, State.ARRIVED, State.IN_PROGRESS)
EDIT, CANCEL, RESTORE = "edit", "cancel", "restore"
# What a page says of an appointment.
NAMED = ("type", "centre", "site", "practitioner", "guardian", "child", "household")

# Out of each other's way first: the constraint looks at one row at a time, and both may receive at
# nine. A lapsed row leaves no line in the history, so that the whole leaves one.
ASIDE = "UPDATE booking_appointment SET state = 'lapsed' WHERE id = ANY (%(ids)s)"
BRING = """
UPDATE booking_appointment a SET
    state = w.state, practitioner_id = w.who, changed_at = %(now)s,
    last_action = CASE w.state WHEN 'held' THEN a.last_action ELSE 'move' END,
    actor = CASE w.state WHEN 'held' THEN a.actor ELSE %(actor)s END
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(people)s::bigint[]) AS w (id, state, who)
WHERE a.id = w.id
"""


class HalfDays(NamedTuple):
    """What becomes of half-days changed alone: each as it was and as it is, the appointments that
    go along, those that none of them receives any more, and those that one receives again."""

    changed: list[tuple[Shift, Shift]]
    followed: list[Appointment]
    left_out: list[Appointment]
    back: list[Appointment]

    @property
    def tokens(self) -> list[str]:
        """One text for each thing that happens: what was seen is compared with what would be."""
        said = [f"{was.pk}:{_said(was)}:{_said(now)}" for was, now in self.changed]
        said += [f"along:{each.pk}" for each in self.followed]
        said += [f"out:{each.pk}" for each in self.left_out]
        said += [f"back:{each.pk}" for each in self.back]
        return sorted(hashlib.sha256(each.encode()).hexdigest()[:8] for each in said)


def _said(shift: Shift) -> str:
    kinds = sorted(offer.type_id for offer in shift.offers.all())
    hours = (shift.starts_at.timestamp(), shift.ends_at.timestamp())
    place = (shift.practitioner_id, shift.site_id, shift.status, shift.seats, shift.agent_reserve)
    return f"{place}{hours}{kinds}"


@transaction.atomic
def change_half_day(
    *,
    shift_id: int,
    do: str,
    author: User,
    now: datetime,
    wanted: ShiftFields | None = None,
    follows: bool = False,
    note: str = "",
    seen: Collection[str] | None = None,
) -> HalfDays:
    """Edit one half-day as `wanted`, cancel or restore it. When somebody else has it then, its
    appointments follow if asked, at the same times; no family is told (ADR 0028), but those that it
    does not receive any more are to be phoned, and are not reminded, until it does again. With the
    tokens `seen` in a trial, only if all of it is so still.

    Raises NotAsSeen, ColleagueBooked, PractitionerAway, and what centres' actions raise.
    """
    wanted = wanted or {}
    shift = Shift.objects.select_related("rule").get(pk=shift_id)
    given_to = wanted.get("practitioner_id", shift.practitioner_id)
    if do == RESTORE and shift.rule is not None:
        given_to = shift.rule.practitioner_id
    signed: dict[str, Any] = {"shift_id": shift_id, "author": author, "now": now, "note": note}

    def act() -> None:
        if do == EDIT:
            starts = wanted.get("starts_at", shift.starts_at)
            ends = wanted.get("ends_at", shift.ends_at)
            is_given = given_to != shift.practitioner_id
            _check_free(given_to, starts, ends, beside=[shift_id], is_given=is_given)
            opening.edit_shift(**signed, **wanted)
        elif do == CANCEL:
            opening.cancel_shift(**signed)
        else:
            opening.restore_shift(**signed)

    people = {shift.practitioner_id, given_to}
    return _apply([shift_id], people, act, follows=follows, author=author, now=now, seen=seen)


@transaction.atomic
def swap_half_days(
    *,
    one_id: int,
    other_id: int,
    shift_ids: Collection[int],
    author: User,
    now: datetime,
    follows: bool = True,
    note: str = "",
    seen: Collection[str] | None = None,
) -> HalfDays:
    """Give the half-days of one practitioner to the other, and theirs to the first; all or nothing.
    Families whose appointments do not follow are to be phoned.

    Raises NotAsSeen, ColleagueBooked, PractitionerAway, PractitionerBusy, NothingToSwap, ShiftOver,
    ShiftCancelled.
    """
    ids = sorted(shift_ids)

    def act() -> None:
        for shift in Shift.objects.filter(pk__in=ids).order_by("starts_at"):
            given_to = other_id if shift.practitioner_id == one_id else one_id
            _check_free(given_to, shift.starts_at, shift.ends_at, beside=ids, is_given=True)
        opening.swap_shifts(
            one_id=one_id, other_id=other_id, shift_ids=ids, author=author, now=now, note=note
        )

    people = {one_id, other_id}
    return _apply(ids, people, act, follows=follows, author=author, now=now, seen=seen)


def _apply(
    ids: list[int],
    people: Collection[int],
    act: Callable[[], None],
    *,
    follows: bool,
    author: User,
    now: datetime,
    seen: Collection[str] | None,
) -> HalfDays:
    """Lock people, then half-days, then change them, then their appointments (ADR 0004)."""
    lock_people(people)
    limbo = _limbo(ids)
    lock_half_days([*ids, *limbo.values_list("proposal__shift", flat=True)], people)
    before = _load(ids)
    before_out = _outside(ids, now)
    act()
    after = _load(ids)
    given = {
        pk: (was.practitioner_id, after[pk].practitioner_id)
        for pk, was in before.items()
        if was.practitioner_id != after[pk].practitioner_id
    }
    followed = _bring(given, author, now=now) if follows and given else []
    out = _outside(ids, now)
    left_out = [each for each in out if each not in before_out]
    back = [each for each in before_out if each not in out]
    outcome = HalfDays([(before[pk], after[pk]) for pk in before], followed, left_out, back)
    if seen is not None and sorted(seen) != outcome.tokens:
        raise NotAsSeen(outcome=outcome)
    _leave_to_calls(outcome, author, now=now)
    return outcome


def _leave_to_calls(outcome: HalfDays, author: User, *, now: datetime) -> None:
    """Who has lost its place is to be phoned, who has it again is not any more (ADR 0036)."""
    if not outcome.left_out and not outcome.back:
        return
    ids = [shift.pk for _was, shift in outcome.changed]
    decision = str(ShiftChange.objects.filter(shift__in=ids).latest("pk").pk)
    if outcome.left_out:
        announcing.called_off(outcome.left_out, decision=decision, now=now)
    if outcome.back:
        announcing.called_on(outcome.back, decision=decision, by=author.email, now=now)


def _load(ids: Collection[int]) -> dict[int, Shift]:
    found = Shift.objects.filter(pk__in=ids).select_related("practitioner", "site", "centre")
    return {
        shift.pk: shift for shift in found.prefetch_related("offers").order_by("starts_at", "pk")
    }


def _outside(ids: Collection[int], now: datetime) -> list[Appointment]:
    found = Appointment.objects.outside().filter(shift__in=ids, ends_at__gt=now)
    return list(found.select_related(*NAMED).order_by("starts_at", "pk"))


def _check_free(
    who: int, starts: datetime, ends: datetime, *, beside: Collection[int], is_given: bool
) -> None:
    """Say by name what is in the way, before a constraint does it without. Raises PractitionerAway,
    PractitionerBusy."""
    during = {"practitioner": who, "starts_at__lt": ends, "ends_at__gt": starts}
    shifts = Shift.objects.filter(**during, status=Shift.Status.OPEN).exclude(pk__in=beside)
    other = shifts.select_related("practitioner", "site", "centre").first()
    if other is not None:
        raise PractitionerWorks(
            who=str(other.practitioner), place=other.site.name, **_when(other, other)
        )
    absence = Absence.objects.filter(**during).select_related("practitioner").first()
    if is_given and absence is not None:
        zone = ZoneInfo(Shift.objects.select_related("centre").get(pk=min(beside)).centre.time_zone)
        day = spoken_day(max(absence.starts_at, starts).astimezone(zone))
        raise PractitionerAway(who=str(absence.practitioner), day=day)


def _when(shift: Shift, place: Shift) -> dict[str, str]:
    zone = ZoneInfo(place.centre.time_zone)
    starts, ends = shift.starts_at.astimezone(zone), shift.ends_at.astimezone(zone)
    return {
        "day": spoken_day(starts),
        "opens": spoken_time(starts),
        "closes": spoken_time(ends),
    }


def _bring(
    given: Mapping[int, tuple[int, int]], author: User, *, now: datetime
) -> list[Appointment]:
    """Give the awaited appointments of these half-days, and the times that families hold in them
    just now, to whom the half-days went. Those awaited. Raises ColleagueBooked."""
    found = Appointment.objects.filter(
        shift__in=given, state__in=[*AWAITED, State.HELD], ends_at__gt=now
    ).order_by("pk")
    found = found.select_for_update(of=("self",), no_key=True).select_related(*NAMED)
    moving = [
        each
        for each in found
        if each.practitioner_id == given[each.shift_id][0]
        and (each.state != State.HELD or each.is_live_hold(now=now))
    ]
    values: dict[str, Any] = {
        "ids": [each.pk for each in moving],
        "states": [each.state for each in moving],
        "people": [given[each.shift_id][1] for each in moving],
        "now": now,
        "actor": author.email[:80],
    }
    named = ("declaration", *(f"appointment__{name}" for name in NAMED))
    limbo = _limbo(given).filter(appointment__in=moving).select_related(*named)
    again = list(limbo.order_by("id"))
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(ASIDE, values)
            cursor.execute(BRING, values)
    except IntegrityError as error:
        if broken_constraint(error) not in SLOT_CONSTRAINTS:
            raise
        raise _in_the_way(moving, given) from error
    stand_again(again, by=author.email, now=now)
    brought = Appointment.objects.filter(pk__in=values["ids"]).exclude(state=State.HELD)
    return list(brought.select_related(*NAMED).order_by("starts_at", "pk"))


def _limbo(ids: Collection[int]) -> CaseQuerySet:
    """What waits for an answer, or a call, because who was to receive is absent."""
    found = Case.objects.in_limbo().filter(declaration__absence__isnull=False)
    return found.filter(appointment__shift__in=ids)


def _in_the_way(
    moving: Collection[Appointment], given: Mapping[int, tuple[int, int]]
) -> ColleagueBooked:
    """Whose appointment, and when, already stands where one was to go."""
    own = {each.pk for each in moving}
    for each in moving:
        who = given[each.shift_id][1]
        taken = Appointment.objects.filter(
            practitioner=who, busy_from__lt=each.busy_until, busy_until__gt=each.busy_from
        ).exclude(state__in=[State.CANCELLED, State.LAPSED])
        other = taken.exclude(pk__in=own).select_related("practitioner", "centre").first()
        if other is not None:
            local = other.starts_at.astimezone(ZoneInfo(other.centre.time_zone))
            return ColleagueBooked(
                who=str(other.practitioner), day=spoken_day(local), clock=spoken_time(local)
            )
    return ColleagueBooked(who="", day="", clock="")

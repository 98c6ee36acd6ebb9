"""Absences of a whole sheet declared at once, with the families they hit."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from booking import announcing
from booking.actions.declaring import lock_shifts, place_of
from booking.actions.trying import is_as_seen
from booking.actions.undoing import stand_again
from booking.actors import Actor
from booking.announcing import Told
from booking.concerned import NAMED as CALLED
from booking.concerned import hit_by
from booking.errors import NotAsSeen
from booking.models import Appointment, Case, Declaration
from centres import actions as opening
from centres.actions.closing import shifts_during
from centres.models import Absence, Centre

AWAITED = ("booked", "arrived", "in_progress")
NAMED = ("type", "centre", "site", "practitioner", "guardian", "child", "household")


class Declared(NamedTuple):
    """The absences written, and the appointments that fall into them, soonest first."""

    absences: Sequence[Absence]
    hit: list[Appointment]

    @property
    def tokens(self) -> list[str]:
        said = [f"{each.practitioner_id}:{each.starts_at}:{each.ends_at}" for each in self.absences]
        said += [f"hit:{each.pk}" for each in self.hit]
        return sorted(hashlib.sha256(each.encode()).hexdigest()[:8] for each in said)


@transaction.atomic
def declare_absences(
    *,
    absences: Sequence[Absence],
    centre: Centre,
    actor: Actor,
    now: datetime,
    seen: Collection[str] | None = None,
) -> Declared:
    """Record these absences, all or none. Appointments stay as they are: the desk is to call the
    families hit, and those told of an absence that hits them no more once it has been moved. With
    the tokens `seen` in a trial, or their summary, only if the same families are hit: raises
    NotAsSeen."""
    moved = _lock(absences, now=now)
    opening.declare_absences(absences=absences)
    for each in absences:
        hit_now = list(hit_by(each, now=now).select_related(*CALLED))
        waiting = [case for case in moved if case.declaration.absence_id == each.pk]
        _end([case for case in waiting if case.appointment not in hit_now], actor, now=now)
        known = {case.appointment_id for case in waiting}
        missed = [one for one in hit_now if one.pk not in known]
        _leave_to_calls(each, missed, centre, actor, now=now)
    declared = Declared(absences, _hit(absences, now=now))
    if not is_as_seen(declared.tokens, seen):
        raise NotAsSeen(outcome=declared)
    return declared


def _hit(absences: Sequence[Absence], *, now: datetime) -> list[Appointment]:
    during = Q(pk=None)
    for each in absences:
        during |= Q(
            practitioner=each.practitioner_id,
            busy_from__lt=each.ends_at,
            busy_until__gt=each.starts_at,
        )
    hit = Appointment.objects.filter(during, state__in=AWAITED, ends_at__gt=now)
    return list(hit.select_related(*NAMED).order_by("starts_at", "pk").distinct())


def _lock(absences: Sequence[Absence], *, now: datetime) -> list[Case]:
    """Lock what these touch, as they were and as they will be (ADR 0004); what waits because of
    them as they were."""
    limbo = Case.objects.in_limbo().filter(
        declaration__absence__in=[each.pk for each in absences if each.pk]
    )
    named = ("declaration", "proposal", *(f"appointment__{name}" for name in CALLED))
    before = Absence.objects.filter(pk__in=[each.pk for each in absences if each.pk])
    shifts = {pk for each in (*absences, *before) for pk in shifts_during(each)}
    shifts |= {each.proposal.shift_id for each in limbo.select_related("proposal") if each.proposal}
    hit = [pk for each in absences for pk in hit_by(each, now=now).values_list("pk", flat=True)]
    lock_shifts(hit, shifts)
    return list(limbo.select_related(*named).order_by("id"))


def _end(cases: Sequence[Case], actor: Actor, *, now: datetime) -> None:
    """The absence hits these no more."""
    if cases:
        stand_again(cases, by=actor.label, now=now)
        Case.objects.filter(pk__in=[each.pk for each in cases]).update(is_undone=True)


def _leave_to_calls(
    absence: Absence,
    appointments: Sequence[Appointment],
    centre: Centre,
    actor: Actor,
    *,
    now: datetime,
) -> None:
    """Nobody has chosen anything for these families: they are to be phoned (ADR 0026)."""
    if not appointments:
        return
    declaration = Declaration.objects.create(
        centre=centre,
        absence=absence,
        title=str(absence.practitioner)[:200],
        declared_at=now,
        declared_by=actor.label[:80],
    )
    told = [Told(Case.Choice.CALL, each, place_of(each)) for each in appointments]
    event = str(declaration.pk)
    waited = announcing.declared(told, event=event, now=now, leaves_at=now, actor=actor)
    Case.objects.bulk_create(
        Case(
            declaration=declaration,
            appointment=each.appointment,
            choice=each.choice,
            sequence=each.appointment.sequence,
            was=each.was,
            was_waiting=waited.get(each.appointment.pk, ""),
        )
        for each in told
    )

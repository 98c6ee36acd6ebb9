"""A whole sheet written at once: opening rules, or absences with the families they hit; kept to be
taken back for some minutes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from booking import announcing
from booking.actions.declaring import lock_shifts, place_of
from booking.actions.ruling import Outcome, save_rules
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
from centres.actions.ruling import Edit
from centres.models import Absence, Centre, SheetImport, User

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
    uid: UUID | None = None,
) -> Declared:
    """Record these absences, all or none. Appointments stay as they are: the desk is to call the
    families hit, and those told of an absence that hits them no more once it has been moved. With
    the tokens `seen` in a trial, or their summary, only if the same families are hit: raises
    NotAsSeen. With a `uid` it can be taken back (`undo_import`)."""
    moved = lock(absences, now=now)
    known = {each.pk: said_of(each) for each in _as_they_are(absences)}
    opening.declare_absences(absences=absences)
    settle(absences, moved, centre, actor, now=now)
    declared = Declared(absences, _hit(absences, now=now))
    if not is_as_seen(declared.tokens, seen):
        raise NotAsSeen(outcome=declared)
    kept = [{"before": known.get(each.pk), "after": said_of(each)} for each in absences]
    _keep(uid, SheetImport.What.ABSENCES, kept, centre, by=actor.label, now=now)
    return declared


@transaction.atomic
def import_rules(
    *,
    edits: Sequence[Edit],
    centre: Centre,
    author: User,
    now: datetime,
    today: date,
    seen: Collection[str] | None = None,
    uid: UUID | None = None,
) -> Outcome:
    """The opening rules of a sheet; as `save_rules`. With a `uid` it can be taken back."""
    outcome = save_rules(
        edits=edits, centre_id=centre.pk, author=author, now=now, today=today, seen=seen
    )
    kept = [each.pk for each in outcome.saved.decisions]
    _keep(uid, SheetImport.What.RULES, kept, centre, by=author.email, now=now)
    return outcome


def _keep(
    uid: UUID | None, what: str, kept: list[Any], centre: Centre, *, by: str, now: datetime
) -> None:
    if uid is not None:
        SheetImport.objects.create(
            uid=uid, centre=centre, what=what, lines=len(kept), kept=kept, at=now, by=by
        )


def said_of(absence: Absence) -> dict[str, Any]:
    """All that an absence says, as plain data it can be made of again."""
    values = {name: getattr(absence, name) for name in ("id", "practitioner_id", "kind", "note")}
    starts, ends = (at.astimezone(UTC).isoformat() for at in (absence.starts_at, absence.ends_at))
    return values | {"starts_at": starts, "ends_at": ends}


def settle(
    absences: Sequence[Absence],
    moved: Sequence[Case],
    centre: Centre,
    actor: Actor,
    *,
    now: datetime,
) -> None:
    """Of absences just written: who is hit no more stands as first agreed, who is hit now is to be
    called."""
    for each in absences:
        hit_now = list(hit_by(each, now=now).select_related(*CALLED))
        waiting = [case for case in moved if case.declaration.absence_id == each.pk]
        _end([case for case in waiting if case.appointment not in hit_now], actor, now=now)
        known = {case.appointment_id for case in waiting}
        missed = [one for one in hit_now if one.pk not in known]
        _leave_to_calls(each, missed, centre, actor, now=now)


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


def _as_they_are(absences: Sequence[Absence]) -> QuerySet[Absence]:
    return Absence.objects.filter(pk__in=[each.pk for each in absences if each.pk])


def lock(absences: Sequence[Absence], *, now: datetime) -> list[Case]:
    """Lock what these touch, as they were and as they will be (ADR 0004); what waits because of
    them as they were."""
    limbo = Case.objects.in_limbo().filter(
        declaration__absence__in=[each.pk for each in absences if each.pk]
    )
    named = ("declaration", "proposal", *(f"appointment__{name}" for name in CALLED))
    shifts = {pk for each in (*absences, *_as_they_are(absences)) for pk in shifts_during(each)}
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

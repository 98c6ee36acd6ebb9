"""A whole imported sheet taken back within minutes: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F

from booking.actions.ruling import undo_rules
from booking.actions.sheets import lock, said_of, settle
from booking.actions.undoing import stand_again
from booking.actors import Actor
from booking.concerned import hit_by
from booking.errors import ImportBooked, ImportChanged, ImportTooOld
from booking.models import Appointment, Case, Declaration
from centres import actions as opening
from centres.errors import RuleChanged
from centres.models import Absence, RuleChange, SheetImport, ShiftChange, User

# No message has left that would have to be called back: longer than for a declaration.
UNDO_FOR = timedelta(minutes=10)


class Withdrawn(NamedTuple):
    """The import, and how many families were told meanwhile and are to be phoned again."""

    sheet: SheetImport
    to_call: int = 0


@transaction.atomic
def undo_import(*, uid: UUID, author: User, now: datetime, today: date) -> Withdrawn:
    """Make rules and absences what they were before this sheet. Done again, it says the same.

    Raises ImportTooOld; ImportChanged when a rule, a half-day, an absence or an appointment they
    hit has been changed since; ImportBooked when a family would be left without its time.
    """
    sheet = SheetImport.objects.select_for_update(of=("self",)).get(uid=uid)
    if sheet.undone_at is not None:
        return Withdrawn(sheet)
    if now > sheet.at + UNDO_FOR:
        raise ImportTooOld
    to_call = 0
    if sheet.what == SheetImport.What.RULES:
        _undo_rules(sheet, author=author, now=now, today=today)
    else:
        to_call = _undo_absences(sheet, Actor("agent", author.email), now=now)
    sheet.undone_at, sheet.undone_by, sheet.kept = now, author.email, []
    sheet.save(update_fields=["undone_at", "undone_by", "kept"])
    return Withdrawn(sheet, to_call)


def _undo_rules(sheet: SheetImport, *, author: User, now: datetime, today: date) -> None:
    rules = RuleChange.objects.filter(pk__in=sheet.kept).values("rule")
    try:
        outcome = undo_rules(change_ids=sheet.kept, author=author, now=now, today=today)
    except RuleChanged as refusal:
        raise ImportChanged from refusal
    # Under the locks of the half-days by now.
    if ShiftChange.objects.filter(shift__rule__in=rules, decided_at__gte=sheet.at).exists():
        raise ImportChanged
    if outcome.left_out:
        raise ImportBooked


def _undo_absences(sheet: SheetImport, actor: Actor, *, now: datetime) -> int:
    """How many families, told of an absence meanwhile, are to be told that it will not be."""
    became = {each["after"]["id"]: each["after"] for each in sheet.kept}
    restored = [Absence(**each["before"]) for each in sheet.kept if each["before"]]
    known = {each["before"]["id"] for each in sheet.kept if each["before"]}
    new = list(Absence.objects.filter(pk__in=became.keys() - known))
    limbo = lock([*new, *restored], now=now)
    found = Absence.objects.select_for_update(of=("self",)).filter(pk__in=became).order_by("pk")
    if {each.pk: said_of(each) for each in found} != became:
        raise ImportChanged
    _check_families(sheet, list(became), restored, now=now)
    told = _forget(new, limbo, actor, now=now)
    if restored:
        opening.declare_absences(absences=restored)
        settle(restored, limbo, sheet.centre, actor, now=now)
    return told


def _check_families(
    sheet: SheetImport, ids: Sequence[int], restored: Sequence[Absence], *, now: datetime
) -> None:
    """Raises ImportChanged: somebody has acted on an appointment that the sheet hit. ImportBooked:
    a family was given a time that an absence, as it was, would take."""
    hit = Case.objects.filter(declaration__absence__in=ids, declaration__declared_at__gte=sheet.at)
    as_left = hit.filter(
        appointment__sequence=F("sequence"), appointment__state=Appointment.State.BOOKED
    )
    if hit.count() != as_left.count():
        raise ImportChanged
    if any(hit_by(each, now=now).filter(changed_at__gte=sheet.at).exists() for each in restored):
        raise ImportBooked


def _forget(
    absences: Sequence[Absence], limbo: Sequence[Case], actor: Actor, *, now: datetime
) -> int:
    """These were never meant: who waits because of them stands as first agreed."""
    gone = {each.pk for each in absences}
    cases = [each for each in limbo if each.declaration.absence_id in gone]
    told = stand_again(cases, by=actor.label, now=now)
    Case.objects.filter(pk__in=[each.pk for each in cases]).update(is_undone=True)
    Declaration.objects.filter(absence__in=gone).update(undone_at=now, undone_by=actor.label[:80])
    for each in absences:
        opening.withdraw(period=each)
    return len(told)

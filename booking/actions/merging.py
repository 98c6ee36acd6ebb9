"""Two households that are one family become one: whoever they are and whatever they booked."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from booking import planning
from booking.actions.waiting import close_entry
from booking.actors import Actor, check_agent
from booking.errors import DiscreetApart
from booking.locking import FamilyChanged, lock_people, lock_shifts_of, lock_waiting
from booking.models import (
    Appointment,
    Child,
    ChildAdded,
    FamilyCorrection,
    FamilyMerge,
    Guardian,
    Guardianship,
    Household,
    NextVisit,
    WaitingListEntry,
    WaitingListOffer,
)


@transaction.atomic
def merge_households(*, kept_id: int, merged_id: int, now: datetime, actor: Actor) -> FamilyMerge:
    """Move all of one household into the one that is kept, whose choices of messages stay, and
    write down what was moved. A child written twice becomes one.

    Agents only. Raises AgentsOnly, FamilyChanged when one of them is gone, DiscreetApart when one
    takes care how it is reached and the other does not take the same.
    """
    check_agent(actor)
    kept, merged = lock_households(kept_id, merged_id)
    if _discretion(kept) != _discretion(merged):
        raise DiscreetApart
    moved = Appointment.objects.filter(household=merged)
    ahead = list(
        Appointment.objects.filter(
            household__in=(kept, merged), state=Appointment.State.BOOKED, starts_at__gt=now
        ).select_related("centre")
    )
    record = FamilyMerge(
        kept=kept,
        merged_id=merged_id,
        actor=actor.label,
        at=now,
        guardians=_ids(merged.guardians.all()),
        children=_ids(merged.children.all()),
        appointments=list(moved.order_by("pk").values_list("pk", flat=True)),
    )
    moved.update(household=kept)
    Guardian.objects.filter(household=merged).update(household=kept)
    FamilyCorrection.objects.filter(household=merged).update(household=kept)
    _move_waiting(kept, merged)
    _move_children(kept, merged, now=now, actor=actor)
    _replan(kept, merged, ahead, now=now)
    merged.delete()
    record.save(force_insert=True)
    return record


def lock_households(*ids: int) -> list[Household]:
    """These, in this order, with all that is theirs. In the order of all (locking.py): who books,
    shifts, appointments, requests, households. Raises FamilyChanged when one is gone."""
    lock_people(Guardian.objects.filter(household__in=ids))
    # By guardian, which is indexed.
    theirs = Appointment.objects.filter(guardian__household__in=ids).order_by("pk")
    lock_shifts_of(theirs.values_list("pk", flat=True))
    list(theirs.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    lock_waiting(ids)
    found = {
        each.pk: each
        for each in Household.objects.filter(pk__in=ids).order_by("pk").select_for_update()
    }
    if len(found) != len(ids):
        raise FamilyChanged
    return [found[pk] for pk in ids]


def _discretion(household: Household) -> tuple[object, ...]:
    """With what care it is to be reached; the same of all who take none."""
    if not household.is_discreet:
        return ()
    return (
        household.contact_by,
        household.contact_from,
        household.contact_until,
        household.sms_sender,
    )


def _move_children(kept: Household, merged: Household, *, now: datetime, actor: Actor) -> None:
    known = {(each.first_name.casefold(), each.born_on): each for each in kept.children.all()}
    for child in merged.children.all():
        same = known.get((child.first_name.casefold(), child.born_on))
        if same is None:
            child.household = kept
            child.save(update_fields=["household"])
        else:
            become(child, same, now=now, actor=actor)


def _move_waiting(kept: Household, merged: Household) -> None:
    """Their places on the waiting list. One household thinks of one time: of two that are held for
    it, the one of the household that is no more is given back."""
    WaitingListEntry.objects.filter(household=merged).update(household=kept)
    theirs = WaitingListOffer.objects.filter(household=merged)
    if WaitingListOffer.objects.filter(household=kept, state="open").exists():
        held = Appointment.objects.filter(waiting_offer__in=theirs.filter(state="open"))
        held.filter(state="held").update(state="lapsed")
        theirs.filter(state="open").update(state="withdrawn", answered_at=Now())
    theirs.update(household=kept)


def become(child: Child, same: Child, *, now: datetime, actor: Actor) -> None:
    """Give what is a child's to its other self, and forget it. Of two days decided for its next
    visit the later decision stands."""
    Appointment.objects.filter(child=child).update(child=same)
    hand_over_waiting(child, same, now=now, actor=actor)
    for tie in Guardianship.objects.filter(child=child):
        Guardianship.objects.get_or_create(guardian_id=tie.guardian_id, child=same)
    FamilyCorrection.objects.filter(child=child).update(child=same)
    decided = NextVisit.objects.filter(child__in=(child, same)).order_by("decided_at")
    for former in list(decided)[:-1]:
        former.delete()
    decided.filter(child=child).update(child=same)
    if not ChildAdded.objects.filter(child=same).exists():
        ChildAdded.objects.filter(child=child).update(child=same)
    child.delete()


def hand_over_waiting(
    former: Guardian | Child, same: Guardian | Child, *, now: datetime, actor: Actor
) -> None:
    """Their places on the waiting list are those of their other self. Of two for the same thing the
    first one stays."""
    name = "guardian" if isinstance(former, Guardian) else "child"
    theirs = WaitingListEntry.objects.filter(**{name: former}).order_by("pk")
    for entry in theirs.select_for_update(of=("self",), no_key=True):
        setattr(entry, name, same)
        twin = WaitingListEntry.objects.filter(
            guardian=entry.guardian_id,
            child=entry.child_id,
            type=entry.type_id,
            state=WaitingListEntry.State.OPEN,
            appointment=None,
        ).first()
        if twin is not None and entry.is_open and entry.appointment_id is None:
            later = max(entry, twin, key=lambda one: one.asked_at)
            close_entry(later, WaitingListEntry.Ending.USELESS, now=now, actor=actor)
        entry.save(update_fields=[name])


def _replan(kept: Household, merged: Household, ahead: list[Appointment], *, now: datetime) -> None:
    """Reminders of their days: none any more of the one, and of all visits of the other."""
    days = {planning.key_of(0, each.starts_at, each.centre.time_zone).on for each in ahead}
    keys = [planning.DayKey(each.pk, on) for each in (kept, merged) for on in days]
    planning.apply(planning.plan_days(keys, now=now), now=now)


def _ids(people: QuerySet[Guardian] | QuerySet[Child]) -> list[int]:
    return list(people.order_by("pk").values_list("pk", flat=True))

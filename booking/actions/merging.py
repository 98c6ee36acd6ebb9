"""Two households that are one family become one: whoever they are and whatever they booked."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from booking import planning
from booking.actors import Actor
from booking.errors import AgentsOnly, DiscreetApart, WrongState
from booking.locking import lock_address, lock_shifts_of
from booking.models import (
    Appointment,
    Child,
    FamilyMerge,
    Guardian,
    Guardianship,
    Household,
    WaitingListEntry,
    WaitingListOffer,
)


@transaction.atomic
def merge_households(*, kept_id: int, merged_id: int, now: datetime, actor: Actor) -> FamilyMerge:
    """Move all of one household into the one that is kept, whose choices of messages stay, and
    write down what was moved. A child written twice becomes one.

    Agents only. Raises AgentsOnly, WrongState when one of them is gone, DiscreetApart when one
    takes care how it is reached and the other does not take the same.
    """
    if not actor.is_agent:
        raise AgentsOnly
    kept, merged = _lock(kept_id, merged_id)
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
    _move_waiting(kept, merged)
    _move_children(kept, merged)
    _replan(kept, merged, ahead, now=now)
    merged.delete()
    record.save(force_insert=True)
    return record


def _lock(kept_id: int, merged_id: int) -> tuple[Household, Household]:
    """In the order of all (locking.py): who books, shifts, appointments, households."""
    both = (kept_id, merged_id)
    people = Guardian.objects.filter(household__in=both)
    contacts = {way for each in people for way in (each.email, each.number) if way}
    for contact in sorted(contacts):
        lock_address(contact)
    # By guardian, which is indexed.
    theirs = Appointment.objects.filter(guardian__household__in=both).order_by("pk")
    lock_shifts_of(theirs.values_list("pk", flat=True))
    list(theirs.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    found = {
        each.pk: each
        for each in Household.objects.filter(pk__in=both).order_by("pk").select_for_update()
    }
    if len(found) != 2:
        raise WrongState
    return found[kept_id], found[merged_id]


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


def _move_children(kept: Household, merged: Household) -> None:
    known = {(each.first_name.casefold(), each.born_on): each for each in kept.children.all()}
    for child in merged.children.all():
        same = known.get((child.first_name.casefold(), child.born_on))
        if same is None:
            child.household = kept
            child.save(update_fields=["household"])
        else:
            _become(child, same)


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


def _become(child: Child, same: Child) -> None:
    """Give what is a child's to its other self, and forget it."""
    Appointment.objects.filter(child=child).update(child=same)
    WaitingListEntry.objects.filter(child=child).update(child=same)
    for tie in Guardianship.objects.filter(child=child):
        Guardianship.objects.get_or_create(guardian_id=tie.guardian_id, child=same)
    child.delete()


def _replan(kept: Household, merged: Household, ahead: list[Appointment], *, now: datetime) -> None:
    """Reminders of their days: none any more of the one, and of all visits of the other."""
    days = {planning.key_of(0, each.starts_at, each.centre.time_zone).on for each in ahead}
    keys = [planning.DayKey(each.pk, on) for each in (kept, merged) for on in days]
    planning.apply(planning.plan_days(keys, now=now), now=now)


def _ids(people: QuerySet[Guardian] | QuerySet[Child]) -> list[int]:
    return list(people.order_by("pk").values_list("pk", flat=True))

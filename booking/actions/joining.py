"""Two records of one person in a household become one: a parent, or a child."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.db.models import Q, QuerySet

from booking import doubles
from booking.actions.contacting import replan_household
from booking.actions.merging import become, hand_over_waiting, lock_households
from booking.actions.people import CHANNELS, CONTACTS, Corrected, save_guardian, unfit
from booking.actors import Actor, check_agent
from booking.locking import FamilyChanged
from booking.models import (
    Appointment,
    Child,
    FamilyCorrection,
    Guardian,
    Guardianship,
    WaitingListEntry,
)
from booking.planning import REMINDER
from booking.rerouting import reroute, subjects_of
from notifications import handling

What = FamilyCorrection.What
P = TypeVar("P", Guardian, Child)


@transaction.atomic
def join_guardians(
    *,
    household_id: int,
    kept_id: int,
    joined_id: int,
    takes: Collection[str],
    now: datetime,
    actor: Actor,
) -> Guardian:
    """Give all that is one parent's to another record of the same person, and write it down: their
    appointments, children, places on the waiting list and messages. The name that is kept stays; of
    the contacts, those the agent `takes` ("email", "phone") from the record that goes, and those
    the kept one lacks.

    A contact that comes along is proved as it was only under the same name, and so is one that
    stays when anything comes along: else one wrong press would open one parent's appointments to
    the other. What is still to leave goes to where the person is reached now. Raises AgentsOnly,
    FamilyChanged when one of them is gone, SamePerson.
    """
    check_agent(actor)
    (household,) = lock_households(household_id)
    kept, joined = _both(household.guardians.all(), kept_id, joined_id)
    former = _contacts(kept), _contacts(joined)
    _take_contacts(kept, joined, takes)
    _hand_over(joined, kept, now=now, actor=actor)
    joined.delete()
    save_guardian(kept)
    now_reached = _contacts(kept)
    for had in former:
        gone = [name for name in CONTACTS if had[name] and had[name] != now_reached[name]]
        if gone:
            reroute(kept, {CHANNELS[name]: had[name] for name in gone}, now=now)
    replan_household(household_id=household_id, now=now)
    FamilyCorrection.objects.create(guardian=kept, at=now, by=actor.label, what=[What.JOINED])
    return kept


@transaction.atomic
def join_children(
    *, household_id: int, kept_id: int, joined_id: int, now: datetime, actor: Actor
) -> Corrected:
    """Give all that is one child's to another record of the same child, whose name and day of birth
    stay, and write it down; which appointments do not fit its age. Raises AgentsOnly, FamilyChanged
    when one of them is gone."""
    check_agent(actor)
    (household,) = lock_households(household_id)
    kept, joined = _both(household.children.all(), kept_id, joined_id)
    become(joined, kept, now=now, actor=actor)
    replan_household(household_id=household_id, now=now)
    FamilyCorrection.objects.create(child=kept, at=now, by=actor.label, what=[What.JOINED])
    return Corrected([What.JOINED], unfit(kept, now=now))


def _both(found: QuerySet[P], kept_id: int, joined_id: int) -> tuple[P, P]:
    people = found.select_for_update(of=("self",)).order_by("pk").in_bulk([kept_id, joined_id])
    if len(people) != 2:
        raise FamilyChanged
    return people[kept_id], people[joined_id]


def _contacts(guardian: Guardian) -> dict[str, str]:
    return {"email": guardian.email, "phone": guardian.number}


def _take_contacts(kept: Guardian, joined: Guardian, takes: Collection[str]) -> None:
    is_same_name = doubles.words(str(kept)) == doubles.words(str(joined))
    stays_proved = is_same_name or not _brings_anything(joined)
    mine, theirs = _contacts(kept), _contacts(joined)
    for name in CONTACTS:
        proof = f"{name}_verified_at"
        proved = [getattr(each, proof) for each in (kept, joined)]
        # What both have proved opened both before.
        if not stays_proved and not (all(proved) and mine[name] == theirs[name]):
            setattr(kept, proof, None)
        if mine[name] == theirs[name]:
            if is_same_name:
                setattr(kept, proof, proved[0] or proved[1])
        elif theirs[name] and (name in takes or not mine[name]):
            setattr(kept, name, theirs[name])
            setattr(kept, proof, proved[1] if is_same_name else None)


def _brings_anything(joined: Guardian) -> bool:
    """Whether somebody else's contact would open or be told what was not theirs."""
    return (
        joined.email_verified_at is not None
        or joined.phone_verified_at is not None
        or Appointment.objects.filter(guardian=joined).exists()
        or WaitingListEntry.objects.filter(guardian=joined).exists()
    )


def _hand_over(joined: Guardian, kept: Guardian, *, now: datetime, actor: Actor) -> None:
    theirs = Q(person_ref=f"guardian:{joined.pk}", subject_ref__in=subjects_of(joined))
    # Those still to leave are planned anew.
    handling.give_to(f"guardian:{kept.pk}", theirs & ~Q(state="planned", kind=REMINDER))
    hand_over_waiting(joined, kept, now=now, actor=actor)
    Appointment.objects.filter(guardian=joined).update(guardian=kept)
    FamilyCorrection.objects.filter(guardian=joined).update(guardian=kept)
    known = Guardianship.objects.filter(guardian=kept).values("child")
    Guardianship.objects.filter(guardian=joined).exclude(child__in=known).update(guardian=kept)

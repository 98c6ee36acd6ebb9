"""Booking while talking: an agent takes a time for a family whose page is open, at one press."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from booking.actions.confirming import confirm
from booking.actions.families import Family
from booking.actions.holding import hold
from booking.actors import Actor, Who
from booking.errors import AgentsOnly
from booking.locking import lock_address
from booking.models import Appointment, Child, Guardian
from centres.models import AppointmentType, Centre


@transaction.atomic
def book_for(
    *,
    guardian: Guardian,
    child: Child | None,
    kind: AppointmentType,
    centre: Centre,
    start: int,
    now: datetime,
    actor: Actor,
    site_id: int | None = None,
    practitioner_id: int | None = None,
    due_on: date | None = None,
) -> Appointment:
    """Book a start (minutes since the epoch) for this guardian, and this child of its household if
    one is meant. Nobody is asked to prove a contact: the family is known, and told where it said.

    Every rule is the same as for a family, but for the notice, the horizon and the seats kept for
    agents. Raises AgentsOnly, and whatever `hold` and `confirm` raise; then nothing is held either.
    """
    if not actor.is_agent:
        raise AgentsOnly
    if child is not None and child.household_id != guardian.household_id:
        raise ValueError("a child of another household")
    who = _who(guardian, child, due_on)
    if who.contact:
        # Before the half-day, as whoever confirms does: else the two could wait for each other.
        lock_address(who.contact)
    held = hold(
        kind=kind,
        centre=centre,
        start=start,
        now=now,
        actor=actor,
        site_id=site_id,
        practitioner_id=practitioner_id,
    )
    return confirm(
        uid=held.uid,
        who=who,
        now=now,
        actor=actor,
        family=Family(guardian, child),
    )


def _who(guardian: Guardian, child: Child | None, due_on: date | None) -> Who:
    return Who(
        first_name=guardian.first_name,
        last_name=guardian.last_name,
        email=guardian.email,
        phone=guardian.number,
        language=guardian.household.language,
        child_first_name=child.first_name if child else "",
        child_born_on=child.born_on if child else None,
        due_on=due_on,
    )

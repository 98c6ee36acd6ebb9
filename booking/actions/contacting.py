"""How a household wants to be told: its language, by which ways and at what hours."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from booking import planning
from booking.contacts import ContactChoices
from booking.models import Appointment, Household


@transaction.atomic
def choose_contact(*, household_id: int, choices: ContactChoices, now: datetime) -> Household:
    """Write a household's choices, and plan anew what was to leave by the former ones.

    What is leaving already leaves; news of one appointment that waits for the phone's hours goes by
    the way it was written for. Codes are no part of this: whoever asks for one gets it.
    """
    household = Household.objects.select_for_update(no_key=True).get(pk=household_id)
    wanted = asdict(choices)
    changed = [name for name, value in wanted.items() if getattr(household, name) != value]
    for name in changed:
        setattr(household, name, wanted[name])
    if changed:
        household.save(update_fields=changed)
        replan_household(household_id=household_id, now=now)
    return household


@transaction.atomic
def note_language(
    *, household_id: int, language: str, needs_interpreter: bool, now: datetime
) -> Household:
    """What a family speaks, as somebody who speaks with it hears: its messages follow."""
    household = Household.objects.select_for_update(no_key=True).get(pk=household_id)
    is_other = household.language != language
    household.language, household.needs_interpreter = language, needs_interpreter
    household.save(update_fields=["language", "needs_interpreter"])
    if is_other:
        replan_household(household_id=household_id, now=now)
    return household


@transaction.atomic
def replan_household(*, household_id: int, now: datetime) -> int:
    """Plan anew the reminders of a household's days ahead, in the transaction that changed whom
    they go to, or how, if there is one; how many were written."""
    ahead = Appointment.objects.filter(
        guardian__household=household_id, state=Appointment.State.BOOKED, starts_at__gt=now
    ).select_related("centre")
    return planning.apply(planning.plan_days(map(planning.day_of, ahead), now=now), now=now)

"""How a household wants to be told: its language, by which ways and at what hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from booking import planning
from booking.actors import FAMILY, Actor, check_agent
from booking.contacts import ContactChoices
from booking.errors import Refusal, WrongState
from booking.locking import FamilyChanged
from booking.models import Appointment, FamilyCorrection, Household

What = FamilyCorrection.What


@transaction.atomic
def choose_contact(*, household_id: int, choices: ContactChoices, now: datetime) -> Household:
    """Write what a household chooses itself, and plan anew what was to leave by the former ways.

    What is leaving already leaves; news of one appointment that waits for the phone's hours goes by
    the way it was written for. Codes are no part of this: whoever asks for one gets it. Raises
    WrongState when the household is gone.
    """
    household = _locked(household_id, gone=WrongState)
    if _write(household, asdict(choices), now=now):
        _sign(household, [What.MESSAGES], now=now, actor=FAMILY)
    return household


@transaction.atomic
def note_wishes(
    *, household_id: int, changes: Mapping[str, Any], now: datetime, actor: Actor
) -> list[str]:
    """The same, said on the phone to an agent and signed: these fields of ContactChoices, as far as
    they differ (the hours both or neither); what was changed. What a form showed and nobody changed
    is not among the `changes`: the family may have chosen it since. Proves no contact.

    Raises AgentsOnly, FamilyChanged when the family is gone.
    """
    check_agent(actor)
    household = _locked(household_id)
    changed = _write(household, changes, now=now)
    what: list[str] = [What.LANGUAGE] if "language" in changed else []
    what += [What.MESSAGES] if {*changed} - {"language"} else []
    if what:
        _sign(household, what, now=now, actor=actor)
    return what


def _locked(household_id: int, *, gone: type[Refusal] = FamilyChanged) -> Household:
    """Raises `gone` when it became another's since the caller's page was shown: of records that
    were made one an agent is told, a family is not."""
    household = Household.objects.select_for_update(no_key=True).filter(pk=household_id).first()
    if household is None:
        raise gone
    return household


def _write(household: Household, wanted: Mapping[str, Any], *, now: datetime) -> list[str]:
    """The names of what was not so before."""
    changed = [name for name, value in wanted.items() if getattr(household, name) != value]
    for name in changed:
        setattr(household, name, wanted[name])
    if changed:
        household.save(update_fields=changed)
        replan_household(household_id=household.pk, now=now)
    return changed


def _sign(household: Household, what: list[str], *, now: datetime, actor: Actor) -> None:
    FamilyCorrection.objects.create(household=household, at=now, by=actor.label, what=what)


@transaction.atomic
def note_language(
    *, household_id: int, language: str, needs_interpreter: bool, now: datetime, actor: Actor
) -> bool:
    """What a family speaks, as somebody who speaks with it hears, signed: its messages follow.
    Whether that was news. Raises FamilyChanged when the family is gone."""
    household = _locked(household_id)
    what: list[str] = [What.LANGUAGE] if household.language != language else []
    if household.needs_interpreter != needs_interpreter:
        what.append(What.INTERPRETER if needs_interpreter else What.NO_INTERPRETER)
    if not what:
        return False
    household.language, household.needs_interpreter = language, needs_interpreter
    household.save(update_fields=["language", "needs_interpreter"])
    _sign(household, what, now=now, actor=actor)
    if What.LANGUAGE in what:
        replan_household(household_id=household_id, now=now)
    return True


@transaction.atomic
def replan_household(*, household_id: int, now: datetime) -> int:
    """Plan anew the reminders of a household's days ahead, in the transaction that changed whom
    they go to, or how, if there is one; how many were written."""
    ahead = Appointment.objects.filter(
        guardian__household=household_id, state=Appointment.State.BOOKED, starts_at__gt=now
    ).select_related("centre")
    return planning.apply(planning.plan_days(map(planning.day_of, ahead), now=now), now=now)

"""The day around which a professional wants to see a child again: decided, or left to its age."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction

from booking.actors import Actor, check_agent
from booking.errors import Refusal, gettext_noop
from booking.models import FamilyCorrection, NextVisit

What = FamilyCorrection.What
# Nobody plans a child's appointment further ahead.
FARTHEST = timedelta(days=730)


class DayOutOfReach(Refusal):
    """Of the day of a next visit: past, today, or years away."""

    code = "day_out_of_reach"
    message = gettext_noop("Choisissez un jour à venir, dans les deux ans.")
    status = 422


@transaction.atomic
def decide_next(*, child_id: int, on: date, today: date, now: datetime, actor: Actor) -> NextVisit:
    """Note the day; a later decision replaces it, and the history keeps that each was made. Raises
    AgentsOnly, DayOutOfReach."""
    check_agent(actor)
    if not today < on <= today + FARTHEST:
        raise DayOutOfReach
    values = {"on": on, "decided_by": actor.label, "decided_at": now}
    _write_down(What.NEXT, child_id, now=now, actor=actor)
    return NextVisit.objects.update_or_create(child_id=child_id, defaults=values)[0]


@transaction.atomic
def forget_next(*, child_id: int, now: datetime, actor: Actor) -> None:
    """Leave it to the child's age again."""
    forgotten, _ = NextVisit.objects.filter(child=child_id).delete()
    if forgotten:
        _write_down(What.BY_AGE, child_id, now=now, actor=actor)


def _write_down(what: str, child_id: int, *, now: datetime, actor: Actor) -> None:
    FamilyCorrection.objects.create(child_id=child_id, at=now, by=actor.label, what=[what])

"""The day around which a professional wants to see a child again: decided, or left to its age."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from booking.actors import Actor
from booking.errors import AgentsOnly, DayOutOfReach
from booking.models import NextVisit

# Nobody plans a child's appointment further ahead.
FARTHEST = timedelta(days=730)


def decide_next(*, child_id: int, on: date, today: date, now: datetime, actor: Actor) -> NextVisit:
    """Note the day; a later decision replaces it. Raises AgentsOnly, DayOutOfReach."""
    if not actor.is_agent:
        raise AgentsOnly
    if not today < on <= today + FARTHEST:
        raise DayOutOfReach
    values = {"on": on, "decided_by": actor.label, "decided_at": now}
    return NextVisit.objects.update_or_create(child_id=child_id, defaults=values)[0]


def forget_next(*, child_id: int) -> None:
    """Leave it to the child's age again."""
    NextVisit.objects.filter(child=child_id).delete()

"""Absences of a whole sheet declared at once, with the families they hit."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from booking.actions.trying import is_as_seen
from booking.errors import NotAsSeen
from booking.models import Appointment
from centres import actions as opening
from centres.models import Absence

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
    *, absences: Sequence[Absence], now: datetime, seen: Collection[str] | None = None
) -> Declared:
    """Record these absences, all or none. Appointments stay as they are: who is hit is told. With
    the tokens `seen` in a trial, or their summary, only if the same families are hit: raises
    NotAsSeen."""
    opening.declare_absences(absences=absences)
    during = Q(pk=None)
    for each in absences:
        during |= Q(
            practitioner=each.practitioner_id,
            busy_from__lt=each.ends_at,
            busy_until__gt=each.starts_at,
        )
    hit = Appointment.objects.filter(during, state__in=AWAITED, ends_at__gt=now)
    declared = Declared(
        absences, list(hit.select_related(*NAMED).order_by("starts_at", "pk").distinct())
    )
    if not is_as_seen(declared.tokens, seen):
        raise NotAsSeen(outcome=declared)
    return declared

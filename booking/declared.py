"""What a centre's planning shows of the weeks to come: who will be away, what will be closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from centres.models import Absence, Centre, Closure, Practitioner, Shift


@dataclass(frozen=True, slots=True)
class Coming:
    """Absences and closures not over yet, the soonest first."""

    absences: list[Absence]
    closures: list[Closure]


def coming(centre: Centre, *, now: datetime) -> Coming:
    """What keeps families away from a centre from now on: two queries. Absences are of those who
    have half-days there to come."""
    absences = Absence.objects.filter(
        practitioner__in=working_at(centre, now=now).values("pk"), ends_at__gt=now
    )
    closures = Closure.objects.filter(
        Q(centre=centre) | Q(site__centre=centre) | Q(centre=None, site=None),
        department=centre.department_id,
        ends_at__gt=now,
    )
    return Coming(
        list(absences.select_related("practitioner").order_by("starts_at", "id")),
        list(closures.select_related("centre", "site").order_by("starts_at", "id")),
    )


def working_at(centre: Centre, *, now: datetime) -> QuerySet[Practitioner]:
    """Those who receive families there, now or later."""
    shifts = Shift.objects.filter(centre=centre, ends_at__gt=now)
    return Practitioner.objects.filter(pk__in=shifts.values("practitioner"))

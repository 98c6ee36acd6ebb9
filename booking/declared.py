"""What a centre's planning shows of the weeks to come: who will be away, what will be closed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from booking.models import Appointment, Case, Declaration
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


def in_limbo(appointment: Appointment) -> Case | None:
    """What waits for this family to say of its appointment, or for the desk to call it about: one
    query, none for an appointment that nobody awaits."""
    if appointment.state != Appointment.State.BOOKED:
        return None
    found = Case.objects.in_limbo().filter(appointment=appointment)
    named = ("proposal__site", "proposal__practitioner", "proposal__centre", "proposal__type")
    return found.select_related(*named).order_by("-id").first()


def last_case(appointment: Appointment) -> Case | None:
    """The last time another time was proposed for it."""
    proposed = Case.objects.filter(appointment=appointment, choice=Case.Choice.PROPOSE)
    return proposed.order_by("-id").first()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the families of a declaration, as far as is known now."""

    counts: dict[str, int]
    kept: list[Case]


def outcome_of(declaration: Declaration) -> Outcome:
    """How many were moved, proposed another time, cancelled, left to a call, and have accepted,
    refused or not answered; once undone, those it could not be undone for: one query."""
    cases = declaration.cases.select_related("appointment__guardian", "appointment__centre")
    listed = list(cases.order_by("appointment__starts_at", "id"))
    counts = Counter(each.choice for each in listed)
    counts += Counter(each.answer for each in listed if each.answer)
    kept = [each for each in listed if not each.is_undone] if declaration.undone_at else []
    return Outcome(dict(counts), kept)

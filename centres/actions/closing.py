"""Absences and closures: what they take of half-days, declared, changed and taken back."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db import connection, transaction

from centres.models import Absence, Closure, Shift

LOCK_SHIFTS = "SELECT id FROM centres_shift WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
# What absences and closures take of shifts: rebuilt for the shifts named, from the facts alone.
REFRESH_CLOSED = """
UPDATE centres_shift s SET closed = c.closed
FROM (
    SELECT s.id, coalesce(array_agg(edge ORDER BY p.starts_at, p.ends_at, edge)
                          FILTER (WHERE edge IS NOT NULL), '{}') AS closed
    FROM centres_shift s
    LEFT JOIN LATERAL (
        SELECT starts_at, ends_at FROM centres_absence
        WHERE practitioner_id = s.practitioner_id
          AND starts_at < s.ends_at AND ends_at > s.starts_at
        UNION  -- one period once, or its edges could not be told from another's
        SELECT starts_at, ends_at FROM centres_closure
        WHERE starts_at < s.ends_at AND ends_at > s.starts_at
          AND department_id = (SELECT department_id FROM centres_centre WHERE id = s.centre_id)
          AND (centre_id IS NULL OR centre_id = s.centre_id)
          AND (site_id IS NULL OR site_id = s.site_id)
    ) p ON true
    LEFT JOIN LATERAL unnest(ARRAY[
        floor(extract(epoch FROM p.starts_at) / 60)::int,
        ceil(extract(epoch FROM p.ends_at) / 60)::int]) edge ON p.starts_at IS NOT NULL
    WHERE s.id = ANY(%s)
    GROUP BY s.id
) c
WHERE s.id = c.id AND s.closed <> c.closed
"""


def refresh_closed(shift_ids: Iterable[int]) -> None:
    """Recount what absences and closures take of these shifts.

    They are locked first, in the order all writers use: of two absences declared at once, the
    second is counted with the first.
    """
    ids = list(shift_ids)
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SHIFTS, [ids])
        cursor.execute(REFRESH_CLOSED, [ids])


def shifts_during(period: Absence | Closure) -> list[int]:
    """The shifts a period may close: more than it does is harmless, `refresh_closed` recounts."""
    shifts = Shift.objects.filter(starts_at__lt=period.ends_at, ends_at__gt=period.starts_at)
    if isinstance(period, Absence):
        shifts = shifts.filter(practitioner=period.practitioner_id)
    else:
        shifts = shifts.filter(centre__department=period.department_id)
    return list(shifts.values_list("pk", flat=True))


@transaction.atomic
def declare_absence(*, absence: Absence) -> Absence:
    """Record an absence, or change one; the practitioner's shifts lose (or gain) that time in the
    same transaction."""
    before = Absence.objects.filter(pk=absence.pk).first()
    freed = shifts_during(before) if before else []
    absence.save()
    refresh_closed([*freed, *shifts_during(absence)])
    return absence


@transaction.atomic
def declare_absences(*, absences: Collection[Absence]) -> None:
    """Record or change several, all or none; each half-day they touch is recounted once."""
    known = Absence.objects.filter(pk__in=[each.pk for each in absences if each.pk])
    touched = {pk for before in known for pk in shifts_during(before)}
    for absence in absences:
        absence.save()
        touched.update(shifts_during(absence))
    refresh_closed(sorted(touched))


@transaction.atomic
def declare_closure(*, closure: Closure) -> Closure:
    """Record a closure of a site, a centre or the Département, or change one; their shifts lose
    (or gain) that time."""
    before = Closure.objects.filter(pk=closure.pk).first()
    freed = shifts_during(before) if before else []
    closure.save()
    refresh_closed([*freed, *shifts_during(closure)])
    return closure


@transaction.atomic
def withdraw(*, period: Absence | Closure) -> None:
    """Take an absence or a closure back; the time is offered again."""
    touched = shifts_during(period)
    period.delete()
    refresh_closed(touched)

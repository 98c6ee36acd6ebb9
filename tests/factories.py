"""Small factories: each makes one valid record, and whatever it needs that was not given.

Instants are aware; a shift or an appointment given none falls on the next Tuesday at 9:00 in Paris.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from booking.models import Appointment, Child, Guardian, Guardianship, Household
from centres.models import (
    AppointmentType,
    Centre,
    Department,
    OpeningRule,
    Practitioner,
    Shift,
    ShiftType,
    Site,
)
from centres.rollout import Stage
from notifications import outbox

PARIS = ZoneInfo("Europe/Paris")
REDON = {"town": "Redon", "latitude": 47.65, "longitude": -2.08}
_numbers = itertools.count(1)


def next_tuesday(clock: time = time(9), *, now: datetime | None = None) -> datetime:
    """A Tuesday of next week, at this time on a clock in Paris."""
    today = (now or datetime.now(UTC)).astimezone(PARIS).date()
    day = today + timedelta(days=(1 - today.weekday()) % 7 + 7)
    return datetime.combine(day, clock, PARIS)


def make_department(**fields: Any) -> Department:
    """The one Département of an installation."""
    defaults = {"name": "Ille-et-Vilaine", "phone": "02 99 02 35 35"}
    code = fields.pop("code", "35")
    known = Department.objects.filter(code=code).first()
    return known or Department.objects.create(code=code, **defaults | fields)


def make_centre(**fields: Any) -> Centre:
    """A centre open online, with no site yet."""
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "slug": f"centre-{number}",
        "name": f"CDAS de Redon {number}",
        "insee": "35236",
        "postal_code": "35600",
        "address": "1 rue des Écoles",
        "phone": "02 99 71 00 00",
        "stage": Stage.OPEN,
        **REDON,
    }
    fields.setdefault("department", None)
    fields["department"] = fields["department"] or make_department()
    return Centre.objects.create(**defaults | fields)


def make_site(centre: Centre | None = None, **fields: Any) -> Site:
    is_first = centre is None or not centre.sites.exists()
    centre = centre or make_centre()
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "slug": f"lieu-{number}",
        "name": "Espace des Halles",
        "address": "12, place du Parlement",
        "is_main": is_first,
        **REDON,
    }
    return Site.objects.create(centre=centre, **defaults | fields)


def make_practitioner(department: Department | None = None, **fields: Any) -> Practitioner:
    number = next(_numbers)
    defaults = {
        "title": "Dr",
        "first_name": "Nadia",
        "last_name": f"Guivarc’h {number}",
        "profession": "médecin",
    }
    return Practitioner.objects.create(
        department=department or make_department(), **defaults | fields
    )


def make_type(**fields: Any) -> AppointmentType:
    """A 30-minute consultation, bookable online, on a 15-minute step."""
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "slug": f"consultation-{number}",
        "label": "Consultation de l’enfant avec le médecin",
        "what_to_bring": "Carnet de santé\nCarte Vitale",
        "professions": "médecin",
        "need": AppointmentType.Need.CHILD,
        "audience": AppointmentType.Audience.CHILD,
        "mode": AppointmentType.Mode.CENTRE,
        "booking": AppointmentType.Booking.ONLINE,
        "duration_min": 30,
        "step_min": 15,
        "notice_min": 120,
        "age_max_months": 71,
        "translations": {"en": {"label": "Child health check with the doctor"}},
    }
    return AppointmentType.objects.create(**defaults | fields)


def make_rule(
    *,
    site: Site | None = None,
    practitioner: Practitioner | None = None,
    types: Iterable[AppointmentType] = (),
    **fields: Any,
) -> OpeningRule:
    """Every Tuesday morning, from today on."""
    site = site or make_site()
    defaults: dict[str, Any] = {
        "rrule": "FREQ=WEEKLY;BYDAY=TU",
        "opens": time(9),
        "closes": time(12),
        "valid_from": datetime.now(PARIS).date(),
    }
    rule = OpeningRule.objects.create(
        site=site,
        practitioner=practitioner or make_practitioner(site.centre.department),
        **defaults | fields,
    )
    rule.types.set(list(types) or [make_type()])
    return rule


def make_shift(
    *,
    starts_at: datetime | None = None,
    hours: float = 3,
    types: Iterable[AppointmentType] = (),
    site: Site | None = None,
    practitioner: Practitioner | None = None,
    **fields: Any,
) -> Shift:
    """A half-day with its offers; `seats` above 1 makes it one group session."""
    site = site or make_site()
    starts_at = starts_at or next_tuesday()
    shift = Shift.objects.create(
        centre=site.centre,
        site=site,
        practitioner=practitioner or make_practitioner(site.centre.department),
        occurs_on=starts_at.astimezone(ZoneInfo(site.centre.time_zone)).date(),
        starts_at=starts_at,
        ends_at=starts_at.astimezone(UTC) + timedelta(hours=hours),
        **fields,
    )
    for kind in list(types) or [make_type()]:
        ShiftType.objects.create(
            shift=shift, type=kind, centre=site.centre, starts_at=shift.starts_at
        )
    return shift


def make_household(**fields: Any) -> Household:
    return Household.objects.create(**{"created_at": datetime.now(UTC)} | fields)


def make_guardian(household: Household | None = None, **fields: Any) -> Guardian:
    """A parent whose e-mail address has been proved."""
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "first_name": "Karim",
        "last_name": "Le Goff",
        "email": f"karim{number}@example.org",
        "email_verified_at": datetime.now(UTC),
    }
    return Guardian.objects.create(household=household or make_household(), **defaults | fields)


def make_child(guardian: Guardian | None = None, **fields: Any) -> Child:
    """A one-year-old tied to the guardian."""
    guardian = guardian or make_guardian()
    defaults: dict[str, Any] = {
        "first_name": "Maëlys",
        "born_on": datetime.now(PARIS).date() - timedelta(days=380),
    }
    child = Child.objects.create(household=guardian.household, **defaults | fields)
    Guardianship.objects.create(guardian=guardian, child=child)
    return child


def make_appointment(
    shift: Shift | None = None,
    *,
    starts_at: datetime | None = None,
    guardian: Guardian | None = None,
    type: AppointmentType | None = None,
    **fields: Any,
) -> Appointment:
    """A booked appointment at the shift's start, written directly: no rule is checked."""
    if shift is None:
        offered = make_type()
        shift = make_shift(starts_at=starts_at, types=[offered])
        kind = type or offered
    else:
        kind = type or shift.offers.select_related("type").get().type
    child = guardian.children.first() if guardian else None
    guardian = guardian or make_guardian()
    starts_at = starts_at or shift.starts_at
    in_session = shift.seats > 1
    ends_at = shift.ends_at if in_session else _later(starts_at, kind.duration_min)
    made_at = datetime.now(UTC)
    defaults: dict[str, Any] = {
        "state": Appointment.State.BOOKED,
        "shift": shift,
        "practitioner": shift.practitioner,
        "centre": shift.centre,
        "site": shift.site,
        "type": kind,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "busy_from": starts_at if in_session else _later(starts_at, -kind.buffer_before_min),
        "busy_until": ends_at if in_session else _later(ends_at, kind.buffer_after_min),
        "seat": shift.appointments.count() + 1 if in_session else 0,
        "guardian": guardian,
        "household": guardian.household,
        "child": child,
        "last_action": "book",
        "created_at": made_at,
        "changed_at": made_at,
    }
    return Appointment.objects.create(**defaults | fields)


def make_message(**fields: Any) -> int | None:
    """A code planned for now, useful for a quarter of an hour, written through the outbox."""
    number, now = next(_numbers), datetime.now(UTC)
    defaults: dict[str, Any] = {
        "intent_key": f"code:{number}",
        "kind": "code",
        "subject_ref": f"ref-{number}",
        "recipient": "karim@example.org",
        "language": "fr",
        "context": {"code": "042042", "minutes": 15},
        "send_at": now,
        "valid_until": now + timedelta(minutes=15),
    }
    fields = defaults | fields
    now = fields.pop("now", now)
    with transaction.atomic():
        return next(iter(outbox.enqueue([outbox.Intent(**fields)], now=now)), None)


def _later(instant: datetime, minutes: int) -> datetime:
    return instant.astimezone(UTC) + timedelta(minutes=minutes)

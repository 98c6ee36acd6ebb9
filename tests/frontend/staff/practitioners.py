"""A practitioner at their own pages, with a calendar, and what is usual for children."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.test import Client

from centres.models import Centre, ChildExam, Practitioner, VaccineAge
from tests.factories import make_practitioner, make_type
from tests.frontend.staff.people import log_in, make_user

SINCE = date(2025, 1, 1)


def at_own_pages(
    centre: Centre, *, email: str = "nadia@example.org", **fields: Any
) -> tuple[Client, Practitioner]:
    """A practitioner of this centre, logged in."""
    user = make_user(email, "practitioner", centre)
    practitioner = make_practitioner(centre.department, user=user, **fields)
    client = Client()
    log_in(client, user)
    return client, practitioner


def make_exam(**fields: Any) -> ChildExam:
    """An examination of the second year, with a doctor or a nurse."""
    defaults: dict[str, Any] = {
        "number": 11,
        "label": "Entre 16 et 18 mois",
        "first_day": 487,
        "until_day": 548,
        "usual_day": 500,
        "valid_from": SINCE,
        "certainty": "sure",
        "source": "arrêté",
    }
    fields.setdefault("doctor_type", None)
    fields.setdefault("nurse_type", None)
    fields["doctor_type"] = fields["doctor_type"] or make_type(slug="medecin")
    fields["nurse_type"] = fields["nurse_type"] or make_type(
        slug="puericultrice",
        label="Rendez-vous avec la puéricultrice",
        professions="puéricultrice",
    )
    return ChildExam.objects.create(**defaults | fields)


def make_vaccine(**fields: Any) -> VaccineAge:
    defaults: dict[str, Any] = {
        "slug": "ror-2",
        "label": "ROR 2",
        "age_months": 16,
        "status": "mandatory",
        "valid_from": SINCE,
        "certainty": "sure",
        "source": "calendrier",
    }
    return VaccineAge.objects.create(**defaults | fields)

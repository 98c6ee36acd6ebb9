"""What the calendar tells around its days: who is not there, what is filtered, what stays."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from booking.models import Appointment
from centres.models import Centre, Shift
from tests.factories import PARIS, make_shift, make_site
from tests.frontend.staff.people import at_desk
from tests.frontend.staff.test_calendar import (
    booked,
    centre,
    claire,
    data,
    days_of,
    normal,
    shift,
    words,
)

__all__ = ["booked", "centre", "claire", "shift"]
pytestmark = pytest.mark.django_db


def next_monday() -> datetime:
    today = timezone.now().astimezone(PARIS).date()
    return datetime.combine(today + timedelta(days=7 - today.weekday()), time(9), PARIS)


def test_who_is_not_there_on_a_day_of_the_week_is_named_in_both_forms(
    claire: Client, centre: Centre
) -> None:
    site, monday = make_site(centre), next_monday()
    first = make_shift(starts_at=monday, site=site)
    second = make_shift(starts_at=monday + timedelta(days=1), site=site)
    query = {"vue": "semaine", "le": monday.date().isoformat()}
    page = days_of(claire, centre, **query)
    assert f"Ne reçoit pas ce jour-là : {second.practitioner}." in page
    assert f"Ne reçoit pas ce jour-là : {first.practitioner}." in page
    assert page.count("Ne reçoi") == 2, "of a day without anybody nothing is listed"
    seen = data(claire, centre, **query)
    assert [each.split(" : ")[1] for each in map(normal, seen["missing"])] == [
        str(second.practitioner),
        str(first.practitioner),
    ]
    assert seen["left_out"].startswith("2 colonnes vides")
    assert data(claire, centre, vue="jour")["missing"] == []
    other = make_shift(starts_at=monday, site=make_site(centre, name="Annexe"))
    places = days_of(claire, centre, colonnes="lieux", **query)
    assert f"Pas de consultation ce jour-là : {other.site.name}." in places


def test_the_summary_of_the_filters_says_what_is_filtered(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    assert "Jour et filtres" in words(claire, centre)
    kind = booked.shift.offers.get().type
    asked = {"avec": str(booked.practitioner_id), "motif": kind.slug}
    told = f"Filtres : {booked.practitioner}, {normal(kind.local_label)}"
    assert told in words(claire, centre, **asked)
    assert told in words(claire, centre), "and is remembered"


def test_why_something_cannot_be_dragged_is_sent_along(centre: Centre, shift: Shift) -> None:
    for role, who in (("reception", "La personne responsable"), ("manager", "Cela se change")):
        client = at_desk(centre, email=f"{role}@example.org", role=role)
        stays = data(client, centre)["stays"]
        assert {"session", "visit", "hold", "reoffer", "closed", "free", "outside"} == set(stays)
        assert who in stays["session"]
        assert "ouvrez la séance" in stays["session"]

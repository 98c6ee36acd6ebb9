"""What the calendar tells around its days: who is not there, what is filtered, what stays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from booking.models import Appointment
from centres.models import Absence, Centre, Shift
from frontend.calendar_events import opens_at
from tests.factories import PARIS, make_shift, make_site
from tests.frontend.pages import plain
from tests.frontend.staff.people import at_desk
from tests.frontend.staff.test_calendar import (
    booked,
    centre,
    claire,
    data,
    days_of,
    shift,
    url,
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
    assert [each.split(" : ")[1] for each in map(plain, seen["missing"])] == [
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
    told = f"Filtres : {booked.practitioner}, {plain(kind.local_label)}"
    assert told in words(claire, centre, **asked)
    assert told in words(claire, centre), "and is remembered"


def test_why_something_cannot_be_dragged_is_sent_along(centre: Centre, shift: Shift) -> None:
    for role, who in (("reception", "La personne responsable"), ("manager", "Cela se change")):
        client = at_desk(centre, email=f"{role}@example.org", role=role)
        stays = data(client, centre)["stays"]
        kinds = {"session", "visit", "hold", "reoffer", "closed", "free", "outside", "touch"}
        assert set(stays) == kinds
        assert who in stays["session"]
        assert "ouvrez la séance" in stays["session"]


def block(kind: str, clock: str) -> dict[str, Any]:
    return {"k": kind, "s": f"2026-11-30T{clock}"}


MORNING = [block("hours", "08:30"), block("closed", "08:30")]
AFTERNOON = [block("hours", "13:30"), block("visit", "14:15"), block("free", "13:45")]


@pytest.mark.parametrize(
    ("blocks", "clock", "hour"),
    [
        ([*MORNING, *AFTERNOON], "", "13"),
        (MORNING, "", "08"),
        ([], "", "08"),
        ([block("visit", "07:00"), *AFTERNOON], "", "07"),
        (AFTERNOON, "15:40", "15"),
        (AFTERNOON, "15:20", "14"),
        (AFTERNOON, "07:50", "13"),
        ([], "00:10", "08"),
    ],
)
def test_the_day_opens_at_the_first_thing_that_is_no_absence_or_about_now(
    blocks: list[dict[str, Any]], clock: str, hour: str
) -> None:
    now = datetime.combine(date(2026, 11, 30), time.fromisoformat(clock), UTC) if clock else None
    assert opens_at(blocks, now=now) == f"{hour}:00:00"


def test_a_whole_day_s_absence_is_shown_in_the_hours_of_the_half_day_alone(
    claire: Client, centre: Centre, shift: Shift
) -> None:
    """What receives nobody makes no day longer: nor is it the first thing that is seen."""
    on = shift.starts_at.astimezone(PARIS).date()
    midnight = datetime.combine(on, time(), PARIS)
    day = {"starts_at": midnight, "ends_at": midnight + timedelta(days=1)}
    Absence.objects.create(practitioner=shift.practitioner, **day)
    minutes = [int(at.timestamp()) // 60 for at in day.values()]
    Shift.objects.filter(pk=shift.pk).update(closed=minutes)
    make_shift(site=shift.site, starts_at=datetime.combine(on, time(14), PARIS))
    seen = data(claire, centre)
    (closed,) = (each for each in seen["events"] if each["k"] == "closed")
    assert (closed["t"], closed["s"][11:]) == ("Absence", "09:00")
    assert seen["opens"] == "14:00:00"
    assert "Absence : toute la journée" in plain(days_of(claire, centre))


def test_who_did_not_come_has_a_look_of_their_own_and_the_legend_knows_it(
    claire: Client, centre: Centre, booked: Appointment
) -> None:
    Appointment.objects.filter(pk=booked.pk).update(state="noshow")
    (visit,) = (each for each in data(claire, centre)["events"] if each["k"] == "visit")
    assert visit["st"] == "noshow"
    assert "Non venu" in visit["d"]
    page = claire.get(url(centre), {"le": booked.starts_at.date().isoformat()}).content.decode()
    assert '<li class="is-noshow">Non venu</li>' in page

"""What a family wishes narrows the times, and goes along from page to page in the address."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

import pytest
from django.test import Client

from booking.models import Appointment, Child, Guardian
from centres.calendar import to_minute
from centres.models import AppointmentType, Centre, Shift
from tests.booking.test_desk import visit
from tests.factories import PARIS, make_child, make_guardian, make_practitioner, make_shift
from tests.factories import make_site as make_place
from tests.frontend.staff.test_book_page import (
    buttons,
    ines,
    karim,
    kind,
    path,
    school_day,
    shift,
    wish,
)

__all__ = ["ines", "karim", "kind", "shift"]
pytestmark = pytest.mark.django_db
SEARCH = "/equipe/familles/"


def minutes(values: list[str]) -> set[int]:
    return {int(value.split("-")[0]) for value in values}


def listed(body: str) -> set[int]:
    """Those of the days, without what is proposed first."""
    return minutes(re.findall(r'class="slot" name="creneau" value="([^"]+)"', body))


def times(claire: Client, karim: Guardian, asked: dict[str, object]) -> set[int]:
    return minutes(buttons(claire.get(path(karim), asked).content.decode()))


def test_a_day_a_half_day_and_a_place_are_wished_for(
    claire: Client, redon: Centre, karim: Guardian, ines: Child, shift: Shift, kind: AppointmentType
) -> None:
    away = make_place(redon)
    later = datetime.combine(school_day() + timedelta(days=2), time(14), PARIS)
    make_shift(site=away, starts_at=later, hours=2, types=[kind])
    every = times(claire, karim, wish(karim, ines, redon))
    morning = times(claire, karim, wish(karim, ines, redon, half="matin"))
    afternoon = times(claire, karim, wish(karim, ines, redon, half="apres-midi"))
    assert morning | afternoon == every
    assert not morning & afternoon
    assert times(claire, karim, wish(karim, ines, redon, site=away.pk)) == afternoon
    since = (school_day() + timedelta(days=1)).isoformat()
    assert times(claire, karim, {**wish(karim, ines, redon), "from": since}) == afternoon


def test_what_is_more_than_one_reads_out_begins_with_a_whole_day(
    claire: Client, redon: Centre, karim: Guardian, ines: Child, shift: Shift, kind: AppointmentType
) -> None:
    for number in range(1, 6):
        starts_at = shift.starts_at + timedelta(days=number)
        make_shift(site=shift.site, starts_at=starts_at, hours=4, types=[kind])
    asked = wish(karim, ines, redon)
    body = claire.get(path(karim), asked).content.decode()
    first = listed(body)
    later = body.split('name="from" value="')[-1][:10]
    assert "Voir plus tard" in body
    rest = listed(claire.get(path(karim), {**asked, "from": later}).content.decode())
    assert not first & rest
    assert max(first) < min(rest)


def test_a_time_chosen_elsewhere_goes_through_the_search_to_one_press(
    claire: Client, redon: Centre, karim: Guardian, ines: Child, shift: Shift
) -> None:
    start = to_minute(shift.starts_at) + 60
    chosen = f"{start}-{shift.site_id}-{shift.practitioner_id}"
    wishes = {"kind": "medecin", "centre": redon.slug, "creneau": chosen}
    found = claire.get(SEARCH, {"q": "benali", **wishes}).content.decode()
    assert "Pour qui est le rendez-vous du" in found
    (link,) = [
        part.split('"')[0].replace("&amp;", "&")
        for part in found.split('href="')
        if part.startswith(path(karim))
    ]
    body = claire.get(link).content.decode()
    assert "Le créneau choisi" in body
    assert buttons(body)[1] == chosen, "after the form's own"
    claire.post(path(karim), wish(karim, ines, redon, creneau=chosen))
    booked = Appointment.objects.get(child=ines)
    assert to_minute(booked.starts_at) == start
    assert booked.practitioner_id == shift.practitioner_id


def test_a_chosen_time_that_is_taken_is_said_with_the_nearest(
    claire: Client, redon: Centre, karim: Guardian, ines: Child, shift: Shift
) -> None:
    other = make_guardian()
    visit(redon, guardian=other)
    start = to_minute(shift.starts_at) + 60
    chosen = f"{start}-{shift.site_id}"
    claire.post(path(other), wish(other, make_child(other), redon, creneau=chosen))
    body = claire.get(path(karim), wish(karim, ines, redon, creneau=chosen)).content.decode()
    assert "n’est pas libre pour ce motif" in body
    assert min(abs(each - start) for each in minutes(buttons(body)) - {start}) <= 60


def test_a_chosen_practitioner_who_is_not_free_then_is_not_replaced(
    claire: Client, redon: Centre, karim: Guardian, ines: Child, shift: Shift
) -> None:
    other = make_practitioner(redon.department)
    chosen = f"{to_minute(shift.starts_at)}-{shift.site_id}-{other.pk}"
    answer = claire.post(path(karim), wish(karim, ines, redon, creneau=chosen))
    assert answer.status_code == 409
    assert not Appointment.objects.filter(child=ines).exists()


def test_several_children_come_one_after_the_other(
    claire: Client, redon: Centre, karim: Guardian, ines: Child, shift: Shift
) -> None:
    sami = make_child(karim, first_name="Sami")
    asked = {**wish(karim, None, redon), "child": [ines.pk, sami.pk]}
    first = buttons(claire.get(path(karim), asked).content.decode())[0]
    answer = claire.post(path(karim), {**asked, "creneau": first})
    booked = Appointment.objects.filter(shift=shift).order_by("starts_at")
    assert [each.child for each in booked] == [ines, sami]
    assert booked[0].ends_at == booked[1].starts_at
    again = claire.post(path(karim), {**asked, "creneau": first})
    assert again["Location"] == answer["Location"], "pressed twice, it is the same page"
    assert booked.count() == 2


def test_a_digit_opens_one_of_the_last_families(
    claire: Client, redon: Centre, karim: Guardian
) -> None:
    other = make_guardian(first_name="Nour")
    visit(redon, guardian=other)
    for guardian in (karim, other):
        claire.get(f"{SEARCH}{guardian.household_id}/")
    assert claire.get(SEARCH, {"q": "2"})["Location"] == f"{SEARCH}{karim.household_id}/"
    led = claire.get(SEARCH, {"q": "1", "kind": "medecin"})["Location"]
    assert led == f"{path(other)}?kind=medecin"
    assert claire.get(SEARCH, {"q": "7"}).status_code == 200

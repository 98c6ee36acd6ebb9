"""Who reads the paper list asks for it by e-mail, and stops it, on its page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from booking.models import PaperOrder
from centres.models import Centre
from tests.booking.test_desk import visit
from tests.factories import (
    PARIS,
    make_appointment,
    make_centre,
    make_guardian,
    make_shift,
    make_site,
)
from tests.frontend.pages import read
from tests.frontend.staff.people import at_desk, in_department

pytestmark = pytest.mark.django_db


@pytest.fixture
def redon() -> Centre:
    centre = make_centre(name="CDAS de Redon")
    visit(centre)
    return centre


def path(centre: Centre, page: str) -> str:
    return f"/equipe/aujourdhui/{centre.slug}/{page}/"


def test_one_press_asks_for_it_and_another_stops_it(redon: Centre) -> None:
    claire, site = at_desk(redon), redon.sites.get()
    assert "chaque soir par e-mail" in claire.get(path(redon, "imprimer")).content.decode()
    claire.post(path(redon, "feuille"), {"site": site.slug, "feuille": "oui"})
    order = PaperOrder.objects.get()
    assert (order.user.email, order.site) == ("claire@example.org", site)
    assert "Ne plus recevoir" in claire.get(path(redon, "imprimer")).content.decode()
    claire.post(path(redon, "feuille"), {"site": site.slug, "feuille": "non"})
    assert not PaperOrder.objects.exists()


def test_another_centre_s_and_an_unknown_place_are_refused(redon: Centre) -> None:
    other = make_centre()
    visit(other)
    claire = at_desk(redon)
    asked = {"site": other.sites.get().slug, "feuille": "oui"}
    assert claire.post(path(other, "feuille"), asked).status_code == 404
    assert claire.post(path(redon, "feuille"), asked).status_code == 400


def test_who_runs_the_service_works_at_no_desk(redon: Centre) -> None:
    asked = {"site": redon.sites.get().slug, "feuille": "oui"}
    answer = in_department().post(path(redon, "feuille"), asked, follow=True)
    assert "travaillent dans ce centre" in answer.content.decode()
    assert not PaperOrder.objects.exists()


def sheet(client: Client, centre: Centre, **asked: str) -> str:
    return read(client, path(centre, "imprimer"), **asked)


def test_the_next_day_of_a_place_is_one_on_which_it_receives(redon: Centre) -> None:
    halles = make_site(redon, name="Espace des Halles")
    tomorrow = timezone.now() + timedelta(days=1)
    make_shift(starts_at=tomorrow, site=redon.sites.get(is_main=True))
    make_appointment(
        make_shift(starts_at=tomorrow + timedelta(days=2), site=halles),
        guardian=make_guardian(first_name="Jeanne"),
    )
    claire = at_desk(redon)
    assert "Jeanne" not in sheet(claire, redon), "the whole centre receives tomorrow"
    assert "Jeanne" in sheet(claire, redon, site=halles.slug)


def test_what_is_not_free_is_on_the_sheet_as_on_the_board(redon: Centre) -> None:
    midnight = timezone.now().astimezone(PARIS).replace(hour=0, minute=0, second=0, microsecond=0)
    day = midnight + timedelta(days=2)
    shift = make_shift(starts_at=day + timedelta(hours=9), site=redon.sites.get())
    hour = timedelta(hours=1)
    begins, far = shift.starts_at, shift.starts_at - hour
    make_appointment(shift, is_overbooked=True, note="Bébé fiévreux")
    make_appointment(shift, starts_at=begins + hour, state="held", expires_at=far, guardian=None)
    gone = make_guardian(first_name="Soizic")
    make_appointment(
        shift, starts_at=begins + 2 * hour, state="cancelled", reoffer_at=far, guardian=gone
    )
    make_appointment(shift, starts_at=begins + 4 * hour, guardian=make_guardian(first_name="Anne"))
    page = sheet(at_desk(redon), redon)
    for told in (
        "En plus",
        "Quelqu’un remplit ce créneau",
        "Annulé, reproposé à 8 h",
        "Annulés ce jour-là : 11 h Soizic",
        "Hors demi-journée",
        "Libre jusqu’à 10 h",
    ):
        assert told in page
    assert "Bébé fiévreux" not in page, "why one was added is for the screen"
    assert "Libre jusqu’à 11 h" in page

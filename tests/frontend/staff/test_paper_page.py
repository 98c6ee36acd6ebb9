"""Who reads the paper list asks for it by e-mail, and stops it, on its page."""

import pytest

from booking.models import PaperOrder
from centres.models import Centre
from tests.booking.test_desk import visit
from tests.factories import make_centre
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

"""What for: needs, an ill child, and the types behind a need."""

import pytest
from django.test import Client

from centres.models import AppointmentType
from tests.factories import make_type

pytestmark = pytest.mark.django_db
Booking, Need = AppointmentType.Booking, AppointmentType.Need


def test_the_first_page_shows_only_needs_that_have_types(client: Client) -> None:
    make_type(need=Need.PREGNANCY)
    page = client.get("/").content.decode()
    assert "Ma grossesse" in page
    assert "Devenir assistante ou assistant maternel" not in page
    assert 'href="/urgence/"' in page


def test_an_ill_child_leads_to_those_who_treat(client: Client) -> None:
    page = client.get("/urgence/").content.decode()
    assert 'href="tel:15"' in page
    assert 'href="sms:114"' in page
    assert "médecin" in page


def test_a_need_lists_each_type_by_how_it_is_booked(client: Client) -> None:
    online = make_type(label="Vaccination")
    walk_in = make_type(label="Pesée libre", booking=Booking.WALK_IN)
    by_phone = make_type(label="Visite à la maison", booking=Booking.AGENTS)
    make_type(label="Retiré", is_active=False)
    page = client.get("/motifs/enfant/").content.decode()
    assert f'href="/rdv/{online.slug}/"' in page
    assert f'href="/rdv/{by_phone.slug}/"' in page
    assert f'href="/rdv/{walk_in.slug}/"' not in page
    assert "Pesée libre" in page
    assert "Retiré" not in page


@pytest.mark.parametrize("url", ["/motifs/enfant/", "/motifs/nimporte/", "/motifs/child/"])
def test_an_empty_or_unknown_need_is_not_found(client: Client, url: str) -> None:
    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"booking": Booking.AGENTS}, "se prend avec un centre"),
        ({"booking": Booking.WALK_IN}, "Pas besoin de rendez-vous"),
        ({"booking": Booking.AGENTS, "is_discreet": True}, 'href="tel:0800081111"'),
    ],
)
def test_a_type_not_booked_online_says_what_to_do(
    client: Client, fields: dict[str, object], said: str
) -> None:
    kind = make_type(**fields)
    answer = client.get(f"/rdv/{kind.slug}/")
    assert answer.status_code == 200
    assert said in answer.content.decode()

"""A family that nobody knows and nothing is free for: on the waiting list, or called back."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from booking.models import Appointment, CallbackRequest, Household, WaitingListEntry
from centres.models import AppointmentType, Centre, Shift, Site
from tests.booking.test_desk import visit
from tests.factories import make_centre, make_guardian, make_shift, make_site, make_type
from tests.frontend.pages import read, text
from tests.frontend.staff.test_newcomer_page import PATH, known_of, typed

pytestmark = pytest.mark.django_db
WAITING = f"{PATH}attente/"


@pytest.fixture
def redon() -> Centre:
    return make_site(make_centre(name="CDAS de Redon")).centre


@pytest.fixture
def kind(redon: Centre) -> AppointmentType:
    """Received there, and never free."""
    kind = make_type(slug="medecin")
    make_shift(site=main_site(redon), types=[kind])
    Shift.objects.update(status="cancelled")
    return kind


def main_site(redon: Centre) -> Site:
    return redon.sites.get(is_main=True)


def wishes(redon: Centre, **more: object) -> dict[str, object]:
    asked: dict[str, object] = {"days": ["1", "3"], "sites": [main_site(redon).pk]}
    return asked | {"moment": "matin", "notice": "1440", "inscrire": "1", **more}


def test_three_presses_note_the_family_and_its_request(
    claire: Client, redon: Centre, kind: AppointmentType
) -> None:
    looked = claire.post(PATH, typed(redon, voir="1", half="matin")).content.decode()
    assert f'formaction="{WAITING}"' in looked
    page = claire.post(WAITING, typed(redon, half="matin"))
    assert page.status_code == 200
    body = page.content.decode()
    assert 'name="kind" value="medecin"' in body
    assert re.search(r'name="moment" value="matin"[^>]* checked', body), "wished already"
    assert not Household.objects.exists(), "looking writes nothing"
    done = claire.post(WAITING, typed(redon, **wishes(redon)))
    entry = WaitingListEntry.objects.get()
    assert done["Location"] == f"/equipe/familles/{entry.household_id}/"
    assert (str(entry.guardian), str(entry.child)) == ("Karim Benali", "Inès")
    assert (entry.days, entry.centre, entry.type) == ([1, 3], redon, kind)
    shown = read(claire, done["Location"])
    assert "la famille est sur la liste d’attente. Elle reçoit un message" in shown
    assert "En liste d’attente, sans rendez-vous" in shown


def test_who_has_a_landline_only_is_called(
    claire: Client, redon: Centre, kind: AppointmentType
) -> None:
    answer = claire.post(WAITING, typed(redon, phone="02 99 71 00 01", **wishes(redon)))
    assert "le centre l’appellera" in read(claire, answer["Location"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"phone": ""}, "il faut un téléphone ou une adresse e-mail"),
        ({"last_name": ""}, "Écrivez le nom du parent."),
        ({"child_born_on": ""}, "écrivez son jour de naissance"),
        ({"days": []}, "Cochez au moins un jour."),
        ({"sites": []}, "Cochez au moins un lieu."),
    ],
)
def test_what_lacks_is_said_on_the_same_page_and_nothing_typed_is_lost(
    claire: Client, redon: Centre, kind: AppointmentType, change: dict[str, object], said: str
) -> None:
    answer = claire.post(WAITING, typed(redon, **wishes(redon) | change))
    body = answer.content.decode()
    assert answer.status_code == 422
    assert said in body
    assert 'value="Karim"' in body
    assert re.search(r'name="moment" value="matin"[^>]* checked', body)
    assert not Household.objects.exists()


def test_without_what_for_the_page_before_is_shown_again(
    claire: Client, redon: Centre, kind: AppointmentType
) -> None:
    answer = claire.post(WAITING, typed(redon, kind=""))
    assert answer.status_code == 422
    assert "Voir les créneaux" in text(answer)
    assert f'action="{PATH}"' in answer.content.decode()


def test_a_family_that_is_likely_the_same_is_shown_before_anything_is_noted(
    claire: Client, redon: Centre, kind: AppointmentType
) -> None:
    karim = make_guardian(phone="+33639981234")
    visit(redon, guardian=karim)
    before = Household.objects.count()
    answer = claire.post(WAITING, typed(redon, **wishes(redon)))
    body = answer.content.decode()
    assert answer.status_code == 409
    assert f"/equipe/familles/{karim.household_id}/" in body
    assert Household.objects.count() == before
    again = claire.post(WAITING, typed(redon, known=known_of(body), **wishes(redon)))
    assert again.status_code == 302
    assert WaitingListEntry.objects.get().household_id != karim.household_id


def test_a_refusal_is_said_and_leaves_no_family_behind(
    claire: Client, redon: Centre, kind: AppointmentType
) -> None:
    AppointmentType.objects.update(age_max_months=3)
    answer = claire.post(WAITING, typed(redon, child_born_on="24/11/2022", **wishes(redon)))
    assert answer.status_code == 422
    assert "Rien n’est encore noté" in text(answer)
    assert not Household.objects.exists()


def test_a_type_that_the_centre_does_not_receive_is_refused_by_name(
    claire: Client, redon: Centre
) -> None:
    make_type(slug="medecin")
    answer = claire.post(WAITING, typed(redon, **wishes(redon)))
    assert answer.status_code == 409
    assert "Ce centre ne propose pas ce motif" in text(answer)
    assert not Household.objects.exists()


def test_a_known_family_is_refused_it_too(claire: Client, redon: Centre) -> None:
    kind = make_type(slug="medecin", audience="adult")
    guardian = make_guardian()
    visit(redon, guardian=guardian)
    asked = f"?guardian={guardian.pk}&kind={kind.slug}&centre={redon.slug}"
    address = f"/equipe/familles/{guardian.household_id}/attente/{asked}"
    answer = claire.post(address, wishes(redon))
    assert answer.status_code == 409
    assert "Ce centre ne propose pas ce motif" in text(answer)
    assert not WaitingListEntry.objects.exists()


def test_another_desk_s_centre_is_no_choice(
    claire: Client, redon: Centre, kind: AppointmentType
) -> None:
    elsewhere = make_centre()
    answer = claire.post(WAITING, typed(redon, centre=elsewhere.slug, **wishes(redon)))
    assert answer.status_code == 422
    assert not WaitingListEntry.objects.exists()


def test_an_address_typed_by_hand_leads_to_the_first_page(claire: Client) -> None:
    assert claire.get(WAITING)["Location"] == PATH


def test_a_call_back_takes_over_what_was_typed(
    claire: Client, redon: Centre, kind: AppointmentType
) -> None:
    address = f"/equipe/rappels/{redon.slug}/ajouter/"
    assert f'formaction="{address}"' in claire.post(PATH, typed(redon, voir="1")).content.decode()
    page = claire.post(address, typed(redon, reprise="1"))
    body = page.content.decode()
    assert page.status_code == 200
    assert not CallbackRequest.objects.exists(), "nothing is noted before it is read"
    for value in ("Karim", "Benali", "06 39 98 12 34"):
        assert f'value="{value}"' in body
    assert '<option value="medecin" selected>' in body
    names = ("first_name", "last_name", "phone", "kind", "language")
    sent = {name: value for name, value in typed(redon).items() if name in names}
    assert claire.post(address, sent).status_code == 302
    asked = CallbackRequest.objects.get()
    assert (asked.first_name, asked.language, asked.type) == ("Karim", "ar", kind)
    assert not Appointment.objects.exists()

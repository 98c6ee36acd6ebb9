"""A promised call, from the list of calls through the family to its appointment."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking import actions
from booking.actors import Actor
from booking.models import Appointment, CallbackRequest, Child, Guardian
from centres.models import AppointmentType, Centre, Shift
from tests.booking.test_desk import visit
from tests.factories import PARIS, make_centre, make_child, make_guardian, make_shift, make_type
from tests.frontend.pages import text
from tests.frontend.staff.people import at_desk
from tests.frontend.staff.test_book_page import buttons, path, school_day, wish
from tests.frontend.staff.test_newcomer_page import PATH, typed

pytestmark = pytest.mark.django_db
CARLA = {"first_name": "Carla", "last_name": "Fonseca", "phone": "+33639987700"}
BANNER = "Vous rappelez Carla Fonseca"


@pytest.fixture
def karim(redon: Centre) -> Guardian:
    """Known here by another number than the one that asked."""
    karim = make_guardian(first_name="Karim", last_name="Benali", phone="+33639981234", email="")
    visit(redon, guardian=karim)
    return karim


@pytest.fixture
def kind() -> AppointmentType:
    return make_type(slug="medecin")


@pytest.fixture
def shift(karim: Guardian, kind: AppointmentType) -> Shift:
    site = Appointment.objects.get(guardian=karim).site
    starts_at = datetime.combine(school_day(), time(8), PARIS)
    return make_shift(site=site, starts_at=starts_at, hours=4, types=[kind])


@pytest.fixture
def asked(redon: Centre, kind: AppointmentType) -> CallbackRequest:
    return ask(redon, kind)


def ask(centre: Centre, kind: AppointmentType, **fields: str) -> CallbackRequest:
    details = {**CARLA, "language": "pt", "preference": "Après 16 h", **fields}
    return actions.request_callback(
        centre_id=centre.pk, type_id=kind.pk, now=timezone.now(), **details
    )


def press(client: Client, asked: CallbackRequest, **sent: str) -> str:
    """Where “Prendre rendez-vous” leads."""
    return client.post(f"/equipe/rappels/{asked.uid}/rendez-vous/", sent)["Location"]


def links(body: str, start: str) -> list[str]:
    return [unescape(each) for each in re.findall(rf'href="({start}[^"]*)"', body)]


def state_of(asked: CallbackRequest) -> tuple[str, str]:
    asked.refresh_from_db()
    return asked.state, asked.outcome


def test_pressing_it_books_nothing_and_closes_nothing(
    claire: Client, redon: Centre, asked: CallbackRequest
) -> None:
    address = press(claire, asked, note="Plutôt le matin")
    assert address.startswith("/equipe/familles/?")
    assert state_of(asked) == ("open", "")
    page = text(claire.get(f"/equipe/rappels/{redon.slug}/"))
    assert "Vous vous en occupez" in page
    assert "Plutôt le matin" in page
    assert "rendez-vous pris" not in page
    assert "3363998" not in address, "no number in an address"


def test_each_page_on_the_way_says_whom_one_calls(
    claire: Client, asked: CallbackRequest, karim: Guardian
) -> None:
    family = f"/equipe/familles/{karim.household_id}/?rappel={asked.uid}"
    for address in (press(claire, asked), f"{PATH}?rappel={asked.uid}", family):
        page = text(claire.get(address))
        assert BANNER in page
        assert "06 39 98 77 00" in page
        assert "Après 16 h" in page
    (book, *_) = links(claire.get(family).content.decode(), f"{path(karim)}\\?")
    assert BANNER in text(claire.get(book))


def test_the_request_goes_along_from_the_search_to_the_appointment_that_closes_it(
    claire: Client, redon: Centre, asked: CallbackRequest, karim: Guardian, shift: Shift
) -> None:
    make_child(karim, first_name="Inès")
    found = claire.get(press(claire, asked) + "&q=benali").content.decode()
    (book,) = links(found, f"{path(karim)}\\?")
    body = claire.get(book).content.decode()
    (form,) = (each for each in body.split("</form>") if 'name="creneau"' in each)
    sent = dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', form))
    assert sent["rappel"] == str(asked.uid)
    answer = claire.post(path(karim), {**sent, "creneau": buttons(body)[0]}, follow=True)
    booked = Appointment.objects.get(shift=shift)
    assert answer.redirect_chain[0][0] == f"/equipe/rendez-vous/{booked.spoken_reference}/"
    assert "Le rappel est noté : rendez-vous pris." in text(answer)
    assert state_of(asked) == ("done", "booked")
    assert asked.closed_by == "claire@example.org"


def test_to_look_again_keeps_it(
    claire: Client, redon: Centre, asked: CallbackRequest, karim: Guardian, shift: Shift
) -> None:
    ines = make_child(karim, first_name="Inès")
    sent = wish(karim, ines, redon, rappel=asked.uid, voir="1")
    address = claire.post(path(karim), sent)["Location"]
    body = claire.get(address).content.decode()
    # Once in the form of the wishes, and once in the one that sends a time.
    assert body.count(f'name="rappel" value="{asked.uid}"') == 2
    assert BANNER in unescape(body).replace("\xa0", " ")


def test_siblings_close_it_too(
    claire: Client, redon: Centre, asked: CallbackRequest, karim: Guardian, shift: Shift
) -> None:
    both = [make_child(karim, first_name=name).pk for name in ("Inès", "Adam")]
    sent = wish(karim, None, redon, rappel=asked.uid) | {"child": both}
    value = buttons(claire.get(path(karim), sent).content.decode())[0]
    claire.post(path(karim), {**sent, "creneau": value})
    assert Appointment.objects.filter(child__in=both, state="booked").count() == 2
    assert state_of(asked) == ("done", "booked")


def test_a_new_family_is_typed_with_what_the_caller_has_said(
    claire: Client, redon: Centre, asked: CallbackRequest
) -> None:
    (link,) = links(claire.get(press(claire, asked)).content.decode(), PATH)
    body = claire.get(link).content.decode()
    for value in ("Carla", "Fonseca", "06 39 98 77 00"):
        assert f'value="{value}"' in body
    assert re.search(r'<option value="medecin" selected', body)
    assert re.search(r'<option value="pt"[^>]* selected', body)


def test_a_new_family_closes_it(
    claire: Client, redon: Centre, asked: CallbackRequest, shift: Shift
) -> None:
    body = claire.get(f"{PATH}?rappel={asked.uid}").content.decode()
    assert f'name="rappel" value="{asked.uid}"' in body
    sent = typed(redon, **CARLA, rappel=str(asked.uid))
    body = claire.post(PATH, {**sent, "voir": "1"}).content.decode()
    assert f'name="rappel" value="{asked.uid}"' in body
    assert state_of(asked) == ("open", ""), "looking closes nothing"
    claire.post(PATH, {**sent, "creneau": buttons(body)[0]})
    assert Appointment.objects.filter(shift=shift, state="booked").exists()
    assert state_of(asked) == ("done", "booked")


def test_who_is_put_on_the_waiting_list_is_still_being_called(
    claire: Client, redon: Centre, asked: CallbackRequest, karim: Guardian, shift: Shift
) -> None:
    """No appointment came of it: what did is the agent's to say."""
    ines = make_child(karim, first_name="Inès")
    body = claire.get(path(karim), wish(karim, ines, redon, rappel=asked.uid)).content.decode()
    (waiting,) = links(body, f"/equipe/familles/{karim.household_id}/attente/")
    assert BANNER in text(claire.get(waiting))
    sent = {"days": ["1"], "sites": [shift.site_id], "notice": "0"}
    family = claire.post(waiting, sent)["Location"]
    assert family.startswith(f"/equipe/familles/{karim.household_id}/?rappel={asked.uid}")
    assert BANNER in text(claire.get(family))
    assert state_of(asked) == ("open", "")


def test_a_new_family_on_its_way_to_the_waiting_list_is_still_being_called(
    claire: Client, redon: Centre, asked: CallbackRequest, shift: Shift
) -> None:
    address, sent = f"{PATH}attente/", typed(redon, **CARLA, rappel=str(asked.uid))
    answer = claire.post(address, sent)
    assert BANNER in text(answer)
    assert f'name="rappel" value="{asked.uid}"' in answer.content.decode()
    sent |= {"days": ["1"], "sites": [shift.site_id], "notice": "0", "inscrire": "1"}
    assert f"/?rappel={asked.uid}" in claire.post(address, sent)["Location"]
    assert state_of(asked) == ("open", "")


def test_a_number_typed_into_the_search_is_written_as_people_write_it(
    claire: Client, redon: Centre, shift: Shift
) -> None:
    body = claire.get(PATH, {"q": "+33639987700"}).content.decode()
    assert 'value="06 39 98 77 00"' in body


def test_a_time_that_is_refused_leaves_it_open(
    claire: Client, redon: Centre, asked: CallbackRequest, karim: Guardian, shift: Shift
) -> None:
    ines = make_child(karim, first_name="Inès")
    answer = claire.post(path(karim), wish(karim, ines, redon, rappel=asked.uid, creneau="1-1"))
    assert answer.status_code >= 400
    assert BANNER in text(answer)
    assert state_of(asked) == ("open", "")


def foreign(redon: Centre, kind: AppointmentType) -> CallbackRequest:
    return ask(make_centre(name="CDAS de Vitré"), kind)


def closed(redon: Centre, kind: AppointmentType) -> CallbackRequest:
    asked = ask(redon, kind)
    paul = Actor("agent", "paul@example.org")
    return actions.close_callback(
        uid=asked.uid, outcome="dropped", note="", now=timezone.now(), actor=paul
    )


@pytest.mark.parametrize("other", [foreign, closed])
def test_a_request_of_another_centre_or_one_that_is_closed_is_neither_shown_nor_changed(
    claire: Client, redon: Centre, kind: AppointmentType, karim: Guardian, shift: Shift,
    other: Callable[[Centre, AppointmentType], CallbackRequest],
) -> None:  # fmt: skip
    asked = other(redon, kind)
    before, ines = state_of(asked), make_child(karim, first_name="Inès")
    for address in (
        f"{PATH}?rappel={asked.uid}",
        f"/equipe/familles/?rappel={asked.uid}",
        f"/equipe/familles/{karim.household_id}/?rappel={asked.uid}",
        f"{path(karim)}?rappel={asked.uid}",
    ):
        body = claire.get(address)
        assert body.status_code == 200
        assert "Fonseca" not in text(body)
        assert "77 00" not in text(body)
    _books(claire, redon, karim, ines, shift, rappel=str(asked.uid))
    assert state_of(asked) == before


@pytest.mark.parametrize("bad", ["x", "", "\0", "9" * 400, "9929999e-812d-4dc2-b328-81013a6e596b"])
def test_what_is_no_request_books_all_the_same(
    claire: Client, redon: Centre, karim: Guardian, shift: Shift, bad: str
) -> None:
    ines = make_child(karim, first_name="Inès")
    assert claire.get("/equipe/familles/", {"rappel": bad}).status_code == 200
    assert claire.get(PATH, {"rappel": bad}).status_code == 200
    _books(claire, redon, karim, ines, shift, rappel=bad)


def _books(
    claire: Client, redon: Centre, karim: Guardian, ines: Child, shift: Shift, **more: str
) -> None:
    sent = wish(karim, ines, redon, **more)
    value = buttons(claire.get(path(karim), sent).content.decode())[0]
    answer = claire.post(path(karim), {**sent, "creneau": value}, follow=True)
    assert "Le rappel est noté" not in text(answer)
    assert Appointment.objects.filter(shift=shift, child=ines, state="booked").exists()


def test_another_centres_agent_cannot_press_it(asked: CallbackRequest) -> None:
    stranger = at_desk(make_centre(), email="paul@example.org")
    assert stranger.post(f"/equipe/rappels/{asked.uid}/rendez-vous/").status_code == 404
    assert state_of(asked) == ("open", "")
    assert asked.taken_by == ""


def test_one_that_is_closed_leads_nowhere(
    claire: Client, redon: Centre, kind: AppointmentType
) -> None:
    asked = closed(redon, kind)
    typed = {"note": "rappeler sur le fixe"}
    answer = claire.post(f"/equipe/rappels/{asked.uid}/rendez-vous/", typed)
    assert answer.status_code == 409
    assert typed["note"] in text(answer)  # to be copied


def test_a_discreet_reason_is_neither_carried_nor_told(
    claire: Client, redon: Centre, kind: AppointmentType
) -> None:
    secret = make_type(slug="secret", label="Contraception", is_discreet=True)
    asked = ask(redon, secret)
    address = press(claire, asked)
    assert "secret" not in address
    assert "Contraception" not in text(claire.get(address))
    body = claire.get(f"{PATH}?rappel={asked.uid}").content.decode()
    assert not re.search(r'<option value="secret" selected', body)
    manager = at_desk(redon, email="chef@example.org", role="manager")
    assert "kind=secret" in press(manager, asked)
    body = manager.get(f"{PATH}?rappel={asked.uid}").content.decode()
    assert re.search(r'<option value="secret" selected', body)


def test_a_page_costs_one_query_more_for_it_and_none_without(
    claire: Client, asked: CallbackRequest, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(7):
        claire.get(PATH)
    with django_assert_num_queries(8):
        claire.get(PATH, {"rappel": asked.uid})

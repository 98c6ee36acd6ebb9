"""The desk's calls to make: by day, taken, noted, undone, added while talking."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking.actors import Actor
from booking.models import Appointment, CallbackRequest, CallbackTry
from centres.models import Centre, User
from tests.factories import make_appointment, make_shift, make_type
from tests.frontend.pages import read, text
from tests.frontend.staff.calls import booked_in_a_month, offered, url, waits
from tests.frontend.staff.people import at_desk

pytestmark = pytest.mark.django_db
CLAIRE = Actor("agent", "claire@example.org")


@pytest.fixture
def appointment() -> Appointment:
    return booked_in_a_month()


@pytest.fixture
def centre(appointment: Appointment) -> Centre:
    return appointment.centre


@pytest.fixture
def claire(centre: Centre) -> Client:
    return at_desk(centre)


def asked(appointment: Appointment, *, days: int = 0, **fields: Any) -> CallbackRequest:
    defaults: dict[str, Any] = {
        "type": appointment.type,
        "first_name": "Léa",
        "last_name": "Guillou",
        "phone": f"+3363998{CallbackRequest.objects.count():04}",
        "promised_on": timezone.localdate() + timedelta(days=days),
        "created_at": timezone.now(),
    }
    return CallbackRequest.objects.create(centre=appointment.centre, **defaults | fields)


def note(client: Client, request: CallbackRequest, outcome: str, **typed: Any) -> Any:
    return client.post(f"/equipe/rappels/{request.uid}/", {"outcome": outcome, **typed})


def test_overdue_calls_come_first(claire: Client, centre: Centre, appointment: Appointment) -> None:
    later, late = asked(appointment, days=3), asked(appointment, days=-2)
    page = claire.get(url(centre)).content.decode()
    assert page.index(f'id="r{late.pk}"') < page.index(f'id="r{later.pk}"')
    assert "En retard (1)" in page
    assert len(page) < 80_000


def test_no_answer_is_one_press_and_is_counted(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    request = asked(appointment)
    for _ in range(2):
        assert note(claire, request, "again", seen=0).status_code == 302
    assert "1 essai sans réponse" in read(claire, url(centre))
    request.refresh_from_db()
    assert request.state == "open"
    assert request.due_on > timezone.localdate()


def to_book(client: Client, request: CallbackRequest) -> Any:
    """“Prendre rendez-vous”."""
    return client.post(f"/equipe/rappels/{request.uid}/rendez-vous/")


def test_to_book_leads_to_the_familys_booking_page_with_the_request(
    claire: Client, appointment: Appointment
) -> None:
    request = asked(appointment, phone="+33639981234")
    answer = to_book(claire, request)
    household = appointment.household_id
    assert answer["Location"].startswith(f"/equipe/familles/{household}/rendez-vous/?")
    assert f"kind={appointment.type.slug}" in answer["Location"]
    assert f"rappel={request.uid}" in answer["Location"]
    assert claire.get(answer["Location"]).status_code in (200, 422)
    request.refresh_from_db()
    assert request.state == "open", "nothing is booked yet"


def test_who_has_an_appointment_already_is_noted_as_such(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    request = asked(appointment)
    assert note(claire, request, "booked")["Location"] == url(centre)
    request.refresh_from_db()
    assert request.outcome == "booked"


def test_a_number_nobody_knows_leads_to_the_search(
    claire: Client, appointment: Appointment
) -> None:
    request = asked(appointment, phone="+33700000001")
    address = to_book(claire, request)["Location"]
    assert address.startswith(f"/equipe/familles/?rappel={request.uid}&")
    assert 'value="07 00 00 00 01"' in claire.get(address).content.decode()


def test_a_wrong_outcome_is_undone_from_the_page(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    request = asked(appointment)
    note(claire, request, "again")
    note(claire, request, "dropped", note="Déménage")
    page = claire.get(url(centre)).content.decode()
    assert "Déménage" in page
    last = CallbackTry.objects.latest("pk")
    assert f'name="appel" value="{last.pk}"' in page
    for _ in range(2):
        claire.post(f"/equipe/rappels/{request.uid}/defaire/", {"appel": last.pk})
    request.refresh_from_db()
    assert request.state == "open"
    made = CallbackTry.objects.filter(undone_at=None)
    assert made.get().outcome == "unreached", "pressed twice, only the last one is undone"
    shown = f'name="appel" value="{made.get().pk}"'
    assert shown in claire.get(url(centre)).content.decode()


def test_colleagues_see_who_takes_a_call(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    request, marc = asked(appointment), at_desk(centre, email="marc@example.org")
    claire.post(f"/equipe/rappels/{request.uid}/prendre/")
    assert "Vous vous en occupez" in read(claire, url(centre))
    User.objects.filter(email="claire@example.org").update(first_name="Claire", last_name="Martin")
    assert "Claire Martin (accueil) s’en occupe" in read(marc, url(centre))
    assert marc.post(f"/equipe/rappels/{request.uid}/prendre/").status_code == 409
    claire.post(f"/equipe/rappels/{request.uid}/laisser/")
    assert marc.post(f"/equipe/rappels/{request.uid}/prendre/").status_code == 302
    assert marc.post(f"/equipe/rappels/{request.uid}/perdre/").status_code == 404


def test_who_tried_and_who_closed_are_told_by_their_names(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    User.objects.filter(email="claire@example.org").update(first_name="Amadou", last_name="Bah")
    note(claire, asked(appointment), "again")
    note(claire, asked(appointment), "answered")
    page = read(claire, url(centre))
    assert "injoignable (Amadou Bah (accueil))" not in page, "no brackets in brackets"
    assert "injoignable, Amadou Bah (accueil)" in page
    assert "claire@example.org" not in page.partition("Rappels et liste d’attente")[2]
    assert page.count("Amadou Bah (accueil)") == 2


def test_a_call_back_is_added_while_talking(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    typed = {"first_name": "Ana", "last_name": "Costa", "phone": "06 39 98 12 99"}
    address = f"{url(centre)}ajouter/"
    assert claire.post(address, typed).status_code == 422
    yesterday = timezone.localdate() - timedelta(days=1)
    typed["kind"] = appointment.type.slug
    assert claire.post(address, {**typed, "again_on": yesterday}).status_code == 422
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert claire.post(address, {**typed, "again_on": tomorrow}).status_code == 302
    assert CallbackRequest.objects.get().due_on == tomorrow


def test_a_discreet_reason_is_not_read_out_to_the_desk(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    secret = make_type(label="Contraception", is_discreet=True)
    asked(appointment, type=secret)
    assert "Contraception" not in read(claire, url(centre))
    manager = at_desk(centre, email="chef@example.org", role="manager")
    assert "Contraception" in read(manager, url(centre))
    again = asked(appointment, type=secret, phone="+33639981234")
    for client, does_say in ((claire, False), (manager, True)):
        answer = to_book(client, again)
        assert "/rendez-vous/?guardian=" in answer["Location"]
        assert (f"kind={secret.slug}" in answer["Location"]) is does_say


def test_the_page_reads_as_often_with_ten_as_with_one(
    claire: Client,
    centre: Centre,
    appointment: Appointment,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for rows in (1, 9):
        for number in range(rows):
            request = asked(appointment, days=number - 3)
            note(claire, request, "again")
            closed = asked(appointment, phone=f"+336399{rows}{number:04}")
            note(claire, closed, "answered")
            other = make_appointment(
                make_shift(
                    starts_at=appointment.starts_at + timedelta(days=number + rows),
                    site=appointment.site,
                    types=[appointment.type],
                )
            )
            offered(waits(other))
        with django_assert_num_queries(14 + 2):  # and whose names these are
            claire.get(url(centre))


def test_an_outcome_with_a_day_that_is_none_is_not_dropped_in_silence(
    claire: Client, appointment: Appointment
) -> None:
    request = asked(appointment)
    sent = {"outcome": "again", "again_on": "31/02/2027"}
    answer = claire.post(f"/equipe/rappels/{request.uid}/", sent | {"note": "Rappeler la tante"})
    assert answer.status_code == 422
    assert "Saisissez une date valide" in text(answer)
    assert "Rappeler la tante</textarea>" in answer.content.decode()
    request.refresh_from_db()
    assert request.state == CallbackRequest.State.OPEN


def test_what_is_typed_of_a_call_that_a_colleague_closed_is_not_lost(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    request, marc = asked(appointment), at_desk(centre, email="marc@example.org")
    note(marc, request, "answered")
    for outcome in ("dropped", "again"):
        answer = note(claire, request, outcome, note="Déménage à <Rennes>", seen=0)
        assert answer.status_code == 409
        page = answer.content.decode()
        assert "Déménage à &lt;Rennes&gt;</textarea>" in page
        assert f'href="{url(centre)}#r{request.pk}"' in page

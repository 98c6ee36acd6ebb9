"""The desk's list and the pages of a lost message: what is shown, and what each press does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking.models import Appointment, CallbackRequest
from centres.models import Centre, User
from notifications.models import OutboxMessage
from tests.booking.test_desk import asked, lost, reply_to, visit
from tests.factories import make_centre, make_guardian, make_household
from tests.frontend.pages import read, text
from tests.frontend.staff.people import at_desk, code_of, in_department, protect
from tests.notifications.messages import make_attempt, make_route, make_unsure

pytestmark = pytest.mark.django_db


@pytest.fixture
def centre() -> Centre:
    return make_centre()


@pytest.fixture
def claire(centre: Centre) -> Client:
    return at_desk(centre)


@pytest.fixture
def appointment(centre: Centre) -> Appointment:
    return visit(centre)


def url(centre: Centre) -> str:
    return f"/equipe/messages/centre/{centre.slug}/"


def press(client: Client, message: OutboxMessage, action: str, **data: str) -> Any:
    answer = client.post(f"/equipe/messages/{message.pk}/{action}/", data)
    message.refresh_from_db()
    return answer


def test_the_list_tells_whom_to_phone_and_why(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    make_attempt(lost(appointment), "refused")
    page = claire.get(url(centre)).content.decode()
    assert 'href="tel:+33639981234"' in page
    words = read(claire, url(centre))
    assert "Karim Le Goff" in words
    assert "Confirmation du rendez-vous" in words
    assert "l’adresse ou le numéro est sans doute faux" in words
    assert appointment.spoken_reference in words
    assert "refused" not in page


def test_who_speaks_another_language_or_needs_an_interpreter_is_announced(
    claire: Client, centre: Centre
) -> None:
    household = make_household(language="ar", needs_interpreter=True)
    lost(visit(centre, guardian=make_guardian(household)))
    words = read(claire, url(centre))
    assert "Besoin d’un interprète (arabe)" in words
    assert "Pas de téléphone." in words
    assert "mailto:karim" in claire.get(url(centre)).content.decode()


def test_nobody_to_phone_is_said(claire: Client, centre: Centre) -> None:
    assert "Toutes les familles de ce centre ont eu leurs messages." in read(claire, url(centre))


def test_told_by_telephone_takes_the_family_off_the_list(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    message = lost(appointment)
    answer = press(claire, message, "prevenu")
    assert answer["Location"] == url(centre)
    assert (message.handled_as, message.handled_by) == ("told", "claire@example.org")
    assert "C’est noté : la famille est prévenue." in read(claire, url(centre))
    assert "Karim" not in read(claire, url(centre))
    assert press(claire, message, "prevenu").status_code == 302, "a double click is one"


def test_what_a_colleague_has_just_settled_is_said_plainly(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    message = lost(appointment)
    press(at_desk(centre, email="marc@example.org"), message, "sans-suite")
    answer = press(claire, message, "renvoyer")
    assert answer.status_code == 409
    words = text(answer)
    assert "Une autre personne s’en est déjà occupée." in words
    assert "marc@example.org" in words
    assert message.handled_as == "closed"
    assert not message.replacements.exists()


def test_sent_again_the_message_leaves_once(claire: Client, appointment: Appointment) -> None:
    message = lost(appointment)
    for _ in range(2):
        assert press(claire, message, "renvoyer").status_code == 302
    instead = message.replacements.get()
    assert (instead.state, instead.kind) == ("planned", "confirmation")


def test_a_message_that_is_no_longer_true_is_not_sent_again(
    claire: Client, appointment: Appointment
) -> None:
    message = lost(appointment)
    Appointment.objects.filter(pk=appointment.pk).update(sequence=5, last_action="move")
    answer = press(claire, message, "renvoyer")
    assert answer.status_code == 409
    assert "n’a plus d’objet" in text(answer)
    assert message.handled_as == ""


def test_the_page_of_a_message_reads_it_out_with_all_that_happened(
    claire: Client, appointment: Appointment
) -> None:
    message = lost(appointment)
    make_attempt(message, "not_taken")
    make_attempt(message, "refused")
    words = read(claire, f"/equipe/messages/{message.pk}/")
    assert "Espace des Halles" in words, "the place, as the message would say it"
    assert "[lien personnel]" in words
    assert "/r/" not in words, "the family's own link is nobody else's"
    assert "Le prestataire ne l’a pas pris." in words
    assert "Refusé par le prestataire." in words
    assert "N’est pas parti." in words


def test_a_message_that_cannot_be_put_together_still_has_its_page(
    claire: Client, appointment: Appointment
) -> None:
    message = lost(appointment, kind="nothing-known")
    words = read(claire, f"/equipe/messages/{message.pk}/")
    assert "dites à la famille le jour, l’heure et le lieu" in words


def test_an_address_is_corrected_with_the_record(claire: Client, appointment: Appointment) -> None:
    message = lost(appointment)
    data = {"channel": "email", "address": "Karim.LeGoff@exemple.fr", "correct": "on"}
    assert press(claire, message, "autre-adresse", **data).status_code == 302
    assert message.replacements.get().recipient == "karim.legoff@exemple.fr"
    assert appointment.guardian is not None
    appointment.guardian.refresh_from_db()
    assert appointment.guardian.email == "karim.legoff@exemple.fr"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"channel": "email", "address": ""}, "Écrivez l’adresse ou le numéro."),
        ({"channel": "sms", "address": "02 99 71 00 00"}, "téléphone fixe"),
        ({"channel": "email", "address": "karim@"}, "adresse"),
        ({"channel": "pigeon", "address": "karim@example.org"}, "pigeon"),
    ],
)
def test_a_wrong_address_is_explained_and_kept(
    claire: Client, appointment: Appointment, data: dict[str, str], says: str
) -> None:
    make_route("ovh", "sms")
    message = lost(appointment)
    answer = press(claire, message, "autre-adresse", **data)
    assert answer.status_code == 422
    assert says in text(answer)
    assert f'value="{data["address"]}"' in answer.content.decode() or not data["address"]
    assert message.handled_as == ""


def test_an_address_typed_for_a_message_that_a_colleague_saw_to_is_shown_to_be_copied(
    claire: Client, appointment: Appointment
) -> None:
    message = lost(appointment)
    press(claire, message, "prevenu")
    data = {"channel": "email", "address": "karim.legoff@exemple.fr"}
    answer = press(claire, message, "autre-adresse", **data)
    assert answer.status_code == 409
    assert data["address"] in text(answer)
    assert not message.replacements.exists()


def test_the_family_s_other_address_is_one_press_away(
    claire: Client, appointment: Appointment
) -> None:
    make_route("ovh", "sms")
    message = lost(appointment)
    page = claire.get(f"/equipe/messages/{message.pk}/").content.decode()
    assert 'name="address" value="+33639981234"' in page
    data = {"channel": "sms", "address": "+33639981234"}
    assert press(claire, message, "autre-adresse", **data).status_code == 302
    assert message.replacements.get().channel == "sms"


def test_what_may_have_arrived_offers_no_second_sending(
    claire: Client, appointment: Appointment, centre: Centre
) -> None:
    about = {"subject_ref": str(appointment.uid), "scope": centre.slug}
    message = make_unsure(since=timezone.now() - timedelta(hours=1), **about)
    page = claire.get(f"/equipe/messages/{message.pk}/").content.decode()
    assert "peut-être arrivé" in page
    assert "/renvoyer/" not in page
    assert press(claire, message, "renvoyer").status_code == 409


def test_a_code_is_nobodys_to_read(claire: Client, appointment: Appointment) -> None:
    message = lost(appointment, kind="code")
    assert claire.get(f"/equipe/messages/{message.pk}/").status_code == 404


def test_a_reply_is_read_and_gone(claire: Client, centre: Centre, appointment: Appointment) -> None:
    reply = reply_to(appointment, text="<b>On arrive</b>")
    assert "« <b>On arrive</b> »" in read(claire, url(centre))
    for _ in range(2):
        assert claire.post(f"/equipe/reponses/{reply.pk}/lue/").status_code == 302
    reply.refresh_from_db()
    assert reply.handled_by == "claire@example.org"
    marc = at_desk(centre, email="marc@example.org")
    assert marc.post(f"/equipe/reponses/{reply.pk}/lue/").status_code == 409


def test_a_promised_call_is_noted_once(claire: Client, centre: Centre) -> None:
    request = asked(centre)
    assert "Léa Guillou" in read(claire, url(centre))
    address = f"/equipe/rappels/{request.uid}/"
    assert claire.post(address, {"outcome": "?"}).status_code == 422
    assert CallbackRequest.objects.get().state == "open"
    assert claire.post(address, {"outcome": "answered"}).status_code == 302
    assert CallbackRequest.objects.get().closed_by == "claire@example.org"
    assert claire.post(address, {"outcome": "dropped"}).status_code == 409


def test_who_has_one_centre_comes_straight_to_it(claire: Client, centre: Centre) -> None:
    assert claire.get("/equipe/messages/")["Location"] == url(centre)


def test_an_administrator_chooses_among_all_the_busiest_first(centre: Centre) -> None:
    quiet = make_centre(name="CDAS de Antrain")
    lost(visit(centre))
    page = read(in_department(), "/equipe/messages/")
    assert page.index(centre.name) < page.index(quiet.name)
    assert "1 famille à appeler" in page


def test_the_list_costs_the_same_with_ten_families_as_with_one(
    claire: Client, centre: Centre, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for rows in (1, 9):
        for _ in range(rows):
            lost(visit(centre))
            reply_to(visit(centre))
            asked(centre)
        # session, user, memberships, centres; then the list's own (one less: no day is asked for)
        with django_assert_num_queries(4 + 8):
            claire.get(url(centre))


def test_nobody_logged_in_is_sent_to_the_log_in_and_comes_back(
    client: Client, centre: Centre
) -> None:
    answer = client.get(url(centre))
    assert answer["Location"] == f"/equipe/connexion/?next={url(centre)}"
    claire = at_desk(centre)
    claire.logout()
    form = {"username": "claire@example.org", "password": "a password that is long enough"}
    protect(User.objects.get(email="claire@example.org"))
    asked = claire.post(answer["Location"], form | {"next": url(centre)})
    logged_in = claire.post(asked["Location"], {"code": code_of()})
    assert logged_in["Location"] == url(centre), "who works at a desk, not in the administration"
    assert claire.get(url(centre)).status_code == 200
    assert claire.get("/admin/").status_code == 302, "the administration stays closed"
    assert claire.post("/equipe/quitter/").status_code == 302
    assert claire.get(url(centre)).status_code == 302


def test_pages_of_the_desk_stay_out_of_every_cache(claire: Client, centre: Centre) -> None:
    assert claire.get(url(centre))["Cache-Control"] == "private, no-store"


def test_a_reply_of_an_unknown_number_is_the_administrators(
    claire: Client, centre: Centre, appointment: Appointment
) -> None:
    reply = reply_to(appointment, scope="", answers=None, text="Rappelez-moi")
    admin = in_department()
    assert "Rappelez-moi" in read(admin, "/equipe/messages/")
    assert "Rappelez-moi" not in read(claire, url(centre))
    page = reverse("reply-read", args=[reply.pk])
    assert claire.post(page).status_code == 404
    assert admin.post(page)["Location"] == "/equipe/messages/"
    # Nothing is left to read there: straight on to the only centre.
    assert admin.get("/equipe/messages/")["Location"] == url(centre)

"""What a family takes home: a card in its language, and its message once more."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from booking.models import Appointment, AppointmentEvent, FamilyRead, Household
from centres.models import Centre
from notifications.models import OutboxMessage
from notifications.words.defaults import phrase
from notifications.words.kinds import LANGUAGES
from tests.booking.test_desk import visit
from tests.factories import make_centre, make_guardian
from tests.frontend.staff.people import at_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def booked(redon: Centre) -> Appointment:
    guardian = make_guardian(email="karim@example.org", phone="+33639981234")
    return visit(redon, guardian=guardian)


def path(appointment: Appointment, page: str = "carte") -> str:
    return f"/equipe/rendez-vous/{appointment.spoken_reference}/{page}/"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_card_is_in_the_family_s_language(
    claire: Client, booked: Appointment, language: str
) -> None:
    Household.objects.update(language=language)
    body = claire.get(path(booked)).content.decode()
    assert f'<h1 class="sheet__title">{phrase("card_title", language)}</h1>' in body
    assert ('dir="rtl"' in body.split("<head>")[0]) == (language == "ar")
    assert booked.spoken_reference in body
    assert "style=" not in body
    assert FamilyRead.objects.filter(household=booked.household_id).exists()


def test_its_code_and_its_letters_open_the_family_s_own_page(
    claire: Client, booked: Appointment
) -> None:
    body = claire.get(path(booked)).content.decode()
    (link,) = re.findall(r'class="sheet__link">([^<]+)<', body)
    opened = Client().get("/s/" + link.rpartition("/s/")[2], follow=True)
    assert booked.spoken_reference in opened.content.decode()
    drawings = re.findall(r"<svg[^>]*>.*?</svg>", body, re.DOTALL)
    assert any("stroke" in each and "<path" in each for each in drawings)


def test_another_language_can_be_asked_for(claire: Client, booked: Appointment) -> None:
    body = claire.get(path(booked), {"langue": "uk"}).content.decode()
    assert phrase("card_title", "uk") in body
    assert claire.get(path(booked), {"langue": "xx"}).status_code == 200


def test_reason_and_what_to_bring_are_in_the_family_s_language(
    claire: Client, booked: Appointment
) -> None:
    label, bring = "موعد للطفل", "الدفتر الصحي\nحفاض"
    booked.type.translations = {"ar": {"label": label, "what_to_bring": bring}}
    booked.type.what_to_bring = "Carnet de santé\nCouche"
    booked.type.save()
    body = claire.get(path(booked), {"langue": "ar"}).content.decode()
    for told in (label, *bring.splitlines()):
        assert f"<bdi>{told}</bdi>" in body
    assert "Carnet de santé" not in body
    assert phrase("card_french", "ar") not in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_that_are_known_in_french_alone_are_said_to_be(
    claire: Client, booked: Appointment, language: str
) -> None:
    booked.type.translations, booked.type.what_to_bring = {}, "Carnet de santé"
    booked.type.save()
    body = claire.get(path(booked), {"langue": language}).content.decode()
    is_foreign = not language.startswith("fr")
    assert body.count(phrase("card_french", language)) == 2 * is_foreign, (
        "reason, and what to bring"
    )
    for told in (booked.type.label, "Carnet de santé"):
        assert (f'<bdi lang="fr" dir="ltr">{told}</bdi>' in body) == is_foreign


def test_a_discreet_reason_is_not_on_it(claire: Client, booked: Appointment) -> None:
    booked.type.label, booked.type.is_discreet = "Contraception", True
    booked.type.what_to_bring = "Une ordonnance"
    booked.type.save()
    body = claire.get(path(booked)).content.decode()
    assert "Contraception" not in body
    assert "ordonnance" not in body


def test_one_press_sends_it_again_and_the_history_says_who(
    claire: Client, booked: Appointment
) -> None:
    page = claire.get(path(booked).replace("carte/", "")).content.decode()
    assert "Renvoyer par SMS" in page
    for channel in ("sms", "email"):
        claire.post(path(booked, "renvoyer"), {"channel": channel})
    sent = OutboxMessage.objects.filter(subject_ref=str(booked.uid))
    assert sorted(sent.values_list("channel", "kind")) == [
        ("email", "confirmation"),
        ("sms", "confirmation"),
    ]
    events = AppointmentEvent.objects.filter(appointment=booked, action="again")
    assert set(events.values_list("actor", flat=True)) == {"claire@example.org"}
    page = claire.get(path(booked).replace("carte/", "")).content.decode()
    assert "a renvoyé la confirmation" in page


def test_no_more_than_three_times_a_day(claire: Client, booked: Appointment) -> None:
    for _ in range(5):
        answer = claire.post(path(booked, "renvoyer"), {"channel": "sms"}, follow=True)
    assert OutboxMessage.objects.count() == 3
    assert "trois fois" in answer.content.decode()


def test_nothing_goes_where_the_family_is_not_reached(claire: Client, booked: Appointment) -> None:
    Household.objects.update(contact_by=Household.ContactBy.EMAIL)
    page = claire.get(path(booked).replace("carte/", "")).content.decode()
    assert "Renvoyer par SMS" not in page
    for channel in ("sms", "pigeon", ""):
        claire.post(path(booked, "renvoyer"), {"channel": channel})
    assert not OutboxMessage.objects.exists()
    assert not AppointmentEvent.objects.filter(action="again").exists()


@pytest.mark.parametrize("change", [{"state": "cancelled"}, {"state": "arrived"}])
def test_what_is_cancelled_or_over_is_not_sent(
    claire: Client, booked: Appointment, change: dict[str, object]
) -> None:
    Appointment.objects.filter(pk=booked.pk).update(**change)
    answer = claire.post(path(booked, "renvoyer"), {"channel": "sms"}, follow=True)
    assert answer.status_code == 200
    assert not OutboxMessage.objects.exists()


def test_the_language_is_noted_while_talking_and_seen_on_the_board(
    claire: Client, redon: Centre, booked: Appointment
) -> None:
    family = f"/equipe/familles/{booked.household_id}/"
    claire.post(f"{family}langue/", {"language": "ar", "needs_interpreter": "on"})
    household = Household.objects.get(pk=booked.household_id)
    assert (household.language, household.needs_interpreter) == ("ar", True)
    on = {"jour": timezone.localdate(booked.starts_at).isoformat()}
    for page in ("", "imprimer/"):
        board = claire.get(f"/equipe/aujourdhui/{redon.slug}/{page}", on).content.decode()
        assert "Besoin d’un interprète (arabe)" in board
    claire.post(f"{family}langue/", {"language": "xx"})
    household.refresh_from_db()
    assert household.language == "ar"
    stranger = at_desk(make_centre(), email="paul@example.org")
    assert stranger.post(f"{family}langue/", {"language": "fr"}).status_code == 404

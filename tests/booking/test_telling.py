"""What messages say when they leave: each kind, each language, nothing that tells too much."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings
from django.urls import resolve
from icalendar import Calendar

from booking import access, messages, planning, telling
from booking.models import Appointment
from centres.models import AppointmentType
from notifications.composing import Content, compose
from notifications.models import OutboxMessage
from notifications.segments import segments
from notifications.words.compose import compose_email, compose_sms
from notifications.words.kinds import FRENCH_BELOW, KINDS, LANGUAGES, PARTS
from notifications.words.neutral import forbidden_words
from tests.booking.proposing import propose
from tests.factories import (
    make_appointment,
    make_child,
    make_guardian,
    make_household,
    make_shift,
    make_site,
    make_type,
)
from tests.messages import content, rendered

pytestmark = pytest.mark.django_db
TUESDAY = datetime(2037, 11, 24, 8, 30, tzinfo=UTC)
ABOUT = messages.ABOUT_APPOINTMENT
NBSP = "\u00a0"


def booked(**fields: Any) -> Appointment:
    return make_appointment(starts_at=fields.pop("starts_at", TUESDAY), **fields)


def message(kind: str, appointment: Appointment, **fields: Any) -> OutboxMessage:
    """One as the outbox would hold it."""
    if kind == messages.PROPOSED and not appointment.cases.exists():
        propose(appointment)
    details = {
        "kind": kind,
        "channel": "email",
        "subject_ref": str(appointment.uid),
        "version": appointment.sequence,
        "language": "fr",
        "created_at": TUESDAY - timedelta(days=9),
    }
    return OutboxMessage(**details | fields)


def reminder(appointment: Appointment, **fields: Any) -> OutboxMessage:
    key = planning.day_of(appointment)
    assert key is not None
    return message("reminder", appointment, subject_ref=key.subject_ref, version=0, **fields)


def email(kind: str, said: Content, language: str = "fr") -> Any:
    return compose_email(kind, language, said.context, french_values=said.context.get("french"))


def spaced(phone: str) -> str:
    """As it is printed: on one line."""
    return phone.replace(" ", NBSP)


def method_of(said: Content) -> str:
    (file,) = said.attachments
    method = str(Calendar.from_ical(file["body"])["METHOD"])
    assert file["type"] == f"text/calendar; charset=utf-8; method={method}"
    return method


def test_a_confirmation_says_when_where_and_what_to_bring() -> None:
    appointment = booked()
    said = content(message("confirmation", appointment))
    mail = email("confirmation", said)
    assert mail.subject == f"Votre rendez-vous du mardi 24{NBSP}novembre à 9{NBSP}h{NBSP}30"
    for text in (mail.text, mail.html):
        assert "2037" in text
        assert "Espace des Halles" in text
        assert "Carte Vitale" in text
        assert "Consultation de l’enfant" in text
        assert appointment.spoken_reference in text
        assert spaced(appointment.centre.phone) in text
    assert method_of(said) == "PUBLISH"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ABOUT)
def test_every_kind_is_said_in_every_language_by_email_and_sms(kind: str, language: str) -> None:
    appointment = booked()
    said = content(message(kind, appointment, language=language))
    assert ("french" in said.context) == (language in FRENCH_BELOW)
    mail = email(kind, said, language)
    assert spaced(appointment.centre.phone) in mail.text
    assert "{" not in mail.text + mail.subject
    short = content(message(kind, appointment, language=language, channel="sms"))
    assert (short.attachments, "french" in short.context) == ((), False)
    text = compose_sms(kind, language, short.context)
    assert access.short_link(appointment) in text or kind == "cancelled"
    assert segments(text) <= PARTS[language]
    assert forbidden_words(text, language) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reminder_is_said_in_every_language_by_email_and_sms(language: str) -> None:
    appointment = booked()
    mail = email("reminder", content(reminder(appointment, language=language)), language)
    assert "Espace des Halles" in mail.text
    short = content(reminder(appointment, language=language, channel="sms", sender="38100"))
    assert access.short_link(appointment) in compose_sms("reminder", language, short.context)


@pytest.mark.parametrize("kind", [*ABOUT, "reminder"])
def test_the_values_are_those_that_templates_may_hold(kind: str) -> None:
    make = reminder if kind == "reminder" else lambda each, **f: message(kind, each, **f)
    for channel in ("email", "sms"):
        given = set(content(make(booked(), channel=channel)).context)
        assert KINDS[kind][channel].allowed <= given, channel


@pytest.mark.parametrize(("sender", "asks"), [("CD35INFO", False), ("38100", True)])
def test_an_sms_nobody_can_answer_asks_for_no_answer(*, sender: str, asks: bool) -> None:
    made = reminder(booked(), channel="sms", sender=sender)
    assert ("1 je viens" in rendered(made).text) == asks


@override_settings(SMS_SENDER="CD35INFO")
def test_the_departments_sender_counts_where_the_household_has_none() -> None:
    assert "1 je viens" not in rendered(reminder(booked(), channel="sms")).text


def test_the_links_of_a_message_open_this_appointment() -> None:
    appointment = booked()
    said = content(message("confirmation", appointment)).context
    for name, view in (("link", "appointment"), ("move_link", "move"), ("cancel_link", "cancel")):
        match = resolve(said[name].removeprefix(settings.PUBLIC_URL))
        opened = access.appointment_for_link(match.kwargs["token"], now=TUESDAY)
        assert (match.url_name, opened.pk) == (view, appointment.pk)
    code = said["short_link"].rpartition("/s/")[2]
    assert access.appointment_for_short_link(code, now=TUESDAY).pk == appointment.pk


def test_neither_subject_nor_body_names_the_child_and_the_subject_names_nobody() -> None:
    guardian = make_guardian(first_name="Rozenn", last_name="Kervella")
    appointment = booked(guardian=guardian, child=make_child(guardian, first_name="Tifenn"))
    for kind in ABOUT:
        mail = email(kind, content(message(kind, appointment)))
        assert "Tifenn" not in mail.subject + mail.text + mail.html
        told = ["Rozenn", "Kervella", "PMI", "CDAS", "Consultation", "médecin", "Halles"]
        assert [word for word in told if word in mail.subject] == []


def test_a_discreet_reason_is_told_nowhere() -> None:
    kind = make_type(
        label="Dépistage des IST", is_discreet=True, what_to_bring="Ordonnance de dépistage"
    )
    shifts = [make_shift(types=[kind], starts_at=TUESDAY) for _ in range(2)]
    appointment, another = (booked(shift=each) for each in shifts)
    made = [message(name, appointment) for name in ABOUT] + [reminder(another)]
    for each in made:
        said = content(each)
        everything = f"{email(each.kind, said)} {said.attachments}".lower()
        assert "ist" not in everything.split()
        assert "pistage" not in everything


def test_a_place_that_tells_too_much_is_not_named_in_an_sms() -> None:
    site = make_site(name="Centre de PMI et de planification", town="Redon")
    appointment = booked(shift=make_shift(site=site, starts_at=TUESDAY))
    said = content(message("confirmation", appointment, channel="sms"))
    assert said.context["place_short"] == "Redon"


@pytest.mark.parametrize(
    ("mode", "place", "short"),
    [
        ("phone", "par téléphone, nous vous appelons", "par téléphone"),
        ("video", "en vidéo, le centre vous explique comment vous connecter", "en vidéo"),
        ("home", "chez vous, nous venons à votre domicile", "chez vous"),
    ],
)
def test_where_nobody_has_to_come_that_is_said_instead(mode: str, place: str, short: str) -> None:
    kind = make_type(mode=AppointmentType.Mode(mode))
    appointment = booked(shift=make_shift(types=[kind], starts_at=TUESDAY))
    said = content(message("confirmation", appointment)).context
    assert (said["place"], said["place_short"]) == ([place], short)
    english = content(message("confirmation", appointment, language="en")).context
    assert english["place"] != [place]


def test_of_a_version_that_is_over_there_is_nothing_to_say() -> None:
    appointment = booked()
    made = message("confirmation", appointment)
    Appointment.objects.update(sequence=1)
    assert compose(made) is None


@pytest.mark.parametrize("kind", ["cancelled", "closed"])
def test_a_cancelled_appointment_sends_a_calendar_cancellation(kind: str) -> None:
    said = content(message(kind, booked(state="cancelled")))
    assert method_of(said) == "CANCEL"


def test_the_calendar_file_knows_which_version_it_is() -> None:
    said = content(message("moved", booked(sequence=3)))
    (event,) = Calendar.from_ical(said.attachments[0]["body"]).walk("VEVENT")
    assert event["SEQUENCE"] == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_reasons_and_things_to_bring_are_in_the_readers_language(language: str) -> None:
    said = content(message("confirmation", booked(), language=language)).context
    expected = "Child health check" if language == "en" else "Consultation de l’enfant"
    assert said["reason"].startswith(expected)
    if language in FRENCH_BELOW:
        assert said["french"]["when"] == f"mardi 24{NBSP}novembre à 9{NBSP}h{NBSP}30"


def test_what_people_typed_cannot_become_html() -> None:
    shift = make_shift(site=make_site(name="<b>Halles & Co</b>"), starts_at=TUESDAY)
    mail = email("confirmation", content(message("confirmation", booked(shift=shift))))
    assert "&lt;b&gt;Halles &amp; Co" in mail.html
    assert "<b>Halles & Co</b>" in mail.text


# Reminders: all the visits of the day, as they are when it leaves.


def test_a_reminder_names_every_visit_of_those_it_reaches_that_day() -> None:
    household = make_household()
    guardian = make_guardian(household)
    first = booked(guardian=guardian)
    later = TUESDAY + timedelta(hours=5)
    second = booked(guardian=guardian, starts_at=later)
    booked(guardian=make_guardian(household), starts_at=TUESDAY + timedelta(days=1))
    booked(guardian=make_guardian(household), starts_at=later, state="cancelled")
    booked()
    said = content(reminder(second)).context
    assert said["visits"] == [
        f"9{NBSP}h{NBSP}30, Espace des Halles",
        f"14{NBSP}h{NBSP}30, Espace des Halles",
    ]
    assert said["times"] == "9h30 et 14h30"
    assert said["short_link"] == access.short_link(first)
    # The page of one visit would hide the other.
    assert said["link"] == f"{settings.PUBLIC_URL}/mes-rendez-vous/"
    assert "move_link" not in said
    mail = email("reminder", content(reminder(second)))
    assert "Déplacer" not in mail.text


def test_a_reminder_of_a_day_without_visits_says_nothing() -> None:
    appointment = booked()
    made = reminder(appointment)
    Appointment.objects.update(state="cancelled")
    assert compose(made) is None


def test_a_days_visits_are_those_of_the_local_day() -> None:
    """Half past midnight in Paris is still the day before in UTC."""
    appointment = booked(starts_at=datetime(2037, 11, 24, 23, 30, tzinfo=UTC))
    assert planning.day_of(appointment) == (appointment.household_id, date(2037, 11, 25))
    assert content(reminder(appointment)).context["times"] == "0h30"


def test_a_reminder_is_read_in_two_queries(django_assert_num_queries: Any) -> None:
    household = make_household()
    for hours in range(4):
        booked(guardian=make_guardian(household), starts_at=TUESDAY + timedelta(hours=hours))
    made = reminder(Appointment.objects.select_related("centre").latest("id"))
    with django_assert_num_queries(2):  # the visits; those that cannot take place
        assert telling.about_day(made) is not None

"""Which message tells of which event, to whom, in which words, and which ones it replaces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.urls import resolve
from icalendar import Calendar

from booking import access, messages
from booking.models import Appointment, Verification
from notifications import outbox
from notifications.composing import Content, compose
from notifications.delivery import deliver
from notifications.models import OutboxMessage
from notifications.rendering import Rendered
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
State = OutboxMessage.State
# Tuesday 24 November 2026 is the example; the year is far enough for the tests' own clock.
TUESDAY = datetime(2037, 11, 24, 8, 30, tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC)


def booked(**fields: Any) -> Appointment:
    return make_appointment(starts_at=fields.pop("starts_at", TUESDAY), **fields)


def sent(pk: int | None) -> OutboxMessage:
    assert pk is not None
    return OutboxMessage.objects.get(pk=pk)


def words(message: OutboxMessage) -> Rendered:
    return rendered(message)


def change(appointment: Appointment) -> Appointment:
    appointment.sequence += 1
    appointment.save(update_fields=["sequence"])
    return appointment


def method_of(message: OutboxMessage) -> str:
    (file,) = content(message).attachments
    method = str(Calendar.from_ical(file["body"])["METHOD"])
    assert file["type"] == f"text/calendar; charset=utf-8; method={method}"
    return method


def test_a_confirmation_says_when_where_and_what_to_bring() -> None:
    appointment = booked()
    message = sent(messages.confirmation(appointment, now=now()))
    mail = words(message)
    assert mail.subject == "Votre rendez-vous du mardi 24 novembre à 9 h 30".replace(
        "24 n", "24\u00a0n"
    ).replace("9 h 30", "9\u00a0h\u00a030")
    for text in (mail.text, mail.html):
        assert "2037" in text
        assert "Espace des Halles" in text
        assert "Carte Vitale" in text
        assert "Consultation de l’enfant" in text
        assert appointment.spoken_reference in text
        assert appointment.centre.phone in text
    assert message.recipient == appointment.guardian.email  # type: ignore[union-attr]
    assert message.valid_until == appointment.starts_at
    assert message.priority == outbox.NORMAL
    assert method_of(message) == "PUBLISH"


def test_the_link_in_a_message_opens_this_appointment() -> None:
    appointment = booked()
    message = sent(messages.confirmation(appointment, now=now()))
    url = content(message).context["manage_url"]
    assert url in words(message).text
    match = resolve(url.removeprefix(settings.PUBLIC_URL))
    opened = access.appointment_for_link(match.kwargs["token"], now=now())
    assert (match.url_name, opened.pk) == ("appointment", appointment.pk)


def test_neither_subject_nor_body_names_the_child_and_the_subject_names_nobody() -> None:
    guardian = make_guardian(first_name="Rozenn", last_name="Kervella")
    child = make_child(guardian, first_name="Tifenn")
    appointment = booked(guardian=guardian, child=child)
    for tell in (messages.confirmation, messages.moved, messages.cancelled):
        mail = words(sent(tell(change(appointment), now=now())))
        assert "Tifenn" not in mail.subject + mail.text + mail.html
        told = ["Rozenn", "Kervella", "PMI", "CDAS", "Consultation", "médecin", "Halles"]
        assert [word for word in told if word in mail.subject] == []


def test_a_discreet_reason_is_told_nowhere() -> None:
    kind = make_type(
        label="Dépistage des IST", is_discreet=True, what_to_bring="Ordonnance de dépistage"
    )
    appointment = booked(shift=make_shift(types=[kind], starts_at=TUESDAY))
    for tell in (messages.confirmation, messages.moved, messages.cancelled):
        message = sent(tell(change(appointment), now=now()))
        everything = f"{words(message)} {content(message)}".lower()
        assert "ist" not in everything.split()
        assert "pistage" not in everything


def test_a_moved_appointment_replaces_its_unsent_confirmation() -> None:
    appointment = booked()
    first = sent(messages.confirmation(appointment, now=now()))
    second = sent(messages.moved(change(appointment), now=now()))
    first.refresh_from_db()
    assert (first.state, second.state) == (State.SUPERSEDED, State.PLANNED)
    assert method_of(second) == "PUBLISH"
    (event,) = Calendar.from_ical(content(second).attachments[0]["body"]).walk("VEVENT")
    assert event["SEQUENCE"] == 1


def test_of_a_version_that_is_over_there_is_nothing_to_say() -> None:
    appointment = booked()
    message = sent(messages.confirmation(appointment, now=now()))
    change(appointment)
    assert compose(message) is None


def test_what_was_sent_is_shown_as_it_was_sent() -> None:
    appointment = booked()
    message = sent(messages.confirmation(appointment, now=now()))
    assert deliver(seconds=5)["sent"] == 1
    before = content(message)
    change(appointment)
    message.refresh_from_db()
    assert content(message) == Content(before.context, list(before.attachments))


def test_a_cancelled_appointment_sends_a_calendar_cancellation() -> None:
    appointment = booked()
    messages.confirmation(appointment, now=now())
    message = sent(messages.cancelled(change(appointment), now=now()))
    assert method_of(message) == "CANCEL"
    assert "annulé" in words(message).subject
    assert appointment.reference not in words(message).subject
    waiting = OutboxMessage.objects.filter(state=State.PLANNED)
    assert [m.kind for m in waiting] == ["cancelled"]


def test_telling_the_same_version_twice_writes_one_message() -> None:
    appointment = booked()
    assert messages.confirmation(appointment, now=now()) is not None
    assert messages.confirmation(appointment, now=now()) is None


def test_messages_of_other_appointments_are_left_alone() -> None:
    mine, other = booked(), booked()
    messages.confirmation(other, now=now())
    messages.cancelled(mine, now=now())
    assert OutboxMessage.objects.get(subject_ref=str(other.uid)).state == State.PLANNED


def test_a_family_without_an_address_gets_no_message() -> None:
    appointment = booked(guardian=make_guardian(email=""))
    assert messages.confirmation(appointment, now=now()) is None


def test_a_message_about_what_has_already_begun_is_not_written() -> None:
    appointment = booked(starts_at=now() - timedelta(minutes=5))
    assert messages.confirmation(appointment, now=now()) is None


@pytest.mark.parametrize(("asked", "given"), [("en", "en"), ("xx", "fr"), ("fr-CA", "fr")])
def test_a_message_is_in_the_households_language_or_in_french(asked: str, given: str) -> None:
    guardian = make_guardian(make_household(language=asked))
    message = sent(messages.confirmation(booked(guardian=guardian), now=now()))
    assert message.language == given
    assert f'<html lang="{given}">' in words(message).html
    if given == "en":
        assert "Tuesday 24\u00a0November" in content(message).context["when"]
        assert content(message).context["reason"] == "Child health check with the doctor"


def test_what_people_typed_cannot_become_html() -> None:
    shift = make_shift(site=make_site(name="<b>Halles & Co</b>"), starts_at=TUESDAY)
    mail = words(sent(messages.confirmation(booked(shift=shift), now=now())))
    assert "&lt;b&gt;Halles &amp; Co" in mail.html
    assert "<b>Halles & Co</b>" in mail.text


def test_a_code_is_urgent_short_lived_and_not_in_the_subject() -> None:
    verification = Verification.objects.create(
        purpose="booking",
        contact="karim@example.org",
        code_hash="x",
        created_at=now(),
        expires_at=now() + timedelta(minutes=15),
    )
    first = sent(messages.code(verification, "042042", language="fr", now=now()))
    assert (first.priority, first.valid_until) == (outbox.URGENT, verification.expires_at)
    assert "042042" in words(first).text
    assert "042042" not in words(first).subject
    assert "14 minutes" in words(first).text
    verification.sends += 1
    second = sent(messages.code(verification, "171717", language="en", now=now()))
    first.refresh_from_db()
    assert (first.state, second.state) == (State.SUPERSEDED, State.PLANNED)

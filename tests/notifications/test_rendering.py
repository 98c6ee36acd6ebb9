"""In which words a message leaves: the most particular ones in use, and never none."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from notifications import wordings
from notifications.composing import Content
from notifications.models import OutboxMessage, Wording
from notifications.rendering import MissingValue, Rendered, render
from notifications.segments import is_gsm7
from notifications.wordings import Place
from notifications.words.compose import compose_email, compose_sms
from notifications.words.defaults import default_wording
from notifications.words.examples import example_values

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
BODY = "Venez {when_with_year}.\n\n{place}\n\n[Voir]({link})\n\n"
ICS = {"name": "rendez-vous.ics", "type": "text/calendar", "body": "BEGIN:VCALENDAR"}


def a_message(**fields: Any) -> OutboxMessage:
    defaults: dict[str, Any] = {
        "intent_key": "k",
        "kind": "confirmation",
        "channel": "email",
        "recipient": "karim@example.org",
        "language": "fr",
        "send_at": NOW,
        "valid_until": NOW + timedelta(hours=2),
    }
    return OutboxMessage(**defaults | fields)


def rendered(message: OutboxMessage, **context: Any) -> Rendered:
    values = {**example_values(message.language), **context}
    return render(message, Content(values, [ICS]))


def in_use(signature: str, **place: str) -> Wording:
    """A version whose last words tell it from others."""
    where = Place(**{"kind": "confirmation", "channel": "email", "language": "fr"} | place)
    is_email = where.channel == "email"
    made = wordings.save(
        where,
        subject="Rendez-vous du {when}" if is_email else "",
        body=BODY + signature
        if is_email
        else f"{{day_short}} {{time_short}}\n{{short_link}}\n{signature}",
        author="Nadia",
        now=NOW,
        based_on=0,
    )
    wordings.forget()
    return made


@pytest.mark.parametrize("language", ["fr", "fr-x-facile", "en", "ar", "tr", "pt", "uk"])
def test_without_any_version_the_shipped_words_are_said(language: str) -> None:
    values = example_values(language)
    mail = rendered(a_message(language=language))
    shipped = compose_email("confirmation", language, values)
    assert (mail.subject, mail.text, mail.html) == (shipped.subject, shipped.text, shipped.html)
    assert (mail.wording_id, list(mail.attachments)) == (None, [ICS])
    text = rendered(a_message(channel="sms", language=language))
    assert text.text == compose_sms("confirmation", language, values)
    assert (text.subject, text.html, list(text.attachments)) == ("", "", [])


def test_the_most_particular_words_win() -> None:
    message = a_message(scope="redon")

    def said(**context: str) -> str:
        return rendered(message, **context).text

    levels = [
        ("Du Département.", {}),
        ("Du centre.", {"centre": "redon"}),
        ("Du motif.", {"type": "pesee"}),
        ("Des deux.", {"centre": "redon", "type": "pesee"}),
    ]
    assert not any(signature in said(type_slug="pesee") for signature, _place in levels)
    for signature, place in levels:
        version = in_use(signature, **place)
        found = rendered(message, type_slug="pesee")
        assert signature in found.text
        assert found.wording_id == version.pk
    assert "Du centre." in said(type_slug="autre")
    assert "Du motif." in said(centre_slug="fougeres", type_slug="pesee")
    assert "Du Département." in said(centre_slug="fougeres")


def test_words_of_another_kind_channel_or_language_are_not_said() -> None:
    in_use("Ailleurs.", kind="moved")
    in_use("Ailleurs.", language="fr-x-facile")
    in_use("Ailleurs.", channel="sms")
    assert "Ailleurs." not in rendered(a_message()).text
    assert "Ailleurs." in rendered(a_message(channel="sms")).text


def test_french_stands_below_in_the_words_in_use_for_french() -> None:
    french = example_values("fr")
    message = a_message(language="ar")
    assert "Votre rendez-vous est confirmé." in rendered(message, french=french).text
    assert "Votre rendez-vous" not in rendered(message).text
    in_use("Dit en bas.")
    mail = rendered(message, french=french)
    assert "Dit en bas." in mail.text
    assert '<html lang="ar" dir="rtl">' in mail.html
    assert '<div lang="fr" dir="ltr"' in mail.html
    assert mail.language == "ar"
    assert "Dit en bas." not in rendered(a_message(language="en"), french=french).text


def test_a_number_can_be_answered_and_a_name_cannot(settings: Any) -> None:
    reminder = a_message(kind="reminder", channel="sms")
    settings.SMS_SENDER = "36035"
    assert "Répondez" in rendered(reminder).text
    settings.SMS_SENDER = "CD35INFO"
    assert "Répondez" not in rendered(reminder).text
    assert "Répondez" in rendered(a_message(kind="reminder", channel="sms", sender="38123")).text
    settings.SMS_SENDER = "36035"
    assert "Répondez" not in rendered(reminder, kind="reminder_no_reply").text


def test_a_french_sms_leaves_in_the_cheap_alphabet() -> None:
    in_use("Bon août, François, à bientôt…", channel="sms")
    assert is_gsm7(rendered(a_message(channel="sms")).text)


def test_words_that_cannot_be_used_are_left_for_the_shipped_ones_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # No page saves such words; a restored dump or a later version of the variables might.
    broken = Wording.objects.create(
        kind="confirmation",
        channel="email",
        language="fr",
        version=1,
        subject="{nothing}",
        body="{place}",
        created_at=NOW,
        created_by="x",
    )
    with caplog.at_level(logging.ERROR):
        mail = rendered(a_message())
    assert mail.wording_id is None
    assert "Votre rendez-vous est confirmé." in mail.text
    assert str(broken.pk) in caplog.text


def test_a_message_without_what_it_is_about_fails_alone() -> None:
    in_use("Des nôtres.")
    with pytest.raises(MissingValue):
        rendered(a_message(), when="", when_with_year="")
    with pytest.raises(MissingValue):
        render(a_message(kind="code"), Content({"minutes": 15}))
    with pytest.raises(LookupError):
        rendered(a_message(kind="no-such-kind"))
    assert rendered(a_message()).text


def test_what_is_not_for_a_message_stays_out_of_it() -> None:
    text = rendered(a_message(channel="sms"), child="Tifenn", reason="Vaccin").text
    assert "Tifenn" not in text
    assert "Vaccin" not in text


def test_words_are_read_once_for_many_messages(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    in_use("Du Département.")
    with django_assert_num_queries(1):
        for language in ("fr", "ar", "en", "uk"):
            rendered(a_message(language=language), french=example_values("fr"))


def test_what_another_process_saved_is_read_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("notifications.wordings.time.monotonic", lambda: clock[0])
    shipped = default_wording("confirmation", "email", "fr")
    wordings.forget()
    assert "Ailleurs." not in rendered(a_message()).text
    Wording.objects.create(
        kind="confirmation",
        channel="email",
        language="fr",
        version=1,
        subject=shipped.subject,
        body=f"{shipped.body}\nAilleurs.",
        created_at=NOW,
        created_by="another process",
    )
    assert "Ailleurs." not in rendered(a_message()).text
    clock[0] += wordings.KEPT_SECONDS
    assert wordings.KEPT_SECONDS <= 30
    assert "Ailleurs." in rendered(a_message()).text

"""Templates in the administration: found, tried, saved as new versions, by right only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.test import Client
from playwright.sync_api import Browser
from pytest_django import DjangoAssertNumQueries
from pytest_django.live_server_helper import LiveServer

from centres.models import User
from notifications import wordings
from notifications.delivery import deliver
from notifications.models import OutboxMessage, Wording
from notifications.wordings import Place
from notifications.words.kinds import KINDS, LANGUAGES
from tests.accessibility import axe_violations
from tests.factories import make_centre, make_message, make_type
from tests.frontend.staff.people import log_in

pytestmark = pytest.mark.django_db
LIST = "/admin/notifications/wording/"
WORDS = "Annulé\u00a0: {day_short} à {time_short}"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def admin(client: Client) -> Client:
    log_in(client, User.objects.create_superuser("claire@example.org", "x"))
    return client


def page(kind: str = "cancelled", channel: str = "sms", language: str = "fr", **scope: str) -> str:
    asked = {"kind": kind, "channel": channel, "language": language} | scope
    return f"{LIST}texte/?{urlencode(asked)}"


def press(
    client: Client, url: str, do: str = "save", body: str = WORDS, **typed: Any
) -> tuple[int, str]:
    """The status and the page that comes after."""
    answer = client.post(url, {"do": do, "body": body, "based_on": 0} | typed, follow=True)
    return answer.status_code, answer.content.decode()


def test_every_message_is_found_in_every_language(
    admin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(6):
        body = admin.get(LIST).content.decode()
    templates = sum(len(forms) for forms in KINDS.values())
    assert body.count("/admin/notifications/wording/texte/?") == templates * len(LANGUAGES)


def test_every_template_opens_with_its_preview(admin: Client) -> None:
    for kind, forms in KINDS.items():
        for channel in forms:
            for language in ("fr", "ar"):
                answer = admin.get(page(kind, channel, language))
                assert answer.status_code == 200, (kind, channel, language)
                assert answer.content.count(b'class="wording-sms"') == (
                    2 if channel == "sms" else 0
                )
                assert answer.content.count(b'class="wording-mail"') == (
                    3 if channel == "email" else 0
                )


@pytest.mark.parametrize(
    "url",
    [
        page("no-such-kind"),
        page("reminder_no_reply", "email"),
        page(language="xx"),
        page(centre="nowhere"),
        f"{LIST}texte/",
        f"{LIST}?centre=nowhere",
    ],
)
def test_what_does_not_exist_is_not_found(admin: Client, url: str) -> None:
    assert admin.get(url).status_code == 404


def test_saving_makes_a_version_signed_and_dated(admin: Client) -> None:
    status, body = press(admin, page())
    assert status == 200
    assert "Version 1 enregistrée" in body
    first = Wording.objects.get()
    assert (first.body, first.created_by) == (WORDS, "claire@example.org")
    press(admin, page(), body=f"{WORDS}\r\n{{phone}}", based_on=1)
    first.refresh_from_db()
    assert (first.body, first.is_current) == (WORDS, False)
    assert Wording.objects.get(is_current=True).body == f"{WORDS}\n{{phone}}"
    body = admin.get(page()).content.decode()
    assert "Version 2" in body
    assert "claire@example.org" in body
    assert "version 2" in admin.get(LIST).content.decode()


def test_words_of_a_centre_and_a_type_are_theirs_alone(admin: Client) -> None:
    centre, kind = make_centre(slug="redon"), make_type(slug="pesee")
    url = page(centre="redon", type="pesee")
    body = admin.get(url).content.decode()
    assert centre.name in body
    assert kind.label in body
    assert "Le texte livré" in body or "En usage : le texte livré" in body.replace("\u00a0", " ")
    press(admin, url)
    made = Wording.objects.get()
    assert (made.centre, made.type) == ("redon", "pesee")
    assert "version 1" in admin.get(f"{LIST}?centre=redon&type=pesee").content.decode()
    assert "version 1" not in admin.get(LIST).content.decode()
    body = admin.get(page(centre="redon")).content.decode()
    assert "d’un texte plus général" not in body
    press(admin, page())
    assert "d’un texte plus général" in admin.get(page(centre="redon")).content.decode()


@pytest.mark.parametrize(
    ("url", "typed", "told"),
    [
        (page(), {"body": f"PMI. {WORDS}"}, "Le mot «\u00a0pmi\u00a0» ne doit pas être lu"),
        (page(), {"body": f"Vaccin. {WORDS}"}, "Le mot «\u00a0vaccin\u00a0»"),
        (page(), {"body": f"{WORDS} {{reason}}"}, "La variable {reason} n’est pas permise ici"),
        (page(), {"body": f"{WORDS} {{centr}}"}, "La variable {centr} n’existe pas"),
        (page(), {"body": f"{WORDS} https://evil.example"}, "est écrite à la main"),
        (page(), {"body": "Annulé"}, "Il manque la variable"),
        (page(), {"body": f"{WORDS}{' encore' * 40}"}, "peut demander"),
        (page(), {"body": ""}, "Ce texte est vide."),
        (
            page(channel="email"),
            {"subject": "Grossesse", "body": "{when_with_year}\n[Ici]({home_url})"},
            "Le mot «\u00a0grossesse\u00a0»",
        ),
        (
            page(channel="email"),
            {"subject": "", "body": "{when_with_year}\n[Ici]({home_url})"},
            "Un e-mail a besoin d’un objet.",
        ),
    ],
)
@pytest.mark.parametrize("do", ["save", "preview"])
def test_every_problem_is_told_and_nothing_is_saved(
    admin: Client, url: str, typed: dict[str, str], told: str, do: str
) -> None:
    status, body = press(admin, url, do, **typed)
    assert status == 200
    assert told in body.replace("&#x27;", "'")
    assert not Wording.objects.exists()
    if typed["body"]:
        assert typed["body"][:20] in body, "what was typed is still there"


def test_the_preview_follows_what_is_typed_and_counts(admin: Client) -> None:
    _, body = press(admin, page(), "preview", body=f"{WORDS} tout de suite")
    assert "24/11 à 14h30 tout de suite" in body
    assert "1 SMS (GSM-7" in body
    _, body = press(admin, page(language="ar"), "preview", body="{day_short} {time_short} مرحبا")
    assert 'dir="rtl"' in body
    assert "UCS-2" in body
    assert not Wording.objects.exists()


def test_an_e_mail_is_seen_as_it_is_received(admin: Client) -> None:
    typed = {"subject": "Rappel", "body": "Bonjour.\n\n{when_with_year}", "based_on": 0}
    url = page("confirmation", "email", "ar").replace("texte/", "apercu/")
    answer = admin.post(url, typed | {"case": "longest"})
    body = answer.content.decode()
    assert body.startswith("<!doctype html>")
    assert 'dir="rtl"' in body
    assert "Bonjour." in body
    assert "'unsafe-inline'" in answer["Content-Security-Policy"]
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert admin.get(url).status_code == 405
    assert admin.post(url, typed | {"case": "nothing"}).status_code == 404
    assert admin.post(page().replace("texte/", "apercu/"), typed).status_code == 404


def test_an_old_version_comes_back_and_so_do_the_shipped_words(admin: Client) -> None:
    press(admin, page())
    press(admin, page(), body=f"{WORDS}.", based_on=1)
    press(admin, page(), "1", based_on=2)
    assert [w.body for w in wordings.history(Place("cancelled", "sms", "fr"))] == [
        WORDS,
        f"{WORDS}.",
        WORDS,
    ]
    press(admin, page(), "shipped", based_on=3)
    assert not Wording.objects.filter(is_current=True).exists()
    assert Wording.objects.count() == 3
    status, _ = press(admin, page(), "99", based_on=0)
    assert status == 404


def test_whoever_was_overtaken_is_told_and_loses_nothing(admin: Client) -> None:
    press(admin, page())
    _, body = press(admin, page(), body=f"{WORDS} à moi", based_on=0)
    assert "Quelqu’un a enregistré une autre version" in body
    assert f"{WORDS} à moi" in body
    assert 'name="based_on" value="1"' in body
    assert Wording.objects.count() == 1


def test_only_those_with_the_right_may_look_or_write(client: Client) -> None:
    reader = User.objects.create_user("hugo@example.org", "x", is_staff=True)
    log_in(client, reader)
    for url in (LIST, page()):
        assert client.get(url).status_code == 403
    reader.user_permissions.add(Permission.objects.get(codename="view_wording"))
    body = client.get(page()).content.decode()
    assert 'value="save"' not in body
    assert client.get(LIST).status_code == 200
    assert press(client, page())[0] == 403
    assert press(client, page(), "shipped")[0] == 403
    assert press(client, page(), "preview")[0] == 200
    assert not Wording.objects.exists()
    reader.user_permissions.add(Permission.objects.get(codename="change_wording"))
    assert press(client, page())[0] == 200
    assert Wording.objects.count() == 1


def test_nobody_logged_out_sees_a_template(client: Client) -> None:
    assert client.get(page()).status_code == 302
    assert client.post(page(), {"do": "save"}).status_code == 302


def test_a_version_leads_to_its_place_and_is_never_edited_or_deleted(admin: Client) -> None:
    press(admin, page())
    made = Wording.objects.get()
    answer = admin.get(f"{LIST}{made.pk}/change/")
    assert answer.status_code == 302
    assert "kind=cancelled" in answer["Location"]
    assert admin.get(f"{LIST}{made.pk + 1}/change/").status_code == 404
    for action in ("add/", f"{made.pk}/delete/"):
        assert admin.get(f"{LIST}{action}").status_code == 403


def test_the_version_a_message_left_in_is_never_changed(admin: Client) -> None:
    url = page("code", "email")
    press(admin, url, subject="Votre code", body="Votre code à vous\u00a0: {code}")
    make_message()
    assert deliver(seconds=5)["sent"] == 1
    message = OutboxMessage.objects.get()
    assert message.wording is not None
    assert "Votre code à vous" in message.sent_body
    press(admin, url, subject="Votre code", body="Autrement\u00a0: {code}", based_on=1)
    message.wording.refresh_from_db()
    assert message.wording.body == "Votre code à vous\u00a0: {code}"
    with pytest.raises(IntegrityError), transaction.atomic():
        Wording.objects.filter(pk=message.wording_id).update(body="réécrit")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_in_a_browser_the_preview_follows_the_keys_and_the_letter_opens(
    browser: Browser, live_server: LiveServer, admin: Client
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="fr-FR")
    session = admin.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    screen = context.new_page()
    faults: list[str] = []
    screen.on("pageerror", lambda error: faults.append(error.message))
    screen.on("console", lambda line: faults.append(line.text) if "Policy" in line.text else None)
    screen.goto(live_server.url + page("cancelled", "email"))
    assert axe_violations(screen, rules=("color-contrast", "label", "button-name")) == []
    screen.fill("#id_body", "{when_with_year}\n\nTout de suite {centre}\n[Ici]({home_url})")
    screen.wait_for_selector("#preview :text('Tout de suite CDAS')")
    with context.expect_page() as opened:
        screen.click("#preview form button >> nth=0")
    letter = opened.value
    assert "Tout de suite CDAS" in letter.inner_text("main")
    assert letter.evaluate("getComputedStyle(document.querySelector('h1')).fontSize") == "25px"
    screen.set_viewport_size({"width": 360, "height": 740})
    assert screen.evaluate("document.querySelector('.wording').scrollWidth <= innerWidth")
    context.close()
    assert faults == []

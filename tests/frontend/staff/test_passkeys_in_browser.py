"""Passkeys in a browser with a virtual key: made after the log-in, then enough by themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from tests.accessibility import axe_violations
from tests.factories import make_centre
from tests.following import follow
from tests.frontend.bundles import serve_bundles
from tests.frontend.staff.people import PASSWORD, make_user, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CLAIRE = "claire@example.org"
AT_HOME = "form[action='/equipe/quitter/']"
SECURITY = "/equipe/connexion/securite/"


@pytest.fixture
def context(browser: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, locale="fr-FR", base_url=live_server.url
    )
    serve_bundles(context)
    yield context
    context.close()


def give_key(page: Page) -> None:
    """The browser has a key that its owner always unlocks."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def make_key(page: Page, name: str) -> None:
    page.fill("[data-key=create] [name=name]", name)
    follow(page, "[data-key=create] [type=submit]")


def leave(page: Page) -> None:
    follow(page, f"{AT_HOME} button")
    page.wait_for_selector("[name=username]")


def test_a_key_is_made_and_serves_after_the_password_and_instead_of_it(
    context: BrowserContext,
) -> None:
    user, page = make_user(CLAIRE, "reception", make_centre()), context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    give_key(page)
    page.goto("/equipe/connexion/")
    sign_in(page, CLAIRE)
    page.goto(SECURITY)
    make_key(page, "mon téléphone")
    page.wait_for_selector("text=Votre clé est ajoutée.")
    assert page.locator(".card__title").all_inner_texts() == ["mon téléphone"]
    assert axe_violations(page) == []
    leave(page)
    page.fill("[name=username]", CLAIRE)
    page.fill("[name=password]", PASSWORD)
    follow(page, "main form:has([name=password]) [type=submit]")
    follow(page, "[data-key=get] [type=submit]")
    page.wait_for_selector(AT_HOME)
    leave(page)
    assert axe_violations(page) == []
    follow(page, "[data-key=get] [type=submit]")
    page.wait_for_selector(AT_HOME)
    assert page.url.endswith(f"/equipe/aujourdhui/{user.memberships.get().centre.slug}/")
    assert errors == []


def test_a_key_is_the_first_second_factor_and_the_only_one_stays(context: BrowserContext) -> None:
    user, page = make_user(CLAIRE, "reception", make_centre()), context.new_page()
    give_key(page)
    page.goto("/equipe/connexion/")
    page.fill("[name=username]", CLAIRE)
    page.fill("[name=password]", PASSWORD)
    follow(page, "main form:has([name=password]) [type=submit]")
    page.goto("/equipe/connexion/second-facteur/")
    make_key(page, "mon téléphone")
    page.wait_for_selector("text=Vos codes de secours")
    follow(page, "text=Je les ai notés")
    page.goto(SECURITY)
    page.click("details summary")
    follow(page, "text=Retirer cette clé")
    page.wait_for_selector("text=C’est votre seul second facteur")
    assert Authenticator.objects.filter(user=user, type="webauthn").count() == 1
    assert [event.action for event in user.events.all()] == ["key_added"]

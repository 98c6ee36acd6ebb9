"""Passkeys past the browser: what no key signed is not believed, a password alone adds none."""

from __future__ import annotations

import json

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from centres import actions
from centres.models import User
from tests.factories import make_centre
from tests.frontend.pages import text
from tests.frontend.staff.people import PASSWORD, log_in, make_user, protect

pytestmark = pytest.mark.django_db
LOGIN, CODE = "/equipe/connexion/", "/equipe/connexion/code/"
USE, OPTIONS = "/equipe/connexion/cle/", "/equipe/connexion/cle/options/"
ADD, NEW = "/equipe/connexion/cles/", "/equipe/connexion/cles/options/"
SECURITY, DESK = "/equipe/connexion/securite/", "/equipe/familles/"
FORGED = [
    "",
    "nothing",
    "[]",
    "{}",
    json.dumps({"response": {"userHandle": "MQ"}}),
    json.dumps({"id": "x", "rawId": "eA", "type": "public-key", "response": {"userHandle": 7}}),
]


@pytest.fixture
def claire() -> User:
    return protect(make_user("claire@example.org", "reception", make_centre()))


@pytest.fixture
def key(claire: User) -> Authenticator:
    data = {"name": "mon téléphone", "credential": {}}
    return Authenticator.objects.create(user=claire, type="webauthn", data=data)


@pytest.fixture
def client(claire: User) -> Client:
    client = Client()
    log_in(client, claire)
    return client


@pytest.mark.parametrize("answer", FORGED)
def test_what_no_key_signed_opens_nothing_and_adds_nothing(
    claire: User, client: Client, answer: str
) -> None:
    stranger = Client()
    assert stranger.post(OPTIONS).json()["publicKey"]["challenge"]
    refused = stranger.post(USE, {"credential": answer}, follow=True)
    assert "n’ouvre aucun compte ici" in text(refused)
    assert stranger.get(DESK).status_code == 302
    client.post(NEW)
    refused = client.post(ADD, {"name": "x", "credential": answer}, follow=True)
    assert "La clé n’a pas été créée" in text(refused)
    assert not Authenticator.objects.filter(type="webauthn").exists()


def test_the_log_in_page_alone_begins_no_session() -> None:
    assert "sessionid" not in Client().get(LOGIN).cookies


def test_keys_are_asked_for_by_this_host_s_name_and_unlocked(client: Client) -> None:
    options = client.post(NEW).json()["publicKey"]
    assert options["rp"]["id"] == "localhost"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"


def test_a_password_alone_adds_and_removes_nothing(claire: User, key: Authenticator) -> None:
    half_way = Client()
    half_way.post(LOGIN, {"username": claire.email, "password": PASSWORD})
    assert half_way.post(NEW).status_code in (302, 404)
    forced = Client()
    forced.force_login(claire)
    for path in (NEW, ADD, f"{ADD}{key.pk}/retirer/", f"{ADD}{key.pk}/nommer/"):
        assert forced.post(path, {"name": "x"}).status_code == 404, path
    assert Authenticator.objects.filter(pk=key.pk).exists()


def test_a_key_is_renamed_and_removed_by_its_owner_only(
    claire: User, client: Client, key: Authenticator
) -> None:
    paul, stranger = protect(make_user("paul@example.org", "reception", make_centre())), Client()
    log_in(stranger, paul)
    for action in ("nommer", "retirer"):
        stranger.post(f"{ADD}{key.pk}/{action}/", {"name": "volée"})
    key.refresh_from_db()
    assert key.data["name"] == "mon téléphone"
    client.post(f"{ADD}{key.pk}/nommer/", {"name": "le vieux téléphone"})
    assert "le vieux téléphone" in client.get(SECURITY).content.decode()
    client.post(f"{ADD}{key.pk}/retirer/")
    assert not Authenticator.objects.filter(pk=key.pk).exists()
    removed = claire.events.get()
    assert (removed.action, removed.note) == ("key_removed", "le vieux téléphone")


def test_the_app_is_removed_once_a_key_protects_the_account_and_the_last_factor_stays(
    claire: User, client: Client, key: Authenticator
) -> None:
    app = Authenticator.objects.get(user=claire, type="totp")
    client.post(f"{ADD}{app.pk}/retirer/")
    assert not Authenticator.objects.filter(pk=app.pk).exists()
    refused = client.post(f"{ADD}{key.pk}/retirer/", follow=True)
    assert "C’est votre seul second facteur" in text(refused)
    assert Authenticator.objects.filter(pk=key.pk).exists()
    assert client.get("/equipe/connexion/second-facteur/").status_code == 200


def test_recovery_codes_are_no_factor_to_remove(claire: User, client: Client) -> None:
    codes = Authenticator.objects.get(user=claire, type="recovery_codes")
    client.post(f"{ADD}{codes.pk}/retirer/")
    assert Authenticator.objects.filter(pk=codes.pk).exists()


def test_a_reset_takes_the_keys_too(claire: User, key: Authenticator) -> None:
    actions.reset_log_in(user=claire, by="chief@example.org", now=key.created_at)
    assert not Authenticator.objects.filter(user=claire).exists()

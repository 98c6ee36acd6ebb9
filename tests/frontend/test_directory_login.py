"""Log-in by the Département's directory: real HTTP, and everything that must not be believed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from centres.models import User
from frontend import idle
from frontend.directories import Directory
from tests.factories import make_centre
from tests.frontend.directory import CLIENT, SECRET, FakeDirectory, key, running
from tests.frontend.pages import text
from tests.frontend.staff.people import make_user, protect

pytestmark = pytest.mark.django_db
LOGIN, BEGIN = "/equipe/connexion/", "/equipe/connexion/annuaire/"
BACK, CODE = "/equipe/connexion/annuaire/retour/", "/equipe/connexion/code/"
DESK = "/equipe/familles/"
CLAIRE = "claire@example.org"


@pytest.fixture
def directory(settings: Settings) -> Iterator[FakeDirectory]:
    cache.clear()
    with running() as fake:
        fake.person = {"email": CLAIRE, "email_verified": True}
        settings.OIDC = Directory("Annuaire 35", fake.issuer, CLIENT, SECRET, ())
        yield fake


@pytest.fixture
def claire() -> User:
    return protect(make_user(CLAIRE, "reception", make_centre()))


def come_back(client: Client) -> str:
    """Through the directory, to our page that the browser is sent back to."""
    there = client.get(BEGIN, {"next": DESK})["Location"]
    answer = httpx.get(there, verify=False)  # noqa: S501  on this machine, without TLS
    return answer.headers["Location"].removeprefix("http://localhost:8000")


def refusal(client: Client, path: str) -> str:
    answer = client.get(path, follow=True)
    assert answer.redirect_chain[-1][0] == LOGIN
    assert client.get(DESK).status_code == 302
    return text(answer)


def test_whom_the_directory_knows_shows_our_second_factor_and_is_in(
    directory: FakeDirectory, claire: User
) -> None:
    client = Client()
    assert "Entrer avec Annuaire 35" in text(client.get(LOGIN))
    answer = client.get(come_back(client))
    assert answer["Location"] == CODE
    assert client.get(DESK).status_code == 302, "not before the second factor"


def test_a_second_factor_of_the_directory_s_is_accepted_where_that_is_configured(
    directory: FakeDirectory, claire: User, settings: Settings
) -> None:
    settings.OIDC = settings.OIDC._replace(trusted=("mfa", "eidas2"))
    for shown, is_accepted in (
        ({"amr": ["pwd", "mfa"]}, True),
        ({"acr": "eidas2"}, True),
        ({"amr": ["pwd"], "acr": "eidas1"}, False),
        ({"amr": "mfa"}, False),
        ({}, False),
    ):
        directory.person = {"email": CLAIRE, "email_verified": True, **shown}
        client = Client()
        answer = client.get(come_back(client))
        assert answer["Location"] == (DESK if is_accepted else CODE), shown
        assert (client.get(DESK).status_code == 200) is is_accepted


def test_it_is_not_accepted_where_nothing_says_so(directory: FakeDirectory, claire: User) -> None:
    directory.person["amr"] = ["mfa"]
    client = Client()
    assert client.get(come_back(client))["Location"] == CODE


def asked_of(client: Client) -> dict[str, str]:
    """What the directory is asked when the button is pressed."""
    there = urlsplit(client.get(BEGIN)["Location"])
    return {name: values[0] for name, values in parse_qs(there.query).items()}


def test_who_was_away_from_the_directory_too_long_shows_anew_who_they_are(
    directory: FakeDirectory, claire: User, settings: Settings
) -> None:
    settings.IDLE_MINUTES = 20
    client = Client()
    asked = asked_of(client)
    assert asked["max_age"] == "1200"
    assert "prompt" not in asked, "no more often than a desk asks itself"
    for minutes, is_asked_anew in ((19, False), (22, True)):
        before = int(time.time()) - minutes * 60
        directory.shown_at = before
        client.get(come_back(client))
        assert (directory.shown_at > before) is is_asked_anew


@pytest.mark.parametrize("how", ["/equipe/quitter/", "/admin/logout/", "is away"])
def test_whoever_sits_down_after_a_log_out_is_not_let_in_by_the_directory_s_memory(
    directory: FakeDirectory, claire: User, settings: Settings, how: str
) -> None:
    settings.OIDC = settings.OIDC._replace(trusted=("mfa",))
    directory.person["amr"] = ["mfa"]
    client = Client()
    client.get(come_back(client))
    assert client.get(DESK).status_code == 200
    if how.startswith("/"):
        client.post(how)
    else:
        session = client.session
        session[idle.SEEN] -= settings.IDLE_MINUTES * 60 + 60
        session.save()
        client.get(DESK)
    asked = asked_of(client)
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    assert asked_of(client)["prompt"] == "login", "however often it is tried"
    directory.wrong = {"auth_time": int(time.time()) - 5 * 60}
    assert "n’a pas confirmé" in refusal(client, come_back(client)), "it did not ask"
    directory.wrong = {}
    assert client.get(come_back(client))["Location"] == DESK
    assert client.get(DESK).status_code == 200


def test_an_address_told_apart_from_the_token_counts_too(
    directory: FakeDirectory, claire: User
) -> None:
    directory.info = {"sub": "person-1", **directory.person}
    directory.person = {}
    client = Client()
    assert client.get(come_back(client))["Location"] == CODE
    directory.info["sub"] = "person-2"
    client = Client()
    assert "n’a pas confirmé" in refusal(client, come_back(client))


WRONG: list[dict[str, Any]] = [
    {"nonce": "another"},
    {"nonce": None},
    {"iss": "https://elsewhere.example"},
    {"aud": "another"},
    {"aud": [CLIENT, "another"], "azp": "another"},
    {"exp": 1_000_000_000},
    {"exp": None},
    {"sub": None},
    {"auth_time": None},
    {"auth_time": 1_000_000_000},
    {"auth_time": "now"},
    {"auth_time": float("nan")},
    {"email_verified": False},
    {"email_verified": None},
    {"email_verified": "false"},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_a_token_says_amiss_opens_nothing(
    directory: FakeDirectory, claire: User, wrong: dict[str, Any]
) -> None:
    directory.wrong = wrong
    client = Client()
    assert "n’a pas confirmé qui vous êtes" in refusal(client, come_back(client))


def test_a_token_signed_by_somebody_else_opens_nothing(
    directory: FakeDirectory, claire: User
) -> None:
    directory.signs_with = key(2)
    client = Client()
    assert "n’a pas confirmé" in refusal(client, come_back(client))


def test_a_directory_that_changes_its_key_is_asked_for_the_new_one(
    directory: FakeDirectory, claire: User
) -> None:
    client = Client()
    client.get(come_back(client))
    directory.key = directory.signs_with = key(2)
    directory.kid = "key-2"
    assert Client().get(LOGIN).status_code == 200
    client = Client()
    assert client.get(come_back(client))["Location"] == CODE


def test_what_comes_back_is_of_this_browser_and_good_once(
    directory: FakeDirectory, claire: User
) -> None:
    client = Client()
    path = come_back(client)
    assert "n’a pas confirmé" in refusal(Client(), path), "another browser has no state"
    asked = parse_qs(urlsplit(path).query)
    assert "n’a pas confirmé" in refusal(client, f"{BACK}?code={asked['code'][0]}&state=x")
    assert "n’a pas confirmé" in refusal(client, path), "the state is used up by a wrong try"
    client = Client()
    path = come_back(client)
    assert client.get(path)["Location"] == CODE
    assert "n’a pas confirmé" in refusal(client, path)


@pytest.mark.parametrize("state", ["unknown", "inactive"])
def test_it_creates_no_account_and_opens_no_closed_one(
    directory: FakeDirectory, claire: User, state: str
) -> None:
    if state == "inactive":
        User.objects.filter(pk=claire.pk).update(is_active=False)
    else:
        directory.person["email"] = "somebody@example.org"
    client = Client()
    assert "Aucun compte n’est ouvert ici à cette adresse." in refusal(client, come_back(client))
    assert User.objects.count() == 1


def test_it_widens_no_right(directory: FakeDirectory, claire: User) -> None:
    before = list(claire.memberships.values())
    directory.person |= {"groups": ["administrators"], "role": "administrator"}
    client = Client()
    client.get(come_back(client))
    claire.refresh_from_db()
    assert list(claire.memberships.values()) == before
    assert not claire.is_staff
    assert not claire.is_superuser


def test_a_directory_that_is_down_leaves_the_password(
    directory: FakeDirectory, settings: Settings
) -> None:
    settings.OIDC = settings.OIDC._replace(issuer="http://127.0.0.1:9")
    assert "L’annuaire ne répond pas" in text(Client().get(BEGIN, follow=True))


def test_without_one_there_is_no_trace_of_it() -> None:
    client = Client()
    assert "annuaire" not in client.get(LOGIN).content.decode()
    assert client.get(BEGIN).status_code == 404
    assert client.get(BACK).status_code == 404

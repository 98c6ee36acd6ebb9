"""In by a security key: unlocked by its owner, for the log-in it was asked for, and counted so that
nobody shuts anybody else out."""

from __future__ import annotations

import pytest
from django.test import Client

from centres.models import User
from frontend import limits
from tests.factories import make_centre
from tests.frontend.pages import text
from tests.frontend.security_key import SecurityKey
from tests.frontend.staff.people import PASSWORD, code_of, make_user, protect

pytestmark = pytest.mark.django_db
LOGIN, CODE = "/equipe/connexion/", "/equipe/connexion/code/"
USE, OPTIONS = "/equipe/connexion/cle/", "/equipe/connexion/cle/options/"
DESK = "/equipe/familles/"


@pytest.fixture
def anne() -> User:
    return protect(make_user("anne@example.org", "reception", make_centre()))


@pytest.fixture
def key() -> SecurityKey:
    return SecurityKey(protect(make_user("bob@example.org", "reception", make_centre())))


def asked(client: Client) -> str:
    return str(client.post(OPTIONS).json()["publicKey"]["challenge"])


def half_way(user: User) -> Client:
    client = Client()
    client.post(LOGIN, {"username": user.email, "password": PASSWORD})
    return client


def who(client: Client) -> str:
    """Who is wholly in."""
    if client.get(DESK).status_code != 200:
        return ""
    return User.objects.get(pk=client.session["_auth_user_id"]).email


def test_an_unlocked_key_is_enough_and_one_merely_touched_is_not(key: SecurityKey) -> None:
    client = Client()
    client.post(USE, {"credential": key.sign(asked(client), is_unlocked=False)})
    assert who(client) == ""
    client.post(USE, {"credential": key.sign(asked(client))})
    assert who(client) == "bob@example.org"


def test_after_the_password_too_a_key_is_unlocked_by_its_owner(key: SecurityKey) -> None:
    client = half_way(key.owner)
    options = client.post(OPTIONS).json()["publicKey"]
    assert options["userVerification"] == "required"
    client.post(USE, {"credential": key.sign(options["challenge"], is_unlocked=False)})
    assert who(client) == ""
    client.post(USE, {"credential": key.sign(asked(client))})
    assert who(client) == "bob@example.org"


@pytest.mark.parametrize("is_unlocked", [True, False])
def test_what_was_asked_after_one_s_password_opens_nobody_else_s_account(
    anne: User, key: SecurityKey, is_unlocked: bool
) -> None:
    client = half_way(anne)
    challenge = asked(client)
    client.post(CODE, {"code": code_of()})
    assert who(client) == anne.email
    answer = client.post(USE, {"credential": key.sign(challenge, is_unlocked=is_unlocked)})
    assert "n’ouvre aucun compte ici" in text(client.get(answer["Location"], follow=True))
    assert who(client) == anne.email


def test_what_was_asked_of_anybody_is_no_second_factor(key: SecurityKey) -> None:
    client = Client()
    challenge = asked(client)
    client.post(LOGIN, {"username": key.owner.email, "password": PASSWORD})
    answer = client.post(USE, {"credential": key.sign(challenge)})
    assert answer["Location"] == CODE
    assert who(client) == ""


def test_a_whole_departement_begins_by_its_keys_at_once() -> None:
    tries = [Client(REMOTE_ADDR="192.0.2.1").post(OPTIONS).status_code for _ in range(12)]
    tries += [
        Client(REMOTE_ADDR=f"198.51.100.{number}").post(OPTIONS).status_code for number in range(60)
    ]
    assert set(tries) == {200}


def test_one_address_begins_and_tries_so_many_times_only(
    key: SecurityKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LOGINS", 3)
    assert [Client().post(OPTIONS).status_code for _ in range(4)] == [200] * 3 + [429]
    assert [Client().post(USE).status_code for _ in range(4)] == [302] * 3 + [429]
    assert Client(REMOTE_ADDR="192.0.2.9").post(OPTIONS).status_code == 200


def test_bad_keys_in_somebody_s_name_leave_them_their_code(key: SecurityKey) -> None:
    for _ in range(limits.LOGINS_ON_ACCOUNT + 1):
        stranger = Client()
        stranger.post(USE, {"credential": key.sign("x" * 43)})
        assert who(stranger) == ""
    client = half_way(key.owner)
    client.post(CODE, {"code": code_of()})
    assert who(client) == key.owner.email

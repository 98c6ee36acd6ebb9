"""The second factor: set up once, asked for at each log-in, good once; nothing opens without it."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django import Settings

from centres.models import User
from frontend import limits, second_factor
from tests.factories import make_centre
from tests.frontend.pages import text
from tests.frontend.staff.people import (
    PASSWORD,
    SECRET,
    code_of,
    log_in,
    make_user,
    protect,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db
LOGIN, CODE, SET_UP = (
    "/equipe/connexion/",
    "/equipe/connexion/code/",
    "/equipe/connexion/second-facteur/",
)
CODES = "/equipe/connexion/codes-de-secours/"
DESK = "/equipe/familles/"
CLAIRE = "claire@example.org"


@pytest.fixture
def claire() -> User:
    """Of the reception, with no second factor yet."""
    return make_user(CLAIRE, "reception", make_centre())


def past_the_password(next_page: str = DESK) -> Client:
    client = Client()
    form = {"username": CLAIRE, "password": PASSWORD, "next": next_page}
    assert client.post(LOGIN, form).status_code == 302
    return client


def try_code(code: str) -> int:
    """302 when it opens, 200 when it is asked for again."""
    return past_the_password().post(CODE, {"code": code}).status_code


def recovery_codes(user: User) -> list[str]:
    kept = Authenticator.objects.get(user=user, type="recovery_codes")
    return RecoveryCodes(kept).get_unused_codes()


def test_from_the_password_to_the_page_that_was_wanted(claire: User) -> None:
    protect(claire)
    client = past_the_password()
    assert client.get(DESK).status_code == 302, "the password alone opens nothing"
    assert client.post(CODE, {"code": code_of()})["Location"] == DESK
    assert client.get(DESK).status_code == 200


def test_who_has_no_second_factor_sets_one_up_before_anything_opens(claire: User) -> None:
    client = past_the_password()
    asked = client.get(DESK)
    assert asked["Location"] == f"{SET_UP}?next={DESK}"
    page = client.get(asked["Location"])
    html = page.content.decode()
    secret = re.search(r'factor__secret">([A-Z2-7 ]+)<', html)
    assert secret is not None
    assert all(len(part) == 4 for part in secret[1].split())
    assert "<svg" in html
    assert "style=" not in html.split("<main")[1]
    key = secret[1].replace(" ", "")
    wrong = client.post(SET_UP, {"code": "000000", "next": DESK})
    assert "n’est pas bon" in text(wrong)
    assert key in wrong.content.decode().replace(" ", ""), "the square stays the same"
    done = client.post(SET_UP, {"code": code_of(key), "next": DESK})
    assert done["Location"] == CODES
    assert client.get(DESK).status_code == 200


def test_recovery_codes_are_shown_until_noted_and_never_again(claire: User) -> None:
    client = past_the_password()
    client.get(SET_UP)
    key = client.session[second_factor.NEW_SECRET]
    client.post(SET_UP, {"code": code_of(key), "next": DESK})
    shown = re.findall(r"<code>(\d{4} \d{4})</code>", client.get(CODES).content.decode())
    assert len(shown) == 10
    kept = client.get("/equipe/connexion/codes.txt")
    assert all(code in kept.content.decode() for code in shown)
    assert "attachment" in kept["Content-Disposition"]
    assert client.post(CODES)["Location"] == DESK
    assert client.get(CODES).status_code == 302
    assert client.get("/equipe/connexion/codes.txt").status_code == 302


def test_a_wrong_code_opens_nothing(claire: User) -> None:
    protect(claire)
    wrong = f"{(int(code_of()) + 7) % 1_000_000:06}"
    client = past_the_password()
    answer = client.post(CODE, {"code": wrong})
    assert answer.status_code == 200
    assert "n’est pas bon" in text(answer)
    assert client.get(DESK).status_code == 302


def test_a_code_opens_once_whoever_watched_it_being_typed(claire: User) -> None:
    protect(claire)
    code = code_of()
    assert [try_code(code), try_code(code)] == [302, 200]
    assert try_code(code_of(later=1)) == 302, "the next one does"
    assert try_code(code_of(later=-1)) == 200, "an earlier one does not, unused as it is"


def test_a_recovery_code_opens_once(claire: User) -> None:
    protect(claire)
    first, second, *_ = recovery_codes(claire)
    spoken = f"{first[:4]} {first[4:]}"
    assert [try_code(spoken), try_code(first), try_code(second)] == [302, 200, 302]
    assert len(recovery_codes(claire)) == 8


@pytest.mark.django_db(transaction=True)
def test_one_code_typed_in_many_windows_at_once_opens_one(claire: User) -> None:
    protect(claire)
    code = code_of()
    opened = at_once(*[lambda: second_factor.verify(claire, code)] * 4)
    assert sum(each is not None for each in opened) == 1


def test_after_ten_wrong_codes_the_right_one_is_not_even_looked_at(claire: User) -> None:
    protect(claire)
    client = past_the_password()
    for _ in range(limits.LOGINS_ON_ACCOUNT):
        client.post(CODE, {"code": "000000"})
    answer = client.post(CODE, {"code": code_of()})
    assert answer.status_code == 429
    assert "ni code" in text(answer)


def test_a_password_alone_replaces_no_second_factor(claire: User) -> None:
    protect(claire)
    client = Client()
    client.force_login(claire)  # a session that began before the second factor was set up
    for path in (DESK, SET_UP):
        assert client.get(path)["Location"].startswith((SET_UP, CODE))
    client.post(SET_UP, {"code": code_of()})
    assert Authenticator.objects.get(user=claire, type="totp").data["secret"]
    assert (
        second_factor.Adapter().decrypt(
            Authenticator.objects.get(user=claire, type="totp").data["secret"]
        )
        == SECRET
    )
    assert client.post(CODE, {"code": code_of()}).status_code == 302
    assert client.get(DESK).status_code == 200


def test_the_session_is_another_after_the_password_and_after_the_code(claire: User) -> None:
    protect(claire)
    client = Client()
    client.get(LOGIN)
    keys = []
    client.post(LOGIN, {"username": CLAIRE, "password": PASSWORD})
    keys.append(client.session.session_key)
    client.post(CODE, {"code": code_of()})
    keys.append(client.session.session_key)
    assert len(set(keys)) == 2


def test_secrets_are_not_legible_in_the_database_and_follow_a_change_of_the_key(
    claire: User, settings: Settings
) -> None:
    protect(claire)
    assert SECRET not in str(list(Authenticator.objects.values()))
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another key" * 9
    settings.SECRET_KEY_FALLBACKS = [former]
    assert try_code(code_of()) == 302
    settings.SECRET_KEY_FALLBACKS = []
    assert [try_code(code_of(later=1)), try_code(recovery_codes(claire)[0])] == [302, 302]


def test_secrets_under_a_key_that_is_gone_open_nothing_and_break_nothing(
    claire: User, settings: Settings
) -> None:
    protect(claire)
    Authenticator.objects.filter(user=claire, type="recovery_codes").update(
        data={"seed": "under another key", "used_mask": 0}
    )
    assert try_code("0000 0000") == 200
    assert try_code(code_of()) == 302, "the other one opens still"
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key" * 9, []
    assert try_code(code_of(later=1)) == 200


def test_where_to_go_next_is_a_page_of_ours(claire: User) -> None:
    protect(claire)
    client = past_the_password("https://evil.example/")
    assert client.post(CODE, {"code": code_of()})["Location"] == reverse("today")


def test_the_codes_of_the_demo_are_a_demo_s_only(client: Client, settings: Settings) -> None:
    assert client.get("/demo/codes").status_code == 200
    settings.DEMO = False
    assert client.get("/demo/codes").status_code == 404


def test_new_recovery_codes_replace_the_old(claire: User) -> None:
    protect(claire)
    old = recovery_codes(claire)
    client = Client()
    log_in(client, claire)
    assert "10 codes de secours" in text(client.get("/equipe/connexion/securite/"))
    assert client.post("/equipe/connexion/securite/")["Location"] == CODES
    assert not set(old) & set(recovery_codes(claire))


def staff_patterns(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> list[str]:
    found = []
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += staff_patterns(pattern.url_patterns, route)
        elif getattr(pattern.callback, "access", "") == "staff" or route.startswith("/admin/"):
            found.append(route)
    return found


WAYS_OUT = ("login/", "logout/", "jsi18n/")
SAMPLE = {"uid": "7a1f0a7e-35c5-4d5c-8d7a-6a0e0b6ff0aa", "centre_slug": "cdas", "action": "lue"}


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_page_of_staff_opens_without_a_second_factor(method: str) -> None:
    user = make_user("chief@example.org", "administrator")
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    routes = staff_patterns(get_resolver().url_patterns)
    assert len(routes) > 50
    for route in routes:
        if route.endswith(WAYS_OUT):
            continue
        path = re.sub(r"<\w+:(\w+)>", lambda match: SAMPLE.get(match[1], "1"), route)
        path = re.sub(r"\(\?P?.*\$|\^|\$", "x/", path)
        answer = getattr(client, method)(path)
        assert answer.status_code == 302, (path, answer.status_code)
        assert answer["Location"].startswith((SET_UP, "/admin/login/", "/admin/")), path

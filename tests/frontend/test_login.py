"""The log-in of staff: open to who knows the password, tedious for who tries many."""

import pytest
from django.test import Client

from booking.models import RateCounter
from centres.models import User
from frontend import limits
from tests.frontend.pages import text

pytestmark = pytest.mark.django_db
LOGIN, PASSWORD = "/equipe/connexion/", "a password that is long enough"
CLAIRE = "claire@example.org"


@pytest.fixture
def claire() -> User:
    return User.objects.create_user(CLAIRE, PASSWORD, is_staff=True)


def attempt(password: str, *, account: str = CLAIRE, address: str = "192.0.2.1") -> int:
    """The status of one try; 302 leads on to the second factor."""
    form = {"username": account, "password": password}
    return Client(REMOTE_ADDR=address).post(LOGIN, form).status_code


def test_the_administration_s_own_way_in_leads_to_the_only_one(claire: User) -> None:
    answer = Client().get("/admin/login/?next=/admin/")
    assert answer["Location"] == f"{LOGIN}?next=%2Fadmin%2F"
    page = Client().get(LOGIN)
    assert page.status_code == 200
    assert 'name="username"' in page.content.decode()


def test_after_ten_wrong_passwords_the_right_one_is_not_even_looked_at(claire: User) -> None:
    tries = [attempt("wrong") for _ in range(limits.LOGINS_ON_ACCOUNT)]
    assert set(tries) == {200}
    answer = Client(REMOTE_ADDR="192.0.2.1").post(
        LOGIN, {"username": " Claire@Example.org", "password": PASSWORD}
    )
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 600
    assert "Rien n’a été vérifié" in text(answer)


def test_who_hammers_an_account_does_not_shut_its_owner_out(claire: User) -> None:
    for _ in range(limits.LOGINS_ON_ACCOUNT * 3):
        attempt("wrong", address="198.51.100.66")
    assert attempt(PASSWORD, address="192.0.2.1") == 302


def test_many_addresses_together_get_few_tries_on_one_account(claire: User) -> None:
    tries = [attempt("wrong", address=f"198.51.100.{number}") for number in range(70)]
    assert tries.count(200) == limits.LOGINS_BY_ALL
    assert tries[-1] == 429


def test_one_address_gets_a_bounded_number_of_tries_on_all_accounts(
    claire: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LOGINS", 5)
    tries = [attempt("wrong", account=f"agent{number}@example.org") for number in range(6)]
    assert tries == [200] * 5 + [429]
    assert attempt(PASSWORD, address="192.0.2.9") == 302


def test_unknown_accounts_are_answered_alike_and_no_key_names_one(claire: User) -> None:
    known = [attempt("wrong") for _ in range(11)]
    unknown = [attempt("wrong", account="nobody@example.org", address="192.0.2.2")]
    unknown += [
        attempt("wrong", account="nobody@example.org", address="192.0.2.2") for _ in range(10)
    ]
    assert known == unknown
    assert not RateCounter.objects.filter(key__icontains="example").exists()


def test_opening_the_page_counts_nothing(claire: User) -> None:
    Client().get(LOGIN)
    assert not RateCounter.objects.exists()

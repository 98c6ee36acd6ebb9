"""“My appointments” by a mobile number: the same door as by e-mail, as closed to others."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from booking.models import Guardian, Verification
from notifications.models import OutboxMessage
from tests.factories import make_guardian
from tests.frontend.funnel import code_sent
from tests.frontend.pages import booked, link, read, text

pytestmark = pytest.mark.django_db
START, LIST = "/mes-rendez-vous/", "/mes-rendez-vous/liste/"
MOBILE, TYPED = "+33639981234", "06 39 98 12 34"


def by_phone(**fields: Any) -> Guardian:
    """A parent who proved a number and has no address."""
    proved = {"email": "", "email_verified_at": None, "phone_verified_at": timezone.now()}
    return make_guardian(**proved | {"phone": MOBILE} | fields)


def ask(client: Client, typed: str) -> str:
    response = client.post(START, {"contact": typed})
    assert response.status_code == 302, text(response)
    return str(response.headers["Location"])


@pytest.mark.parametrize("typed", [TYPED, "0639981234", "+33 6 39 98 12 34", "06.39.98.12.34 "])
def test_a_code_by_sms_opens_the_list(client: Client, typed: str) -> None:
    mine, theirs = booked(guardian=by_phone()), booked()
    page = ask(client, typed)
    assert "arrive par SMS" in read(client, page)
    message = OutboxMessage.objects.get(kind="code")
    assert (message.channel, message.recipient) == ("sms", MOBILE)
    answer = client.post(page, {"code": code_sent(MOBILE)})
    assert answer["Location"] == LIST
    listed = client.get(LIST)
    assert "Pour le numéro 06 39 98 12 34" in text(listed).replace("\u00a0", " ")
    assert link(mine) in listed.content.decode()
    assert link(theirs) not in listed.content.decode()


def test_nobody_learns_whether_a_number_is_known(client: Client) -> None:
    booked(guardian=by_phone())
    pages, written = [], []
    for typed in (TYPED, "06 39 98 56 78"):
        with CaptureQueriesContext(connection) as queries:
            url = ask(client, typed)
        words = [query["sql"].split() for query in queries]
        written.append([each[:3] for each in words if each[0] in {"INSERT", "UPDATE", "SELECT"}])
        pages.append(read(client, url).replace("\u00a0", " ").replace(typed, "…"))
    assert pages[0] == pages[1]
    assert written[0] == written[1]
    assert [each.recipient for each in OutboxMessage.objects.all()] == [MOBILE]


@pytest.mark.parametrize("proof", [None, "email"])
def test_a_number_that_was_only_typed_is_unknown(client: Client, proof: str | None) -> None:
    """By an agent, or beside a proved address."""
    fields = {"email": "lea@example.org", "email_verified_at": timezone.now()} if proof else {}
    booked(guardian=by_phone(phone_verified_at=None, **fields))
    ask(client, TYPED)
    assert not OutboxMessage.objects.exists()


def test_no_code_ever_opens_an_unknown_number(client: Client) -> None:
    page = ask(client, TYPED)
    for code in ("000000", "123456"):
        assert client.post(page, {"code": code}).status_code == 422
    assert "contact" not in client.cookies


def test_wrong_codes_are_counted_and_a_new_one_replaces_the_first(client: Client) -> None:
    booked(guardian=by_phone())
    page = ask(client, TYPED)
    wrong = f"{(int(code_sent(MOBILE)) + 1) % 1_000_000:06}"
    assert "Il vous reste 4 essais" in text(client.post(page, {"code": wrong}))
    assert "Un nouveau code est parti" in text(client.post(f"{page}renvoyer/", follow=True))
    assert client.post(page, {"code": code_sent(MOBILE)})["Location"] == LIST


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("06 39 98", "trop court"),
        ("02 99 02 35 35", "téléphone fixe"),
        ("bonjour", "un numéro de mobile"),
        ("", "votre numéro de mobile"),
        ("lea@", "pas complète"),
        ("+1 555", "indicatif du pays"),
    ],
)
def test_what_is_neither_is_said_and_kept(client: Client, typed: str, said: str) -> None:
    response = client.post(START, {"contact": typed})
    assert response.status_code == 422
    assert said in text(response)
    assert typed in response.content.decode()
    assert 'href="#id_contact"' in response.content.decode()


def test_without_sms_an_address_is_asked(client: Client, settings: Any) -> None:
    settings.SMS_URL, settings.DEMO = "", False
    assert "mobile" not in read(client, START)
    assert client.post(START, {"contact": TYPED}).status_code == 422
    assert not Verification.objects.exists()


def test_two_families_of_one_number_find_both_their_appointments(client: Client) -> None:
    """Whoever holds the phone gets the messages of both already."""
    appointments = [booked(guardian=by_phone(first_name=name)) for name in ("Anna", "Léa")]
    client.post(ask(client, TYPED), {"code": code_sent(MOBILE)})
    listed = client.get(LIST).content.decode()
    assert all(link(each) in listed for each in appointments)

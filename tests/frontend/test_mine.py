"""“My appointments”: a code proves the address, and nobody learns which addresses are known."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from booking.access import contact_token
from booking.models import Appointment, Verification
from frontend import limits
from notifications import problems
from notifications.models import OutboxMessage
from notifications.problems import Problem
from tests.factories import make_appointment, make_guardian, make_household, make_shift, make_site
from tests.frontend.pages import booked, exhaust, link, read, text

pytestmark = pytest.mark.django_db
START = "/mes-rendez-vous/"
LIST = "/mes-rendez-vous/liste/"
State = Appointment.State


def ask(client: Client, email: str) -> str:
    """Give an address; where the browser is sent for the code."""
    response = client.post(START, {"contact": email})
    assert response.status_code == 302
    return str(response.headers["Location"])


def sent_code() -> str:
    return str(OutboxMessage.objects.get(kind="code", state="planned").context["code"])


def wrong_code() -> str:
    return f"{(int(sent_code()) + 1) % 1_000_000:06}"


def prove(client: Client, email: str, *, now: datetime | None = None) -> None:
    """Be the browser that proved this address."""
    client.cookies["contact"] = contact_token(email, now=now or datetime.now(UTC))


def test_a_code_opens_the_list_for_half_an_hour(client: Client) -> None:
    appointment = booked()
    page = ask(client, appointment.guardian.email)
    response = client.post(page, {"code": sent_code()})
    assert response.headers["Location"] == LIST
    cookie = response.cookies["contact"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 1800
    shown = text(client.get(LIST))
    assert "9 h" in shown
    assert appointment.site.name in shown
    assert link(appointment) in client.get(LIST).content.decode()


def test_a_code_is_read_however_it_is_typed(client: Client) -> None:
    page = ask(client, booked().guardian.email.upper())
    code = sent_code()
    response = client.post(page, {"code": f" {code[:3]} {code[3:]}"})
    assert response.headers["Location"] == LIST


def test_nobody_learns_whether_an_address_is_known(client: Client) -> None:
    known, unknown = booked().guardian.email, "nobody@example.org"
    pages = []
    for email in (known, unknown):
        url = ask(client, email)
        shown = read(client, url)
        pages.append(shown.replace(email, "…"))
        assert re.fullmatch(r"/mes-rendez-vous/code/[0-9a-f-]{36}/", url)
    assert pages[0] == pages[1]
    assert "Si l’adresse … a des rendez-vous" in pages[0]
    assert list(OutboxMessage.objects.values_list("recipient", flat=True)) == [known]


@pytest.mark.parametrize("is_known", [True, False])
def test_an_address_where_nothing_arrives_is_said_known_or_not(
    client: Client, *, is_known: bool
) -> None:
    email = booked().guardian.email if is_known else "nobody@example.org"
    problems.record([Problem("email", email, "dead")])
    response = client.post(START, {"contact": email})
    assert response.status_code == 422
    assert "Cette adresse ne reçoit pas nos e-mails" in text(response)
    assert not OutboxMessage.objects.exists()


def test_sent_again_to_where_nothing_arrived_is_said_too(client: Client) -> None:
    email = booked().guardian.email
    page = ask(client, email)
    problems.record([Problem("email", email, "dead")])
    response = client.post(f"{page}renvoyer/")
    assert response.status_code == 422
    assert "Cette adresse ne reçoit pas nos e-mails" in text(response)


def test_a_stopwatch_learns_nothing_either(client: Client) -> None:
    written = []
    for email in (booked().guardian.email, "nobody@example.org"):
        with CaptureQueriesContext(connection) as queries:
            client.post(START, {"contact": email})
        words = [query["sql"].split() for query in queries]
        written.append([each[:3] for each in words if each[0] in {"INSERT", "UPDATE", "SELECT"}])
    assert written[0] == written[1]


def test_no_code_ever_opens_an_unknown_address(client: Client) -> None:
    booked()
    page = ask(client, "nobody@example.org")
    response = client.post(page, {"code": "000000"})
    assert response.status_code == 422
    assert "contact" not in response.cookies


def test_an_address_that_was_never_proved_is_unknown(client: Client) -> None:
    booked(guardian=make_guardian(email="x@example.org", email_verified_at=None))
    ask(client, "x@example.org")
    assert not OutboxMessage.objects.exists()


def test_a_wrong_code_is_said_with_the_tries_left_then_refused(client: Client) -> None:
    page = ask(client, booked().guardian.email)
    wrong = wrong_code()
    first = client.post(page, {"code": wrong})
    assert first.status_code == 422
    assert "Il vous reste 4 essais" in text(first)
    for _ in range(4):
        client.post(page, {"code": wrong})
    last = client.post(page, {"code": sent_code()})
    assert last.status_code == 429
    assert "Recommencer" in text(last)
    assert "contact" not in last.cookies


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６"])
def test_what_is_no_code_costs_no_try(client: Client, typed: str) -> None:
    page = ask(client, booked().guardian.email)
    assert client.post(page, {"code": typed}).status_code == 422
    assert Verification.objects.get().attempts == 0


def test_a_code_serves_once_and_not_for_long(client: Client) -> None:
    page = ask(client, booked().guardian.email)
    code = sent_code()
    client.post(page, {"code": code})
    assert client.post(page, {"code": code}).status_code == 410
    later = ask(Client(), make_guardian().email)
    Verification.objects.filter(uid=later.split("/")[-2]).update(expires_at=datetime.now(UTC))
    assert client.post(later, {"code": "123456"}).status_code == 410


def test_a_code_sent_again_replaces_the_first(client: Client) -> None:
    page = ask(client, booked().guardian.email)
    first = sent_code()
    response = client.post(f"{page}renvoyer/", follow=True)
    assert "Un nouveau code est parti" in text(response)
    if sent_code() != first:
        assert client.post(page, {"code": first}).status_code == 422
    assert client.post(page, {"code": sent_code()}).status_code == 302


def test_a_code_is_sent_again_twice_at_most(client: Client) -> None:
    page = ask(client, booked().guardian.email)
    statuses = [client.post(f"{page}renvoyer/").status_code for _ in range(3)]
    assert statuses == [302, 302, 429]
    assert "Envoyer un nouveau code" not in read(client, page)


def test_a_code_asked_to_book_does_not_open_the_list(client: Client) -> None:
    booking = Verification.objects.create(
        purpose="booking",
        contact=booked().guardian.email,
        code_hash="",
        created_at=datetime.now(UTC),
        expires_at=datetime.now(UTC) + timedelta(minutes=9),
    )
    assert client.get(reverse("mine-code", args=[booking.uid])).status_code == 404
    assert client.post(reverse("mine-resend", args=[booking.uid])).status_code == 404


def test_a_mailbox_is_not_flooded(client: Client) -> None:
    email = booked().guardian.email
    allowed = limits.SENDS_PER_ASKER
    statuses = [client.post(START, {"contact": email}).status_code for _ in range(allowed + 1)]
    assert statuses == [302] * allowed + [429]
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert elsewhere.post(START, {"contact": email}).status_code == 302, "its owner still gets one"


@pytest.mark.parametrize("typed", ["", "karim", "karim@", "a" * 300 + "@example.org"])
def test_a_bad_address_is_said_and_kept(client: Client, typed: str) -> None:
    response = client.post(START, {"contact": typed})
    assert response.status_code == 422
    assert "point à corriger" in text(response)
    assert typed in response.content.decode()
    assert not Verification.objects.exists()


def test_the_list_shows_ones_own_only_and_past_ones_apart(client: Client) -> None:
    guardian = make_guardian()
    mine, theirs = booked(guardian=guardian), booked()
    cancelled = booked(guardian=guardian, state=State.CANCELLED)
    past = make_appointment(
        make_shift(starts_at=datetime.now(UTC) - timedelta(days=9), site=make_site()),
        guardian=guardian,
        state=State.FULFILLED,
    )
    prove(client, guardian.email)
    body = client.get(LIST).content.decode()
    assert link(mine) in body
    assert link(theirs) not in body
    assert link(cancelled) not in body
    assert link(past) not in body
    assert "Passés" in body
    assert reverse("where", args=[past.type.slug]) in body


def test_the_list_needs_a_fresh_cookie_of_ours(client: Client) -> None:
    appointment = booked()
    assert client.get(LIST).headers["Location"] == START
    prove(client, appointment.guardian.email, now=datetime.now(UTC) - timedelta(minutes=31))
    assert client.get(LIST).headers["Location"] == START
    client.cookies["contact"] = appointment.guardian.email
    assert client.get(LIST).headers["Location"] == START


def test_whoever_proved_the_address_goes_straight_to_the_list(client: Client) -> None:
    prove(client, booked().guardian.email)
    assert client.get(START).headers["Location"] == LIST
    assert "no-store" in client.get(LIST).headers["Cache-Control"]


def test_leaving_forgets_the_address(client: Client) -> None:
    prove(client, booked().guardian.email)
    assert client.get(reverse("leave")).status_code == 405
    response = client.post(reverse("leave"))
    assert response.headers["Location"] == START
    assert response.cookies["contact"]["max-age"] == 0
    assert client.get(LIST).headers["Location"] == START


def test_a_proved_address_without_appointment_gets_a_way_on(client: Client) -> None:
    prove(client, "nobody@example.org")
    assert "Aucun rendez-vous à venir" in read(client, LIST)


@pytest.mark.parametrize("path", [START, "code"])
def test_too_many_tries_from_one_address_are_refused(client: Client, path: str) -> None:
    url = ask(client, booked().guardian.email) if path == "code" else path
    exhaust("code")
    assert client.post(url, {"code": "123456", "contact": "a@example.org"}).status_code == 429


def test_the_list_costs_two_queries_whatever_it_shows(client: Client) -> None:
    counts = []
    for number in (1, 10):
        guardian = make_guardian()
        for _ in range(number):
            booked(guardian=guardian)
        prove(client, guardian.email)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST).content.count(b"ticket__time") == number
        counts.append(len(queries))
    assert counts == [2, 2]


def test_codes_speak_the_language_of_the_household(client: Client) -> None:
    household = make_household(language="uk")
    booked(guardian=make_guardian(household, email="olena@example.org"))
    answer = client.post(reverse("mine"), {"contact": "olena@example.org"})
    client.post(f"{answer['Location']}renvoyer/")
    codes = OutboxMessage.objects.filter(kind="code")
    assert [each.language for each in codes] == ["uk", "uk"]

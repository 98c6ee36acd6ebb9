"""Wrong codes are bounded by day, not only by code: for one contact, by one asker and by all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from booking import verification
from booking.errors import CodeWrong, TooManyGuesses
from booking.models import Appointment, RateCounter, Verification
from notifications.models import OutboxMessage
from tests.booking.scene import NOW
from tests.booking.test_verification import last_code, send, wrong
from tests.frontend.funnel import LEA, code_sent, hold, make_scene, send_details
from tests.frontend.pages import booked, text

pytestmark = pytest.mark.django_db
START = "/mes-rendez-vous/"
BY_ASKER, BY_ALL = verification.GUESSES_BY_ASKER, verification.GUESSES_BY_ALL
DAY = timedelta(days=1)


def guess(times: int, *, asker: str = "192.0.2.66", now: datetime = NOW) -> None:
    """So many wrong codes for one contact, each code good for five."""
    for number in range(times):
        if number % 5 == 0:
            sent = send(now=now)
        with pytest.raises(CodeWrong):
            verification.check_code(uid=sent.uid, code=wrong(last_code()), now=now, asker=asker)


def right(asker: str = "192.0.2.66", now: datetime = NOW) -> Verification:
    sent = send(now=now)
    return verification.check_code(uid=sent.uid, code=last_code(), now=now, asker=asker)


def test_an_asker_guesses_so_often_a_day_and_new_codes_give_no_more() -> None:
    guess(BY_ASKER)
    with pytest.raises(TooManyGuesses) as refusal:
        right()
    again_at = refusal.value.details["again_at"]
    assert isinstance(again_at, datetime)
    assert NOW < again_at <= NOW + DAY
    assert right(now=again_at).pk


def test_the_owner_elsewhere_is_not_shut_out_by_one_who_guesses() -> None:
    guess(BY_ASKER)
    assert right(asker="198.51.100.7").pk


def test_many_askers_together_are_bounded_too() -> None:
    for number in range(BY_ALL // 10):
        guess(10, asker=f"198.51.100.{number}")
    with pytest.raises(TooManyGuesses):
        right(asker="192.0.2.1")


def test_right_codes_are_no_guesses_and_another_contact_has_its_own_count() -> None:
    for _ in range(BY_ASKER + 1):
        right()
    guess(BY_ASKER)
    other = send(contact="autre@example.org")
    code = last_code()
    assert verification.check_code(uid=other.uid, code=code, now=NOW, asker="192.0.2.66").pk


def test_capitals_make_no_other_contact_and_no_key_tells_it() -> None:
    guess(BY_ASKER)
    with pytest.raises(TooManyGuesses):
        verification.check_may_guess("NADIA@example.org", asker="192.0.2.66", now=NOW)
    assert not RateCounter.objects.filter(key__icontains="nadia").exists()


@pytest.fixture
def at_midday() -> Any:
    """Neither the quarter of an hour of codes nor the day of guesses ends meanwhile."""
    with time_machine.travel(datetime.now(UTC).replace(hour=12, minute=5), tick=True):
        yield


def spend(contact: str, *, asker: str = "127.0.0.1") -> None:
    """Make believe that this asker typed as many wrong codes as it may."""
    for _ in range(BY_ASKER):
        verification._note_wrong(contact, asker, now=datetime.now(UTC))


def test_who_books_is_told_until_when_and_shown_the_telephone(
    client: Client, at_midday: None
) -> None:
    scene = make_scene()
    who = hold(client, scene)
    page = send_details(client, who)
    spend("lea@example.org")
    answer = client.post(page, {"code": code_sent()})
    assert answer.status_code == 429
    assert "Trop de codes faux" in text(answer)
    assert " à 1 h." in text(answer) or " à 2 h." in text(answer)
    assert 'href="tel:+33299710000"' in answer.content.decode()
    assert f'href="{who}"' in answer.content.decode(), "another contact can be given"
    assert int(answer["Retry-After"]) <= 86_400
    assert Appointment.objects.get().state == "held"
    other = client.post(who, LEA | {"email": "autre@example.org"})
    assert (
        client.post(other["Location"], {"code": code_sent("autre@example.org")}).status_code == 302
    )


def test_no_code_is_sent_that_would_not_be_looked_at(client: Client, at_midday: None) -> None:
    who = hold(client, make_scene())
    spend("lea@example.org")
    answer = client.post(who, LEA)
    assert answer.status_code == 429
    assert "Trop de codes faux" in text(answer)
    assert 'value="Malo"' in answer.content.decode(), "what was typed stays"
    assert not OutboxMessage.objects.exists()


def test_who_wants_on_the_waiting_list_is_told_so_too(client: Client, at_midday: None) -> None:
    scene = make_scene()
    url = f"/attente/{scene.kind.slug}/{scene.centre.slug}/"
    page = client.post(url, LEA)["Location"]
    spend("lea@example.org")
    answer = client.post(page, {"code": code_sent()})
    assert answer.status_code == 429
    assert 'href="tel:+33299710000"' in answer.content.decode()
    assert f'href="{url}"' in answer.content.decode()


@pytest.mark.parametrize("is_known", [True, False])
def test_known_or_not_a_contact_is_refused_after_as_many_guesses(
    client: Client, at_midday: None, *, is_known: bool
) -> None:
    """Whether it has appointments must not show in when it is refused."""
    guardian = booked().guardian
    email = guardian.email if is_known and guardian else "nobody@example.org"
    answers = []
    for _ in range(4):
        sent = client.post(START, {"contact": email})
        if sent.status_code == 429:
            answers.append((429, text(sent).replace(email, "…")))
            continue
        posts = [client.post(sent["Location"], {"code": "000000"}) for _ in range(5)]
        answers += [(post.status_code, "") for post in posts]
    assert [status for status, _ in answers] == [422] * BY_ASKER + [429]
    assert "Trop de codes faux" in answers[-1][1]
    assert "Appeler un centre" in answers[-1][1]

"""The code: right, wrong, sent again, too late; confirmed twice; the browser that proved it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from booking.models import Appointment, Verification
from notifications.models import OutboxMessage
from tests.frontend.funnel import (
    LEA,
    Scene,
    book,
    code_sent,
    held_at,
    hold,
    make_scene,
    send_details,
)

pytestmark = pytest.mark.django_db
State = Appointment.State


@pytest.fixture
def scene() -> Scene:
    return make_scene()


@pytest.fixture
def pages(client: Client, scene: Scene) -> tuple[str, str]:
    """The addresses of the "who" and the code page of a time on its way to be booked."""
    who = hold(client, scene)
    return who, send_details(client, who)


def wrong_code() -> str:
    return "000000" if code_sent() != "000000" else "111111"


def test_the_right_code_confirms_and_remembers_the_address(
    client: Client, pages: tuple[str, str]
) -> None:
    who, code = pages
    typed = f" {code_sent()[:3]} {code_sent()[3:]} "
    answer = client.post(code, {"code": typed})
    assert answer["Location"].startswith("/r/")
    assert answer["Location"].endswith("?nouveau=1")
    booked = held_at(who)
    assert booked.state == State.BOOKED
    assert booked.guardian is not None
    assert (booked.guardian.email, str(booked.child)) == ("lea@example.org", "Malo")
    cookie = client.cookies["contact"]
    assert cookie["httponly"]
    assert cookie["max-age"] == 1800
    assert Verification.objects.get().payload == {}


def test_a_code_sent_again_speaks_the_language_chosen(client: Client, scene: Scene) -> None:
    url = send_details(client, hold(client, scene), **LEA | {"message_language": "uk"})
    client.post(f"{url}renvoyer/")
    codes = OutboxMessage.objects.filter(kind="code")
    assert [each.language for each in codes] == ["uk", "uk"]


def test_a_wrong_code_says_how_many_tries_are_left(client: Client, pages: tuple[str, str]) -> None:
    answer = client.post(pages[1], {"code": wrong_code()})
    assert answer.status_code == 422
    assert "Il vous reste 4 essais" in answer.content.decode()
    assert held_at(pages[0]).state == State.HELD


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "1234567"])
def test_what_is_no_code_costs_no_try(client: Client, pages: tuple[str, str], typed: str) -> None:
    assert client.post(pages[1], {"code": typed}).status_code == 422
    assert Verification.objects.get().attempts == 0


def test_after_five_wrong_codes_even_the_right_one_is_refused(
    client: Client, pages: tuple[str, str]
) -> None:
    for _ in range(5):
        client.post(pages[1], {"code": wrong_code()})
    answer = client.post(pages[1], {"code": code_sent()})
    assert answer.status_code == 429
    assert held_at(pages[0]).state == State.HELD
    assert 'id="code-form"' not in client.get(pages[1]).content.decode()
    again = send_details(client, pages[0])
    assert again != pages[1]
    assert client.post(again, {"code": code_sent()}).status_code == 302


def test_an_expired_code_asks_for_a_new_one(client: Client, pages: tuple[str, str]) -> None:
    Verification.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.post(pages[1], {"code": code_sent()}).status_code == 410
    first = code_sent()
    answer = client.post(f"{pages[1]}renvoyer/", follow=True)
    assert "Un nouveau code est parti" in answer.content.decode()
    assert OutboxMessage.objects.filter(kind="code").count() == 2
    if code_sent() != first:
        assert client.post(pages[1], {"code": first}).status_code == 422
    assert client.post(pages[1], {"code": code_sent()}).status_code == 302


def test_a_code_is_sent_again_twice_at_most(client: Client, pages: tuple[str, str]) -> None:
    statuses = [client.post(f"{pages[1]}renvoyer/").status_code for _ in range(3)]
    assert statuses == [302, 302, 429]
    assert client.get(f"{pages[1]}renvoyer/").status_code == 302


def test_the_same_code_twice_shows_the_one_appointment(
    client: Client, pages: tuple[str, str]
) -> None:
    code = code_sent()
    first = client.post(pages[1], {"code": code})
    second = client.post(pages[1], {"code": code})
    assert second["Location"] == first["Location"].removesuffix("?nouveau=1")
    for url in pages:
        assert client.get(url)["Location"] == second["Location"]
    assert client.post(pages[0], LEA)["Location"] == second["Location"]
    assert Appointment.objects.filter(state=State.BOOKED).count() == 1


def test_another_browser_learns_nothing_of_a_confirmed_appointment(
    client: Client, scene: Scene, pages: tuple[str, str]
) -> None:
    client.post(pages[1], {"code": code_sent()})
    for url in pages:
        answer = Client().get(url)
        assert answer.status_code == 409
        assert "Malo" not in answer.content.decode()
        assert "lea@example.org" not in answer.content.decode()


def test_a_hold_that_expired_meanwhile_keeps_what_was_typed(
    client: Client, scene: Scene, pages: tuple[str, str]
) -> None:
    Appointment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = client.post(pages[1], {"code": code_sent()})
    page = answer.content.decode()
    assert answer.status_code == 410
    assert f'value="{scene.choice()}"' in page
    assert 'name="child_born_on_year" value="2026"' in page
    assert "lea@example.org" not in Client().get(pages[1]).content.decode()


def test_a_refusal_at_the_last_moment_leads_back_to_the_details(
    client: Client, scene: Scene, pages: tuple[str, str]
) -> None:
    scene.centre.stage = "paused"
    scene.centre.save()
    answer = client.post(pages[1], {"code": code_sent()})
    assert answer.status_code == 409
    assert f'href="{pages[0]}"' in answer.content.decode()
    assert held_at(pages[0]).state == State.HELD


def test_more_time_from_the_code_page_leads_back_to_it(
    client: Client, pages: tuple[str, str]
) -> None:
    uid = str(Verification.objects.get().uid)
    answer = client.post(f"{pages[0]}prolonger/", {"code_uid": uid})
    assert answer["Location"] == pages[1]


def test_a_code_of_another_hold_or_none_is_not_found(
    client: Client, scene: Scene, pages: tuple[str, str]
) -> None:
    other = hold(Client(), scene, 4)
    uid = pages[1].split("/")[4]
    nobody = "00000000-0000-0000-0000-000000000000"
    for url in (f"{other}code/{uid}/", f"{pages[0]}code/{nobody}/", f"{other}code/{uid}/renvoyer/"):
        assert client.post(url, {"code": code_sent()}).status_code == 404
    for uid in (nobody, "x"):
        assert client.post(f"{pages[0]}prolonger/", {"code_uid": uid}).status_code == 404


def test_pages_with_a_family_s_data_are_never_stored(client: Client, scene: Scene) -> None:
    booked = book(client, scene)
    for url in (hold(client, scene, 4), scene.hold_url):
        answer = client.post(url, {})
        assert "no-store" in answer["Cache-Control"]
    assert booked.state == State.BOOKED

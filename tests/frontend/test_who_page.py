"""Who: what is asked of whom, errors beside their fields, and the ways on."""

import re
import secrets
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from booking.models import Appointment, Verification
from frontend import draft, typed
from notifications import problems
from notifications.models import OutboxMessage
from notifications.problems import Problem
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


def asked(page: str) -> set[str]:
    form = page.split('id="who-form"')[1].split("</form>", maxsplit=1)[0]
    return set(re.findall(r'name="(\w+)"', form)) - {"csrfmiddlewaretoken"}


ADULT = {
    "first_name",
    "last_name",
    "email",
    "phone",
    "contact_channel",
    "message_language",
    "offered_language",
    "needs_interpreter",
}


@pytest.mark.parametrize(
    ("audience", "more"),
    [
        (
            "child",
            {"child_first_name"} | {f"child_born_on_{part}" for part in ("day", "month", "year")},
        ),
        ("pregnancy", {f"due_on_{part}" for part in ("day", "month", "year")}),
        ("adult", set()),
    ],
)
def test_each_audience_is_asked_the_least(client: Client, audience: str, more: set[str]) -> None:
    url = hold(client, make_scene(audience=audience))
    assert asked(client.get(url).content.decode()) == ADULT | more


def test_nothing_typed_is_refused_field_by_field(client: Client, scene: Scene) -> None:
    answer = client.post(hold(client, scene), {})
    page = answer.content.decode()
    assert answer.status_code == 422
    for field in ("child_first_name", "child_born_on_0", "first_name", "last_name", "email"):
        assert f'href="#id_{field}"' in page
        assert f'id="id_{field}"' in page
    assert not Verification.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"email": "lea@"}, "pas complète"),
        ({"phone": "12"}, "trop court"),
        ({"child_born_on_day": "31", "child_born_on_month": "2"}, "existe pas"),
        ({"child_born_on_year": "2199"}, "quatre chiffres"),
        ({"child_born_on_year": "1999"}, "année de naissance"),
        ({"child_first_name": "x" * 61}, "60"),
        ({"first_name": "a\x00b"}, "error-summary"),
    ],
)
def test_an_error_keeps_everything_else(
    client: Client, scene: Scene, changes: dict[str, str], said: str
) -> None:
    answer = client.post(hold(client, scene), LEA | changes)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert 'value="Le Goff"' in page
    assert not Verification.objects.exists()


def test_a_birth_in_the_future_is_an_impossible_date(client: Client, scene: Scene) -> None:
    born = timezone.localdate() + timedelta(days=2)
    parts = {"day": born.day, "month": born.month, "year": born.year}
    changes = {f"child_born_on_{name}": str(number) for name, number in parts.items()}
    assert client.post(hold(client, scene), LEA | changes).status_code == 422


def test_an_age_the_type_is_not_for_is_said_before_any_code(client: Client) -> None:
    scene = make_scene(age_max_months=2)
    answer = client.post(hold(client, scene), LEA | {"child_born_on_year": "2024"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="#id_child_born_on_0"' in page
    assert "pas prévu pour cet âge" in page
    assert not OutboxMessage.objects.exists()


def test_a_due_date_out_of_reach_or_of_the_type_s_weeks_is_refused(client: Client) -> None:
    scene = make_scene(audience="pregnancy", week_min=10, week_max=28)
    url = hold(client, scene)
    for days, said in ((900, "trop loin"), (10, "ce moment de la grossesse")):
        due = timezone.localdate() + timedelta(days=days)
        parts = {"due_on_day": due.day, "due_on_month": due.month, "due_on_year": due.year}
        answer = client.post(url, LEA | {name: str(part) for name, part in parts.items()})
        assert answer.status_code == 422
        assert said in answer.content.decode()


def test_right_details_send_a_code_and_keep_what_was_typed(client: Client, scene: Scene) -> None:
    code_page = send_details(client, hold(client, scene))
    sent = Verification.objects.get()
    assert str(sent.uid) in code_page
    assert sent.contact == "lea@example.org"
    assert sent.payload["child_born_on"] == "2026-03-03"
    assert sent.payload["last_name"] == "Le Goff"
    assert len(code_sent()) == 6


def test_sending_the_details_twice_sends_one_code(client: Client, scene: Scene) -> None:
    url = hold(client, scene)
    assert send_details(client, url) == send_details(client, url)
    assert OutboxMessage.objects.count() == 1


def test_another_address_gets_its_own_code(client: Client, scene: Scene) -> None:
    url = hold(client, scene)
    assert send_details(client, url) != send_details(client, url, email="lea@example.net")


def test_going_back_shows_what_was_typed_to_the_same_browser_only(
    client: Client, scene: Scene
) -> None:
    url = hold(client, scene)
    send_details(client, url)
    assert 'value="Lea@Example.org"' in client.get(url).content.decode()
    del client.cookies["draft"]
    assert 'value="lea@example.org"' in client.get(url).content.decode(), "it waits for its code"
    assert "lea@example.org" not in Client().get(url).content.decode().lower()


def test_what_was_typed_is_kept_for_half_an_hour_by_its_browser_only(
    client: Client, scene: Scene
) -> None:
    url = hold(client, scene)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client.post(url, {"child_first_name": "Malo", "email": "lea@"})
        cookie = client.cookies["draft"]
        assert cookie["httponly"]
        assert (cookie["path"], cookie["samesite"], cookie["max-age"]) == ("/retenu/", "Lax", "")
        assert 'value="Malo"' in client.get(url).content.decode()
        assert "Malo" not in Client().get(url).content.decode()
        Appointment.objects.update(expires_at=timezone.now() + timedelta(hours=1))
        clock.shift(draft.KEPT_FOR_SECONDS + 1)
        assert "Malo" not in client.get(url).content.decode()


@pytest.mark.parametrize("value", ["", "x", "W10:1:forged"])
def test_a_forged_draft_is_none(client: Client, scene: Scene, value: str) -> None:
    client.cookies["draft"] = value
    assert client.get(hold(client, scene)).status_code == 200


def test_what_no_cookie_can_hold_is_not_kept(client: Client, scene: Scene) -> None:
    names = (*typed.TEXTS, *(f"{date}_{part}" for date in typed.DATES for part in typed.PARTS))
    noise = {
        name: "".join(chr(0x4E00 + secrets.randbelow(20000)) for _ in range(254)) for name in names
    }
    answer = client.post(hold(client, scene), noise)
    assert answer.status_code == 422
    assert "draft" not in client.cookies


def test_a_tab_left_open_does_not_bring_back_what_is_confirmed(
    client: Client, scene: Scene
) -> None:
    url = hold(client, scene)
    client.post(f"{url}garder/", LEA)
    assert client.cookies["draft"].value
    assert client.post(send_details(client, url), {"code": code_sent()}).status_code == 302
    assert not client.cookies["draft"].value
    assert client.post(f"{url}garder/", LEA)["Location"] == "/donnees-personnelles/"
    assert not client.cookies["draft"].value


def test_a_proved_address_confirms_at_once_and_is_filled_in(client: Client, scene: Scene) -> None:
    book(client, scene)
    url = hold(client, scene, 2)
    page = client.get(url).content.decode()
    assert 'value="lea@example.org"' in page
    assert 'value="Le Goff"' in page
    answer = client.post(url, LEA | {"child_first_name": "Anna"})
    assert answer["Location"].startswith("/r/")
    assert answer["Location"].endswith("?nouveau=1")
    assert held_at(url).state == State.BOOKED
    assert Verification.objects.count() == 1


def test_a_proved_address_does_not_prove_another(client: Client, scene: Scene) -> None:
    book(client, scene)
    assert "/code/" in send_details(client, hold(client, scene, 2), email="autre@example.org")


def test_a_child_already_busy_then_is_said_on_the_form(client: Client, scene: Scene) -> None:
    book(client, scene)
    other = make_scene()
    answer = client.post(hold(client, other), LEA)
    assert answer.status_code == 409
    assert "a déjà un rendez-vous" in answer.content.decode()


def test_an_expired_hold_offers_the_same_time_again(client: Client, scene: Scene) -> None:
    url = hold(client, scene)
    Appointment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for answer in (client.get(url), client.post(url, LEA), client.post(f"{url}prolonger/", LEA)):
        page = answer.content.decode()
        assert answer.status_code == 410
        assert f'value="{scene.choice()}"' in page
    assert 'name="email" value="Lea@Example.org"' in page
    assert not Verification.objects.exists()


def test_taking_the_time_again_goes_on_with_what_was_typed(client: Client, scene: Scene) -> None:
    old = hold(client, scene)
    Appointment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    form = {"creneau": scene.choice(), **LEA}
    answer = client.post(scene.hold_url, form, follow=True)
    assert answer.redirect_chain[0][1] == 307
    assert "/code/" in answer.redirect_chain[1][0]
    assert held_at(answer.redirect_chain[0][0]).uid != held_at(old).uid


def test_a_held_time_of_a_move_is_not_booked_as_a_new_one(client: Client, scene: Scene) -> None:
    booked = book(client, scene)
    url = hold(client, scene, 4)
    Appointment.objects.filter(pk=held_at(url).pk).update(moves=booked)
    assert client.get(url).status_code == 409
    assert client.post(url, LEA).status_code == 409


@pytest.mark.parametrize(
    ("channel", "address", "typed_too", "said"),
    [
        ("email", "lea@example.org", {}, "Cette adresse ne reçoit pas nos e-mails"),
        (
            "sms",
            "+33612345678",
            {"phone": "06 12 34 56 78", "contact_channel": "sms"},
            "Ce numéro ne reçoit pas nos SMS",
        ),
    ],
)
def test_a_contact_where_nothing_arrives_is_said_beside_its_field(
    client: Client, scene: Scene, channel: str, address: str, typed_too: dict[str, str], said: str
) -> None:
    problems.record([Problem(channel, address, "dead")])
    response = client.post(hold(client, scene), LEA | typed_too)
    assert response.status_code == 422
    page = response.content.decode()
    assert said in page
    assert 'aria-invalid="true"' in page
    assert not Verification.objects.exists()

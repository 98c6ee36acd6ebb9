"""A press whose answer was lost, pressed again: the family finds its own time, nobody else does."""

import re

import pytest
from django.conf import settings
from django.test import Client

from booking.models import Appointment
from centres.models import Shift
from tests.factories import make_appointment, make_shift
from tests.frontend.funnel import LEA, Scene, book, held_at, hold, make_scene

pytestmark = pytest.mark.django_db
State = Appointment.State


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def opened(client: Client, scene: Scene, browser: str = "a") -> str:
    """Open the page of times in a browser; the key its forms carry."""
    client.cookies[settings.CSRF_COOKIE_NAME] = browser * 32
    keys = set(
        re.findall(r'name="page" value="([^"]+)"', client.get(scene.when_url).content.decode())
    )
    assert len(keys) == 1, "all buttons of a page carry one key"
    return keys.pop()


def lose_the_answer(client: Client) -> None:
    del client.cookies["hold"]


def test_the_same_button_leads_to_the_same_hold(client: Client, scene: Scene) -> None:
    key = opened(client, scene)
    first = hold(client, scene, page=key)
    lose_the_answer(client)
    assert hold(client, scene, page=key) == first
    assert client.cookies["hold"].value
    assert Appointment.objects.count() == 1


def test_it_does_so_where_somebody_else_is_free_too(client: Client, scene: Scene) -> None:
    make_shift(site=scene.site, types=[scene.kind], starts_at=scene.shift.starts_at)
    key = opened(client, scene)
    first = hold(client, scene, page=key)
    lose_the_answer(client)
    assert hold(client, scene, page=key) == first
    assert Appointment.objects.count() == 1
    other = Client()
    theirs = opened(other, scene, browser="b")
    assert hold(other, scene, page=theirs) != first, "another family gets the other one"


def test_a_seat_of_a_session_is_found_again(client: Client, scene: Scene) -> None:
    Shift.objects.update(seats=3)
    key = opened(client, scene)
    first = hold(client, scene, page=key)
    lose_the_answer(client)
    assert hold(client, scene, page=key) == first
    assert Appointment.objects.count() == 1


def test_without_the_page_s_key_it_would_seem_taken(client: Client, scene: Scene) -> None:
    opened(client, scene)
    hold(client, scene)
    lose_the_answer(client)
    assert client.post(scene.hold_url, {"creneau": scene.choice()}).status_code == 409


@pytest.mark.parametrize("change", ["another browser", "another page", "no key"])
def test_nobody_else_gets_a_held_time(client: Client, scene: Scene, change: str) -> None:
    key = opened(client, scene)
    hold(client, scene, page=key)
    other = Client()
    theirs = opened(other, scene, browser="b" if change == "another browser" else "a")
    sent = {"another browser": key, "another page": theirs, "no key": ""}[change]
    answer = other.post(scene.hold_url, {"creneau": scene.choice(), "page": sent})
    assert answer.status_code == 409
    assert "hold" not in other.cookies


def test_another_button_of_the_page_still_holds_another_time(client: Client, scene: Scene) -> None:
    key = opened(client, scene)
    hold(client, scene, page=key)
    lose_the_answer(client)
    second = held_at(hold(client, scene, 2, page=key))
    assert second.starts_at > scene.shift.starts_at


def test_back_to_the_lost_one_gives_the_other_back(client: Client, scene: Scene) -> None:
    key = opened(client, scene)
    lost = held_at(hold(client, scene, page=key))
    lose_the_answer(client)
    other = held_at(hold(client, scene, 2, page=key))
    assert held_at(hold(client, scene, page=key)) == lost
    other.refresh_from_db()
    assert other.state == State.LAPSED


def test_a_time_taken_by_others_is_still_taken(client: Client, scene: Scene) -> None:
    key = opened(client, scene)
    make_appointment(scene.shift, starts_at=scene.shift.starts_at)
    form = {"creneau": scene.choice(), "page": key, **LEA}
    answer = client.post(scene.hold_url, form)
    assert answer.status_code == 409
    assert re.findall(r'name="page" value="[^"]+"', answer.content.decode())


def test_a_hold_given_back_is_taken_anew(client: Client, scene: Scene) -> None:
    key = opened(client, scene)
    first = hold(client, scene, page=key)
    client.post(f"{first}rendre/")
    assert hold(client, scene, page=key) != first


def test_who_confirmed_keeps_no_trace_of_the_page(client: Client, scene: Scene) -> None:
    key = opened(client, scene)
    held = held_at(hold(client, scene, page=key))
    assert held.actor.startswith("family:")
    assert key not in held.actor
    assert book(client, scene).actor == "family"


def test_the_page_is_kept_by_no_shared_cache(client: Client, scene: Scene) -> None:
    assert "private" in client.get(scene.when_url)["Cache-Control"]

"""Holding a time from the page: success, every refusal, double presses, forged choices."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from booking.models import Appointment
from centres.rollout import Stage
from tests.factories import make_appointment
from tests.frontend.funnel import LEA, Scene, held_at, hold, make_scene

pytestmark = pytest.mark.django_db
State = Appointment.State


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def test_a_press_holds_the_time_and_leads_to_the_details(client: Client, scene: Scene) -> None:
    url = hold(client, scene)
    held = held_at(url)
    assert held.state == State.HELD
    assert held.starts_at == scene.shift.starts_at
    page = client.get(url)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert "hold-clock" in page.content.decode()


def test_the_cookie_of_the_hold_is_out_of_reach_of_scripts(client: Client, scene: Scene) -> None:
    hold(client, scene)
    cookie = client.cookies["hold"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_pressing_the_same_time_twice_keeps_one_hold(client: Client, scene: Scene) -> None:
    assert hold(client, scene) == hold(client, scene)
    assert Appointment.objects.count() == 1


def test_choosing_another_time_gives_the_first_one_back(client: Client, scene: Scene) -> None:
    first, second = held_at(hold(client, scene)), held_at(hold(client, scene, 1))
    first.refresh_from_db()
    assert (first.state, second.state) == (State.LAPSED, State.HELD)


def test_a_time_just_taken_shows_the_nearest_free_ones(client: Client, scene: Scene) -> None:
    make_appointment(scene.shift, starts_at=scene.shift.starts_at)
    answer = client.post(scene.hold_url, {"creneau": scene.choice(), **LEA})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert page.count('class="slot slot--big"') == 3
    assert 'name="email" value="Lea@Example.org"' in page
    assert "no-store" in answer["Cache-Control"]


def test_the_loser_of_a_race_for_the_last_time_is_offered_a_call_back(client: Client) -> None:
    scene = make_scene(duration_min=180)
    hold(client, scene)
    answer = Client().post(scene.hold_url, {"creneau": scene.choice()})
    assert answer.status_code == 409
    assert f"/rappel/{scene.kind.slug}/{scene.centre.slug}/" in answer.content.decode()


@pytest.mark.parametrize(
    ("choice", "status"),
    [
        ("", 400),
        ("demain", 400),
        ("29930130", 400),
        ("-5-1", 400),
        ("1e9-1", 400),
        ("9" * 30 + "-1", 400),
        ("999999999-1", 409),
        ("0-1", 409),
        ("１２３-1", 400),
    ],
)
def test_forged_choices_change_nothing(
    client: Client, scene: Scene, choice: str, status: int
) -> None:
    assert client.post(scene.hold_url, {"creneau": choice}).status_code == status
    assert not Appointment.objects.exists()


def test_a_minute_off_the_grid_or_another_centre_s_site_is_not_offered(
    client: Client, scene: Scene
) -> None:
    minute, site = scene.choice().split("-")
    for choice in (f"{int(minute) + 7}-{site}", f"{minute}-{int(site) + 1000}"):
        assert client.post(scene.hold_url, {"creneau": choice}).status_code == 409
    assert not Appointment.objects.exists()


@pytest.mark.parametrize("stage", [Stage.PREPARING, Stage.AGENTS_ONLY, Stage.PAUSED])
def test_a_centre_not_open_cannot_be_booked_by_a_forged_form(
    client: Client, scene: Scene, stage: Stage
) -> None:
    scene.centre.stage = stage
    scene.centre.save()
    assert client.post(scene.hold_url, {"creneau": scene.choice()}).status_code == 409
    assert not Appointment.objects.exists()


def test_a_type_booked_by_agents_cannot_be_held(client: Client, scene: Scene) -> None:
    scene.kind.booking = "agents"
    scene.kind.save()
    assert client.post(scene.hold_url, {"creneau": scene.choice()}).status_code == 409


def test_opening_the_address_leads_back_to_the_times(client: Client, scene: Scene) -> None:
    answer = client.get(scene.hold_url)
    assert answer["Location"] == scene.when_url
    assert not Appointment.objects.exists()


def test_unknown_types_and_centres_are_not_found(client: Client, scene: Scene) -> None:
    url = scene.hold_url.replace(scene.centre.slug, "inconnu")
    assert client.post(url, {"creneau": scene.choice()}).status_code == 404


def test_giving_back_frees_the_time_at_once(client: Client, scene: Scene) -> None:
    url = hold(client, scene)
    answer = client.post(f"{url}rendre/")
    assert answer["Location"] == scene.when_url
    assert held_at(url).state == State.LAPSED
    assert client.get(f"{url}rendre/").status_code == 302


def test_more_time_is_given_once_and_keeps_what_was_typed(client: Client, scene: Scene) -> None:
    url = hold(client, scene)
    Appointment.objects.update(expires_at=timezone.now() + timedelta(minutes=2))
    typed = LEA | {"child_born_on_month": "treize"}
    answer = client.post(f"{url}prolonger/", typed)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'value="Lea@Example.org"' in page
    assert 'value="treize"' in page
    assert "error-summary" not in page
    extended = held_at(url).expires_at
    assert extended is not None
    assert extended > timezone.now() + timedelta(minutes=14)
    assert client.post(f"{url}prolonger/", typed).status_code == 200
    assert held_at(url).expires_at == extended


@pytest.mark.parametrize("path", ["", "prolonger/", "rendre/"])
@pytest.mark.parametrize("token", ["x", "0" * 32, "0" * 32 + "~forged", "%00"])
def test_a_forged_token_is_not_found(client: Client, token: str, path: str) -> None:
    for ask in (client.get, client.post):
        assert ask(f"/retenu/{token}/{path}").status_code == 404

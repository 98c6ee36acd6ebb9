"""Searches from one address: free for a waiting room, a proof of work for what no family does."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from booking import throttle
from frontend import limits, pow
from frontend.limits import Budget
from tests.frontend.funnel import Scene, make_scene
from tests.frontend.pages import booked, link
from tests.frontend.test_limits import fields, solve

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Two looks are free, three more at the price of a proof."""
    monkeypatch.setattr(limits, "SEARCHES", Budget("search", 2, 5))
    return make_scene()


def addresses(scene: Scene) -> list[str]:
    return [scene.when_url, f"/rdv/{scene.kind.slug}/?q=Redon"]


def look(client: Client, url: str, times: int) -> list[int]:
    return [client.get(url).status_code for _ in range(times)]


def test_beyond_the_calm_limit_a_proof_is_asked_on_each_search_page(
    client: Client, scene: Scene
) -> None:
    for number, url in enumerate(addresses(scene)):
        client.defaults["REMOTE_ADDR"] = f"192.0.2.{number}"
        assert look(client, url, 3) == [200, 200, 429]
    assert look(Client(REMOTE_ADDR="198.51.100.7"), scene.when_url, 2) == [200, 200]


def test_the_times_of_a_move_are_counted_too(client: Client, scene: Scene) -> None:
    appointment = booked()
    assert look(client, link(appointment, "move"), 3) == [200, 200, 429]


def test_a_proof_opens_the_page_asked_for_and_stays_out_of_its_links(
    client: Client, scene: Scene
) -> None:
    look(client, scene.when_url, 2)
    asked = client.get(scene.when_url, {"jours": ["1", "2"], "moment": "matin"})
    page = asked.content.decode()
    assert 'method="get"' in page
    assert "csrfmiddlewaretoken" not in page.split('id="pow"')[1].split("</form>")[0]
    sent = re.findall(r'name="(\w+)" value="([^"]*)"', page.split('id="pow"')[1])
    proof = {"pow_challenge": fields(page)["pow_challenge"]}
    proof["pow_answer"] = solve(proof["pow_challenge"])
    kept = [(name, unescape(value)) for name, value in sent if name not in pow.OWN_FIELDS]
    assert kept == [("jours", "1"), ("jours", "2"), ("moment", "matin")]
    url = f"{scene.when_url}?jours=1&jours=2&moment=matin"
    answer = client.get(url, query_params=proof | {"jours": ["1", "2"], "moment": "matin"})
    assert answer.status_code == 200
    assert "pow_" not in re.sub(r'name="next" value="[^"]*"', "", answer.content.decode())
    assert client.get(url, query_params=proof).status_code == 429, "a proof serves once"


def test_far_too_many_are_refused_even_with_proofs(client: Client, scene: Scene) -> None:
    look(client, scene.when_url, 5)
    token = pow.new_challenge(client="127.0.0.1", now=timezone.now())
    proof = {"pow_challenge": token, "pow_answer": solve(token)}
    answer = client.get(scene.when_url, proof)
    assert answer.status_code == 429
    assert "pow_challenge" not in answer.content.decode()
    assert 0 < int(answer["Retry-After"]) <= 600


def test_a_family_s_looks_cost_the_database_nothing_more(client: Client) -> None:
    scene = make_scene()
    with CaptureQueriesContext(connection) as captured:
        assert set(look(client, scene.when_url, 50)) == {200}
    assert not [query for query in captured if "ratecounter" in query["sql"]]


def test_all_processes_count_together(client: Client, scene: Scene) -> None:
    tries = [
        throttle.tries(key="search:127.0.0.1", seconds=600, now=timezone.now()) for _ in range(9)
    ]
    throttle.forget()  # this process is another one now
    assert tries[-1] == 9
    assert look(client, scene.when_url, 4)[-1] == 429


def test_a_waiting_room_behind_one_address_never_meets_the_limit() -> None:
    families, pages_each, minutes = 60, 40, 10
    assert families * pages_each < limits.SEARCHES.calm
    assert limits.SEARCHES.seconds == minutes * 60

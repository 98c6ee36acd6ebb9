"""Too many posts from one address: first a proof of work, then a pause."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db.models import F
from django.http import HttpRequest
from django.test import Client, RequestFactory

from booking import throttle
from booking.models import Appointment, RateCounter
from booking.throttle import KEPT
from frontend import limits, pow, refusals
from tests.frontend.funnel import LEA, Scene, book, code_sent, hold, make_scene, send_details
from tests.frontend.pages import exhaust, link, text

pytestmark = pytest.mark.django_db
Busy = Callable[[int], None]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CALM, MOST, SECONDS = limits.HOLDS.calm, limits.HOLDS.most, limits.HOLDS.seconds


@pytest.fixture
def scene() -> Scene:
    return make_scene()


@pytest.fixture
def busy() -> Iterator[Callable[[int], None]]:
    """Lets the test's address have posted so many times already, within one window of time."""
    window = int(datetime.now(UTC).timestamp()) // SECONDS
    with time_machine.travel((window + 1) * SECONDS + 1):
        yield lambda count: exhaust(limits.HOLDS.name, tries=count)


def solve(token: str) -> str:
    return next(str(n) for n in range(10_000_000) if pow.is_solution(token, str(n)))


def fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def post(client: Client, scene: Scene, **more: str) -> Any:
    return client.post(scene.hold_url, {"creneau": scene.choice(), **more})


def test_beyond_the_calm_limit_a_proof_is_asked_and_nothing_typed_is_lost(
    client: Client, scene: Scene, busy: Busy
) -> None:
    busy(CALM - 1)
    hold(client, scene)
    asked = post(Client(), scene, **LEA)
    page = asked.content.decode()
    assert asked.status_code == 429
    assert asked["Retry-After"] == str(pow.WAIT_SECONDS)
    assert fields(page)["email"] == "Lea@Example.org"
    assert Appointment.objects.count() == 1


def test_a_solved_challenge_lets_the_form_through_once(
    client: Client, scene: Scene, busy: Busy
) -> None:
    busy(CALM)
    carried = fields(post(client, scene).content.decode())
    token = carried["pow_challenge"]
    carried |= {"pow_answer": solve(token)}
    assert client.post(scene.hold_url, carried).status_code == 302
    assert client.post(scene.hold_url, carried).status_code == 429


def test_too_many_are_refused_with_or_without_proof(
    client: Client, scene: Scene, busy: Busy
) -> None:
    busy(MOST)
    token = pow.new_challenge(client="127.0.0.1", now=datetime.now(UTC))
    answer = post(client, scene, pow_challenge=token, pow_answer=solve(token))
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 2 * SECONDS
    assert "pow_challenge" not in answer.content.decode()
    assert post(client, scene).status_code == 429


@pytest.mark.parametrize(
    ("into", "many", "minutes"),
    [
        # The last window has seen too many alone: they count through the next one.
        (60, MOST + 1, "59 minutes"),
        # Refused for those of the window before: over with this one.
        (SECONDS - 90, 1, "2 minutes"),
        (SECONDS - 30, 1, "1 minute,"),
    ],
)
def test_who_is_refused_is_told_for_how_long_and_let_in_then(
    client: Client, scene: Scene, into: int, many: int, minutes: str
) -> None:
    window = int(datetime.now(UTC).timestamp()) // SECONDS + 2
    for turn, count in ((window - 1, MOST), (window, many - 1)):
        RateCounter.objects.create(key=f"{turn % 2}:hold:127.0.0.1", window=turn, count=count)
    with time_machine.travel(window * SECONDS + into, tick=False) as clock:
        throttle._tallies["hold:127.0.0.1"] = throttle._Tally(window, told=many - 1, own=KEPT)
        answer = post(client, scene)
        assert answer.status_code == 429
        assert f"Réessayez dans {minutes}" in text(answer)
        left = int(answer["Retry-After"])
        clock.shift(left + 1)
        assert (
            throttle.tries(
                key="hold:127.0.0.1",
                seconds=SECONDS,
                now=datetime.now(UTC),
                kept=0,
                is_lasting=True,
            )
            <= MOST
        )


def test_the_longer_an_address_goes_on_the_harder_the_proof() -> None:
    levels = [limits.HOLDS.level(tries) for tries in range(CALM + 1, MOST + 1)]
    assert levels == sorted(levels)
    assert set(levels) == set(range(pow.HARDEST + 1))
    assert (levels[0], limits.SEARCHES.level(10**9)) == (0, pow.HARDEST)


def test_a_harder_challenge_is_not_proved_by_the_work_or_the_wait_of_an_easy_one() -> None:
    token = pow.new_challenge(client="192.0.2.1", now=NOW, level=2)
    easy = next(
        str(n)
        for n in range(10_000_000)
        if pow.is_solution(token, str(n)) and not pow.is_solution(token, str(n), 17)
    )
    form = {pow.CHALLENGE: token, pow.ANSWER: easy}
    for seconds in (0, pow.WAIT_SECONDS, 3 * pow.WAIT_SECONDS - 1):
        assert not pow.is_proved(form, client="192.0.2.1", now=NOW + timedelta(seconds=seconds))
    hard = next(str(n) for n in range(10_000_000) if pow.is_solution(token, str(n), 17))
    assert pow.is_proved(form | {pow.ANSWER: hard}, client="192.0.2.1", now=NOW)


def test_the_page_asks_for_as_much_as_was_tried(client: Client, scene: Scene, busy: Busy) -> None:
    asked = []
    for tries in (CALM, MOST - 1):
        busy(tries)
        page = post(client, scene)
        asked.append((int(page.content.decode().split('data-bits="')[1][:2]), page["Retry-After"]))
    assert asked == [(15, "20"), (15 + pow.HARDEST, "100")]


def blocked_by(scenes: list[Scene], *, until: int) -> int:
    """Hold until refused, from one address, with a browser for each press and every proof done;
    how many times are then kept from other families."""
    for number in range(until):
        scene, quarter = scenes[number // 11], number % 11
        browser = Client(REMOTE_ADDR="192.0.2.66")
        answer = browser.post(scene.hold_url, {"creneau": scene.choice(quarter)})
        if "pow_challenge" in answer.content.decode():
            waited = datetime.now(UTC) - timedelta(seconds=200)
            token = pow.new_challenge(client="192.0.2.66", now=waited)
            proof = {"creneau": scene.choice(quarter), "pow_challenge": token}
            browser.post(scene.hold_url, proof)
        held = Appointment.objects.filter(state="held", expires_at__gt=datetime.now(UTC))
        held.filter(is_extended=False).update(
            is_extended=True, expires_at=F("expires_at") + timedelta(minutes=15)
        )
    return held.count()


def test_one_address_never_keeps_more_times_than_its_limit_not_even_around_a_window() -> None:
    """Sixty presses at the end of a window, sixty at the beginning of the next: each hold lives."""
    doctors = [make_scene() for _ in range(14)]
    window = int(datetime.now(UTC).timestamp()) // SECONDS
    with time_machine.travel((window + 2) * SECONDS - 60, tick=False) as clock:
        before = blocked_by(doctors[:7], until=77)
        clock.shift(120)
        after = blocked_by(doctors[7:], until=77)
    assert 0 < before <= after <= MOST


def test_a_time_that_became_an_appointment_is_kept_from_nobody(scene: Scene, busy: Busy) -> None:
    """At the hour of release hundreds of families may share a mobile operator's address."""
    busy(CALM - 2)
    for quarter in range(4):
        browser, email = Client(), f"famille{quarter}@example.org"
        code = send_details(browser, hold(browser, scene, 2 * quarter), email=email)
        assert browser.post(code, {"code": code_sent(email)}).status_code == 302
    later = [post(Client(), scene, creneau=scene.choice(quarter)) for quarter in (8, 10, 0)]
    assert [answer.status_code for answer in later] == [302, 302, 429]


def test_a_time_moved_to_is_kept_from_nobody(scene: Scene, busy: Busy) -> None:
    mine = book(Client(), scene)
    busy(0)
    browser = Client()
    held = browser.post(link(mine, "move"), {"creneau": scene.choice(3)})["Location"]
    key = f"{limits.HOLDS.name}:127.0.0.1"
    assert throttle._tallies[key].own == 1
    browser.post(held)
    mine.refresh_from_db()
    assert throttle._tallies[key].own == 1  # both presses counted, one given back


def test_what_was_done_before_is_not_given_back_again(scene: Scene) -> None:
    request = RequestFactory().post("/")
    booked = book(Client(), scene)
    key = f"{limits.HOLDS.name}:127.0.0.1"
    before = throttle._tallies[key].own
    limits.came_to_good(request, booked, booked, now=booked.changed_at + timedelta(seconds=1))
    assert throttle._tallies[key].own == before
    limits.came_to_good(request, booked, booked, now=booked.changed_at)
    assert throttle._tallies[key].own == before - 1


def test_another_address_is_not_held_back(scene: Scene, busy: Busy) -> None:
    busy(MOST)
    answer = Client(REMOTE_ADDR="198.51.100.7").post(scene.hold_url, {"creneau": scene.choice(4)})
    assert answer.status_code == 302


def test_opening_pages_counts_nothing(client: Client, scene: Scene) -> None:
    for _ in range(3):
        assert client.get(scene.when_url).status_code == 200


def test_waiting_is_as_good_as_computing() -> None:
    token = pow.new_challenge(client="192.0.2.1", now=NOW)
    form = {pow.CHALLENGE: token, pow.ANSWER: ""}
    soon, later = NOW + timedelta(seconds=19), NOW + timedelta(seconds=20)
    assert not pow.is_proved(form, client="192.0.2.1", now=soon)
    assert pow.is_proved(form, client="192.0.2.1", now=later)
    assert not pow.is_proved(form, client="192.0.2.1", now=later)


def test_asking_too_early_does_not_start_the_wait_again() -> None:
    with time_machine.travel(NOW, tick=False):
        token = pow.new_challenge(client="192.0.2.1", now=NOW)
    request = RequestFactory().post("/", {pow.CHALLENGE: token, "creneau": "1-1"})
    page = pow.ask(request, client="192.0.2.1", now=NOW + timedelta(seconds=15))
    assert fields(page.content.decode())["pow_challenge"] == token
    assert page["Retry-After"] == "5"


@pytest.mark.parametrize(
    ("token", "client", "seconds"),
    [
        ("forged", "192.0.2.1", 30),
        ("", "192.0.2.1", 30),
        (None, "192.0.2.2", 30),
        (None, "192.0.2.1", 901),
    ],
)
def test_a_forged_foreign_or_old_challenge_proves_nothing(
    token: str | None, client: str, seconds: int
) -> None:
    issued = pow.new_challenge(client="192.0.2.1", now=NOW)
    form = {pow.CHALLENGE: issued if token is None else token, pow.ANSWER: solve(issued)}
    assert not pow.is_proved(form, client=client, now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("answer", ["", "-1", "1e3", "٣", "9" * 13])
def test_an_answer_that_is_no_number_is_no_solution(answer: str) -> None:
    assert not pow.is_solution("token", answer)


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_an_ipv6_subscriber_is_one_client(peer: str, counted: str) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=peer)
    assert limits.client_of(request) == counted


def asker(address: str) -> HttpRequest:
    return RequestFactory().post("/", REMOTE_ADDR=address)


def codes(address: str, count: int, email: str = "lea@example.org") -> list[bool]:
    """Whether each of so many codes may leave, all asked for from one address."""
    request = asker(address)
    return [limits.may_send_code(request, email, now=NOW) for _ in range(count)]


def test_who_asks_for_too_many_codes_is_refused_and_the_owner_is_not() -> None:
    allowed = limits.SENDS_PER_ASKER
    assert codes("192.0.2.66", 500) == [True] * allowed + [False] * (500 - allowed)
    assert codes("192.0.2.1", allowed) == [True] * allowed
    assert codes("192.0.2.66", 1, email="autre@example.org") == [True]


def test_a_mailbox_is_not_flooded_by_many_addresses_nor_shut_for_long() -> None:
    sent = [codes(f"198.51.100.{number}", 1)[0] for number in range(30)]
    assert sent.count(True) == limits.SENDS_PER_CONTACT
    later = NOW + timedelta(seconds=limits.SENDS_WINDOW)
    assert limits.may_send_code(asker("192.0.2.1"), "lea@example.org", now=later)


def test_capitals_do_not_make_another_contact_and_no_key_tells_it() -> None:
    codes("192.0.2.1", limits.SENDS_PER_ASKER)
    assert codes("192.0.2.1", 1, email="LEA@Example.org") == [False]
    assert not RateCounter.objects.filter(key__icontains="lea").exists()


@pytest.mark.parametrize(("left", "told"), [(60, 60), (59.2, 60), (0.4, 1), (0, 1), (-5, 1)])
def test_who_comes_back_when_told_is_not_a_moment_too_early(left: float, told: int) -> None:
    assert refusals.seconds_of(timedelta(seconds=left)) == told

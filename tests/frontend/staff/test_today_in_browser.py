"""The board in a browser: by mouse, by keyboard alone, without scripts, beside a colleague."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from booking import actions
from booking.models import Appointment
from centres.calendar import to_minute
from centres.models import Centre, User
from tests.accessibility import scrolls_sideways
from tests.booking.scene import AGENT
from tests.factories import (
    PARIS,
    make_appointment,
    make_centre,
    make_child,
    make_guardian,
    make_household,
    make_shift,
    make_site,
    make_type,
)
from tests.following import follow
from tests.frontend.bundles import serve_bundles
from tests.frontend.staff.people import come_in, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
IN_FIVE_SECONDS = 5000
# What has the focus, and where on the screen.
WHERE = """() => {
  const {activeElement: each} = document;
  return [each.value, Math.round(each.getBoundingClientRect().y)];
}"""
Open = Callable[..., Page]


def _static_files(context: BrowserContext) -> None:
    serve_bundles(context)
    assert finders.find("frontend/staff/board.js")


@pytest.fixture
def browse(browser: Browser, live_server: LiveServer) -> Iterator[Open]:
    """The board of a person who is logged in."""
    contexts = []

    def start(email: str = "claire@example.org", **options: bool) -> Page:
        context = browser.new_context(
            viewport={"width": 1280, "height": 500},
            locale="fr-FR",
            reduced_motion="reduce",
            base_url=live_server.url,
            **options,
        )
        contexts.append(context)
        _static_files(context)
        page = context.new_page()
        come_in(context, User.objects.get(email=email), live_server.url)
        page.goto("/equipe/aujourdhui/")
        page.wait_for_selector("#board")
        return page

    yield start
    for context in contexts:
        context.close()


def today(hour: int = 0) -> datetime:
    return datetime.combine(timezone.now().astimezone(PARIS), time(hour), PARIS)


@pytest.fixture
def centre() -> Centre:
    """A day with one of each row, and two agents."""
    centre = make_centre(name="CDAS de Redon")
    site = make_site(centre)
    for email in ("claire@example.org", "jean@example.org"):
        make_user(email, "reception", centre)
    noon = to_minute(today(12))
    shift = make_shift(starts_at=today(), hours=13, site=site, closed=[noon, noon + 60])
    turkish = make_household(language="tr", needs_interpreter=True, contact_by="none")
    states = ("booked", "booked", "arrived", "in_progress", "fulfilled", "noshow", "held")
    for number, state in enumerate(states):
        guardian = make_guardian(turkish)
        make_child(guardian, first_name=f"Enfant{number}")
        make_appointment(
            shift,
            guardian=guardian,
            state=state,
            starts_at=today() + timedelta(minutes=30 * number),
            expires_at=timezone.now() + timedelta(minutes=9) if state == "held" else None,
        )
    group = make_type(mode="group", capacity=8)
    make_shift(starts_at=today(), types=[group], seats=8, site=make_site(centre))
    make_shift(starts_at=today(), types=[make_type(booking="walk_in")], site=site)
    return centre


def visit(number: int) -> Appointment:
    return Appointment.objects.get(child__first_name=f"Enfant{number}")


def row(number: int) -> str:
    return f"#v{visit(number).pk}"


def state(number: int) -> str:
    return str(visit(number).state)


def test_columns_that_do_not_fit_scroll_by_themselves(browse: Open, centre: Centre) -> None:
    make_user("marie@example.org", "manager", centre)  # whose columns also lead to an absence
    page = browse("marie@example.org")
    page.set_viewport_size({"width": 768, "height": 740})
    columns = "document.querySelector('.board__columns')"
    assert page.evaluate(f"{columns}.scrollWidth > {columns}.clientWidth")
    assert not scrolls_sideways(page)


def test_a_press_shows_at_once_without_a_reload(browse: Open, centre: Centre) -> None:
    page = browse()
    page.evaluate("window.stays = true")
    page.click(f"{row(0)} >> text=Arrivé")
    expect(page.locator(row(0))).to_contain_text("attend depuis")
    page.click(f"{row(0)} >> text=Commencé")
    expect(page.locator(row(0))).to_contain_text("En cours")
    page.click(f"{row(0)} >> text=Défaire")
    expect(page.locator(row(0))).to_contain_text("Arrivé")
    assert state(0) == "arrived"
    assert page.evaluate("window.stays")


def test_without_scripts_each_press_comes_back_to_its_row(browse: Open, centre: Centre) -> None:
    page = browse(java_script_enabled=False)
    assert page.locator("[data-board-help]").is_hidden()
    follow(page, f"{row(0)} >> text=Arrivé")
    assert page.url.endswith(row(0))
    assert state(0) == "arrived"
    follow(page, "text=Actualiser")
    assert "Arrivé" in page.inner_text(row(0))


def test_by_keyboard_alone_a_family_goes_from_door_to_end(browse: Open, centre: Centre) -> None:
    page = browse()
    place = page.locator(row(1))
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('li[id]')?.id") == row(1)[1:]:
            break
    for key, said in (("a", "Arrivé"), ("c", "En cours"), ("f", "Venu"), ("u", "En cours")):
        page.keyboard.press(key)
        expect(place.locator("em")).to_contain_text(said)
        assert page.evaluate("document.activeElement.closest('li[id]').id") == row(1)[1:]
    assert state(1) == "in_progress"


def test_a_key_outside_a_row_or_of_no_button_of_it_does_nothing(
    browse: Open, centre: Centre
) -> None:
    page = browse()
    page.locator("#board-columns").focus()
    page.keyboard.press("a")
    page.locator(f"{row(3)} button").first.focus()
    for key in ("n", "a", "Control+f"):
        page.keyboard.press(key)
    page.keyboard.press("f")
    # Presses go in their order: the ones before it would have shown by now.
    expect(page.locator(f"{row(3)} em")).to_contain_text("Venu")
    assert [state(number) for number in range(4)] == ["booked", "booked", "arrived", "fulfilled"]


def test_a_colleague_s_press_comes_by_itself_and_moves_nothing(
    browse: Open, centre: Centre
) -> None:
    page = browse()
    page.locator(f"{row(3)} button").first.focus()
    before = page.evaluate(WHERE)
    actions.arrive(uid=visit(0).uid, now=timezone.now(), actor=AGENT)
    expect(page.locator(row(0))).to_contain_text("attend", timeout=IN_FIVE_SECONDS)
    assert page.evaluate(WHERE) == before


def test_a_change_that_comes_in_the_middle_of_a_press_does_not_swallow_it(
    browse: Open, centre: Centre
) -> None:
    page = browse()
    page.hover(f"{row(1)} >> text=Arrivé")
    page.mouse.down()
    actions.arrive(uid=visit(0).uid, now=timezone.now(), actor=AGENT)
    with page.expect_response(lambda answer: answer.url == page.url):
        pass
    assert "attend" not in page.inner_text(row(0))
    page.mouse.up()
    for number in (0, 1):
        expect(page.locator(row(number))).to_contain_text("attend")


def test_two_agents_press_the_same_and_the_second_is_told(browse: Open, centre: Centre) -> None:
    page = browse()
    page.route("**/equipe/veille/**", lambda route: route.abort())
    actions.arrive(uid=visit(0).uid, now=timezone.now(), actor=AGENT)
    page.click(f"{row(0)} >> text=Non venu")
    expect(page.locator("[data-board-refused]")).to_contain_text("a changé entre-temps")
    expect(page.locator(row(0))).to_contain_text("attend depuis")
    assert state(0) == "arrived"


def test_without_a_network_the_page_says_that_it_is_old(browse: Open, centre: Centre) -> None:
    page = browse()
    page.route("**/equipe/veille/**", lambda route: route.abort())
    expect(page.locator("[data-board-offline]")).to_be_visible(timeout=IN_FIVE_SECONDS)
    page.unroute("**/equipe/veille/**")
    page.route(page.url, lambda route: route.fulfill(status=502, body="restarting"))
    actions.arrive(uid=visit(0).uid, now=timezone.now(), actor=AGENT)
    expect(page.locator("[data-board-offline]")).to_be_visible(timeout=IN_FIVE_SECONDS)
    page.unroute(page.url)
    expect(page.locator("[data-board-offline]")).to_be_hidden(timeout=IN_FIVE_SECONDS)


def test_a_session_that_is_over_leads_to_the_log_in(browse: Open, centre: Centre) -> None:
    page = browse()
    page.context.clear_cookies(name="sessionid")
    page.click(f"{row(0)} >> text=Arrivé")
    page.wait_for_selector("[name=password]")
    assert state(0) == "booked"


def test_nobody_is_asked_while_the_page_is_hidden(browse: Open, centre: Centre) -> None:
    page = browse()
    page.clock.install()
    page.reload()
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url) if "/equipe/" in each.url else None)
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.clock.run_for(30_000)
    assert asked == []
    with page.expect_request("**/veille/**"):
        page.evaluate("delete document.hidden")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

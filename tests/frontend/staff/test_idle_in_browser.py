"""Left alone, in a browser whose clock runs ahead: what is pressed keeps the session, here and in
another tab; a warning loses nothing; a session that is over shows plainly and leads back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from centres.models import User
from frontend import idle
from tests.factories import (
    PARIS,
    make_appointment,
    make_centre,
    make_guardian,
    make_shift,
    make_site,
)
from tests.frontend.bundles import serve_bundles
from tests.frontend.staff.people import come_in, make_user, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CLAIRE = "claire@example.org"
WARNING = "[data-idle]"
Open = Callable[[str], Page]


def tomorrow() -> date:
    return timezone.now().astimezone(PARIS).date() + timedelta(days=1)


@pytest.fixture
def board() -> str:
    """Today's, with one visit that is expected."""
    centre = make_centre(name="CDAS de Redon")
    make_user(CLAIRE, "reception", centre)
    since = datetime.combine(timezone.now().astimezone(PARIS), time(), PARIS)
    shift = make_shift(starts_at=since, hours=13, site=make_site(centre))
    make_appointment(shift, guardian=make_guardian())
    return f"/equipe/aujourdhui/{centre.slug}/"


@pytest.fixture
def open_at(browser: Browser, live_server: LiveServer, board: str) -> Iterator[Open]:
    """Claire's pages, tabs of one browser, with a clock that is the test's."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, locale="fr-FR", base_url=live_server.url
    )
    serve_bundles(context)
    come_in(context, User.objects.get(email=CLAIRE), live_server.url)
    context.clock.install()

    def start(path: str) -> Page:
        page = context.new_page()
        page.goto(path)
        return page

    yield start
    context.close()


def alone(page: Page, minutes: float, *, shown: float | None = None) -> None:
    """Time passes: for the server, and as much or less for the clock of the browser."""
    session = Session.objects.get()
    kept = session.get_decoded()
    kept[idle.SEEN] -= int(minutes * 60)
    session.session_data = Session.objects.encode(kept)
    session.save()
    page.clock.fast_forward(int((minutes if shown is None else shown) * 60_000))


def test_a_board_that_is_pressed_on_stays_and_one_that_is_only_looked_at_warns(
    open_at: Open, board: str
) -> None:
    page = open_at(board)
    row, warning = page.locator("#board li[id]"), page.locator(WARNING)
    for label, said in (("Arrivé", "attend depuis"), ("Défaire", "Non venu")):
        alone(page, 20)
        row.locator(f"button:has-text('{label}')").click()
        expect(row).to_contain_text(said)
        expect(warning).to_be_hidden()
    alone(page, 28.2)
    expect(warning).to_contain_text("dans deux minutes")
    assert page.url.endswith(board), "and is still shown"


def test_a_warning_takes_nothing_and_another_tab_counts(open_at: Open, board: str) -> None:
    page = open_at(board.replace("aujourdhui", "rappels") + "ajouter/")
    page.fill("#id_first_name", "Awa")
    other = open_at("/equipe/familles/")
    warning = page.locator(WARNING)
    alone(page, 28.2)
    expect(warning).to_be_visible()
    other.reload()
    expect(warning).to_be_hidden()
    alone(page, 28.2)
    page.click("text=Rester connecté >> visible=true")
    expect(warning).to_be_hidden()
    expect(other.locator(WARNING)).to_be_hidden()
    assert page.input_value("#id_first_name") == "Awa"


@pytest.mark.parametrize("path", ["aujourdhui", "calendrier"])
def test_a_page_that_shows_itself_anew_after_the_end_leads_to_the_log_in_and_back(
    open_at: Open, board: str, path: str
) -> None:
    here = board.replace("aujourdhui", path)
    here += f"?{'jour' if path == 'aujourdhui' else 'le'}={tomorrow()}"
    page = open_at(here)
    if path == "calendrier":
        page.wait_for_selector(".ec-main")
    alone(page, 31, shown=1.2)
    page.wait_for_url("**/equipe/connexion/**")
    assert parse_qs(urlsplit(page.url).query)["next"] == [here]
    sign_in(page, CLAIRE)
    assert page.url.endswith(here)

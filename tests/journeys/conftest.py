"""One server and one browser for all journeys; data of its own for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page
from pytest_django import DjangoDbBlocker, Settings
from pytest_django.live_server_helper import LiveServer

from centres.models import Centre, User
from tests.frontend.bundles import serve_bundles
from tests.frontend.funnel import Scene, make_scene
from tests.frontend.staff.people import come_in
from tests.journeys.department import open_department
from tests.journeys.morning import Morning, Open, open_morning, zone_of_a_morning
from tests.journeys.visitor import Arrive, Visitor
from tests.journeys.website import Website, website


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The two longest begin at once, each in a process of its own, and the next longest follow:
    begun last they would keep all waiting. Every process is first given two tests, so another one
    stands between the two."""
    longest = [item for item in items if item.name.startswith("test_every_page_is_accessible")]
    if len(longest) > 1:
        first, second, *_ = longest
        others = [item for item in items if item not in (first, second)]
        others[1:] = sorted(others[1:], key=lambda item: "a_whole_morning" not in item.name)
        items[:] = [first, *others[:1], second, *others[1:]]


@pytest.fixture(scope="session")
def site(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Website]:
    """The real server; every test process has its own port and database. It believes what its
    visitors say of their addresses, so that none pays for what another did."""
    with website(TRUSTED_PROXIES="127.0.0.1/32") as running:
        yield running


@pytest.fixture
def arrive(browser: Browser, site: Website, transactional_db: None) -> Iterator[Arrive]:
    """Lets a new visitor arrive; in the end none may have noted a fault."""
    visitors: list[Visitor] = []

    def new(**options: object) -> Visitor:
        visitors.append(Visitor(browser, site.url, **options))
        return visitors[-1]

    yield new
    for visitor in visitors:
        visitor.close()
    assert [fault for visitor in visitors for fault in visitor.faults] == []


@pytest.fixture
def visitor(arrive: Arrive) -> Visitor:
    return arrive()


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    """One open centre with one free morning."""
    return make_scene()


@pytest.fixture
def redon(transactional_db: None) -> Centre:
    """A whole Département, with Redon at work."""
    return open_department()


@pytest.fixture
def morning(settings: Settings) -> Morning:
    """It is ten something wherever this runs: the clocks of the installation and of its centre are
    those of a zone where it is."""
    settings.TIME_ZONE = zone_of_a_morning(timezone.now())
    return open_morning(settings.TIME_ZONE)


@pytest.fixture
def browse(browser: Browser, live_server: LiveServer, morning: Morning) -> Iterator[Open]:
    """Lets somebody of the staff arrive, logged in; nothing may fail in their pages."""
    contexts, faults = [], []

    def start(email: str, **options: bool) -> Page:
        context = browser.new_context(
            viewport={"width": 1280, "height": 800},
            locale="fr-FR",
            reduced_motion="reduce",
            base_url=live_server.url,
            **options,
        )
        contexts.append(context)
        serve_bundles(context)
        come_in(context, User.objects.get(email=email), live_server.url)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.goto("/equipe/aujourdhui/")
        return page

    yield start
    for context in contexts:
        context.close()
    assert faults == []

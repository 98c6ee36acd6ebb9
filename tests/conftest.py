"""Fixtures for every house."""

import gc
import os
from collections.abc import Iterator

import pytest
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, sync_playwright

from booking import offers, policy, throttle
from notifications import heartbeats, routing, wordings
from tests.emptying import empty_cheaply
from tests.parts import MARKERS, files

# A busy machine is no reason to fail: no example has a deadline of its own.
hypothesis_settings.register_profile(
    "emgav", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("emgav")

TransactionTestCase._fixture_teardown = empty_cheaply


# What takes longest begins first: begun last it would keep all waiting.
LONGEST = ("test_message_storm", "test_web_worker_killed", "test_serve", "test_bench")


def pytest_collection_finish() -> None:
    """Modules, templates and 4,000 tests stay to the end: the collector of garbage need not look
    at them again and again, which took an eighth of the time. And memory is not what is scarce."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Of a part with a marker only files that name it are read: a test elsewhere would be lost."""
    for marker in MARKERS:
        if item.get_closest_marker(marker) and item.path not in files(marker):
            raise pytest.UsageError(f"{item.nodeid} is marked, its file does not say mark.{marker}")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of faults begin with the longest files, otherwise in the (random) order they have."""
    items.sort(
        key=lambda item: (
            LONGEST.index(item.path.stem)
            if item.path.stem in LONGEST and item.get_closest_marker("faults")
            else len(LONGEST)
        )
    )


@pytest.fixture(autouse=True)
def each_test_begins_anew() -> Iterator[None]:
    """Not only the database counts and knows: a process keeps a little to itself. And a page leaves
    its visitor's language to its thread; the next request would choose anew."""
    for kept in (throttle, policy, offers, routing, heartbeats, wordings):
        kept.forget()
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium: the one bin/test found (CHROMIUM), else Playwright's own."""
    # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or None, args=flags
        )
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]

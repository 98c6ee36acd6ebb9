"""Every page of the console in every state of the table, in a browser: no violation that axe finds,
valid HTML, no sideways scroll at 320 pixels, nothing that a script or the policy complains of."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.accessibility import OF_COLOUR, axe_violations, scrolls_sideways
from tests.frontend.console.showing import Console, Window
from tests.frontend.console.states import PAGES, State, states
from tests.html_checker import html_errors

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
# Each is begun by a process of its own.
PARTS = 3
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 320, "height": 740}
# Drawn by a script, where there is room for it.
GRID = ".ec-event"


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_of_the_console_is_accessible_valid_and_fits(
    browser: Browser, part: int
) -> None:
    console, faults, html = Console(), [], {}
    with Window(browser) as window:
        for name, state in list(states())[part::PARTS]:
            where = f"{name} {state.name}".strip()
            with console.shown(name, state) as (client, answer):
                html[where] = answer.content.decode()
                page = window.show(client, answer)
                found = _faults(page, name, state)
                faults += [f"{where}: {fault}" for fault in (*found, *window.faults)]
    faults += html_errors(html)
    assert not faults, "\n".join(faults)


def _faults(page: Page, name: str, state: State) -> list[str]:
    """All rules on a wide screen by day; by night, once for each page, those of colours."""
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    if name == "calendar" and state.name != "list":
        page.wait_for_selector(GRID)
    found = [f"by day {line}" for line in axe_violations(page)]
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    if scrolls_sideways(page):
        found.append("scrolls sideways")
    if state is PAGES[name][-1]:
        page.emulate_media(color_scheme="dark")
        found += [f"by night {line}" for line in axe_violations(page, rules=OF_COLOUR)]
        page.emulate_media(color_scheme="light")
    return found

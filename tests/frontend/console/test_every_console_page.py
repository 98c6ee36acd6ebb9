"""Every page of the console in every state of the table: light, and in a browser without a fault.

The table is held against the URL configuration, the templates and the forms: what is new and has no
line fails here.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.architecture.access.test_url_access import addresses
from tests.frontend.console.showing import Console, weight
from tests.frontend.console.states import NO_PAGE, PAGES, State, states

pytestmark = pytest.mark.django_db
ROUTES = {pattern.name: route for route, pattern in addresses()}
# The way in is also a family's kind of page: whoever opens the link of an invitation has a phone.
CONSOLE = {name for name, route in ROUTES.items() if route.startswith("equipe/")}
CONSOLE.add("choose-password")
HEAVIEST, CALENDAR_S = 80_000, 250_000
TEMPLATES = Path(settings.BASE_DIR) / "frontend" / "templates"
# Shown to whom tries too often (tests/frontend/test_login.py).
ELSEWHERE = {"pages/signin/too_many.html"}
ERROR = re.compile(r'class="[^"]*(?:error-summary|field--error|notice--error)')
# What is typed there goes to addresses that lead back with a word above the page.
NEVER_REFUSED = {"callbacks", "family", "my-calendar", "security", "timeline"}


def test_every_address_of_the_console_has_its_states() -> None:
    assert set(PAGES) | NO_PAGE == CONSOLE
    assert not set(PAGES) & NO_PAGE


class Typing(HTMLParser):
    """Whether there is a form to be sent in which something is typed, chosen or ticked."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found = self._is_in_main = self._is_in_form = False
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "main":
            self._is_in_main = True
        elif tag == "form":
            self._is_in_form = self._is_in_main and given.get("method") == "post"
        elif tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            self.found = self.found or self._is_in_form

    def handle_endtag(self, tag: str) -> None:
        if tag in ("main", "form"):
            self._is_in_form = False
        if tag == "main":
            self._is_in_main = False


@pytest.fixture(scope="module")
def looked_at(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Looked:
    """All of the table, once for the tests of this file."""
    with django_db_blocker.unblock(), transaction.atomic():
        found = _look()
        transaction.set_rollback(True)
    return found


class Looked(NamedTuple):
    """What came of a walk: what was not answered as the table says, how heavy each page is, which
    templates and which forms were seen, and which were seen refused."""

    faults: list[str]
    weights: dict[str, int]
    templates: set[str]
    forms: set[str]
    refused: set[str]


def _look() -> Looked:
    console, found = Console(), Looked([], {}, set(), set(), set())
    for name, state in states():
        where = f"{name} {state.name}".strip()
        with console.shown(name, state) as (_client, answer):
            if answer.status_code != state.status:
                found.faults.append(f"{where}: answered {answer.status_code}")
                continue
            html = answer.content.decode()
            found.weights[where] = weight(html)
            found.templates.update(each.name for each in answer.templates if each.name)
            if Typing(html).found:
                found.forms.add(name)
            if state.status >= 400 or ERROR.search(html):
                found.refused.add(name)
    return found


def test_every_page_is_answered_as_the_table_says(looked_at: Looked) -> None:
    assert not looked_at.faults, "\n".join(looked_at.faults)


def test_every_page_is_light(looked_at: Looked) -> None:
    heavy = {
        where: weighs
        for where, weighs in looked_at.weights.items()
        if weighs > (CALENDAR_S if where.startswith("calendar ") else HEAVIEST)
    }
    assert heavy == {}


def test_every_template_of_the_console_is_looked_at(looked_at: Looked) -> None:
    there_are = {
        path.relative_to(TEMPLATES).as_posix()
        for folder in ("staff", "signin")
        for path in (TEMPLATES / "pages" / folder).glob("*.html")
    }
    assert there_are - looked_at.templates == ELSEWHERE


def test_every_form_is_looked_at_refused(looked_at: Looked) -> None:
    assert looked_at.forms - looked_at.refused == NEVER_REFUSED


def test_what_has_no_page_shows_none() -> None:
    console = Console()
    for name in sorted(NO_PAGE):
        with console.shown(name, State(by="practitioner")) as (_client, answer):
            is_page = answer.status_code == 200 and answer["Content-Type"].startswith("text/html")
            assert not is_page, name

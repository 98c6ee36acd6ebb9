"""A state of the console's table as its page answers it, by the plain client, then in a browser.

The browser gets exactly that answer, policy and all, without a server between: half a second less
for each of a hundred pages. What the page then asks for by itself is answered the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib.staticfiles import finders
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, Route

from frontend.bundles import BUNDLES
from tests.architecture.access.table import ROLES, TABLE
from tests.architecture.access.world import Place, World, make_world
from tests.frontend.console.states import State

SITE = "http://localhost"
STATIC = re.compile(r'(?:href|src)="/static/([^"]+)"')
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
MADE_AT_FIRST_USE = [
    name for name, kind in vars(Place).items() if isinstance(kind, cached_property)
]


@cache
def static(path: str) -> bytes:
    if path in BUNDLES:
        return BUNDLES[path]().encode()
    found = finders.find(path)
    assert isinstance(found, str), path
    return Path(found).read_bytes()


class Console:
    """The world of the matrix, shown state by state; each begins as if it were the first."""

    def __init__(self) -> None:
        self.world: World = make_world()
        self.place: Place = self.world.places["own"]
        for name in MADE_AT_FIRST_USE:
            getattr(self.place, name)

    @contextmanager
    def shown(self, name: str, state: State) -> Iterator[tuple[Client, Any]]:
        """Who looks, and what they are answered. In the end nothing has happened."""
        with transaction.atomic():
            client = self.world.client_of(state.by) if state.by in ROLES else Client()
            if state.before:
                state.before(self.place, client)
            values = (state.values or TABLE[name].values)(self.place)
            path = reverse(name, kwargs=values)
            query = urlencode(state.asked(self.place))
            if state.sent:
                sent = state.sent(self.place, client, path)
                answer = client.post(f"{path}?{query}" if query else path, sent)
            else:
                answer = client.get(f"{path}?{query}" if query else path)
            yield client, answer
            transaction.set_rollback(True)


def weight(html: str) -> int:
    """Of a page and all that its head and foot name, unpacked."""
    files = set(STATIC.findall(html))
    return len(html.encode()) + sum(len(static(path)) for path in files)


class Window:
    """One page of a browser, to which answers are handed. Left behind it would go on asking."""

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.context.close()

    def __init__(self, browser: Browser) -> None:
        self.context = browser.new_context(locale="fr-FR", reduced_motion="reduce", base_url=SITE)
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda said: self._hear(said.type, said.text))
        self.context.route("**/*", self._answer)

    def show(self, client: Client, answer: Any) -> Page:
        """The answer where it was asked for, as if the server had just sent it."""
        self.client, self.answer = client, answer
        # The browser calls back in a context of its own, which would have its own connection.
        self.here = copy_context()
        self.faults.clear()
        self.page.goto(answer.wsgi_request.get_full_path())
        return self.page

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and "status of" not in text:
            self.faults.append(text)

    def _get(self, where: str, headers: dict[str, str]) -> Any:
        return self.client.get(where, headers=headers)

    def _answer(self, route: Route) -> None:
        request, parts = route.request, urlsplit(route.request.url)
        if parts.path.startswith("/static/"):
            path = parts.path.removeprefix("/static/")
            kind = KINDS.get(Path(path).suffix, "application/octet-stream")
            return route.fulfill(body=static(path), content_type=kind)
        if request.is_navigation_request():
            return _hand_over(route, self.answer)
        ours = ("x-board", "x-calendar", "if-none-match")
        headers = {name: value for name, value in request.headers.items() if name in ours}
        where = parts._replace(scheme="", netloc="").geturl()
        return _hand_over(route, self.here.run(self._get, where, headers))


def _hand_over(route: Route, answer: HttpResponse) -> None:
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
    route.fulfill(status=answer.status_code, headers=headers, body=answer.content)

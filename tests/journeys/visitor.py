"""A parent's browser, which notes all that a strict observer would hold against the site."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, Response

from bench.client import Client
from bench.family import addresses

SUBMIT = ".form__actions button"
COOKIES = {"csrftoken", "django_language", "hold", "contact", "draft"}
REPORT_CSP = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP ${event.violatedDirective}: ${event.blockedURI}`));
"""
# Chromium says this of any page that is answered by an error, such as a form to correct.
ANSWERED_BY_AN_ERROR = "Failed to load resource: the server responded with a status of 4"
BORN_ON = datetime.now(UTC).date() - timedelta(days=262)
LEA = {
    "child_first_name": "Malo",
    "child_born_on_0": str(BORN_ON.day),
    "child_born_on_1": str(BORN_ON.month),
    "child_born_on_2": str(BORN_ON.year),
    "first_name": "Léa",
    "last_name": "Le Goff",
    "email": "lea@example.org",
    "phone": "06 39 98 12 34",
}


# The web processes remember for a while how often each address came.
_addresses = addresses()


class Visitor:
    """One browser with its cookies, and the page it looks at. `faults` must stay empty."""

    def __init__(self, browser: Browser, site: str, **options: Any) -> None:
        phone = {"viewport": {"width": 360, "height": 740}, "locale": "fr-FR"}
        self.address = next(_addresses)
        own = {"extra_http_headers": {"X-Forwarded-For": self.address}, "reduced_motion": "reduce"}
        self.context = browser.new_context(**phone | own | options)
        self.context.set_default_timeout(10_000)
        self.site = site
        self.faults: list[str] = []
        self.answers: list[Response] = []
        self.context.add_init_script(REPORT_CSP)
        self.page = self.new_page()

    def new_page(self) -> Page:
        """Another tab of the same browser."""
        page = self.context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("request", self._asked)
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        return page

    def close(self) -> None:
        self.check_cookies()
        self.context.close()

    def open(self, path: str) -> None:
        self.page.goto(self.site + path)

    def press(self, selector: str) -> None:
        """Press a button or a link that leads to another page."""
        with self.page.expect_navigation():
            self.page.click(selector)

    def go_back(self) -> None:
        """The back button. To a page that answered a form a browser without scripts asks whether to
        send the form again; this visitor does."""
        try:
            self.page.go_back()
        except Error as error:
            if "ERR_CACHE_MISS" not in error.message:
                raise
            self.page.wait_for_url("chrome-error://**")  # the browser's own page, with its question
            self.page.reload()

    def crowd(self, path: str, times: int) -> None:
        """Others behind the same address send so many forms, in vain."""
        port = int(self.site.rpartition(":")[2])
        for _ in range(times):
            with Client(port, address=self.address) as neighbour:
                assert neighbour.post(path, {}).status >= 400

    def fill_in(self, **values: str) -> None:
        for name, value in values.items():
            self.page.fill(f"#id_{name}", value)

    def typed(self) -> dict[str, str]:
        """What the fields of the page hold."""
        fields: dict[str, str] = self.page.evaluate(
            "Object.fromEntries([...document.querySelectorAll('main input[id^=id_]')]"
            ".filter(input => input.type != 'checkbox')"
            ".map(input => [input.id.slice(3), input.value]))"
        )
        return fields

    def text(self, selector: str = "main") -> str:
        """What a person reads there, plain spaces between words."""
        return " ".join(self.page.inner_text(selector).split())

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.site)

    @property
    def title(self) -> str:
        return self.text("h1")

    @property
    def status(self) -> int:
        return self.document.status

    @property
    def document(self) -> Response:
        """The answer that is the page now shown."""
        return next(a for a in reversed(self.answers) if a.request.is_navigation_request())

    @contextmanager
    def another_tab(self) -> Iterator[Page]:
        """For a while this visitor looks at a second tab."""
        first, self.page = self.page, self.new_page()
        try:
            yield first
        finally:
            self.page.close()
            self.page = first

    def check_cookies(self) -> None:
        for cookie in self.context.cookies():
            name = cookie.get("name")
            is_closed = cookie.get("httpOnly") and cookie.get("sameSite") in ("Lax", "Strict")
            if name not in COOKIES or not is_closed:
                self.faults.append(f"cookie {name}: {cookie}")

    def refuse_third_parties(self) -> None:
        """Let nothing out to other hosts. Requests are held up by this, and nothing is cached."""
        elsewhere = re.compile(rf"^(?!{re.escape(self.site)}/)")
        self.context.route(elsewhere, lambda route: route.abort())

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.site}/", "data:")):
            self.faults.append(f"asks a third party: {request.url}")

    def _console(self, message: ConsoleMessage) -> None:
        is_form = message.text.startswith(ANSWERED_BY_AN_ERROR)
        if message.type in ("error", "warning") and not is_form:
            self.faults.append(f"{message.page and message.page.url}: {message.text}")

    def _failed(self, request: Request) -> None:
        """A page left while it loads, or a form the browser asks about, is no fault."""
        if request.failure not in ("net::ERR_ABORTED", "net::ERR_CACHE_MISS"):
            self.faults.append(f"never came: {request.url} ({request.failure})")

    def _answered(self, response: Response) -> None:
        self.answers.append(response)
        if response.status >= 400 and not response.request.is_navigation_request():
            self.faults.append(f"{response.status}: {response.url}")


Arrive = Callable[..., Visitor]

"""Looking at a page as a strict inspector does, at every width, in both colour schemes."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.accessibility import AXE, axe_violations, scrolls_sideways
from tests.html_checker import html_errors
from tests.journeys.visitor import Visitor

NARROW, HEIGHT = 320, 740
# Each language is held to all rules in one view and to those of colour in another, so that together
# all four views of width and scheme are looked at, and both widths and both schemes by all rules.
VIEWS = {
    "fr": ((360, "light"), (1280, "light")),
    "en": ((1280, "dark"), (360, "dark")),
}
OF_COLOUR = ("color-contrast",)


class Inspection:
    """Goes through pages with a visitor; `faults` grows, and the HTML waits for its check."""

    def __init__(self, visitor: Visitor, language: str) -> None:
        self.visitor, self.language = visitor, language
        visitor.context.add_init_script(path=AXE)
        self._dressed: tuple[Page, str] | None = None
        self.html: dict[str, str] = {}
        self.faults: list[str] = []

    def open(self, name: str, path: str, *, status: int = 200) -> None:
        self.visitor.open(path)
        self.look(name, status=status)

    def press(self, name: str, selector: str, *, status: int = 200) -> None:
        self.visitor.press(selector)
        self.look(name, status=status)

    def look(self, name: str, *, status: int = 200) -> None:
        """The page as it is now: its answer, language, rules of access, and room at 320 pixels."""
        page, document = self.visitor.page, self.visitor.document
        if document.status != status:
            self.faults.append(f"{name}: answered {document.status}, not {status}")
        if page.get_attribute("html", "lang") != self.language:
            self.faults.append(f"{name}: not in {self.language}")
        self.html[name] = document.text()
        all_rules, colour = VIEWS[self.language]
        self._view(name, *all_rules, rules=())
        self._view(name, *colour, rules=OF_COLOUR)
        page.set_viewport_size({"width": NARROW, "height": HEIGHT})
        if scrolls_sideways(page):
            self.faults.append(f"{name}: scrolls sideways at {NARROW} px")
        page.set_viewport_size({"width": all_rules[0], "height": HEIGHT})

    def _view(self, name: str, width: int, scheme: str, *, rules: tuple[str, ...]) -> None:
        page = self.visitor.page
        if self._dressed != (page, scheme):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            self._dressed = (page, scheme)
        page.set_viewport_size({"width": width, "height": HEIGHT})
        self.faults += [
            f"{name}, {width} {scheme}: {line}" for line in axe_violations(page, rules=rules)
        ]

    def verdict(self) -> list[str]:
        """All that was found, with what the W3C's checker says of the HTML."""
        return self.faults + html_errors(self.html)

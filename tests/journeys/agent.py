"""An agent at the desk, by mouse or by keyboard alone: the same words for both, presses counted."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.journeys.hand import Hand

FARTHEST = 150
SEARCH = "#id_q"
# What has the focus can be seen, and is seen to have it. The last stop in a date is the browser's
# own button for its calendar: it has a ring of its own, and the field has none meanwhile.
IS_SEEN = """() => {
  const {activeElement: each} = document;
  const box = each.getBoundingClientRect();
  return each !== document.body && (each.type === "date" || each.matches(":focus-visible"))
    && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
}"""
HAS_FOCUS = "each => each === document.activeElement"
HOLDS_FOCUS = "each => each.contains(document.activeElement)"


class Mouse(Hand):
    """Points at what it presses; types where it has pressed."""

    def note(self, row: str, label: str, _key: str) -> None:
        """What has come of a visit of the board."""
        self.press(f"{row} button >> text={label}")

    def seek(self, text: str) -> None:
        """From any page to what is found for this."""
        self.press("nav >> text=Familles")
        expect(self.page.locator(SEARCH)).to_be_focused()
        self.type(text)
        self.key("Enter")
        self.page.wait_for_url("**q=**")

    def open_first(self) -> None:
        """The first of what was found, or a new family when nobody was."""
        self.press("[data-pick] >> nth=0")

    def write(self, selector: str, text: str) -> None:
        self.press(selector)
        self.type(text)


class Keyboard(Mouse):
    """No event of a mouse at all. `lost` says where the focus was not to be seen."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.lost: list[str] = []

    def reach(self, target: Locator, test: str = HAS_FOCUS) -> None:
        """Tab until the focus is there, and look at each stop."""
        for _ in range(FARTHEST):
            if target.evaluate(test):
                return
            self.key("Tab")
            self._look()
        raise AssertionError(f"{target} is not reached on {self.page.url}")

    def _look(self) -> None:
        if not self.page.evaluate(IS_SEEN):
            stop = self.page.evaluate("document.activeElement.outerHTML.slice(0, 80)")
            self.lost.append(f"{self.page.url}: {stop}")

    def press(self, selector: str) -> None:
        self.reach(self.page.locator(selector).first)
        self.key("Enter")

    def note(self, row: str, label: str, key: str) -> None:
        del label
        self.reach(self.page.locator(row), HOLDS_FOCUS)
        self.key(key)

    def is_at(self, row: str) -> bool:
        return bool(self.page.locator(row).evaluate(HOLDS_FOCUS))

    def choose(self, selector: str, label: str) -> None:
        """The letters that a list goes to by itself."""
        self.reach(self.page.locator(selector))
        self.type(label[:3])
        expect(self.page.locator(f"{selector} option:checked")).to_have_text(label)

    def seek(self, text: str) -> None:
        self.key("/")
        expect(self.page.locator(SEARCH)).to_be_focused()
        self.type(text)
        self.key("Enter")
        self.page.wait_for_url("**q=**")

    def open_first(self) -> None:
        expect(self.page.locator(SEARCH)).to_be_focused()
        self.key("ArrowDown")
        self._look()
        self.key("Enter")

    def write(self, selector: str, text: str) -> None:
        self.reach(self.page.locator(selector))
        self.type(text)

"""An agent at the desk, by mouse or by keyboard alone: the same words for both, presses counted."""

from __future__ import annotations

from datetime import date, time

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.hand import Effort, Hand

FARTHEST = 150
SEARCH = "#id_q"
# What has the focus can be seen, and is seen to have it. The last stop in a date or a time is the
# browser's own button for its calendar: it has a ring of its own, and the field has none meanwhile.
IS_SEEN = """() => {
  const {activeElement: each} = document;
  const box = each.getBoundingClientRect();
  const hasButton = each.type?.startsWith("date") || each.type === "time";
  return each !== document.body && (hasButton || each.matches(":focus-visible"))
    && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
}"""
HAS_FOCUS = "each => each === document.activeElement"
# Where Tab goes on from: what has the focus, or where a link to a part of the page has led.
FROM = "document.querySelector(':focus') ?? document.querySelector(':target')"
IS_BEFORE = f"""each => Boolean(
  ({FROM})?.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_PRECEDING)"""
IS_AHEAD_IN_MAIN = f"each => !({FROM}) && Boolean(each.closest('main'))"
IS_SKIP_LINK = "document.activeElement.matches('a[href^=\"#\"]')"
# A link to a part of a page takes the focus away at the first frame after it has loaded: a person
# who has seen that frame comes later.
IS_SHOWN = """async () => {
  if (document.readyState !== "complete") return false;
  const frame = () => new Promise(requestAnimationFrame);
  document.isShown ??= frame().then(frame).then(() => true);
  return document.isShown;
}"""
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

    def tick(self, selector: str) -> None:
        self.press(selector)

    def clock(self, selector: str, at: time) -> None:
        """A press, and four digits."""
        self.press(selector)
        self.page.fill(selector, f"{at:%H:%M}")
        self._keys += 4


class Keyboard(Mouse):
    """No event of a mouse at all. `lost` says where the focus was not to be seen."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.lost: list[str] = []

    def reach(self, target: Locator, test: str = HAS_FOCUS) -> None:
        """Tab until the focus is there, and look at each stop; backwards to what was passed."""
        self.page.wait_for_function(IS_SHOWN)
        self._skip_menus(target)
        step = "Shift+Tab" if target.evaluate(IS_BEFORE) else "Tab"
        look = f"each => [({test})(each), ({IS_SEEN})(), performance.timeOrigin]"
        is_there, _, page = target.evaluate(look)
        for _ in range(FARTHEST):
            if is_there:
                return
            self.key(step)
            before = page
            is_there, is_seen, page = target.evaluate(look)
            # Where another page came in between, the key was the former one's.
            if not is_seen and page == before:
                self._lose()
        raise AssertionError(f"{target} is not reached on {self.page.url}")

    def _skip_menus(self, target: Locator) -> None:
        """On a page just opened the first stop leads past them, to what it is about."""
        if target.evaluate(IS_AHEAD_IN_MAIN):
            self.key("Tab")
            self._look()
            if self.page.evaluate(IS_SKIP_LINK):
                self.key("Enter")

    def _look(self) -> None:
        if not self.page.evaluate(IS_SEEN):
            self._lose()

    def _lose(self) -> None:
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
        """The letters that a list goes to by itself, or line by line."""
        self.reach(self.page.locator(selector))
        chosen = self.page.locator(f"{selector} option:checked")
        for _ in range(FARTHEST if " " in label[:3] else 0):  # a space would open the list
            if chosen.inner_text() == label:
                return
            self.key("ArrowDown")
        self.type(label[:3])
        expect(self.page.locator(f"{selector} option:checked")).to_have_text(label)

    def seek(self, text: str) -> None:
        self.page.wait_for_function(IS_SHOWN)  # a script hears the key
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

    def tick(self, selector: str) -> None:
        self.reach(self.page.locator(selector))
        self.key("Space")

    def date(self, selector: str, day: date) -> None:
        """Its digits, in the order that this browser asks for."""
        self._digits(selector, day.isoformat(), f"{day:%d%m%Y}", f"{day:%m%d%Y}")

    def clock(self, selector: str, at: time) -> None:
        self._digits(selector, f"{at:%H:%M}", f"{at:%H%M}", f"{at:%I%M%p}")

    def _digits(self, selector: str, value: str, *ways: str) -> None:
        """A browser has its own language, whatever the page's: the way that it takes is counted."""
        self.reach(self.page.locator(selector))
        field = self.page.locator(selector)
        for typed in ways:
            self.page.keyboard.type(typed)
            if field.input_value() == value:
                self._keys += len(typed)
                return
            field.evaluate("each => { each.blur(); each.value = ''; each.focus() }")
        raise AssertionError(f"{selector} does not become {value} by typing {ways}")


BY_HAND = pytest.mark.parametrize("hand", [Mouse, Keyboard], ids=["by mouse", "by keyboard alone"])


def says(page: Page, text: str) -> None:
    expect(page.locator("main")).to_contain_text(text)


def ends_well(agent: Mouse, *, clicks: int, typed: int, keys: int) -> None:
    """Within what it may cost; by keyboard the focus was to be seen at every stop."""
    most = Effort(0, keys) if isinstance(agent, Keyboard) else Effort(clicks, typed)
    assert agent.effort.clicks <= most.clicks, agent.effort
    assert agent.effort.keys <= most.keys, agent.effort
    if isinstance(agent, Keyboard):
        assert not agent.lost, "\n".join(agent.lost)

"""A parent who uses no mouse: Tab, Enter and Space; each place the focus stops at is looked at."""

from __future__ import annotations

from typing import NamedTuple

from tests.journeys.visitor import Visitor

MOST_STOPS = 150
# Which element has the focus, where it is, and whether a person can see that it has it. `drawn`
# compares with the same element without focus: a border that is always there shows nothing.
FOCUSED = """
() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const look = () => {
    const style = getComputedStyle(element);
    const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    return `${outline && style.outlineColor} ${style.boxShadow}`;
  };
  const focused = look(), box = element.getBoundingClientRect();
  element.blur();
  const isDrawn = look() !== focused;
  element.focus();
  const stops = "a[href], button, input, select, summary, [tabindex]";
  const order = [...document.querySelectorAll(stops)];
  return {
    name: `${element.tagName} ${(element.innerText || element.name || "").slice(0, 40)}`,
    place: order.indexOf(element),
    drawn: isDrawn,
    seen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    top: box.top + scrollY,
  };
}
"""


class Stop(NamedTuple):
    """One element with the focus; `place` among those of the page, `top` on it."""

    name: str
    place: int
    drawn: bool
    seen: bool
    top: float


class Keyboard:
    """Nothing but keys. `faults` says where the focus could not be seen."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.page = visitor, visitor.page

    def tab(self) -> Stop | None:
        """Press Tab and look; None once the page is left for the browser's own bar."""
        self.page.keyboard.press("Tab")
        found = self.page.evaluate(FOCUSED)
        if found is None:
            return None
        stop = Stop(**found)
        if not (stop.drawn and stop.seen):
            self.visitor.faults.append(f"{self.visitor.path}: no focus to be seen on {stop.name}")
        return stop

    def go_round(self) -> list[Stop]:
        """Tab through the whole page until it is left, or its first stop comes again."""
        self.leave()
        stops: list[Stop] = []
        while (stop := self.tab()) is not None and (not stops or stop.place != stops[0].place):
            assert len(stops) < MOST_STOPS, f"trapped on {self.visitor.path}: {stops[-3:]}"
            stops.append(stop)
        return stops

    def leave(self) -> None:
        """Begin again at the top, as one does on a new page."""
        self.page.evaluate("document.activeElement.blur(); getSelection().removeAllRanges()")
        self.page.evaluate(
            "() => { const top = document.createElement('span'); top.tabIndex = -1;"
            " document.body.prepend(top); top.focus({preventScroll: true}); top.remove() }"
        )

    def reach(self, selector: str) -> None:
        """Tab until the focus is on this."""
        for _ in range(MOST_STOPS):
            self.tab()
            if self.page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"{selector} is not reached on {self.visitor.path}")

    def press(self, selector: str, key: str = "Enter") -> None:
        """Reach a link or a button and press it, which leads to another page."""
        self.reach(selector)
        self.enter(key)

    def enter(self, key: str = "Enter") -> None:
        """Press what has the focus, or send the form it is in."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def type(self, **values: str) -> None:
        """Type in the fields, in the order of the page."""
        for name, value in values.items():
            self.reach(f"#id_{name}")
            self.page.keyboard.press("Control+A")
            self.page.keyboard.type(value)

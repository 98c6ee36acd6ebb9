"""What a hand does at the console, counted: presses of the mouse and of keys."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from playwright.sync_api import Page


class Effort(NamedTuple):
    clicks: int
    keys: int


class Hand:
    """Presses what it is told, and nothing that would not count. Keys go where the focus is."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._clicks = self._keys = 0

    @property
    def effort(self) -> Effort:
        return Effort(self._clicks, self._keys)

    def press(self, selector: str) -> None:
        self.page.click(selector)
        self._clicks += 1

    def choose(self, selector: str, label: str) -> None:
        """Two presses: a list is opened, and a line of it is pressed."""
        self.page.select_option(selector, label=label)
        self._clicks += 2

    def date(self, selector: str, day: date) -> None:
        """A press, and eight digits in the order that the browser's language has."""
        self.press(selector)
        self.page.fill(selector, day.isoformat())
        self._keys += 8

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self._keys += len(text)

    def key(self, name: str, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press(name)
        self._keys += times

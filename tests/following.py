"""From page to page in a browser. Playwright’s `click` returns as soon as the next page begins:
what is read right after it can be of the page before, or of one that is still empty."""

from playwright.sync_api import Page


def follow(page: Page, selector: str) -> None:
    """Press a link or a button that leads to another page, and wait until that has loaded."""
    with page.expect_navigation():
        page.click(selector)


def follow_by_key(page: Page, key: str = "Enter") -> None:
    """The same by the keyboard: press what has the focus, or send the form it is in."""
    with page.expect_navigation():
        page.keyboard.press(key)

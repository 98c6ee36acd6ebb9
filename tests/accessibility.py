"""What is wrong with a page that a browser shows: by axe-core (tests/vendor), and its width."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from playwright.sync_api import Page

from tests.html_checker import html_errors

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Those that ask for colours: the others find the same in both schemes.
OF_COLOUR = ("color-contrast", "link-in-text-block")
RUN = """
async (which) => {
  const {violations} = await axe.run(document, {runOnly: which, resultTypes: ["violations"]});
  const line = ({id, help}, {html}) => `${id}: ${help} (${html})`;
  return violations.flatMap((each) => each.nodes.map((node) => line(each, node)));
}
"""


def axe_violations(page: Page, *, rules: Sequence[str] = ()) -> list[str]:
    """One line per violation, with the element; evaluated by the debugger, so the CSP stays on.

    All rules of the standards, or only those named.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
        # Whoever looks at one page looks at the next: half a megabyte is sent once.
        page.add_init_script(path=AXE)
    values = {"type": "rule" if rules else "tag", "values": list(rules) or STANDARDS}
    found: list[str] = page.evaluate(RUN, values)
    return found


def axe_by_day_and_night(page: Page) -> list[str]:
    """All rules in the light scheme, those of colours in the dark one too."""
    page.emulate_media(color_scheme="light")
    found = [f"light: {line}" for line in axe_violations(page)]
    page.emulate_media(color_scheme="dark")
    return found + [f"dark: {line}" for line in axe_violations(page, rules=OF_COLOUR)]


def scrolls_sideways(page: Page) -> bool:
    """Whether it is wider than its window is now."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def too_wide(page: Page, widths: Sequence[int]) -> list[str]:
    """One line for each of these widths (pixels) at which it scrolls sideways; the last stays."""
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 740})
        if scrolls_sideways(page):
            found.append(f"scrolls sideways at {width}")
    return found


def faults_of_pages(page: Page, paths: Mapping[str, str], *, widths: Sequence[int]) -> list[str]:
    """What axe finds in the page of each of these addresses, at which widths it does not fit, and
    what the W3C's checker says of its HTML: one line each, with the page's name."""
    faults, html = [], {}
    for name, path in paths.items():
        page.goto(path)
        html[name] = page.content()
        found = [*too_wide(page, widths), *axe_violations(page)]
        faults += [f"{name}: {line}" for line in found]
    return faults + html_errors(html)

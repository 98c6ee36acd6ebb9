"""What axe-core (tests/vendor) finds wrong in a page that a browser shows."""

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
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
    values = {"type": "rule" if rules else "tag", "values": list(rules) or STANDARDS}
    found: list[str] = page.evaluate(RUN, values)
    return found

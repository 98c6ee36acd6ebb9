"""What axe-core (tests/vendor) finds wrong in a page that a browser shows."""

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe_violations(page: Page, *, rules: Sequence[str] = ()) -> list[str]:
    """One line per violation, with the element; evaluated by the debugger, so the CSP stays on.

    All rules of the standards, or only those named.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    which = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": STANDARDS}
    found = page.evaluate(
        "which => axe.run(document, {runOnly: which, resultTypes: ['violations']})", which
    )
    return [
        f"{violation['id']}: {violation['help']} ({node['html']})"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]

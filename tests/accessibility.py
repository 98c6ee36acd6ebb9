"""What axe-core (tests/vendor) finds wrong in a page that a browser shows."""

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe_violations(page: Page) -> list[str]:
    """One line per violation, with the element; evaluated by the debugger, so the CSP stays on."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", STANDARDS
    )
    return [
        f"{violation['id']}: {violation['help']} ({node['html']})"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]

"""Every icon is shown somewhere, and every icon shown is there."""

import re

from frontend.needs import ENTRIES
from tests.architecture.source import HOUSES, ROOT, files

ICONS = ROOT / "frontend" / "templates" / "icons"
INCLUDED = re.compile(r"icons/([a-z-]+)\.svg")


def test_the_icons_are_those_that_pages_include() -> None:
    pages = [path.read_text(encoding="utf-8") for path in files(".html", *HOUSES)]
    shown = {name for page in pages for name in INCLUDED.findall(page)}
    shown |= {entry.icon for entry in ENTRIES}
    assert {path.stem for path in ICONS.glob("*.svg")} == shown

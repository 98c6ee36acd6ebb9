"""Pictures of the e-mails, to be looked at: as a phone and as a desk shows them.

python -m tests.notifications.screenshots FOLDER [--languages fr ar] [--kinds confirmation reminder]
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

from notifications.words.compose import compose_email
from notifications.words.examples import example_values, longest_values
from notifications.words.kinds import FRENCH_BELOW, LANGUAGES

WIDTHS = (360, 1280)
CHROMIUM = "/usr/bin/chromium"


def letters(kinds: list[str], languages: list[str]) -> Iterator[tuple[str, str]]:
    """A name for each picture, and its HTML."""
    for kind in kinds:
        for language in languages:
            for values in (example_values, longest_values):
                french = values("fr") if language in FRENCH_BELOW else None
                mail = compose_email(kind, language, values(language), french_values=french)
                yield f"{kind}-{language}-{values.__name__.removesuffix('_values')}", mail.html


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--languages", nargs="+", default=["fr", "ar"], choices=LANGUAGES)
    parser.add_argument("--kinds", nargs="+", default=["confirmation", "reminder"])
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", CHROMIUM), args=flags
        )
        page = browser.new_page()
        for name, html in letters(given.kinds, given.languages):
            page.set_content(html)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                page.screenshot(path=given.folder / f"{name}-{width}.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main()

"""Pictures of the desk, to be looked at: what each role sees of the demo, at each width.

python -m tests.journeys.pictures FOLDER [--site URL] [--centre redon] [--roles reception manager]
"""

from __future__ import annotations

import argparse
import os
import re
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

WIDTHS = (360, 768, 1280)
CHROMIUM = "/usr/bin/chromium"
PASSWORD = "emgav-demo-35"
CODES = re.compile(r"<code>(\d{6})</code>")
# Whose account of the demo each role is; a practitioner's is named by --practitioner.
ACCOUNTS = {
    "reception": "accueil1.{centre}@example.org",
    "practitioner": "{practitioner}",
    "manager": "responsable.{centre}@example.org",
    "administrator": "administration@example.org",
    "auditor": "controle@example.org",
}
DAY = {
    "board": "/equipe/aujourdhui/{centre}/",
    "board-next": "/equipe/aujourdhui/{centre}/?jour={day}",
}
DESK = {
    "paper": "/equipe/aujourdhui/{centre}/imprimer/?jour={day}",
    "calendar": "/equipe/calendrier/{centre}/?le={day}&vue=jour",
    "calendar-week": "/equipe/calendrier/{centre}/?le={day}&vue=semaine",
    "to-call": "/equipe/messages/centre/{centre}/",
    "callbacks": "/equipe/rappels/{centre}/",
    "search": "/equipe/familles/",
    "found": "/equipe/familles/?q=martin",
    "newcomer": "/equipe/familles/nouvelle/?q=Haddad+Nour",
}
PLAN = {
    "planning": "/equipe/planning/{centre}/",
    "rules": "/equipe/planning/{centre}/plages/",
    "half-days": "/equipe/planning/{centre}/demi-journees/?semaine={day}",
    "swap": "/equipe/planning/{centre}/demi-journees/echanger/?jour={day}",
    "sheet": "/equipe/planning/{centre}/tableaux/absences/",
    "accounts": "/equipe/comptes/",
}
OWN = {"sessions": "/equipe/mes-seances/", "own-calendar": "/equipe/mes-seances/agenda/"}
PAGES = {
    "reception": DAY | DESK,
    "practitioner": DAY | OWN,
    "manager": DAY | PLAN,
    "administrator": DAY | PLAN,
    "auditor": {"today": "/equipe/aujourdhui/", "health": "/equipe/messages/sante/"},
}
# From a page of that name, what is behind its first link of this form.
LINKS = {
    "found": {"family": ".choices a"},
    "family": {
        "book": "a[href$='/rendez-vous/']",
        "waiting": "a[href$='/attente/']",
        "visit": "a[href^='/equipe/rendez-vous/']",
    },
    "visit": {"card": "a[href*='/carte/']", "move": "a[href$='/deplacer/']"},
    "sessions": {"session": "a[href^='/equipe/mes-seances/']:not([href*=agenda])"},
    "half-days": {"half-day": "main a[href*='/demi-journees/']:not([href*='?'])"},
    "rules": {"rule": "main a[href*='/plages/']"},
    "board-next": {"declare": "main a[href*='/declarer/']"},
}


class Album:
    """One role's pages, each at all widths. `wide` names those that scroll sideways."""

    def __init__(self, page: Page, folder: Path, role: str) -> None:
        self.page, self.folder, self.role = page, folder, role
        self.wide: list[str] = []

    def take(self, name: str) -> None:
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 800})
            self.page.wait_for_load_state("networkidle" if "calendar" in name else "load")
            if self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                self.wide.append(f"{self.role}-{name}-{width}")
            path = self.folder / f"{self.role}-{name}-{width}.png"
            self.page.screenshot(path=path, full_page=True, animations="disabled")

    def walk(self, name: str, path: str) -> None:
        """This page, then what is behind its links."""
        self.page.goto(path)
        self.take(name)
        links = LINKS.get(name, {})
        found = {each: self.page.locator(selector).first for each, selector in links.items()}
        behind = {each: link.get_attribute("href") for each, link in found.items() if link.count()}
        for each, address in behind.items():
            self.walk(each, address or path)


def sign_in(page: Page, email: str) -> None:
    """By password and a code of the demo; one that was used already is refused: then the next."""
    page.goto("/equipe/connexion/")
    page.fill("[name=username]", email)
    page.fill("[name=password]", PASSWORD)
    page.click("main [type=submit]")
    page.wait_for_selector("[name=code]")
    for code in _codes(page):
        page.fill("[name=code]", code)
        page.click("main [type=submit]")
        page.wait_for_load_state()
        if not page.locator("[name=code]").count():
            return
    raise SystemExit(f"{email} does not get in")


def _codes(page: Page) -> Iterator[str]:
    """What the demo's authenticator shows now and next, and both half a minute later."""
    for seconds in (0, 30):
        time.sleep(seconds)
        yield from CODES.findall(page.request.get("/demo/codes").text())[:2]


def walk(browser: Browser, given: argparse.Namespace, role: str) -> list[str]:
    page = browser.new_page(
        base_url=given.site, locale="fr-FR", reduced_motion="reduce", viewport=None
    )
    email = ACCOUNTS[role].format(centre=given.centre, practitioner=given.practitioner)
    sign_in(page, email)
    album = Album(page, given.folder, role)
    for name, path in PAGES[role].items():
        album.walk(name, path.format(centre=given.centre, day=given.day))
    page.close()
    return album.wide


def next_working_day() -> date:
    days = (date.today() + timedelta(days=ahead) for ahead in (1, 2, 3))  # noqa: DTZ011
    return next(day for day in days if day.weekday() < 5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--site", default="http://localhost:8000")
    parser.add_argument("--centre", default="redon")
    parser.add_argument("--practitioner", default="charlotte.riou1@example.org")
    parser.add_argument("--day", type=date.fromisoformat, default=next_working_day())
    parser.add_argument("--roles", nargs="+", default=list(ACCOUNTS), choices=ACCOUNTS)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", CHROMIUM), args=flags
        )
        for role in given.roles:
            for name in walk(browser, given, role):
                print(f"{name} scrolls sideways")  # noqa: T201
        browser.close()


if __name__ == "__main__":
    main()

"""Pictures of the desk, to be looked at: what each role sees of the demo, at each width.

python -m tests.journeys.pictures FOLDER [--site URL] [--centre redon] [--roles reception manager]
"""

from __future__ import annotations

import argparse
import base64
import hmac
import os
import re
import struct
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Browser, Page, sync_playwright

from tests.accessibility import scrolls_sideways

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
TEAM = {"team": "/equipe/comptes/{centre}/"}
JOURNAL = {"journal": "/equipe/consultations/"}
CHOICES = {
    "choice": "/equipe/aujourdhui/?choisir",
    "choice-calendar": "/equipe/calendrier/",
    "choice-calls": "/equipe/messages/",
    "choice-planning": "/equipe/planning/",
    "choice-callbacks": "/equipe/rappels/",
}
WHOLE = {
    "health": "/equipe/messages/sante/",
    "team-of-all": "/equipe/comptes/departement-35/",
    "admin": "/admin/",
    "admin-centres": "/admin/centres/centre/",
    "admin-users": "/admin/centres/user/?q=redon",
}
LOG_IN = {"security": "/equipe/connexion/securite/"}
PAGES = {
    "reception": DAY | DESK | LOG_IN,
    "practitioner": CHOICES | OWN | {"found": DESK["found"]} | LOG_IN,
    "manager": DAY | DESK | PLAN | TEAM | JOURNAL | LOG_IN,
    "administrator": CHOICES | DAY | PLAN | TEAM | JOURNAL | WHOLE | LOG_IN,
    "auditor": {"today": "/equipe/aujourdhui/"}
    | JOURNAL
    | {"journal-none": "/equipe/consultations/?qui=personne", "health": WHOLE["health"]}
    | LOG_IN,
}
# From a page of that name, what is behind its first link of this form.
LINKS = {
    "found": {"family": ".choices a"},
    "family": {
        "book": "a[href$='/rendez-vous/']",
        "waiting": "a[href$='/attente/']",
        "visit": "a[href^='/equipe/rendez-vous/']",
        "merge": "a[href*='/reunir/']",
    },
    "visit": {"card": "a[href*='/carte/']", "move": "a[href$='/deplacer/']"},
    "sessions": {"session": ".column__session a"},
    "half-days": {"half-day": ".plan__says a"},
    "rules": {"rule": ".plan__says a"},
    "board-next": {"declare": "main a[href*='/declarer/']"},
    "choice": {"board": ".choices a"},
    "choice-calendar": {"calendar": ".choices a"},
    "choice-planning": {"planning": ".choices a"},
    "planning": {"declare-empty": "main a[href$='/declarer/']"},
    "journal": {"reads": "main .timeline a"},
    "admin-centres": {"admin-centre": "#result_list tbody th a"},
    "admin-centre": {"admin-stage": "a[href$='/stage/']"},
    "admin-users": {"admin-user": "#result_list tbody th a"},
}
# What is behind a button that saves nothing yet, or what is one's own.
PRESSES = {
    "half-day": {"half-day-cancel": "[name=what][value=cancel]"},
    "rule": {"rule-preview": "main .plan-form .button--primary"},
    "own-calendar": {"own-address": "main form .form__actions button"},
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
            if scrolls_sideways(self.page):
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
        pressed = {
            each: selector
            for each, selector in PRESSES.get(name, {}).items()
            if self.page.locator(selector).count()
        }
        for each, selector in pressed.items():
            self.page.goto(path)
            self.page.click(selector)
            self.page.wait_for_load_state()
            self.take(each)
        for each, address in behind.items():
            self.walk(each, urljoin(path, address or ""))


def sign_in(page: Page, email: str, album: Album) -> None:
    """By password and a code of the demo; one that was used already is refused: then the next."""
    page.goto("/equipe/connexion/")
    album.take("log-in")
    page.fill("[name=username]", email)
    page.fill("[name=password]", PASSWORD)
    page.click("main [type=submit]")
    page.wait_for_selector("[name=code]")
    album.take("log-in-code")
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
    album = Album(page, given.folder, role)
    sign_in(page, email, album)
    for name, path in PAGES[role].items():
        album.walk(name, path.format(centre=given.centre, day=given.day))
    if role == "manager":
        begin(album, given)
    page.close()
    return album.wide


def begin(album: Album, given: argparse.Namespace) -> None:
    """Somebody is invited, chooses a password, and sets up a second factor."""
    page, email = album.page, f"anne{int(time.time())}@example.org"
    page.goto(TEAM["team"].format(centre=given.centre))
    page.fill("#id_email", email)
    page.fill("#id_first_name", "Anne")
    page.fill("#id_last_name", "Le Gall")
    page.click("section[aria-labelledby=invite] [type=submit]")
    page.wait_for_selector(".notice--success")
    album.take("team-invited")
    page.context.clear_cookies()
    page.goto(_invitation(page, email))
    album.take("first-password")
    _send(page, password="cheval exact batterie agrafe", again="cheval exact batterie agrafe")
    _send(page, username=email, password="cheval exact batterie agrafe")
    album.take("first-second-factor")
    _send(page, code=_totp(page.inner_text(".factor__secret")))
    album.take("first-recovery-codes")


def _invitation(page: Page, email: str) -> str:
    """The link in the demo's inbox, once it has been sent."""
    for _ in range(10):
        page.goto(f"/demo/inbox?q={email}")
        if link := re.search(r"/equipe/connexion/choisir/[\w/:.-]+", page.content()):
            return link[0]
        time.sleep(1)
    raise SystemExit("the invitation is not in the demo's inbox")


def _send(page: Page, **values: str) -> None:
    for name, value in values.items():
        page.fill(f"[name={name}]", value)
    page.click("main [type=submit] >> nth=0")
    page.wait_for_load_state()


def _totp(secret: str) -> str:
    """What an authenticator with this key shows now (RFC 6238)."""
    key = base64.b32decode(secret.replace(" ", ""))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
    (number,) = struct.unpack(">I", digest[digest[-1] & 15 :][:4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06d}"


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

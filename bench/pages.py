"""page.weight.*: what a family's phone downloads on its first visit to each page, and in how many
requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urljoin

from bench.booking import free_targets
from bench.client import Client
from bench.data import TYPE_SLUG
from bench.family import Family
from bench.ground import Ground
from bench.measure import Result
from bench.searching import places
from bench.web import serve

BUDGET_KB, BUDGET_REQUESTS = 60, 6
ENCODINGS = "gzip, br"
IN_STYLES = re.compile(r"""(?:@import\s+|url\()\s*["']?([^"')]+)""")
IN_SCRIPTS = re.compile(r"""(?:from|import)\s*\(?["']([^"']+)["']""")


class Weight(NamedTuple):
    """Bytes on the wire, heads included, by kind of file."""

    parts: dict[str, int]
    requests: int
    foreign: list[str]

    @property
    def total(self) -> int:
        return sum(self.parts.values())


class Assets(HTMLParser):
    """What a browser fetches because the page says so."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "link":
            kinds = {
                "stylesheet": "css",
                "icon": "image",
                "modulepreload": "js",
                "manifest": "json",
            }
            for rel in given.get("rel", "").split():
                if rel in kinds:
                    self.found.append((kinds[rel], given.get("href", "")))
        elif tag in {"script", "img", "source", "iframe", "embed"} and given.get("src"):
            self.found.append(("js" if tag == "script" else "image", given["src"]))


def weights(ground: Ground) -> Iterator[Result]:
    """Every page of a family's way, each weighed as if it were the first."""
    with places(ground, ground.small) as [here]:
        here.centres = here.centres[:1]
        targets = iter(free_targets(here))
    with serve(ground) as port, Client(port) as client:
        target = next(targets)
        for name, path in _public_pages(TYPE_SLUG, target.centre).items():
            yield _result(name, weigh(client, path))
        family = Family(client, TYPE_SLUG, target.centre)
        for name, path in _held_pages(family, target.choice).items():
            yield _result(name, weigh(client, path))
        for name, path in _appointment_pages(family, next(targets).choice).items():
            yield _result(name, weigh(client, path))


def _public_pages(kind: str, centre: str) -> dict[str, str]:
    """What anyone sees who has held and proved nothing."""
    return {
        "home": "/",
        "ill-child": "/urgence/",
        "need": "/motifs/enfant/",
        "where": f"/rdv/{kind}/?q=35600",
        "when": f"/rdv/{kind}/{centre}/",
        "mine": "/mes-rendez-vous/",
        "callback": f"/rappel/{kind}/{centre}/",
        "centres": "/centres/",
        "centre": f"/centre/{centre}/",
        "walk-ins": "/sans-rendez-vous/",
        "accessibility": "/accessibilite/",
        "privacy": "/donnees-personnelles/",
        "legal": "/mentions-legales/",
    }


def _held_pages(family: Family, choice: str) -> dict[str, str]:
    """A time held, and a code asked for by someone whose address is not proved yet."""
    family.hold(choice).expect(302)
    asked = family.send_details(held := family.token).expect(302)
    family.prove()
    return {"who": f"/retenu/{held}/", "code": asked.location}


def _appointment_pages(family: Family, choice: str) -> dict[str, str]:
    family.hold(choice).expect(302)
    done = family.confirm(family.token).expect(302)
    address = f"/r/{family.token}/"
    return {
        "confirmation": done.location,
        "appointment": address,
        "print": f"{address}imprimer/",
        "cancel": f"{address}annuler/",
        "move": f"{address}deplacer/",
        "mine-list": "/mes-rendez-vous/liste/",
    }


def weigh(client: Client, path: str) -> Weight:
    """The page and all it asks for, once each: nothing is in any cache."""
    page = client.get(path).expect(200)
    parts = {"html": client.get(path, encoding=ENCODINGS).expect(200).size}
    reader = Assets()
    reader.feed(page.body.decode())
    waiting, seen, foreign = reader.found, set[str](), list[str]()
    while waiting:
        kind, given = waiting.pop()
        address = urljoin(path, given)
        if not address.startswith("/"):
            foreign += [] if given.startswith("data:") else [given]
        elif address not in seen:
            seen.add(address)
            parts[kind] = parts.get(kind, 0) + client.get(address, encoding=ENCODINGS).size
            waiting += _asked_by(kind, client.get(address).expect(200).body.decode(), address)
    return Weight(parts, 1 + len(seen), foreign)


def _asked_by(kind: str, text: str, address: str) -> list[tuple[str, str]]:
    """What a stylesheet or a script fetches in turn."""
    if kind == "css":
        return [
            ("css" if found.endswith(".css") else "image", urljoin(address, found))
            for found in IN_STYLES.findall(text)
            if not found.startswith(("data:", "#"))
        ]
    if kind == "js":
        return [("js", urljoin(address, found)) for found in IN_SCRIPTS.findall(text)]
    return []


def _result(name: str, weight: Weight) -> Result:
    parts = ", ".join(f"{kind} {size / 1000:.1f}" for kind, size in weight.parts.items())
    foreign = f"; foreign: {', '.join(weight.foreign)}" if weight.foreign else ""
    return Result(
        name=f"page.weight.{name}",
        value=weight.total / 1000,
        unit="kB",
        baseline=BUDGET_KB,
        ratio=weight.total / 1000 / BUDGET_KB,
        note=f"cold, on the wire: {parts}; {weight.requests} requests of at most "
        f"{BUDGET_REQUESTS}{foreign}",
    )

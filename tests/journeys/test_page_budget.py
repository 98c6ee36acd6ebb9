"""What each page costs on the first visit, in a browser with nothing in its cache."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from centres.models import Centre
from tests.frontend.funnel import code_sent
from tests.journeys.visitor import LEA, SUBMIT, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIRE, UNPACKED, REQUESTS = 60_000, 60_000, 6
NURSE = "/rdv/rdv-puericultrice/"
ASK_FOR_ICON = """async () => {
  const icon = new Image();
  icon.src = document.querySelector("link[rel=icon]").href;
  await icon.decode();
}"""
MINE = ("/mes-rendez-vous/liste/", "/mes-rendez-vous/messages/")
OPEN_TO_ALL = (
    "/",
    "/urgence/",
    "/motifs/enfant/",
    "/motifs/sante-sexuelle/",
    NURSE,
    f"{NURSE}?q=rennes",
    f"{NURSE}redon/",
    f"{NURSE}fougeres/",
    "/rappel/rdv-puericultrice/redon/",
    "/centres/",
    "/centre/redon/",
    "/sans-rendez-vous/",
    "/mes-rendez-vous/",
    "/accessibilite/",
    "/donnees-personnelles/",
    "/mentions-legales/",
    "/nulle-part/",
)


class Weight(NamedTuple):
    """Bytes as they cross the wire, heads included, and as they are unpacked."""

    path: str
    wire: int
    unpacked: int
    requests: int


class Scales:
    """Counts all that comes to a browser that keeps nothing."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.wire = self.unpacked = 0
        self.asked: dict[str, str] = {}
        self.finished: set[str] = set()
        session = visitor.context.new_cdp_session(visitor.page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.dataReceived", self._received)
        session.on("Network.loadingFinished", self._finished)

    def weigh(self, path: str) -> Weight:
        """Load the page and its icon: a browser with windows asks for that when all else is there,
        one without never."""
        self.wire = self.unpacked = 0
        self.asked, self.finished = {}, set()
        self.visitor.open(path)
        self.visitor.page.evaluate(ASK_FOR_ICON)
        for _ in range(100):
            if self.finished >= self.asked.keys():
                break
            self.visitor.page.wait_for_timeout(20)
        return Weight(path, self.wire, self.unpacked, len(self.asked))

    def _asked(self, event: dict[str, Any]) -> None:
        """What is asked for twice weighs once: the icon, by us and by a browser with windows."""
        url = event["request"]["url"]
        if not url.startswith("data:") and url not in self.asked.values():
            self.asked[event["requestId"]] = url

    def _received(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self.asked:
            self.unpacked += event["dataLength"]

    def _finished(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self.asked:
            self.wire += round(event["encodedDataLength"])
            self.finished.add(event["requestId"])


def test_every_page_is_light_on_the_first_visit(visitor: Visitor, redon: Centre) -> None:
    visitor.refuse_third_parties()
    personal = _own_pages(visitor)
    cookies, scales = visitor.context.cookies(), Scales(visitor)
    visitor.context.clear_cookies()
    weights = [scales.weigh(path) for path in OPEN_TO_ALL]
    visitor.context.add_cookies(cookies)
    weights += [scales.weigh(path) for path in personal]
    for weight in weights:
        print(f"{weight.path[:40]:40} {weight.wire:7} {weight.unpacked:7} {weight.requests}")  # noqa: T201  for -s
    heavy = [w for w in weights if w.wire > WIRE or w.unpacked > UNPACKED or w.requests > REQUESTS]
    assert heavy == []
    assert min(weight.requests for weight in weights) >= 3, "page, style and icon were counted"


def _own_pages(lea: Visitor) -> list[str]:
    """The pages of a time held, of its code, of an appointment and its move, of all of them."""
    lea.open(f"{NURSE}redon/")
    lea.press(".days .slot")
    lea.fill_in(**LEA)
    lea.press(SUBMIT)
    lea.fill_in(code=code_sent())
    lea.press(SUBMIT)
    link = lea.path.split("?")[0]
    lea.open(f"{link}deplacer/")
    lea.press(".days .slot >> nth=3")
    move = lea.path
    lea.open("/rdv/consultation-enfant-medecin/redon/")
    lea.press(".days .slot")
    who = lea.path
    lea.fill_in(**LEA | {"email": "autre@example.org"})
    lea.press(SUBMIT)
    names = ("", "?nouveau=1", "messages/", "annuler/", "deplacer/", "imprimer/")
    return [*(link + name for name in names), move, who, lea.path, *MINE]

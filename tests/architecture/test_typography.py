"""What reaches the eyes: pages, e-mails and reference data, set by each language's own rules."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from lxml import html

from booking.access import manage_token
from booking.contacts import LANGUAGES
from centres.reference.records import Record, read_records
from notifications.models import OutboxMessage
from tests.factories import make_shift, make_type
from tests.frontend.funnel import Scene, book, hold, make_scene, send_details
from tests.messages import become, rendered

DATA = Path(settings.BASE_DIR) / "centres" / "data"
LETTER = re.compile(r"[^\W\d_]")
# An address typed by a machine, not set by a person.
MACHINE = re.compile(r"https?://\S+|\S+@\S+|©.*")
FAULTS = {
    "fr": {
        "an ASCII apostrophe": re.compile(r"\w'\w"),
        "no no-break space before ; ! ?": re.compile(r"[^\u00a0\u202f!?][;!?]"),
        "no no-break space before :": re.compile(r"[^\u00a0\d]:"),
        "no no-break space inside « »": re.compile(r"«[^\u00a0\u202f]|[^\u00a0\u202f]»"),
        "three dots": re.compile(r"\.\.\."),
    },
    "en": {
        "a straight quote": re.compile(r"\w'|[\"“]\s|\""),
        "a space before a mark": re.compile(r"[\s\u00a0\u202f][:;!?]"),
        "French quotes": re.compile(r"[«»\u202f]"),
        "three dots": re.compile(r"\.\.\."),
    },
}
# The same in both languages: names of people, places and works, words that are both, references.
NAMES = re.compile(
    r"Emgav|Ille-et-Vilaine|CDAS de Redon|Espace des Halles|place du Parlement|Redon|Guivarc’h"
    r"|Dr Nadia|Malo|axe-core|www.cnil.fr|English|Français|[A-Z0-9]{4,5}-[A-Z0-9]{4}"
    r"|\b(?:code|fr|en|h|km|min)\b"
)


def faults(text: str, language: str) -> list[str]:
    plain = MACHINE.sub("x", text)
    return [fault for fault, pattern in FAULTS[language].items() if pattern.search(plain)]


def is_language(text: str) -> bool:
    """Whether a text has words that a translation would change: a language names itself."""
    return text not in LANGUAGES.values() and bool(
        LETTER.search(NAMES.sub("", MACHINE.sub("", text)))
    )


def shown(body: str) -> list[str]:
    """Every text a page shows or says, in its order: contents, names for screen readers, title."""
    page = html.document_fromstring(body)
    for unseen in page.xpath("//script|//style|//pre|//textarea"):
        unseen.drop_tree()
    found = page.xpath("//text()|//@aria-label|//@data-say|//@title")
    return [text.strip() for text in map(str, found) if LETTER.search(text)]


def whole(body: str) -> str:
    """A page as one text: a mark may stand in another element than the word before it."""
    page = html.document_fromstring(body)
    for unseen in page.xpath("//script|//style|//pre|//textarea"):
        unseen.drop_tree()
    return re.sub(r"[ \n]+", " ", str(page.text_content()))


def addresses(client: Client, scene: Scene) -> Iterator[str]:
    """Every page that a family meets on its way."""
    plain = ["home", "ill-child", "centres", "walk-ins", "mine", "demo-inbox"]
    yield from map(reverse, [*plain, "accessibility", "privacy", "legal"])
    kind, centre = scene.kind.slug, scene.centre.slug
    yield from (reverse("need", args=["child"]), reverse("centre", args=[centre]))
    yield from (reverse("where", args=[kind]), reverse("where", args=[kind]) + "?q=nulle-part")
    yield from (scene.when_url, scene.when_url + "?jours=7", "/rien-ici/")
    yield reverse("callback", args=[kind, centre])
    token = manage_token(book(client, scene, 2))
    names = ("appointment", "print", "cancel", "move")
    yield from (reverse(name, args=[token]) for name in names)
    yield from (
        reverse("appointment", args=[token]) + f"?{news}" for news in ("nouveau", "deplace")
    )
    yield reverse("mine-list")
    # Another family, who has to prove its address.
    other = Client()
    who = hold(other, scene, 6)
    yield from (who, send_details(other, who, email="autre@example.org"))


@pytest.fixture
def scene() -> Scene:
    scene = make_scene(
        what_to_bring="Carnet de santé",
        translations={"en": {"label": "Check-up", "what_to_bring": "Child health record"}},
    )
    walk_in = make_type(
        label="Pesée", booking="walk_in", translations={"en": {"label": "Weighing session"}}
    )
    make_shift(site=scene.site, types=[walk_in])
    return scene


def read(client: Client, url: str, language: str) -> str:
    return client.get(url, headers={"accept-language": language}).content.decode()


@pytest.mark.django_db
def test_pages_follow_the_rules_of_their_language(client: Client, scene: Scene) -> None:
    seen, wrong, same = 0, [], []
    for url in addresses(client, scene):
        said = {}
        for language in FAULTS:
            body = read(client, url, language)
            assert f'lang="{language}"' in body, url
            said[language] = shown(body)
            texts = [*said[language], whole(body)]
            wrong += [
                (url, language, fault, text[:200])
                for text in texts
                for fault in faults(text, language)
            ]
        seen += 1
        same += [(url, t) for t in said["en"] if t in said["fr"] and is_language(t)]
    assert seen > 20
    assert wrong == []
    assert same == [], "these are not translated"


@pytest.mark.django_db
def test_an_error_is_told_by_the_rules_too(client: Client, scene: Scene) -> None:
    who = hold(client, scene)
    for language in FAULTS:
        body = client.post(who, {}, headers={"accept-language": language}).content.decode()
        assert "error-summary" in body
        assert [(t, f) for t in shown(body) for f in faults(t, language)] == []


@pytest.mark.django_db
@pytest.mark.parametrize("language", FAULTS)
def test_messages_follow_the_rules_of_their_language(
    client: Client, scene: Scene, language: str
) -> None:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    appointment = book(client, scene)
    mails = {m.kind: rendered(m) for m in OutboxMessage.objects.all()}
    become("sent")
    client.post(reverse("cancel", args=[manage_token(appointment)]), {"reason": ""})
    mails["cancelled"] = rendered(OutboxMessage.objects.get(kind="cancelled"))
    assert mails.keys() == {"code", "confirmation", "cancelled"}
    for mail in mails.values():
        assert mail.language == language
        texts = [mail.subject, *mail.text.splitlines(), *shown(mail.html)]
        assert [(t, f) for t in texts for f in faults(t, language)] == []


def types() -> list[Record]:
    year = datetime.now(UTC).year
    return [r for r in read_records(DATA, years=range(year, year + 1)) if r.table == "type"]


def test_reference_data_follow_the_rules_of_their_language() -> None:
    texts = []
    for kind in types():
        english = kind.values["translations"]["en"]
        for field in ("label", "what_to_bring"):
            texts.append(("fr", kind.values[field]))
            texts.append(("en", english[field]))
            assert bool(kind.values[field]) == bool(english[field]), kind.key
    assert len(texts) > 50
    assert [(t, f) for language, t in texts for f in faults(t, language)] == []

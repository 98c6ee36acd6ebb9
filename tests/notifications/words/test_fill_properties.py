"""No value breaks out: it adds no line, no markup and no direction, whatever it is made of."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from notifications.words.compose import compose_email, compose_sms
from notifications.words.defaults import Wording, default_wording
from notifications.words.examples import example_values
from notifications.words.kinds import KINDS, LANGUAGES, SMS
from notifications.words.letter import Page, letter
from notifications.words.template import Style, Values, cleaned, fill, parse, plain

HOSTILE = [
    "{code}", "}}{{", "{link}", "# titre", "- item", "[x](https://evil.example)", "[x]({link})",
    "<script>alert(1)</script>", "</p><h1>", "&lt;b&gt;", '" onclick="x', "a\nb", "\r\n\r\nx",
    "\u2028", "\x85", "\u202eevil", "\u2066x", "\u2069", "\x00", "\ud800", "-- ", "x" * 5000,
    "https://evil.example", "مرحبا 12", "%(name)s", "\\", "",
]  # fmt: skip
TEMPLATE = """
# Titre {centre}

Bonjour {centre}, le {when}.
Motif\u00a0: {reason}
{when_with_year}

À apporter\u00a0:
{bring}

[Voir]({link})
"""
LINK = "https://rdv.example/r/1"
values_of = (
    st.sampled_from(HOSTILE) | st.text(max_size=60) | st.text(alphabet="{}[]()#-<>&\n\u202e")
)
pieces = st.lists(values_of, max_size=4).map("".join)
FORMATTING = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def values(text: str, items: list[str]) -> Values:
    names = ("centre", "when", "when_with_year", "reason")
    return {**dict.fromkeys(names, text), "bring": items, "link": LINK}


@given(text=pieces, items=st.lists(pieces, max_size=3))
def test_a_value_adds_no_line_to_a_text(text: str, items: list[str]) -> None:
    template = parse(TEMPLATE, has_markup=True)
    lines = fill(template, values(text, items), language="fr")
    shown = plain(lines, language="fr")
    longest = len(template) + max(0, len(items) - 1) + 1  # a button takes two
    assert len(shown.split("\n")) <= longest
    assert shown.splitlines() == shown.split("\n")
    assert not FORMATTING.search(shown)
    shown.encode()


def test_filled_before_it_is_read_a_value_would_break_out() -> None:
    """The twin: why lines are read first."""
    naive = parse(
        "Bonjour\n\n" + "{centre}".replace("{centre}", "a\n# b\n[c]({link})"), has_markup=True
    )
    assert {line.style for line in naive} >= {Style.HEADING, Style.BUTTON}
    lines = fill(
        parse("Bonjour\n\n{centre}", has_markup=True),
        {"centre": "a\n# b\n[c]({link})", "link": LINK},
        language="fr",
    )
    assert [line.style for line in lines] == [Style.TEXT, Style.BLANK, Style.TEXT]


@given(text=pieces, items=st.lists(pieces, max_size=3))
def test_a_value_never_becomes_a_heading_an_item_or_a_button(text: str, items: list[str]) -> None:
    lines = fill(parse(TEMPLATE, has_markup=True), values(text, items), language="fr")
    said = [line.style for line in lines]
    assert said.count(Style.HEADING) <= 1
    assert said.count(Style.ITEM) <= len(items)
    assert [line.target for line in lines if line.target] == [LINK]


@given(text=pieces, items=st.lists(pieces, max_size=3), language=st.sampled_from(["fr", "ar"]))
def test_a_value_adds_no_element_to_a_page(text: str, items: list[str], language: str) -> None:
    lines = fill(parse(TEMPLATE, has_markup=True), values(text, items), language=language)
    subject = "Objet"
    page = html.document_fromstring(letter([Page(language, subject, lines)]).html)
    assert not page.xpath("//script|//img|//iframe|//*[@onclick]")
    # A web address alone on its line is a link of ours; nothing else is.
    assert set(page.xpath("//a[@class='first' or @class='other']/@href")) == {LINK}
    assert len(page.xpath("//h1")) == 1
    assert len(page.xpath("//h2")) <= 1
    assert len(page.xpath("//li")) <= len(items)


@given(text=pieces)
def test_an_sms_holds_the_value_on_its_line(text: str) -> None:
    given_values = {**example_values("fr"), "place_short": text}
    shown = compose_sms("confirmation", "fr", given_values)
    assert len(shown.splitlines()) in {4, 5}
    assert "{" not in shown.replace("{", "", text.count("{"))


@given(subject=pieces)
def test_a_subject_is_one_line(subject: str) -> None:
    """Nothing can add a header to the e-mail."""
    wording = Wording(subject="Rendez-vous {when}", body="x")
    mail = compose_email(
        "confirmation", "fr", {**example_values("fr"), "when": subject or "x"}, wording=wording
    )
    assert mail.subject == " ".join(mail.subject.splitlines())
    assert not re.search(r"[\x00-\x1f\x7f]", mail.subject)


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_values_add_no_line_to_the_shipped_sms(language: str) -> None:
    for kind in (kind for kind, forms in KINDS.items() if SMS in forms):
        wanted = len(default_wording(kind, SMS, language).body.strip().splitlines())
        for hostile in filter(cleaned, HOSTILE):
            given_values = dict.fromkeys(example_values(language), hostile)
            assert len(compose_sms(kind, language, given_values).splitlines()) <= wanted, kind

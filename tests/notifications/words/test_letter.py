"""The HTML of e-mails: valid, readable by everyone, in both directions and at night."""

from __future__ import annotations

import re
from functools import cache

import pytest
from lxml import html
from playwright.sync_api import Browser

from notifications.words.compose import compose_email
from notifications.words.examples import discreet_values, example_values, longest_values
from notifications.words.kinds import EMAIL, FRENCH_BELOW, KINDS, LANGUAGES
from notifications.words.letter import STYLES, Page, letter
from notifications.words.template import fill, parse
from tests.accessibility import OF_COLOUR, axe_violations
from tests.html_checker import html_errors

EMAILS = [kind for kind, forms in KINDS.items() if EMAIL in forms]


@cache
def pages() -> dict[str, str]:
    """Every e-mail in every language, filled in three ways."""
    return {
        f"{language} {kind} {values.__name__}": compose_email(
            kind, language, values(language), french_values=values("fr")
        ).html
        for language in LANGUAGES
        for kind in EMAILS
        for values in (example_values, longest_values, discreet_values)
    }


def page_of(text: str, language: str = "fr") -> html.HtmlElement:
    lines = fill(parse(text, has_markup=True), example_values(language), language=language)
    return html.document_fromstring(letter([Page(language, "Objet", lines)]).html)


def test_headings_lists_and_buttons_are_real_ones() -> None:
    page = page_of("# Titre\n\nun\ndeux\n\n- a\n- b\n\n[Voir]({link})\n[Autre]({home_url})")
    assert [each.text for each in page.xpath("//h1|//h2")] == ["Objet", "Titre"]
    assert [each.text for each in page.xpath("//ul/li")] == ["a", "b"]
    assert page.xpath("//a[@class='first']/@href") == [example_values("fr")["link"]]
    assert len(page.xpath("//a[@class='other']")) == 1
    assert len(page.xpath("//p/br")) == 1


def test_a_code_alone_on_its_line_stands_out() -> None:
    page = page_of("Voici\u00a0:\n\n{code}")
    assert page.xpath("//p[@class='code']")[0].text == "042917"


def test_a_label_before_a_value_is_bold_a_sentence_is_not() -> None:
    page = page_of("Où\u00a0: {place}\n\nBonjour. Venez donc ici\u00a0: {place}")
    assert [each.text for each in page.xpath("//strong")] == ["Où\u00a0:"]


def test_an_address_in_a_text_is_a_link_and_nothing_else_is() -> None:
    page = page_of("Ici\u00a0: {link}\n{centre}")
    assert len(page.xpath("//a")) == 1


@pytest.mark.parametrize("kind", EMAILS)
def test_arabic_is_set_right_to_left_with_french_left_to_right_below(kind: str) -> None:
    page = html.document_fromstring(pages()[f"ar {kind} example_values"])
    assert (page.get("lang"), page.get("dir")) == ("ar", "rtl")
    # Webmail keeps no <html>: the first division says it again.
    first = page.xpath("//body/div")[0]
    assert (first.get("lang"), first.get("dir")) == ("ar", "rtl")
    (again,) = page.xpath("//div[@class='again']")
    assert (again.get("lang"), again.get("dir")) == ("fr", "ltr")
    assert re.search(r"[\u0600-\u06ff]", page.xpath("//h1")[0].text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_names_its_language_and_direction(language: str) -> None:
    page = html.document_fromstring(pages()[f"{language} code example_values"])
    assert page.get("lang") == language.partition("-")[0]
    assert page.get("dir") == ("rtl" if language == "ar" else "ltr")
    assert bool(page.xpath("//div[@class='again']")) == (language in FRENCH_BELOW)


def test_no_text_is_smaller_than_sixteen_pixels_and_nothing_comes_from_elsewhere() -> None:
    sizes = [
        int(size) for style in STYLES.values() for size in re.findall(r"font-size:(\d+)px", style)
    ]
    assert min(sizes) >= 16
    for name, text in pages().items():
        assert not re.search(r"<img|<script|<link|src=|url\(|@import", text), name


@pytest.mark.browser
def test_every_e_mail_is_valid_html() -> None:
    assert html_errors(pages()) == []


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_e_mail_is_accessible_and_fits_a_small_phone(browser: Browser, scheme: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640}, color_scheme=scheme)  # type: ignore[arg-type]
    for name, text in pages().items():
        if "discreet" in name or (scheme == "dark" and "longest" in name):
            continue
        page.set_content(text)
        assert axe_violations(page, rules=OF_COLOUR if scheme == "dark" else ()) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
    page.close()

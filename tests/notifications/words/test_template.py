"""The tiny language of templates, and what filling does to lines without a value."""

from __future__ import annotations

import pytest

from notifications.words.template import (
    Line,
    Lines,
    Piece,
    Style,
    Values,
    cleaned,
    fill,
    parse,
    plain,
)


def said(text: str, values: Values, *, language: str = "fr", has_markup: bool = True) -> str:
    return plain(fill(parse(text, has_markup=has_markup), values, language=language), language="fr")


def styles(lines: Lines) -> list[Style]:
    return [line.style for line in lines]


def test_a_line_is_text_a_heading_an_item_a_button_or_blank() -> None:
    lines = parse("Bonjour\n\n# Titre\n- un\n[Voir]({link})", has_markup=True)
    assert styles(lines) == [Style.TEXT, Style.BLANK, Style.HEADING, Style.ITEM, Style.BUTTON]
    assert lines[-1] == Line(Style.BUTTON, (Piece("Voir"),), "link")


def test_an_sms_has_no_markup() -> None:
    lines = parse("# Titre\n- un\n[Voir]({link})", has_markup=False)
    assert styles(lines) == [Style.TEXT] * 3


def test_placeholders_are_replaced() -> None:
    assert said("Le {day_short} à {time_short}.", {"day_short": "24/11", "time_short": "9h"}) == (
        "Le 24/11 à 9h."
    )


@pytest.mark.parametrize("empty", ["", "  ", [], [""], "\u200b\n"])
def test_a_line_without_its_value_disappears_whole(empty: str | list[str]) -> None:
    assert said("Avant\nMotif\u00a0: {reason}\nAprès", {"reason": empty}) == "Avant\nAprès"


def test_a_value_that_nobody_gave_is_empty() -> None:
    assert said("Avant\nMotif\u00a0: {reason}", {}) == "Avant"


def test_a_list_alone_becomes_one_item_a_line() -> None:
    assert said("{bring}", {"bring": ["carnet", "couche"]}) == "- carnet\n- couche"
    assert said("- {bring}", {"bring": ["carnet", "couche"]}) == "- carnet\n- couche"


def test_a_list_within_a_sentence_is_told_with_commas() -> None:
    assert said("Où\u00a0: {place}.", {"place": ["Mairie", "Redon"]}) == (
        "Où\u00a0: Mairie, Redon."
    )
    assert said("{place} هنا", {"place": ["أ", "ب"]}, language="ar") == "أ، ب هنا"


def test_what_introduces_an_empty_list_goes_with_it() -> None:
    text = "Avant\n\nÀ apporter\u00a0:\n{bring}\n\nAprès"
    assert said(text, {"bring": []}) == "Avant\n\nAprès"
    assert said(text, {"bring": ["carnet"]}) == "Avant\n\nÀ apporter\u00a0:\n- carnet\n\nAprès"


def test_a_sentence_above_an_empty_line_stays() -> None:
    assert said("C’est annulé.\nMotif\u00a0: {reason}", {"reason": ""}) == "C’est annulé."


def test_a_heading_with_nothing_beneath_goes() -> None:
    assert said("Avant\n\n# Question\n\n{phone}", {"phone": ""}) == "Avant"
    assert said("# Un\n\n{phone}\n\n# Deux\n\nfin", {"phone": ""}) == "Deux\n\nfin"


def test_blank_lines_never_pile_up() -> None:
    assert said("a\n\n\n\nb\n\n{reason}\n\nc\n\n", {}) == "a\n\nb\n\nc"


def test_a_button_needs_a_web_address() -> None:
    address = "https://rdv.example/r/abc"
    assert said("[Voir]({link})", {"link": address}) == f"Voir\u00a0:\n{address}"
    for wrong in ("javascript:alert(1)", "data:text/html,x", "/r/abc", "https://x y", ""):
        assert said("[Voir]({link})", {"link": wrong}) == ""


def test_a_moment_that_begins_a_line_begins_with_a_capital() -> None:
    assert said("{when}, ici", {"when": "mardi 24"}) == "Mardi 24, ici"
    assert said("le {when}", {"when": "mardi 24"}) == "le mardi 24"
    assert said("{short_link}", {"short_link": "https://x.example"}) == "https://x.example"


def test_a_phone_number_stays_on_one_line() -> None:
    assert said("{phone}", {"phone": "02 61 91"}) == "02\u00a061\u00a091"


def test_right_to_left_each_value_keeps_its_own_direction() -> None:
    lines = fill(parse("رقم: {reference}", has_markup=True), {"reference": "2345-K"}, language="ar")
    assert plain(lines, language="ar", is_isolated=True) == "رقم: \u20682345-K\u2069"


def test_cleaning_leaves_one_line_without_hidden_signs() -> None:
    assert cleaned(" a\r\nb\t\u2028c\u202e\u2066d\ud800\x00 ") == "a b cd"
    assert cleaned("14\u00a0h\u00a030") == "14\u00a0h\u00a030"

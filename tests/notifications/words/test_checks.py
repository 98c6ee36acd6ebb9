"""What a person who edits a template is told: precisely, and before anything leaves."""

from __future__ import annotations

import pytest

from notifications.words.checks import MESSAGES, Problem, check
from notifications.words.defaults import default_wording
from notifications.words.kinds import EMAIL, SMS, VARIABLES

GOOD_SMS = "{day_short} {time_short}\n{short_link}"
GOOD_EMAIL = "{when} {place}\n[Voir]({link})"


def codes(
    body: str, *, subject: str = "", kind: str = "confirmation", language: str = "fr"
) -> set[str]:
    channel = EMAIL if subject else SMS
    return {each.code for each in check(kind, channel, language, subject=subject, body=body)}


def one(body: str, *, subject: str = "") -> Problem:
    channel = EMAIL if subject else SMS
    (problem,) = check("confirmation", channel, "fr", subject=subject, body=body)
    return problem


def test_a_good_template_has_no_problem() -> None:
    assert codes(GOOD_SMS) == set()
    assert codes(GOOD_EMAIL, subject="Rendez-vous") == set()


def test_an_unknown_variable_is_named_with_the_one_it_resembles() -> None:
    assert one(GOOD_SMS + "\n{phonne}").said() == (
        "La variable {phonne} n’existe pas. Est-ce {phone}\u202f?"
    )
    assert one(GOOD_SMS + "\n{zzzzz}").said() == "La variable {zzzzz} n’existe pas."
    assert one(GOOD_SMS + "\n{ phone }").code == "unknown_variable_near"
    assert one(GOOD_SMS + "\n{Phone}").code == "unknown_variable_near"


@pytest.mark.parametrize(
    "name", ["reason", "bring", "code", "centre", "link", "place", "reference"]
)
def test_a_variable_that_an_sms_must_not_hold_is_refused(name: str) -> None:
    problem = one(GOOD_SMS + f"\n{{{name}}}")
    assert problem.code == "variable_not_here"
    assert f"{{{name}}}" in problem.said()


@pytest.mark.parametrize("name", ["reason", "bring", "centre", "place", "reference", "time_short"])
def test_a_subject_says_when_and_nothing_else(name: str) -> None:
    assert codes(GOOD_EMAIL, subject=f"Rendez-vous {{{name}}}") == {"variable_not_here"}
    assert codes(GOOD_EMAIL, subject="Rendez-vous {when}") == set()


def test_a_missing_variable_is_named() -> None:
    assert one("{day_short}\n{short_link}").said() == (
        "Il manque la variable {time_short} / {times}."
    )
    assert codes("{place}", subject="x") == {"missing_variable"}


def test_a_stray_brace_is_found_on_its_line() -> None:
    problem = one(GOOD_SMS + "\nBonjour }")
    assert (problem.code, problem.details["line"]) == ("stray_brace", 3)
    assert codes(GOOD_SMS + "\n{phone") == {"stray_brace"}
    assert "stray_brace" in codes(GOOD_SMS + "\n{{phone}}")


@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("fr", "la PMI"), ("fr", "P.M.I."), ("fr", "Protection maternelle"),
        ("fr", "planification"), ("fr", "VACCINATION"), ("fr", "grossesse"), ("fr", "votre bébé"),
        ("fr", "Dr Nadia"),
        ("fr-x-facile", "vaccin"), ("en", "your child"), ("en", "midwife"), ("en", "grossesse"),
        ("ar", "التلقيح"), ("ar", "طفلكم"), ("ar", "PMI"), ("tr", "bebeğiniz"), ("tr", "aşı"),
        ("tr", "doğum"), ("pt", "vacinação"), ("pt", "o bebé"), ("uk", "щеплення"),
        ("uk", "вашої дитини"), ("uk", "vaccin"),
    ],
)  # fmt: skip
def test_a_word_that_gives_something_away_is_refused(language: str, word: str) -> None:
    assert codes(f"{GOOD_SMS}\n{word}", language=language) == {"forbidden_word"}
    assert codes(GOOD_EMAIL, subject=f"{word} {{when}}", language=language) == {"forbidden_word"}
    assert codes(f"{GOOD_EMAIL}\n{word}", subject="x", language=language) == set()


def test_the_word_is_shown() -> None:
    assert one(GOOD_SMS + "\nVaccins").said() == (
        "Le mot «\u00a0vaccins\u00a0» ne doit pas être lu par d’autres."
    )


@pytest.mark.parametrize("address", ["https://evil.example/x", "www.evil.org", "cutt.fr", "HTTP:x"])
def test_an_address_typed_by_hand_is_refused(address: str) -> None:
    assert codes(f"{GOOD_SMS}\n{address}") == {"typed_address"}
    assert "typed_address" in codes(f"{GOOD_EMAIL}\n{address}", subject="x")


@pytest.mark.parametrize("tag", ["<b>", "</p>", "<a href=x>", "&nbsp;", "<!-- x -->"])
def test_html_is_refused(tag: str) -> None:
    assert "html" in codes(f"{GOOD_EMAIL}\n{tag}", subject="x")


@pytest.mark.parametrize("line", ["# Titre", "- item", "[Voir]({short_link})"])
def test_markup_is_for_e_mails(line: str) -> None:
    assert codes(f"{GOOD_SMS}\n{line}") == {"markup"}


@pytest.mark.parametrize(
    "line",
    ["Allez [ici]({link})", "[ici](https:x)", "[ici]({phone})", "[ici]()", "[{when}]({link})"],
)
def test_a_button_that_would_not_work_is_refused(line: str) -> None:
    assert "button" in codes(f"{GOOD_EMAIL}\n{line}", subject="x")


def test_shapes_are_checked() -> None:
    assert codes("") >= {"empty"}
    problems = check("confirmation", EMAIL, "fr", subject=" ", body=GOOD_EMAIL)
    assert [each.code for each in problems] == ["no_subject"]
    problems = check("confirmation", SMS, "fr", subject="x", body=GOOD_SMS)
    assert [each.code for each in problems] == ["subject_of_sms"]
    assert codes(GOOD_EMAIL, subject="a\nb") == {"subject_lines"}


def test_an_sms_that_would_cost_two_is_refused_with_the_number() -> None:
    problem = one(GOOD_SMS + "\n" + "x" * 120)
    assert problem.said() == "Ce texte peut demander 2 SMS par envoi\u00a0: 1 au plus."
    assert codes(GOOD_SMS + "\n" + "x" * 80) == set()


def test_one_sign_out_of_the_alphabet_counts() -> None:
    assert codes(GOOD_SMS + "\nà bientôt, ça ira") == set()
    assert codes(GOOD_SMS + "\n\N{SLIGHTLY SMILING FACE}" + "x" * 20) == {"segments"}


def test_what_is_too_long_is_told_with_its_length() -> None:
    assert codes(GOOD_EMAIL, subject="x" * 91) == {"subject_length"}
    assert codes(GOOD_EMAIL + "\n" + "x" * 6000, subject="x") == {"length"}


def test_a_message_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(LookupError):
        check("reply_ask", EMAIL, "fr", subject="x", body="x")
    with pytest.raises(LookupError):
        default_wording("nothing", SMS, "fr")


def test_every_sentence_can_be_said() -> None:
    details = dict.fromkeys(
        ("name", "near", "says", "line", "names", "word", "address", "tag"), "x"
    )
    details |= dict.fromkeys(("length", "limit", "parts"), "1")
    for code in MESSAGES:
        assert "%" not in Problem(code, "body", details).said()
    assert Problem("empty").said(str.upper) == "CE TEXTE EST VIDE."
    assert all(variable.says for variable in VARIABLES.values())

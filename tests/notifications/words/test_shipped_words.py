"""Every message, in every channel and language: there, whole, right at its longest, and neutral."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import product

import pytest

from notifications.segments import is_gsm7, measure
from notifications.words.checks import check
from notifications.words.compose import compose_email, compose_sms
from notifications.words.defaults import FOLDER, PHRASES, default_wording, phrase, shipped_kinds
from notifications.words.examples import (
    SHORT_LINK_LENGTH,
    discreet_values,
    example_values,
    longest_values,
)
from notifications.words.kinds import (
    EMAIL,
    FRENCH_BELOW,
    GSM_LANGUAGES,
    KINDS,
    LANGUAGES,
    PARTS,
    SMS,
    SUBJECT_LENGTH,
)
from notifications.words.letter import Letter
from notifications.words.neutral import PLACE_LENGTH, forbidden_words
from notifications.words.template import PLACEHOLDER, Values

VALUES = {"ordinary": example_values, "longest": longest_values, "discreet": discreet_values}
ALL = [(kind, channel) for kind, forms in KINDS.items() for channel in forms]
EMAILS = [kind for kind, channel in ALL if channel == EMAIL]
TEXTS = [kind for kind, channel in ALL if channel == SMS]
MACHINE = re.compile(r"https?://\S+|\{[a-z_]+\}|\(\{[a-z_]+\}\)")
FRENCH_FAULTS = {
    "an ASCII apostrophe": re.compile(r"\w'\w"),
    "no no-break space before ; ! ?": re.compile(r"[^\u202f!?][;!?]"),
    "no no-break space before :": re.compile(r"[^\u00a0\d]:"),
    "three dots": re.compile(r"\.\.\."),
}
OTHER_FAULTS = {
    "a straight quote": re.compile(r"['\"]"),
    "a space before a mark": re.compile(r"[\s\u00a0\u202f][:;!?؟،,.](?!\w)"),
    "French quotes or spaces": re.compile(r"[«»\u202f]"),
    "three dots": re.compile(r"\.\.\."),
}
in_every_language = pytest.mark.parametrize("language", LANGUAGES)


def texts(language: str) -> Iterator[tuple[str, str]]:
    """Every shipped text of a language, and where it stands."""
    for kind, channel in ALL:
        wording = default_wording(kind, channel, language)
        yield f"{kind} {channel}", wording.body
        yield f"{kind} subject", wording.subject


@cache
def values_of(name: str, language: str) -> Values:
    return VALUES[name](language)


@cache
def mail(kind: str, language: str, values: str, *, has_french: bool = False) -> Letter:
    """Composed once for all who look at it."""
    french = values_of(values, "fr") if has_french else None
    return compose_email(kind, language, values_of(values, language), french_values=french)


def sent(kind: str, channel: str, language: str, values: str) -> str:
    """All a reader gets."""
    if channel == SMS:
        return compose_sms(kind, language, values_of(values, language))
    letter = mail(kind, language, values, has_french=True)
    return f"{letter.subject}\n{letter.text}"


@in_every_language
def test_every_message_is_written_in_every_language(language: str) -> None:
    file = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    assert shipped_kinds(language) == frozenset(KINDS)
    for kind, forms in KINDS.items():
        wanted = {*forms, "subject"} if EMAIL in forms else set(forms)
        assert set(file[kind]) == wanted, kind
        assert all(text.strip() for text in file[kind].values()), kind


def test_no_language_is_shipped_without_being_declared() -> None:
    assert {path.stem for path in FOLDER.glob("*")} == set(LANGUAGES)


@in_every_language
def test_every_template_passes_the_check_it_will_meet_when_edited(language: str) -> None:
    problems = {}
    for kind, channel in ALL:
        wording = default_wording(kind, channel, language)
        found = check(kind, channel, language, subject=wording.subject, body=wording.body)
        problems[kind, channel] = [problem.said() for problem in found]
    assert {where: found for where, found in problems.items() if found} == {}


@in_every_language
def test_every_message_is_filled(language: str) -> None:
    faults = re.compile(r"[{}]|\n\n\n|None")
    everything = {
        (kind, channel, values): sent(kind, channel, language, values)
        for kind, channel in ALL
        for values in VALUES
    }
    assert {where: said for where, said in everything.items() if faults.search(said)} == {}
    assert all(everything.values())


@in_every_language
def test_every_sms_costs_what_was_promised_at_its_longest(language: str) -> None:
    for kind in TEXTS:
        text = sent(kind, SMS, language, "longest")
        size = measure(text)
        assert size.segments <= PARTS[language], (kind, size)
        assert is_gsm7(text) == (language in GSM_LANGUAGES), kind


def test_the_promises_are_one_part_in_french_and_134_signs_in_other_alphabets() -> None:
    assert [PARTS[language] for language in ("fr", "fr-x-facile", "ar", "uk")] == [1, 1, 2, 2]
    for language in ("ar", "uk"):
        longest = [sent(kind, SMS, language, "longest") for kind in TEXTS]
        assert max(map(len, longest)) <= 134


@in_every_language
def test_the_longest_values_are_as_long_as_the_bounds_allow(language: str) -> None:
    values = longest_values(language)
    assert len(str(values["short_link"])) == SHORT_LINK_LENGTH
    assert len(str(values["place_short"])) == PLACE_LENGTH
    for name, example in example_values(language).items():
        assert len(str(values[name])) >= len(str(example)), name


@in_every_language
def test_no_sms_tells_of_health_of_a_person_or_of_a_reason(language: str) -> None:
    values = {**example_values(language), "child": "Tifenn", "practitioner": "Dr Nadia"}
    told = [values["reason"], *values["bring"], "Tifenn", "Nadia", "PMI", "CDAS"]  # type: ignore[misc]
    for kind in TEXTS:
        text = compose_sms(kind, language, values)
        assert forbidden_words(text, language) == [], kind
        assert [word for word in told if str(word) in text] == [], kind


@in_every_language
def test_no_subject_tells_of_health_of_a_person_or_of_a_place(language: str) -> None:
    for kind, name in product(EMAILS, ("ordinary", "longest")):
        subject, values = mail(kind, language, name).subject, values_of(name, language)
        assert forbidden_words(subject, language) == [], kind
        told = [values["centre"], values["reason"], values["code"], "CDAS", "PMI", "Maison"]
        assert [word for word in told if str(word) in subject] == [], kind
        assert len(subject) <= SUBJECT_LENGTH, kind


@in_every_language
def test_a_discreet_reason_leaves_no_trace(language: str) -> None:
    labels = (
        "Motif",
        "Pourquoi\u00a0:",
        "Reason",
        "سبب الموعد",
        "Konu",
        "Motivo",
        "Мета",
        "À apporter\u00a0:",
    )
    for kind in EMAILS:
        letter = mail(kind, language, "discreet", has_french=True)
        assert [label for label in labels if label in letter.text + letter.html] == [], kind


@in_every_language
def test_an_sms_of_another_alphabet_says_day_and_time_first_and_links_alone(language: str) -> None:
    for kind in ("confirmation", "moved", "reminder"):
        text = sent(kind, SMS, language, "ordinary")
        assert re.search(r"[٠-٩۰-۹]", text) is None, kind
        assert example_values(language)["short_link"] in text.splitlines(), kind
        assert language in GSM_LANGUAGES or text.startswith("24/11 1"), kind


@in_every_language
def test_whoever_may_answer_is_told_the_digits(language: str) -> None:
    for kind, digits in (("reminder", "123"), ("reply_unknown", "123"), ("reply_ask", "12")):
        text = compose_sms(kind, language, {**example_values(language), "times": "9h", "phone": ""})
        missing = [digit for digit in digits if not re.search(rf"\b{digit}\b", text)]
        assert missing == [], kind


@in_every_language
def test_words_are_set_by_the_rules_of_their_language(language: str) -> None:
    faults = FRENCH_FAULTS if language.startswith("fr") else OTHER_FAULTS
    wrong = [
        (where, fault, line)
        for where, text in texts(language)
        for line in MACHINE.sub("x", text).splitlines()
        for fault, pattern in faults.items()
        if pattern.search(line)
    ]
    assert wrong == []


@in_every_language
def test_the_same_variables_are_told_in_every_language(language: str) -> None:
    """Nobody learns less for reading another language."""
    for kind in EMAILS:
        own, french = (
            set(PLACEHOLDER.findall(default_wording(kind, EMAIL, each).body))
            for each in (language, "fr")
        )
        assert own - {"centre"} == french - {"centre"}, kind


def test_every_language_has_the_phrases_that_stand_around() -> None:
    french = tomllib.loads((FOLDER / "fr.toml").read_text(encoding="utf-8"))[PHRASES]
    for language in set(LANGUAGES) - {"fr", "fr-x-facile"}:
        for name in french:
            assert phrase(name, language), name
            assert set(PLACEHOLDER.findall(phrase(name, language))) == set(
                PLACEHOLDER.findall(french[name])
            )
        assert phrase("automatic", language) != french["automatic"]


def test_easy_french_keeps_its_sentences_short() -> None:
    for where, text in texts("fr-x-facile"):
        for line in PLACEHOLDER.sub("x", text).splitlines():
            for sentence in re.split(r"(?<=[.!?])\s", line):
                assert len(sentence.split()) <= 10, (where, sentence)


def test_french_stands_below_where_the_reader_may_need_someone_to_read() -> None:
    for language in LANGUAGES:
        letter = mail("confirmation", language, "ordinary", has_french=True)
        assert ("Votre rendez-vous est confirmé." in letter.text) == (
            language in FRENCH_BELOW | {"fr"}
        )

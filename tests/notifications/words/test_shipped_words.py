"""Every message, in every channel and language: there, whole, right at its longest, and neutral."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

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
from notifications.words.neutral import PLACE_LENGTH, forbidden_words
from notifications.words.template import PLACEHOLDER, Values

VALUES = [example_values, longest_values, discreet_values]
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


def sent(kind: str, channel: str, language: str, values: Values, french: Values) -> str:
    """All a reader gets."""
    if channel == SMS:
        return compose_sms(kind, language, values)
    mail = compose_email(kind, language, values, french_values=french)
    return f"{mail.subject}\n{mail.text}"


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
@pytest.mark.parametrize(("kind", "channel"), ALL)
def test_every_template_passes_the_check_it_will_meet_when_edited(
    kind: str, channel: str, language: str
) -> None:
    wording = default_wording(kind, channel, language)
    problems = check(kind, channel, language, subject=wording.subject, body=wording.body)
    assert [problem.said() for problem in problems] == []


@in_every_language
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize(("kind", "channel"), ALL)
def test_every_message_is_filled(kind: str, channel: str, values: object, language: str) -> None:
    assert callable(values)
    shown = sent(kind, channel, language, values(language), values("fr"))
    assert not re.search(r"[{}]", shown)
    assert "\n\n\n" not in shown
    assert "None" not in shown


@in_every_language
@pytest.mark.parametrize("kind", TEXTS)
def test_every_sms_costs_what_was_promised_at_its_longest(kind: str, language: str) -> None:
    text = compose_sms(kind, language, longest_values(language))
    size = measure(text)
    assert size.segments <= PARTS[language], size
    assert is_gsm7(text) == (language in GSM_LANGUAGES)


def test_the_promises_are_one_part_in_french_and_134_signs_in_other_alphabets() -> None:
    assert [PARTS[language] for language in ("fr", "fr-x-facile", "ar", "uk")] == [1, 1, 2, 2]
    for language in ("ar", "uk"):
        longest = [compose_sms(kind, language, longest_values(language)) for kind in TEXTS]
        assert max(map(len, longest)) <= 134


@in_every_language
def test_the_longest_values_are_as_long_as_the_bounds_allow(language: str) -> None:
    values = longest_values(language)
    assert len(str(values["short_link"])) == SHORT_LINK_LENGTH
    assert len(str(values["place_short"])) == PLACE_LENGTH
    for name, example in example_values(language).items():
        assert len(str(values[name])) >= len(str(example)), name


@in_every_language
@pytest.mark.parametrize("kind", TEXTS)
def test_no_sms_tells_of_health_of_a_person_or_of_a_reason(kind: str, language: str) -> None:
    values = {**example_values(language), "child": "Tifenn", "practitioner": "Dr Nadia"}
    text = compose_sms(kind, language, values)
    assert forbidden_words(text, language) == []
    told = [values["reason"], *values["bring"], "Tifenn", "Nadia", "PMI", "CDAS"]  # type: ignore[misc]
    assert [word for word in told if str(word) in text] == []


@in_every_language
@pytest.mark.parametrize("kind", EMAILS)
def test_no_subject_tells_of_health_of_a_person_or_of_a_place(kind: str, language: str) -> None:
    for values in (example_values(language), longest_values(language)):
        subject = compose_email(kind, language, values).subject
        assert forbidden_words(subject, language) == []
        told = [values["centre"], values["reason"], values["code"], "CDAS", "PMI", "Maison"]
        assert [word for word in told if str(word) in subject] == []
        assert len(subject) <= SUBJECT_LENGTH


@in_every_language
@pytest.mark.parametrize("kind", EMAILS)
def test_a_discreet_reason_leaves_no_trace(kind: str, language: str) -> None:
    mail = compose_email(
        kind, language, discreet_values(language), french_values=discreet_values("fr")
    )
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
    assert [label for label in labels if label in mail.text + mail.html] == []


@in_every_language
@pytest.mark.parametrize("kind", ["confirmation", "moved", "reminder"])
def test_an_sms_of_another_alphabet_says_day_and_time_first_and_links_alone(
    kind: str, language: str
) -> None:
    text = compose_sms(kind, language, example_values(language))
    assert re.search(r"[٠-٩۰-۹]", text) is None
    lines = text.splitlines()
    assert example_values(language)["short_link"] in lines
    if language not in GSM_LANGUAGES:
        assert text.startswith("24/11 1")


@in_every_language
@pytest.mark.parametrize("kind", ["reminder", "reply_unknown", "reply_ask"])
def test_whoever_may_answer_is_told_the_digits(kind: str, language: str) -> None:
    text = compose_sms(kind, language, {**example_values(language), "times": "9h", "phone": ""})
    digits = "12" if kind == "reply_ask" else "123"
    assert [digit for digit in digits if not re.search(rf"\b{digit}\b", text)] == []


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
        mail = compose_email(
            "confirmation", language, example_values(language), french_values=example_values("fr")
        )
        assert ("Votre rendez-vous est confirmé." in mail.text) == (
            language in FRENCH_BELOW | {"fr"}
        )

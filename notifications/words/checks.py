"""What is wrong with a template before it may be used: precise, and in words its writer reads.

Messages are French source texts; pages pass them through gettext (`Problem.said`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from notifications.segments import segments
from notifications.words.compose import compose_email, compose_sms
from notifications.words.defaults import Wording
from notifications.words.examples import longest_values
from notifications.words.kinds import (
    EMAIL,
    EMAIL_LENGTH,
    PARTS,
    SMS,
    SUBJECT_LENGTH,
    VARIABLES,
    Form,
    form_of,
    gettext_noop,
    known_language,
)
from notifications.words.neutral import forbidden_words
from notifications.words.template import BUTTON, PLACEHOLDER

LOOSE_NAME = re.compile(r"\{([^{}\n]*)\}")
TYPED_ADDRESS = re.compile(r"https?:\S*|\bwww\.\S+|\b[\w-]+\.(?:fr|com|org|net|eu|bzh)\b", re.I)
HTML = re.compile(r"</?[a-zA-Z!][^<>]*>|&\w+;")
MARKUP = re.compile(r"^\s*(?:#+ |- |\* |\[[^\]\n]*\]\()", re.MULTILINE)
BUTTON_LIKE = re.compile(r"\[[^\]\n]*\]\([^)\n]*\)?")

MESSAGES = {
    "empty": gettext_noop("Ce texte est vide."),
    "no_subject": gettext_noop("Un e-mail a besoin d’un objet."),
    "subject_of_sms": gettext_noop("Un SMS n’a pas d’objet."),
    "subject_lines": gettext_noop("L’objet tient sur une seule ligne."),
    "unknown_variable": gettext_noop("La variable {%(name)s} n’existe pas."),
    "unknown_variable_near": gettext_noop(
        "La variable {%(name)s} n’existe pas. Est-ce {%(near)s}\u202f?"
    ),
    "variable_not_here": gettext_noop("La variable {%(name)s} n’est pas permise ici (%(says)s)."),
    "stray_brace": gettext_noop("Une accolade est seule, ligne %(line)s."),
    "missing_variable": gettext_noop("Il manque la variable %(names)s."),
    "forbidden_word": gettext_noop(
        "Le mot «\u00a0%(word)s\u00a0» ne doit pas être lu par d’autres."
    ),
    "typed_address": gettext_noop(
        "L’adresse %(address)s est écrite à la main\u00a0: utilisez une variable de lien."
    ),
    "html": gettext_noop("Le code HTML «\u00a0%(tag)s\u00a0» serait lu tel quel."),
    "markup": gettext_noop(
        "Titres, listes et boutons ne vont que dans un e-mail (ligne %(line)s)."
    ),
    "button": gettext_noop(
        "Un bouton s’écrit [texte]({link}), seul sur sa ligne (ligne %(line)s)."
    ),
    "subject_length": gettext_noop(
        "L’objet peut atteindre %(length)s caractères\u00a0: %(limit)s au plus."
    ),
    "length": gettext_noop(
        "Le texte peut atteindre %(length)s caractères\u00a0: %(limit)s au plus."
    ),
    "segments": gettext_noop(
        "Ce texte peut demander %(parts)s SMS par envoi\u00a0: %(limit)s au plus."
    ),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. `part` is "subject" or "body"; `details` fill the sentence."""

    code: str
    part: str = "body"
    details: Mapping[str, object] = field(default_factory=dict)

    def said(self, translate: Callable[[str], str] = str) -> str:
        """The sentence; `translate` is gettext, where someone reads another language."""
        return translate(MESSAGES[self.code]) % self.details


def check(kind: str, channel: str, language: str, *, subject: str, body: str) -> list[Problem]:
    """Every problem, in reading order; [] when it may be used. LookupError: no such message."""
    form = form_of(kind, channel)
    parts = {"subject": subject, "body": body}
    found = [
        *_shape(channel, subject, body),
        *(problem for part in parts for problem in _variables(form, part, parts[part])),
        *_missing(form, body),
        *(problem for part in parts for problem in _signs(part, parts[part])),
        *_markup(channel, body),
        *_forbidden(channel, language, parts),
    ]
    # Lengths are only worth telling once everything else is right.
    return found or list(_lengths(kind, channel, language, Wording(body, subject)))


def _shape(channel: str, subject: str, body: str) -> Iterator[Problem]:
    if channel == EMAIL and not subject.strip():
        yield Problem("no_subject", "subject")
    if channel == SMS and subject:
        yield Problem("subject_of_sms", "subject")
    if "\n" in subject.strip():
        yield Problem("subject_lines", "subject")
    if not body.strip():
        yield Problem("empty")


def _variables(form: Form, part: str, text: str) -> Iterator[Problem]:
    """Unknown or misplaced ones, and braces that hold none."""
    allowed = form.subject if part == "subject" else form.allowed
    for name in dict.fromkeys(LOOSE_NAME.findall(text)):
        if name not in VARIABLES:
            near = get_close_matches(name.strip().lower(), sorted(allowed), n=1)
            code = "unknown_variable_near" if near else "unknown_variable"
            yield Problem(code, part, {"name": name, **({"near": near[0]} if near else {})})
        elif name not in allowed:
            yield Problem("variable_not_here", part, {"name": name, "says": VARIABLES[name].says})
    for number, line in enumerate(text.splitlines(), start=1):
        if re.search(r"[{}]", LOOSE_NAME.sub("", line)):
            yield Problem("stray_brace", part, {"line": number})


def _missing(form: Form, body: str) -> Iterator[Problem]:
    present = set(PLACEHOLDER.findall(body))
    for group in form.needed:
        if not group & present:
            names = " / ".join(f"{{{name}}}" for name in sorted(group))
            yield Problem("missing_variable", details={"names": names})


def _signs(part: str, text: str) -> Iterator[Problem]:
    """What a reader would see as it is typed, or be led astray by."""
    for tag in dict.fromkeys(HTML.findall(text)):
        yield Problem("html", part, {"tag": tag})
    for address in dict.fromkeys(TYPED_ADDRESS.findall(text)):
        yield Problem("typed_address", part, {"address": address})


def _markup(channel: str, body: str) -> Iterator[Problem]:
    for number, line in enumerate(body.splitlines(), start=1):
        if channel == SMS:
            if MARKUP.search(line):
                yield Problem("markup", details={"line": number})
        elif BUTTON_LIKE.search(line) and not _is_button(line):
            yield Problem("button", details={"line": number})


def _is_button(line: str) -> bool:
    found = BUTTON.fullmatch(line.strip())
    return bool(found and found[2] in VARIABLES and VARIABLES[found[2]].is_link)


def _forbidden(channel: str, language: str, parts: Mapping[str, str]) -> Iterator[Problem]:
    """An e-mail's body is read by its owner alone."""
    for part in ("subject", "body") if channel == SMS else ("subject",):
        text = PLACEHOLDER.sub(" ", parts[part])
        for word in dict.fromkeys(forbidden_words(text, language)):
            yield Problem("forbidden_word", part, {"word": word})


def _lengths(kind: str, channel: str, language: str, wording: Wording) -> Iterator[Problem]:
    values = longest_values(language)
    if channel == SMS:
        parts = segments(compose_sms(kind, language, values, wording=wording))
        limit = PARTS[known_language(language)]
        if parts > limit:
            yield Problem("segments", details={"parts": parts, "limit": limit})
        return
    mail = compose_email(kind, language, values, wording=wording)
    if len(mail.subject) > SUBJECT_LENGTH:
        details = {"length": len(mail.subject), "limit": SUBJECT_LENGTH}
        yield Problem("subject_length", "subject", details)
    if len(mail.text) > EMAIL_LENGTH:
        yield Problem("length", details={"length": len(mail.text), "limit": EMAIL_LENGTH})

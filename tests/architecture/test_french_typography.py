"""French source texts are set as the Imprimerie nationale asks, everywhere people read them."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache, partial

import pytest

from tests.architecture.source import HOUSES, files, name, nodes

MARKERS = {
    *("_", "_lazy", "gettext", "gettext_lazy", "gettext_noop"),
    *("ngettext", "ngettext_lazy", "pgettext"),
}
IN_TEMPLATE = re.compile(
    r"""\{%\s*(?:translate|trans)\s+(?:"([^"]*)"|'([^']*)')"""
    r"|\{%\s*blocktrans(?:late)?[^%]*%\}(.*?)\{%\s*endblocktrans(?:late)?\s*%\}",
    re.DOTALL,
)
# What stands for a word between texts that are in no catalogue; then what stands for none.
WORD = re.compile(
    r"\{%\s*(?:translate|trans)\s.*?%\}|\{\{.*?\}\}"
    r"|\{%\s*blocktrans(?:late)?[^%]*%\}.*?\{%\s*endblocktrans(?:late)?\s*%\}",
    re.DOTALL,
)
CODE = re.compile(r"\{#.*?#\}|\{%.*?%\}|<(script|style)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
MARKUP = re.compile(r"</?[a-z!][^<>]*>", re.IGNORECASE)
NO_BREAK, NARROW = "\u00a0", "\u202f"
FAULTS = {
    "an ASCII apostrophe": re.compile(r"\w'\w"),
    "no narrow no-break space before ; ! ?": re.compile(rf"[^{NARROW}!?][;!?](?!\w)"),
    "no no-break space before :": re.compile(rf"[^{NO_BREAK}\d]:"),
    "no no-break space inside « »": re.compile(rf"«[^{NO_BREAK}]|[^{NO_BREAK}]»"),
    "three dots": re.compile(r"\.\.\."),
}


def from_python() -> Iterator[tuple[str, str]]:
    """The texts marked for translation in modules, and where they stand."""
    for path in files(".py", *HOUSES):
        for node in nodes(path):
            if isinstance(node, ast.Call) and _name(node.func) in MARKERS:
                for given in node.args:
                    if isinstance(given, ast.Constant) and isinstance(given.value, str):
                        yield f"{name(path)}:{given.lineno}", given.value


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def templates() -> Iterator[tuple[str, str]]:
    for path in [*files(".html", *HOUSES), *files(".txt", *HOUSES)]:
        yield name(path), path.read_text(encoding="utf-8")


def from_templates() -> Iterator[tuple[str, str]]:
    for where, text in templates():
        for found in IN_TEMPLATE.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield f"{where}:{line}", next(filter(None, found.groups()), "")


def between(text: str) -> Iterator[tuple[int, str]]:
    """What a template writes between the texts of the catalogue, each an X, and in which line."""
    for pattern, instead in ((WORD, "X"), (CODE, ""), (MARKUP, "")):
        text = pattern.sub(partial(_as_long, instead), text)
    for line, written in enumerate(text.split("\n"), start=1):
        if written.strip("X \t"):
            yield line, written.strip()


def _as_long(instead: str, found: re.Match[str]) -> str:
    return instead + "\n" * found[0].count("\n")


@cache
def marked_texts() -> list[tuple[str, str]]:
    return [*from_python(), *from_templates()]


def faulty(fault: str, texts: Iterable[tuple[str, str]]) -> list[str]:
    pattern = FAULTS[fault]
    return [f"{where} {text.strip()!r}" for where, text in texts if pattern.search(bare(text))]


def bare(text: str) -> str:
    return re.sub(r"\{\{.*?\}\}|%\(\w+\)[sd]|&\w+;|https?:", "X", MARKUP.sub("", text))


@pytest.mark.parametrize("fault", FAULTS)
def test_no_text_has(fault: str) -> None:
    texts = marked_texts()
    assert len(texts) > 200
    assert faulty(fault, texts) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_nor_has_what_templates_write_between_texts(fault: str) -> None:
    texts = [
        (f"{where}:{line}", written)
        for where, text in templates()
        for line, written in between(text)
    ]
    assert len(texts) > 100
    assert faulty(fault, texts) == []


@pytest.mark.parametrize(
    "written",
    [
        "<p>{{ who }} : {{ says }}</p>",
        '{% translate "Jour" %}{% if is_open %} :{% endif %}',
        "<b>{{ who }}</b>\u00a0!",
        "« {{ name }} »",
    ],
)
def test_a_wrong_space_between_two_texts_is_seen(written: str) -> None:
    texts = [("", text) for _line, text in between(written)]
    assert [fault for fault in FAULTS if faulty(fault, texts)]

"""French source texts are set as the Imprimerie nationale asks, everywhere people read them."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.architecture.source import HOUSES, files, name, nodes

MARKERS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext"}
IN_TEMPLATE = re.compile(
    r"""\{%\s*(?:translate|trans)\s+(?:"([^"]*)"|'([^']*)')"""
    r"|\{%\s*blocktrans(?:late)?[^%]*%\}(.*?)\{%\s*endblocktrans(?:late)?\s*%\}",
    re.DOTALL,
)
NO_BREAK_SPACES = "\u00a0\u202f"
FAULTS = {
    "an ASCII apostrophe": re.compile(r"\w'\w"),
    "a plain space, or none, before ; ! ?": re.compile(rf"[^{NO_BREAK_SPACES}!?][;!?](?!\w)"),
    "a plain space before :": re.compile(r"[ \n]:"),
    "a plain space inside « »": re.compile(r"«[ \w]|[ \w]»"),
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


def from_templates() -> Iterator[tuple[str, str]]:
    for path in [*files(".html", *HOUSES), *files(".txt", *HOUSES)]:
        text = path.read_text(encoding="utf-8")
        for found in IN_TEMPLATE.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield f"{name(path)}:{line}", next(filter(None, found.groups()), "")


@cache
def marked_texts() -> list[tuple[str, str]]:
    return [*from_python(), *from_templates()]


@pytest.mark.parametrize("fault", FAULTS)
def test_no_text_has(fault: str) -> None:
    texts = marked_texts()
    assert len(texts) > 200
    wrong = [
        f"{where} {text.strip()!r}"
        for where, text in texts
        if FAULTS[fault].search(re.sub(r"\{\{.*?\}\}|%\(\w+\)[sd]|&\w+;|https?:", "X", text))
    ]
    assert wrong == []

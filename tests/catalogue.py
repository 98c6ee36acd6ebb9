"""`python -m tests.catalogue`: keeps the English catalogue in step with the texts that code marks.

Extraction is pure Python (Django's templatize, Babel's reader), so it needs no gettext tools.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
HOUSES = ("booking", "centres", "config", "frontend", "notifications")
CATALOGUE = ROOT / "frontend" / "locale" / "en" / "LC_MESSAGES" / "django.po"
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "npgettext": ((1, "c"), 2, 3),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}
# No date and no name: they would change at each run and say nothing.
HEADER = r"""# English texts of Emgav. The French source texts are the keys.
msgid ""
msgstr ""
"Project-Id-Version: Emgav\n"
"Language: en\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

"""


def read() -> Catalog:
    """The catalogue as committed."""
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="en")


def marked() -> Catalog:
    """Every text marked for translation, without its translation."""
    catalogue = Catalog(locale="en", fuzzy=False)
    for path in _sources():
        source = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            source = _without_indents(templatize(source))
        for _line, text, _comments, context in extract(
            "python", BytesIO(source.encode()), keywords=KEYWORDS
        ):
            catalogue.add(text, locations=[(path.relative_to(ROOT).as_posix(), 0)], context=context)
    return catalogue


def merged(source: Catalog, known: Catalog) -> str:
    """A catalogue of the marked texts with the known translations, as its file is written."""
    for message in source:
        former = known.get(message.id, message.context) if message.id else None
        if former is not None:
            message.string = former.string
    file = BytesIO()
    write_po(file, source, width=0, omit_header=True, sort_by_file=True, include_lineno=False)
    return HEADER + file.getvalue().decode()


def _sources() -> Iterator[Path]:
    for house in HOUSES:
        for path in sorted((ROOT / house).rglob("*")):
            is_page = path.suffix in {".html", ".txt"} and "templates" in path.parts
            if is_page or (path.suffix == ".py" and "migrations" not in path.parts):
                yield path


def _without_indents(source: str) -> str:
    """What templatize makes of a page is read as Python, where an indent means something."""
    return "\n".join(line.strip() for line in source.splitlines())


def main() -> None:
    known = read() if CATALOGUE.exists() else Catalog(locale="en")
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    CATALOGUE.write_text(merged(marked(), known), encoding="utf-8")
    missing = [message.id for message in read() if message.id and not any(_strings(message.string))]
    sys.stdout.write(f"{len(missing)} texts to translate in {CATALOGUE.relative_to(ROOT)}\n")


def _strings(string: str | list[str] | tuple[str, ...]) -> list[str]:
    return [string] if isinstance(string, str) else list(string)


if __name__ == "__main__":
    main()

"""An e-mail of filled lines: its plain text, and the same as simple, accessible HTML.

Styles are written on each element because many mail programmes drop style sheets; the one in the
head only serves those that go dark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from notifications.words.defaults import phrase
from notifications.words.kinds import RIGHT_TO_LEFT, html_language
from notifications.words.template import WEB_ADDRESS, Line, Lines, Piece, Style, plain

# "Où :" before a value, not a whole sentence.
LABEL = re.compile(r"[^.!?؟،,]{1,40}: ")
FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',Arial,sans-serif"
GROUND, SURFACE, BORDER = "#faf5ec", "#fffdf9", "#dccfba"
INK, INK_SOFT, ACTION, BAND = "#10303a", "#44595f", "#0b5d6b", "#0b4652"

STYLES = {
    "page": f"margin:0;padding:16px 10px 24px;background:{GROUND};color:{INK};"
    f"font-family:{FONT};font-size:18px;line-height:1.5;",
    "sheet": f"max-width:36rem;margin:0 auto;background:{SURFACE};border:1px solid {BORDER};"
    "border-radius:12px;overflow:hidden;",
    "band": f"margin:0;padding:12px 22px;background:{BAND};color:#ffffff;font-size:16px;"
    "font-weight:bold;",
    "body": "padding:24px 22px 14px;overflow-wrap:break-word;",
    "h1": "margin:0 0 20px;font-size:25px;line-height:1.25;font-weight:bold;",
    "h2": "margin:28px 0 8px;font-size:20px;line-height:1.3;font-weight:bold;",
    "p": "margin:0 0 16px;",
    "key": f"margin:0 0 16px;padding:14px 16px;background:{GROUND};border-radius:10px;"
    "font-size:21px;line-height:1.35;font-weight:bold;",
    "visits": f"margin:0 0 16px;padding:14px 16px;background:{GROUND};border-radius:10px;"
    "font-size:21px;line-height:1.35;font-weight:bold;list-style:none;",
    "code": f"margin:0 0 16px;padding:14px 16px;background:{GROUND};border-radius:10px;"
    "font-size:36px;line-height:1.2;letter-spacing:5px;font-weight:bold;",
    "press": "margin:0 0 8px;",
    "ul": "margin:0 0 16px;padding:0 24px;",
    "li": "margin:0 0 4px;",
    "first": f"display:inline-block;padding:13px 22px;background:{ACTION};color:#ffffff;"
    "border-radius:10px;font-weight:bold;text-decoration:none;",
    "other": f"display:inline-block;padding:9px 0;color:{ACTION};font-weight:bold;"
    "text-decoration:underline;",
    "link": f"color:{ACTION};",
    "again": f"margin:28px 0 0;border-top:1px solid {BORDER};",
    "foot": f"max-width:36rem;margin:0 auto;padding:14px 22px 0;color:{INK_SOFT};font-size:16px;",
}
DARK = """\
@media (prefers-color-scheme: dark) {
.page, .key, .visits, .code { background: #0d1f26 !important; color: #f0f4f1 !important; }
.sheet { background: #152d36 !important; border-color: #2f4c56 !important; }
.again { border-color: #2f4c56 !important; }
.first { background: #83d3d6 !important; color: #05262d !important; }
.other, .link { color: #8bd8dc !important; }
.foot { color: #b6c7c9 !important; }
}"""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent by e-mail."""

    language: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Page:
    """One language's share of an e-mail, filled."""

    language: str
    subject: str
    lines: Lines


def letter(pages: Sequence[Page], *, department: str = "") -> Letter:
    """The first page is the reader's own language; the others follow for those who help them."""
    own = pages[0]
    return Letter(
        language=html_language(own.language),
        subject=own.subject,
        text=_text(pages, department),
        html=_html(pages, department),
    )


def _text(pages: Sequence[Page], department: str) -> str:
    own, *others = pages
    parts = [_plain_page(own)]
    parts += [f"* * *\n\n{page.subject}\n\n{_plain_page(page)}" for page in others]
    automatic = [phrase("automatic", page.language) for page in pages]
    # "-- " opens the signature, which mail programmes set apart.
    return (
        "\n\n".join(parts)
        + "\n\n"
        + "\n".join(filter(None, ["-- ", department, *automatic]))
        + "\n"
    )


def _plain_page(page: Page) -> str:
    is_mixed = page.language in RIGHT_TO_LEFT
    return plain(page.lines, language=page.language, is_isolated=is_mixed)


def _html(pages: Sequence[Page], department: str) -> str:
    own, *others = pages
    band = _tag("p", "band", escape(department)) if department else ""
    body = _tag("h1", "h1", escape(own.subject)) + _blocks(own)
    body += "".join(_again(page) for page in others)
    foot = "".join(
        f'<p {_speech(page.language)} style="margin:0">{escape(phrase("automatic", page.language))}'
        "</p>\n"
        for page in pages
    )
    return (
        f"<!doctype html>\n<html {_speech(own.language)}>\n<head>\n"
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(own.subject)}</title>\n<style>\n{DARK}\n</style>\n</head>\n"
        f'<body style="margin:0;background:{GROUND}" class="page">\n'
        # Webmail drops <html> and <body>: language and direction are told once more.
        f'<div {_speech(own.language)} class="page" style="{STYLES["page"]}">\n'
        f"<main {_look('sheet')}>\n{band}<div {_look('body')}>\n{body}</div>\n</main>\n"
        f"<footer {_look('foot')}>\n{foot}</footer>\n</div>\n</body>\n</html>\n"
    )


def _again(page: Page) -> str:
    title = _tag("h2", "h2", escape(page.subject))
    return f"<div {_speech(page.language)} {_look('again')}>\n{title}{_blocks(page)}</div>\n"


def _speech(language: str) -> str:
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    return f'lang="{html_language(language)}" dir="{direction}"'


def _look(name: str) -> str:
    return f'class="{name}" style="{STYLES[name]}"'


def _tag(tag: str, look: str, inside: str) -> str:
    return f"<{tag} {_look(look)}>{inside}</{tag}>\n"


def _blocks(page: Page) -> str:
    """Lines of one style in a row make one block; the first button is the main one."""
    is_mixed = page.language in RIGHT_TO_LEFT
    main = next((line for line in page.lines if line.style is Style.BUTTON), None)
    return "".join(
        block
        for style, lines in groupby(page.lines, key=lambda line: line.style)
        for block in _block(style, list(lines), main, is_mixed=is_mixed)
    )


def _block(style: Style, lines: list[Line], main: Line | None, *, is_mixed: bool) -> Iterator[str]:
    if style is Style.HEADING:
        yield from (_tag("h2", "h2", _inside(line, is_mixed=is_mixed)) for line in lines)
    elif style is Style.ITEM:
        yield _list(lines, is_mixed=is_mixed)
    elif style is Style.BUTTON:
        for line in lines:
            anchor = _anchor(line, "first" if line is main else "other")
            yield _tag("p", "p" if line is lines[-1] else "press", anchor)
    elif style is Style.TEXT:
        yield _paragraph(lines, is_mixed=is_mixed)


def _list(lines: list[Line], *, is_mixed: bool) -> str:
    items = "".join(_tag("li", "li", _inside(line, is_mixed=is_mixed)) for line in lines)
    stands_out = all(line.pieces[0].name == "visits" for line in lines)
    return _tag("ul", "visits" if stands_out else "ul", f"\n{items}")


def _paragraph(lines: list[Line], *, is_mixed: bool) -> str:
    """A variable alone is what the reader came for: it stands out."""
    inside = "<br>\n".join(_inside(line, is_mixed=is_mixed) for line in lines)
    look = "p"
    if len(lines) == 1 and lines[0].is_lone:
        look = "code" if lines[0].pieces[0].name == "code" else "key"
    return _tag("p", look, inside)


def _anchor(line: Line, look: str) -> str:
    return f'<a {_look(look)} href="{escape(line.target)}">{escape(line.text)}</a>'


def _inside(line: Line, *, is_mixed: bool) -> str:
    pieces = [_piece(piece, is_mixed=is_mixed) for piece in line.pieces]
    first = line.pieces[0]
    if len(pieces) > 1 and not first.name and LABEL.fullmatch(first.text):
        pieces[0] = f"<strong>{escape(first.text.rstrip())}</strong> "
    return "".join(pieces)


def _piece(piece: Piece, *, is_mixed: bool) -> str:
    text = escape(piece.text)
    if not piece.name:
        return text
    if WEB_ADDRESS.fullmatch(piece.text):
        return f'<a {_look("link")} href="{text}">{text}</a>'
    return f"<bdi>{text}</bdi>" if is_mixed else text

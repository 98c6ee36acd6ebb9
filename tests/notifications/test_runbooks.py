"""Each alarm has a page that says what to do, made of commands that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from notifications.alarms import RUNBOOKS

ROOT = Path(__file__).parents[2]
BOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
MANAGE = re.compile(r"manage\.py ([^`]+)`")
COMPOSE = re.compile(r"docker compose ([^`]+)`")
LINK = re.compile(r"\]\(([^)]+)\)")
# What somebody phones about; nothing rings.
RITES = {"lost-phone"}
VERBS = {"exec", "run", "up", "stop", "restart", "ps", "logs"}
WITH_VALUE = {"--tail"}
ALONE = {"pg_restore", "pg_dump", "python"}


def test_every_alarm_has_a_book_and_every_book_an_alarm_or_a_rite() -> None:
    assert {book.stem for book in BOOKS} == set(RUNBOOKS.values()) | RITES
    for name, stem in RUNBOOKS.items():
        assert f"`{name}`" in (ROOT / "docs" / "runbooks" / f"{stem}.md").read_text()


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_its_commands_are_understood(book: Path) -> None:
    text = " ".join(book.read_text(encoding="utf-8").split())
    commands = MANAGE.findall(text)
    assert commands
    for line in commands:
        name, *arguments = shlex.split(line)
        command = load_command_class(get_commands()[name], name)
        command.create_parser("manage.py", name).parse_args(arguments)


def services() -> set[str]:
    lines = (ROOT / "docker-compose.yml").read_text(encoding="utf-8").split("\nservices:\n")[1]
    return set(re.findall(r"^  (\w+):$", lines.split("\nvolumes:")[0], re.MULTILINE))


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_its_services_exist(book: Path) -> None:
    text = " ".join(book.read_text(encoding="utf-8").split())
    for line in COMPOSE.findall(text):
        verb, *rest = shlex.split(line.split(">")[0])
        assert verb in VERBS
        named = []
        for before, word in zip(["", *rest], rest, strict=False):
            if word in ALONE:
                break
            if not word.startswith("-") and before not in WITH_VALUE:
                named.append(word)
        assert set(named) <= services(), line


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_its_links_lead_somewhere(book: Path) -> None:
    for link in LINK.findall(book.read_text(encoding="utf-8")):
        assert (book.parent / link).exists(), link

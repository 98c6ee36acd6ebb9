"""Each variable that the guide to deploying names reaches the containers, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
# Of `bin/serve` or an image's own making, and never for families.
NOT_THERE = {"STATIC_ROOT", "PORT", "DEMO"}


def documented() -> set[str]:
    guide = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    table = guide.split("| variable | needed | what |", 1)[1].split("\n\n", 1)[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([A-Z_]+)`", cell)}


def test_what_is_documented_can_be_set_in_the_file_env() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    given = set(compose["services"]["web"]["environment"])
    assert documented() - NOT_THERE - given == set()
    assert given - documented() == set()

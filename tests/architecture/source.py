"""The project's own source files, as these tests read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
HOUSES = ("config", "frontend", "booking", "centres", "notifications")


def files(ending: str, *folders: str) -> list[Path]:
    """Every file of these folders with this ending, but migrations and vendored ones."""
    found = (path for folder in folders for path in (ROOT / folder).rglob(f"*{ending}"))
    return sorted(path for path in found if not {"migrations", "vendor"} & set(path.parts))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def nodes(path: Path) -> Iterator[ast.AST]:
    """Every node of a module's syntax tree. They are too many to keep: the collector of garbage
    would look at them again and again."""
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


class Function(NamedTuple):
    name: str
    # From `def` to the last one.
    lines: int


@cache
def functions(path: Path) -> list[Function]:
    """Every function and method of a module, nested ones too."""
    found: list[Function] = []
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        # No function stands inside an expression.
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.append(
                    Function(node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
                )
            if not isinstance(node, ast.expr):
                waiting.append(node)
    return found

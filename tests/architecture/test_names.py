"""Modules are named for what they hold, and the doors of the core are complete."""

import ast
import inspect
from types import FunctionType

import pytest

from booking import actions, errors
from booking.actions import (
    amending,
    answering,
    arriving,
    callbacks,
    calling_off,
    changing,
    children,
    confirming,
    contacting,
    declaring,
    defaults,
    feeding,
    filling,
    following,
    healing,
    holding,
    joining,
    lending,
    mailing,
    merging,
    offering,
    people,
    queuing,
    reading,
    relocating,
    remarking,
    repeating,
    restoring,
    ruling,
    sheets,
    staffing,
    talking,
    undoing,
    visiting,
    waiting,
    withdrawing,
)
from tests.architecture.source import HOUSES, files, name

DRAWERS = {"utils", "util", "helpers", "helper", "common", "services", "service", "misc", "tools"}
MODULES = (
    amending,
    answering,
    arriving,
    callbacks,
    calling_off,
    changing,
    children,
    confirming,
    contacting,
    declaring,
    defaults,
    feeding,
    filling,
    following,
    healing,
    holding,
    joining,
    lending,
    mailing,
    merging,
    offering,
    people,
    queuing,
    reading,
    repeating,
    restoring,
    ruling,
    staffing,
    sheets,
    relocating,
    remarking,
    talking,
    undoing,
    visiting,
    waiting,
    withdrawing,
)
REFUSALS = [
    one for one in vars(errors).values() if inspect.isclass(one) and issubclass(one, errors.Refusal)
]


def test_no_module_is_a_drawer() -> None:
    drawers = [
        name(path)
        for path in files(".py", *HOUSES, "tests", "bench")
        if DRAWERS & {path.stem, *path.parent.relative_to(path.parents[-1]).parts[-2:]}
    ]
    assert drawers == []


def test_every_module_says_what_it_holds() -> None:
    silent = [
        name(path)
        for path in files(".py", *HOUSES)
        if (text := path.read_text(encoding="utf-8")).strip()
        and not ast.get_docstring(ast.parse(text))
    ]
    assert silent == []


def test_every_action_is_exported_and_nothing_else() -> None:
    """An action takes keyword arguments only; what it is made of takes positional ones too."""
    found = {
        function.__name__
        for module in MODULES
        for function in vars(module).values()
        if isinstance(inspect.unwrap(function) if callable(function) else function, FunctionType)
        and function.__module__ == module.__name__
        and not function.__name__.startswith("_")
        and all(
            parameter.kind is inspect.Parameter.KEYWORD_ONLY
            for parameter in inspect.signature(function).parameters.values()
        )
    }
    assert found == set(actions.__all__)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda one: one.__name__)
def test_a_refusal_has_a_code_of_its_own_a_sentence_and_a_status(
    refusal: type[errors.Refusal],
) -> None:
    same = [one for one in REFUSALS if one.code == refusal.code]
    assert same == [refusal]
    assert refusal.message.endswith(".")
    assert 400 <= refusal.status < 500

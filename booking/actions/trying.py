"""A trial of an action is the action itself, rolled back: it cannot promise anything else than what
is done (ADR 0028).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from django.db import transaction

T = TypeVar("T")


def summary(tokens: Sequence[str]) -> str:
    """What a trial has shown, in one text: for forms that could not carry a whole sheet of it."""
    return hashlib.sha256(" ".join(tokens).encode()).hexdigest()


def is_as_seen(tokens: Sequence[str], seen: Collection[str] | None) -> bool:
    """Whether just these were shown, by the tokens themselves or by their summary; so it is for who
    asked for no trial."""
    return seen is None or sorted(seen) in (list(tokens), [summary(tokens)])


def tried(action: Callable[..., T], /, **values: Any) -> T:
    """What this action would do and say; nothing of it stays. Raises what it raises."""
    with transaction.atomic():
        outcome = action(**values)
        transaction.set_rollback(True)
    return outcome

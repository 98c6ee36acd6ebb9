"""A trial of an action is the action itself, rolled back: it cannot promise anything else than what
is done (ADR 0028).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import transaction

T = TypeVar("T")


def tried(action: Callable[..., T], /, **values: Any) -> T:
    """What this action would do and say; nothing of it stays. Raises what it raises."""
    with transaction.atomic():
        outcome = action(**values)
        transaction.set_rollback(True)
    return outcome

"""What a line of any reference file becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    """One row to load. `values` are plain JSON; a path such as `centre__slug` names a foreign key
    by what people know it by, and a list under `centres` a many-to-many relation."""

    key: str
    table: str
    values: dict[str, Any]

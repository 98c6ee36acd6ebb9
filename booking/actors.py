"""Who acts, and for whom an appointment is booked: plain data handed to actions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a family, an agent (label: their e-mail) or the system itself."""

    kind: str
    label: str

    @property
    def is_agent(self) -> bool:
        return self.kind == "agent"


FAMILY = Actor("family", "family")
SYSTEM = Actor("system", "system")


def family_on(page: str) -> Actor:
    """A family that nothing tells apart yet but the page it pressed on; once it confirms it is a
    family like any other."""
    return Actor("family", f"family:{page}")


@dataclass(frozen=True, slots=True)
class Who:
    """The person who books, and for whom. The e-mail has been proved by a code, or by an agent."""

    first_name: str
    last_name: str
    email: str
    phone: str = ""
    language: str = "fr"
    child_first_name: str = ""
    child_born_on: date | None = None
    due_on: date | None = None
    needs_interpreter: bool = False

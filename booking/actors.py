"""Who acts, for whom an appointment is booked, and by what they are known: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from booking.errors import AgentsOnly


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a family, an agent (label: their e-mail) or the system itself."""

    kind: str
    label: str

    @property
    def is_agent(self) -> bool:
        return self.kind == "agent"


def check_agent(actor: Actor) -> None:
    """Raises AgentsOnly."""
    if not actor.is_agent:
        raise AgentsOnly


FAMILY = Actor("family", "family")
# One that answers an SMS.
FAMILY_BY_SMS = Actor("family", "family:sms")
SYSTEM = Actor("system", "system")
# Holds freed times for those who wait.
WAITING_LIST = Actor("system", "waiting-list")
# A family that takes a time its centre offered it: judged, and told of it, as if an agent booked.
FAMILY_OFFERED = Actor("agent", "family:offer")


def family_on(page: str) -> Actor:
    """A family that nothing tells apart yet but the page it pressed on; once it confirms it is a
    family like any other."""
    return Actor("family", f"family:{page}")


EMAIL, SMS = "email", "sms"


def channel_of(contact: str) -> str:
    """How a contact is reached: an e-mail address, or a mobile number in E.164."""
    return EMAIL if "@" in contact else SMS


@dataclass(frozen=True, slots=True)
class Who:
    """The person who books, and for whom. A family has proved its contact by a code; what else it
    gave, and all that an agent typed, is proved by nothing."""

    first_name: str
    last_name: str
    email: str = ""
    phone: str = ""
    # How the code came; unless told, by e-mail if there is an address.
    contact_channel: str = ""
    language: str = "fr"
    # The page's own language, which nobody chose: no news to a household that chose another.
    is_language_default: bool = False
    child_first_name: str = ""
    child_born_on: date | None = None
    due_on: date | None = None
    needs_interpreter: bool = False

    @property
    def channel(self) -> str:
        return self.contact_channel or (EMAIL if self.email or not self.phone else SMS)

    @property
    def contact(self) -> str:
        """What this person is known by; empty when an agent was told neither."""
        return self.phone if self.channel == SMS else self.email

"""What carries a text message: the protocol of a provider, what it says, and how it can fail.

`NotTaken`, `Refused` and `Uncertain` are those of every channel. One question decides between them:
was the request written? Before that (DNS, connection, TLS), or when the provider refuses in a
documented way, the message has surely not left. After that, a time-out, a reset, a 5xx or an answer
nobody can read leaves it uncertain, and only the provider can tell (`look_up`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from notifications.errors import BadAddress, NotTaken

# `complaint`: of e-mail, it arrived and was not wanted.
State = Literal["delivered", "undeliverable", "pending", "complaint"]
# What credit and cost are counted in. A credit is one part to a French number.
Unit = Literal["sms", "euros"]


class TryLater(NotTaken):
    """Too busy now (429, 503). `retry_after` is in seconds, when the provider says."""

    def __init__(self, said: str, *, retry_after: float | None = None) -> None:
        super().__init__(said)
        self.retry_after = retry_after


class RecipientBusy(TryLater):
    """This one recipient cannot be served now (greylisting, a full mailbox). It says nothing of the
    provider."""


class AccountProblem(NotTaken):
    """The account, not the message: no credit, a revoked key, a wrong address of the provider.

    No other message will fare better: open the circuit and call a person.
    """


class BadNumber(BadAddress):
    """The provider says that this number cannot receive an SMS."""


class CannotTell(Exception):
    """Asked, and no sure answer came: ask again later."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message. `reference` is ours, unique, and what a look-up asks for.

    `valid_minutes` is how long the operator may keep trying; not every provider has it.
    """

    reference: str
    to: str = field(repr=False)
    text: str = field(repr=False)
    sender: str
    valid_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it. What it says of parts and cost (in its unit), when it says."""

    provider_id: str
    segments: int | None
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message. `reference` is empty where the provider gives back only its own id.

    `event_id` is the same for the same event told twice.
    """

    provider_id: str
    reference: str
    state: State
    reason: str
    is_number_dead: bool
    at: datetime | None
    event_id: str


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a person wrote back. `sender` is in E.164 when it is a number."""

    event_id: str
    sender: str = field(repr=False)
    text: str = field(repr=False)
    at: datetime | None


@dataclass(frozen=True, slots=True, repr=False)
class WebhookKeys:
    """What proves that a call comes from the provider: any of the secrets, and its signature."""

    secrets: tuple[str, ...] = ()
    signing_key: str = ""
    signature_header: str = ""


class SmsProvider(Protocol):
    name: str
    unit: Unit
    can_look_up: bool
    webhook: WebhookKeys

    def send(self, outgoing: Outgoing) -> Accepted:
        """Hand one message over. Raises NotTaken, Refused, Uncertain and their kinds."""

    def look_up(self, outgoing: Outgoing, *, since: datetime) -> Accepted | None:
        """Ask for a message by its reference; `since` is when the first attempt began.

        None: surely not there, if asked long enough after (a minute at least: their indexes lag).
        Raises CannotTell.
        """

    def credit(self) -> Decimal | None:
        """What is left, in `unit`. None: paid afterwards. Raises CannotTell."""

    def receipts(
        self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> list[Receipt]:
        """The receipts in a call of theirs, already authenticated; none if it holds none."""

    def inbound(
        self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> list[Inbound]:
        """The replies in a call of theirs. May have to ask the provider: raises CannotTell."""

    def named(
        self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> list[Inbound]:
        """The same, asking nobody: without a sender where only the provider can say more."""

    def read(self, event_id: str) -> Inbound:
        """Ask for a reply that a call has named. Raises CannotTell."""

    def close(self) -> None:
        """Part from the provider; never fails."""

"""Which provider carries the next message: the settings' order, circuits, one probe at a time.

The circuit is in the database, so all processes share it, and it is computed from the ledger of
attempts: there is no count to keep, none to lose. What a process knows of it is a second old.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from django.db import connection
from django.db.models.functions import Now

from notifications.channels import carriers
from notifications.channels.base import Carrier
from notifications.models import Route
from notifications.sms.base import CannotTell, Unit
from notifications.timing import CIRCUIT_WINDOW, PROBE_EVERY

logger = logging.getLogger(__name__)

CHANNELS = ("email", "sms")
KNOWN_FOR_SECONDS = 1.0
MOST_FAILURES, WORST_SHARE = 5, 30

# A route that is new, or has another place than before.
IN_STEP = """
INSERT INTO notifications_route AS route
    (name, channel, position, is_enabled, circuit, reason, needs_person, credit_unit, changed_by)
SELECT name, channel, position, true, 'closed', '', false, '', ''
FROM unnest(%(names)s::text[], %(channels)s::text[], %(positions)s::int[])
    AS known (name, channel, position)
ON CONFLICT (name) DO UPDATE SET channel = excluded.channel, position = excluded.position
WHERE (route.channel, route.position) <> (excluded.channel, excluded.position)
"""

KNOWN = """
SELECT name, is_enabled, circuit, needs_person,
    coalesce(probe_at <= clock_timestamp(), false)
FROM notifications_route WHERE name = ANY (%(names)s)
"""

# Only one message of all processes is the probe: the others find `probe_at` moved.
PROBE = """
UPDATE notifications_route
SET circuit = 'half_open', probe_at = clock_timestamp() + %(every)s
WHERE name = %(name)s AND circuit <> 'closed' AND is_enabled AND NOT needs_person
  AND probe_at <= clock_timestamp()
RETURNING name
"""

# A failure during a probe opens again. Otherwise the last minute decides, or what there is of it
# since the circuit was opened last. A call whose process died, or
# that failed for its one recipient, says nothing of the provider.
FAILED = """
UPDATE notifications_route this
SET circuit = 'open', reason = %(reason)s, opened_at = clock_timestamp(),
    probe_at = clock_timestamp() + %(every)s
WHERE name = %(name)s AND (circuit = 'half_open' OR circuit = 'closed' AND (
    SELECT count(*) FILTER (WHERE is_bad) >= %(failures)s
       AND count(*) FILTER (WHERE is_bad) * 100 >= count(*) * %(share)s
    FROM (SELECT outcome NOT IN ('accepted', 'refused', 'found') AS is_bad
          FROM notifications_attempt call
          WHERE call.route = %(name)s
            AND call.opened_at > greatest(clock_timestamp() - %(window)s, this.opened_at)
            AND NOT blames_recipient
            AND (outcome NOT IN ('', 'given_up') OR unknown_since < deadline_at)) recent))
RETURNING name
"""

ACCOUNT = """
UPDATE notifications_route
SET circuit = 'open', needs_person = true, reason = %(reason)s, opened_at = clock_timestamp(),
    probe_at = NULL
WHERE name = %(name)s AND NOT needs_person
RETURNING name
"""

WORKED = """
UPDATE notifications_route SET circuit = 'closed', reason = '', probe_at = NULL
WHERE name = %(name)s AND circuit = 'half_open'
RETURNING name
"""


@runtime_checkable
class Prepaid(Protocol):
    """A provider that may know what is left of its credit."""

    unit: Unit

    def credit(self) -> Decimal | None: ...


@dataclass(frozen=True, slots=True)
class Circuit:
    """What was known of a route a moment ago."""

    is_enabled: bool
    state: str
    needs_person: bool
    is_probe_due: bool

    @property
    def is_closed(self) -> bool:
        return self.is_enabled and self.state == Route.Circuit.CLOSED

    @property
    def may_probe(self) -> bool:
        return self.is_enabled and not self.needs_person and self.is_probe_due


class _Known:
    """The circuits as this process read them a moment ago."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.circuits: dict[str, Circuit] = {}
        self.read_at = float("-inf")


_known = _Known()


def routes(channel: str) -> list[Carrier]:
    """The configured carriers of a channel, best first; the same for all threads of a process."""
    return carriers(channel)


def route_named(name: str) -> Carrier | None:
    """The carrier of that name, if the settings still know it."""
    every = (carrier for channel in CHANNELS for carrier in routes(channel))
    return next((carrier for carrier in every if carrier.name == name), None)


def room(channel: str) -> int | None:
    """How many messages of a channel may be taken now: any number (None), one to try a provider
    that failed, or none at all."""
    known = [_circuits()[carrier.name] for carrier in routes(channel)]
    if any(circuit.is_closed for circuit in known):
        return None
    return 1 if any(circuit.may_probe for circuit in known) else 0


def pick(channel: str, *, tries: int, bound_to: str = "") -> Carrier | None:
    """The carrier of the next try, None when there is none to call now.

    A provider that failed is tried again by one message each while. The others take turns, the
    best first: what one would not take goes to the next. A message that one provider may have
    (`bound_to`) goes nowhere else.
    """
    circuits = _circuits()
    able = [each for each in routes(channel) if bound_to in ("", each.name)]
    for carrier in able:
        circuit = circuits[carrier.name]
        if not circuit.is_closed and circuit.may_probe and _take_probe(carrier.name):
            return carrier
    working = [carrier for carrier in able if circuits[carrier.name].is_closed]
    return working[tries % len(working)] if working else None


def others_work(channel: str, name: str) -> bool:
    """Whether another provider of the channel may be called at once."""
    circuits = _circuits()
    return any(each.name != name and circuits[each.name].is_closed for each in routes(channel))


def record_failure(name: str, reason: str) -> None:
    """A call failed: the ledger says whether the circuit opens."""
    values = {
        "reason": reason[:200],
        "every": PROBE_EVERY,
        "window": CIRCUIT_WINDOW,
        "failures": MOST_FAILURES,
        "share": WORST_SHARE,
    }
    if _change(FAILED, name, **values):
        logger.warning("Provider %s suspended: %s", name, reason)


def record_account_problem(name: str, reason: str) -> None:
    """No credit, or a revoked key: nothing is sent by it until a person has seen to it."""
    if _change(ACCOUNT, name, reason=reason[:200]):
        logger.error("Provider %s suspended until somebody sees to it: %s", name, reason)


def record_success(name: str) -> None:
    """A call was answered as it should be: a probe that works closes the circuit."""
    circuit = _circuits().get(name)
    if (circuit is None or not circuit.is_closed) and _change(WORKED, name):
        logger.warning("Provider %s works again", name)


def resume(*, name: str, actor: str, now: datetime) -> bool:
    """Somebody has seen to it: the circuit is closed. False: there is no such provider."""
    found = Route.objects.filter(name=name).update(
        circuit="closed",
        reason="",
        needs_person=False,
        probe_at=None,
        changed_at=now,
        changed_by=actor[:80],
    )
    forget()
    return bool(found)


def poll_credit() -> None:
    """Ask each provider what is left; one that cannot tell now keeps what it said last."""
    for carrier in routes("sms"):
        provider = getattr(carrier, "provider", None)
        if isinstance(provider, Prepaid):
            _store_credit(carrier.name, provider)


def part() -> None:
    """This thread sends no more for now: idle mail connections are closed. Clients of HTTP are kept
    as long as the process lives."""
    for carrier in routes("email"):
        carrier.close()


def forget() -> None:
    """Read the circuits anew before the next message."""
    _known.read_at = float("-inf")


def _circuits() -> dict[str, Circuit]:
    known = [each for channel in CHANNELS for each in routes(channel)]
    with _known.lock:
        is_old = time.monotonic() - _known.read_at >= KNOWN_FOR_SECONDS
        if is_old or any(each.name not in _known.circuits for each in known):
            _known.circuits = _read(known)
            _known.read_at = time.monotonic()
        return _known.circuits


def _read(known: Sequence[Carrier]) -> dict[str, Circuit]:
    names = [carrier.name for carrier in known]
    with connection.cursor() as cursor:
        found = _ask(cursor, names)
        if len(found) < len(names):
            _keep_in_step(cursor, known)
            found = _ask(cursor, names)
    return found


def _ask(cursor: Any, names: list[str]) -> dict[str, Circuit]:
    cursor.execute(KNOWN, {"names": names})
    return {name: Circuit(*rest) for name, *rest in cursor.fetchall()}


def _keep_in_step(cursor: Any, known: Sequence[Carrier]) -> None:
    values = {
        "names": [carrier.name for carrier in known],
        "channels": [carrier.channel for carrier in known],
        "positions": [routes(carrier.channel).index(carrier) for carrier in known],
    }
    cursor.execute(IN_STEP, values)


def _take_probe(name: str) -> bool:
    return _change(PROBE, name, every=PROBE_EVERY)


def _change(statement: str, name: str, **values: Any) -> bool:
    """Whether the circuit changed; then it is read anew."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {"name": name} | values)
        has_changed = cursor.fetchone() is not None
    if has_changed:
        forget()
    return has_changed


def _store_credit(name: str, provider: Prepaid) -> None:
    try:
        left = provider.credit()
    except CannotTell as error:
        logger.warning("Credit of %s unknown: %s", name, error)
        return
    _circuits()  # its row is there from now on
    unit = "" if left is None else provider.unit
    Route.objects.filter(name=name).update(credit=left, credit_unit=unit, credit_at=Now())

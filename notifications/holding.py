"""A person's hand on the providers: hold all sending, release it, use one or use it no more.

Held, nothing leaves: no provider is in use. After a restore from a backup, what may have left since
is put in doubt, and the reconciler asks the providers by our reference before anything goes again.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from notifications import routing
from notifications.clock import database_now
from notifications.models import Attempt, OutboxMessage, Route
from notifications.models.outbox import WAITING_STATES

logger = logging.getLogger(__name__)

HELD = "hold"
LONGEST_NAME = 80
State = OutboxMessage.State
BATCH = 1000


class NoProvider(Exception):
    """No provider is known yet: there is nothing to hold, nor anybody to ask."""


@transaction.atomic
def hold(*, by: str, now: datetime) -> list[str]:
    """Stop all sending, by all providers in use; their names. Raises NoProvider.

    One that the settings name and nothing was ever sent by is held too.
    """
    for channel in routing.CHANNELS:
        routing.room(channel)
    routes = list(Route.objects.select_for_update().order_by("channel", "position"))
    if not routes:
        raise NoProvider
    stopped = [route for route in routes if route.is_enabled]
    for route in stopped:
        _change(route, by=by, now=now, is_enabled=False, reason=HELD)
    return [route.name for route in stopped]


@transaction.atomic
def release(*, by: str, now: datetime) -> list[str]:
    """Let those send again that the hold stopped; one that a person stopped alone stays so."""
    stopped = Route.objects.select_for_update().filter(is_enabled=False, reason=HELD)
    names = []
    for route in stopped.order_by("channel", "position"):
        _change(route, by=by, now=now, is_enabled=True, reason="")
        names.append(route.name)
    return names


@transaction.atomic
def set_enabled(*, name: str, is_enabled: bool, by: str, now: datetime) -> Route:
    """Use a provider, or use it no more. Pressing twice is pressing once."""
    route = Route.objects.select_for_update().get(name=name)
    if route.is_enabled != is_enabled:
        reason = "" if route.reason == HELD else route.reason
        _change(route, by=by, now=now, is_enabled=is_enabled, reason=reason)
    return route


def _change(route: Route, *, by: str, now: datetime, **changes: object) -> None:
    """Write and sign it; the log keeps every change, the row the last one."""
    changes |= {"changed_by": by[:LONGEST_NAME], "changed_at": now}
    for name, value in changes.items():
        setattr(route, name, value)
    route.save(update_fields=list(changes))
    transaction.on_commit(routing.forget)
    logger.info("Provider %s: %s by %s", route.name, changes, by)


def doubt(*, since: datetime) -> int:
    """After a restore: whatever is due or was leaving may have left since the backup, unseen by
    this database. Each is now an attempt without an answer, begun then, which the reconciler
    settles; how many. Raises NoProvider."""
    first = {route.channel: route.name for route in Route.objects.order_by("-position")}
    if not first:
        raise NoProvider
    done = _doubt_begun()
    while batch := _doubt_some(since, first):
        done += batch
    return done


@transaction.atomic
def _doubt_begun() -> int:
    """A provider was being called at the backup: the attempt is open already."""
    begun = OutboxMessage.objects.filter(state=State.SENDING).select_for_update(skip_locked=True)
    mine = OutboxMessage.objects.filter(pk__in=[message.pk for message in begun])
    silent = Attempt.objects.filter(message__in=mine, closed_at=None, unknown_since=None)
    silent.update(unknown_since=Now())
    return _left_uncertain(mine)


@transaction.atomic
def _doubt_some(since: datetime, routes: dict[str, str]) -> int:
    """The states one after the other, as the database wants them."""
    # What was late already at the backup is not safer than what has become due since.
    due = OutboxMessage.objects.filter(
        state__in=WAITING_STATES, send_at__lte=Now(), channel__in=routes
    )
    now = database_now()
    messages = list(due.select_for_update(skip_locked=True).order_by("send_at")[:BATCH])
    mine = OutboxMessage.objects.filter(pk__in=[message.pk for message in messages])
    # Whoever had it before is asked: another provider may not know what the first has taken.
    asked = dict(
        Attempt.objects.filter(message__in=messages)
        .order_by("number")
        .values_list("message_id", "route")
    )
    mine.filter(state=State.PLANNED).update(state=State.CLAIMED)
    mine.update(state=State.SENDING, attempts=F("attempts") + 1)
    for message in messages:
        message.route = asked.get(message.pk, routes[message.channel])
    OutboxMessage.objects.bulk_update(messages, ["route"])
    Attempt.objects.bulk_create(
        Attempt(
            message=message,
            number=message.attempts + 1,
            route=message.route,
            # Look-ups begin there, and it may have left at any moment since.
            opened_at=min(max(since, message.send_at), now),
            deadline_at=Now(),
            unknown_since=Now(),
        )
        for message in messages
    )
    return _left_uncertain(mine)


def _left_uncertain(messages: QuerySet[OutboxMessage]) -> int:
    return messages.update(
        state=State.UNCERTAIN,
        settle_at=Now(),
        settle_tries=0,
        lease_until=None,
        lease_owner=None,
    )

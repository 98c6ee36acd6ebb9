"""How the messages fare, read from the database: the same figures for the page, metrics and alarms.

Each statement reads what is open, or the attempts of a bounded time by their index: never the
history. The database's clock says what is late.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from notifications.alarms import Figures, Provider, Speed, Spending
from notifications.models import Heartbeat, OutboxMessage, Route

PACE_DAYS = 7
HOURS = (24, 1)
NEWEST = 10_000

# By the partial indexes of what is open: what is over costs nothing.
OPEN = """
SELECT clock_timestamp(), due.count, due.oldest, planned.count, sending.count, unsure.count,
    unsure.oldest, dead.count
FROM (SELECT count(*), extract(epoch FROM statement_timestamp() - min(send_at)) AS oldest
      FROM notifications_outboxmessage
      WHERE state IN ('planned', 'claimed') AND send_at <= statement_timestamp()
        AND valid_until > statement_timestamp()) due,
     (SELECT count(*) FROM notifications_outboxmessage
      WHERE state IN ('planned', 'claimed') AND send_at > statement_timestamp()) planned,
     (SELECT count(*) FROM notifications_attempt
      WHERE closed_at IS NULL AND unknown_since IS NULL) sending,
     (SELECT count(*), extract(epoch FROM statement_timestamp() - min(unknown_since)) AS oldest
      FROM notifications_attempt
      WHERE closed_at IS NULL AND unknown_since IS NOT NULL) unsure,
     (SELECT count(*) FROM notifications_outboxmessage
      WHERE state IN ('failed', 'undeliverable', 'expired', 'suppressed') AND handled_as = ''
        AND valid_until > statement_timestamp() - interval '1 day' AND kind <> 'code') dead
"""
# The messages of these attempts are looked up one by one (OFFSET 0): the planner would rather read
# the whole table once there are many.
# From due to accepted. A message tried again was put off: its first attempt says when it was due.
SPEEDS = """
SELECT channel, count(*), percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY seconds),
    count(*) FILTER (WHERE is_recent),
    percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY seconds)
        FILTER (WHERE is_recent)
FROM (
    SELECT message.channel, attempt.closed_at > statement_timestamp() - interval '1 hour'
            AS is_recent,
        greatest(0, extract(epoch FROM attempt.closed_at - CASE WHEN attempt.number = 1
            THEN message.send_at
            ELSE least(message.send_at, (
                SELECT min(opened_at) FROM notifications_attempt first
                WHERE first.message_id = message.id)) END))::float8 AS seconds
    FROM notifications_attempt attempt
    CROSS JOIN LATERAL (
        SELECT * FROM notifications_outboxmessage WHERE id = attempt.message_id OFFSET 0) message
    WHERE attempt.route = ANY (%(routes)s)
      AND attempt.opened_at > statement_timestamp() - interval '24 hours'
      AND attempt.outcome IN ('accepted', 'found')
) sent
GROUP BY channel ORDER BY channel
"""
# Per route: the last acceptance, and what it used in the last days.
PACE = """
SELECT route.name,
    (SELECT closed_at FROM notifications_attempt attempt
     WHERE attempt.route = route.name AND outcome IN ('accepted', 'found')
       AND opened_at > statement_timestamp() - interval '7 days'
     ORDER BY opened_at DESC LIMIT 1),
    used.segments, used.cost
FROM notifications_route route
LEFT JOIN LATERAL (
    SELECT sum(coalesce(message.segments, 1)) AS segments, sum(message.cost) AS cost
    FROM notifications_attempt attempt
    CROSS JOIN LATERAL (
        SELECT * FROM notifications_outboxmessage WHERE id = attempt.message_id OFFSET 0) message
    WHERE attempt.route = route.name AND outcome IN ('accepted', 'found')
      AND opened_at > statement_timestamp() - interval '7 days'
) used ON route.credit IS NOT NULL
"""
SPENT = """
SELECT message.scope, to_char(attempt.closed_at AT TIME ZONE %(zone)s, 'YYYY-MM'), count(*),
    sum(coalesce(message.segments, 1)), coalesce(sum(message.cost), 0)
FROM notifications_attempt attempt
CROSS JOIN LATERAL (
    SELECT * FROM notifications_outboxmessage WHERE id = attempt.message_id OFFSET 0) message
WHERE attempt.route = ANY (%(routes)s) AND attempt.opened_at >= %(since)s
  AND attempt.outcome IN ('accepted', 'found')
GROUP BY 1, 2 ORDER BY 2 DESC, 4 DESC
"""
# Sent without an accepted attempt or a late receipt (among the newest messages), or accepted
# without being sent or more than once (among the attempts of a day).
UNBALANCED = """
SELECT (
    SELECT count(*) FROM (
        SELECT id, state FROM notifications_outboxmessage ORDER BY id DESC LIMIT %(newest)s) message
    WHERE state IN ('sent', 'delivered') AND NOT EXISTS (
        SELECT 1 FROM notifications_attempt attempt
        WHERE attempt.message_id = message.id AND (outcome IN ('accepted', 'found')
            OR outcome IN ('absent', 'given_up') AND EXISTS (
                SELECT 1 FROM notifications_receipt WHERE message_id = message.id)))
) + (
    SELECT count(*) FROM (
        SELECT message_id, count(*) AS times FROM notifications_attempt
        WHERE route = ANY (%(routes)s) AND outcome IN ('accepted', 'found')
          AND opened_at > statement_timestamp() - interval '24 hours'
        GROUP BY message_id) taken
    JOIN notifications_outboxmessage message ON message.id = taken.message_id
    WHERE times > 1 OR message.sent_at IS NULL)
"""


def read(*, now: datetime, zone: ZoneInfo, months: int = 1) -> Figures:
    """All figures; `now` is this host's clock, compared with the database's. What SMS cost is told
    for so many months, this one included."""
    routes = list(Route.objects.all())
    names = [route.name for route in routes]
    counts = _rows(OPEN, {})[0]
    at = counts[0]
    used = {name: row for name, *row in _rows(PACE, {})}
    return Figures(
        at=at,
        drift=(now - at).total_seconds(),
        due=counts[1],
        overdue=float(counts[2] or 0),
        planned=counts[3],
        sending=counts[4],
        uncertain=counts[5],
        uncertain_for=float(counts[6] or 0),
        dead=counts[7],
        unbalanced=_rows(UNBALANCED, {"routes": names, "newest": NEWEST})[0][0],
        silent={
            beat.name: (at - beat.at).total_seconds() for beat in Heartbeat.objects.order_by("name")
        },
        providers=tuple(_provider(route, *used[route.name]) for route in routes),
        speeds=tuple(_speeds(names)),
        spending=tuple(_spending(routes, at=at, zone=zone, months=months)),
    )


def _provider(
    route: Route, accepted_at: datetime | None, segments: int | None, cost: Decimal | None
) -> Provider:
    used = cost if route.credit_unit == "euros" else segments
    return Provider(
        name=route.name,
        channel=route.channel,
        is_enabled=route.is_enabled,
        circuit=route.circuit,
        reason=route.reason,
        needs_person=route.needs_person,
        opened_at=route.opened_at,
        credit=route.credit,
        credit_unit=route.credit_unit,
        credit_at=route.credit_at,
        per_day=Decimal(used or 0) / PACE_DAYS,
        last_accepted_at=accepted_at,
        changed_by=route.changed_by,
        changed_at=route.changed_at,
    )


def _speeds(routes: list[str]) -> list[Speed]:
    found = []
    for channel, *windows in _rows(SPEEDS, {"routes": routes}):
        for hours, count, quantiles in zip(HOURS, windows[::2], windows[1::2], strict=True):
            if count:
                found.append(Speed(channel, hours, count, *quantiles))
    return found


def _spending(routes: list[Route], *, at: datetime, zone: ZoneInfo, months: int) -> list[Spending]:
    """These months on the clock of the Département."""
    since = at.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(months - 1):
        since = (since - timedelta(days=1)).replace(day=1)
    carriers = [route.name for route in routes if route.channel == OutboxMessage.Channel.SMS]
    values = {"routes": carriers, "since": since, "zone": str(zone)}
    return [Spending(*row) for row in _rows(SPENT, values)]


def _rows(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())

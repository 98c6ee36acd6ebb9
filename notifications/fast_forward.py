"""A demo's clock that runs fast: what is planned for the next days leaves now, in its order.

A row keeps the truth of when it was due: `send_at` is moved only for as long as it takes to send,
then it says again what it said, while `sent_at` says when it really left.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models.functions import Now, TruncDate

from notifications.delivery import deliver
from notifications.models import OutboxMessage

State = OutboxMessage.State
SECONDS = 30.0


class SentDay(NamedTuple):
    """One day of the calendar: the messages that left, and how many did not."""

    on: date
    left: list[OutboxMessage]
    stayed: int


def bring_forward(*, days: int) -> Iterator[SentDay]:
    """Send what is planned within so many days, day by day; what is due already first."""
    ahead = OutboxMessage.objects.filter(
        state=State.PLANNED, send_at__lte=Now() + timedelta(days=days)
    )
    dates = ahead.annotate(on=TruncDate("send_at")).order_by("on")
    for on in list(dates.values_list("on", flat=True).distinct()):
        yield _send(on, list(dates.filter(on=on).order_by("send_at").values_list("pk", "send_at")))


def _send(on: date, planned: list[tuple[int, datetime]]) -> SentDay:
    these = OutboxMessage.objects.filter(pk__in=[pk for pk, _ in planned])
    these.filter(state=State.PLANNED).update(send_at=Now())
    try:
        deliver(seconds=SECONDS)
    finally:
        _as_planned(planned)
    left = list(these.filter(sent_at__isnull=False).order_by("sent_at", "pk"))
    return SentDay(on, left, len(planned) - len(left))


def _as_planned(planned: list[tuple[int, datetime]]) -> None:
    rows = [OutboxMessage(pk=pk, send_at=send_at) for pk, send_at in planned]
    OutboxMessage.objects.bulk_update(rows, ["send_at"], batch_size=1000)

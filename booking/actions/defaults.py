"""The reminder rules an installation begins with."""

from __future__ import annotations

from datetime import datetime, time

from django.db import transaction

from booking import policy
from booking.models import ReminderRule
from centres.models import ReferenceRecord

LOADED = "reminder_rules:default"
Channel = ReminderRule.Channel
# Early enough to change plans, in time to find somebody for the other children, and on the way.
DEFAULTS = (
    (Channel.EMAIL, 7, time(10)),
    (Channel.SMS, 2, time(18)),
    (Channel.SMS, 0, time(8)),
)


@transaction.atomic
def load_default_rules(*, now: datetime) -> int:
    """Write the Département's first rules, once: what was edited or deleted since stays so."""
    values = {f"{channel} {days_before} {at:%H:%M}": True for channel, days_before, at in DEFAULTS}
    _record, is_first = ReferenceRecord.objects.get_or_create(
        key=LOADED, defaults={"values": values, "loaded_at": now}
    )
    if not is_first or ReminderRule.objects.exists():
        return 0
    ReminderRule.objects.bulk_create(
        ReminderRule(channel=channel, days_before=days_before, at=at)
        for channel, days_before, at in DEFAULTS
    )
    policy.forget()
    return len(DEFAULTS)

"""A practitioner's calendar address: made, stopped, and noted when it is read."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import transaction

from booking.feeds import hash_of
from booking.models import CalendarLink
from centres.models import Practitioner

# 192 bits: nobody guesses one.
TOKEN_BYTES = 24
# When it was last read is told by the hour or so: a programme may ask every minute.
NOTED_EVERY = timedelta(minutes=15)


@transaction.atomic
def make_calendar_link(*, practitioner_id: int, naming: str, now: datetime) -> str:
    """The secret of a new address, told this once; the one before stops working."""
    Practitioner.objects.select_for_update(no_key=True).get(pk=practitioner_id)
    stop_calendar_link(practitioner_id=practitioner_id, now=now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    CalendarLink.objects.create(
        practitioner_id=practitioner_id,
        token_hash=hash_of(token),
        naming=CalendarLink.Naming(naming),
        created_at=now,
    )
    return token


def stop_calendar_link(*, practitioner_id: int, now: datetime) -> bool:
    """Whether there was one to stop."""
    alive = CalendarLink.objects.filter(practitioner=practitioner_id, revoked_at=None)
    return bool(alive.update(revoked_at=now))


def note_calendar_read(*, link: CalendarLink, tag: str, now: datetime) -> datetime:
    """Since when the file is as it is, by its tag. Written when it changed, or now and then."""
    if link.tag != tag or link.changed_at is None:
        link.tag, link.changed_at = tag, now
    elif link.last_used_at is not None and now < link.last_used_at + NOTED_EVERY:
        return link.changed_at
    link.last_used_at = now
    link.save(update_fields=["tag", "changed_at", "last_used_at"])
    return link.changed_at

"""Who opens a family's page, or an appointment's, is written down before it is shown."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection, transaction

from booking.models import FamilyRead

# Going back and forth between pages is one reading.
ONCE_IN = timedelta(minutes=10)


@transaction.atomic
def note_read(
    *, reader: str, household_id: int, centres: Collection[int], page: str, now: datetime
) -> bool:
    """Write that somebody reads of a family by right of these centres (ids), unless the same was
    written a moment ago, of all of them; whether it was written."""
    of = sorted(set(centres))
    with connection.cursor() as cursor:
        # Two tabs opened at once wait for each other, and are one line.
        key = f"read:{reader}:{household_id}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
    known = FamilyRead.objects.filter(
        reader=reader, household=household_id, at__gt=now - ONCE_IN, centres__contains=of
    )
    if known.exists():
        return False
    FamilyRead.objects.create(
        reader=reader,
        household_id=household_id,
        centre_id=of[0] if len(of) == 1 else None,
        centres=of,
        page=page,
        at=now,
    )
    return True

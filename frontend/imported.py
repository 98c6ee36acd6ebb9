"""The sheet somebody imported a moment ago and may still take back: the way to its report."""

from __future__ import annotations

from datetime import datetime

from booking.actions.withdrawing import UNDO_FOR
from centres.models import Centre, SheetImport
from frontend.staff import Desk


def fresh_import(
    desk: Desk, centre: Centre, what: SheetImport.What, *, now: datetime
) -> SheetImport | None:
    """One query; none for who imports nothing there."""
    if not desk.manages(centre):
        return None
    own = SheetImport.objects.filter(centre=centre, what=what, by=desk.label, undone_at=None)
    return own.filter(at__gt=now - UNDO_FOR).order_by("-at").first()

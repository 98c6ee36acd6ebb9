"""The demo's messages: confirmations of the latest bookings, and every reminder of the days to
come. They are as real as any other: the demo's own carriers take them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from booking import actions, messages
from booking.models import Appointment

CONFIRMED = 30


def write_messages(*, now: datetime) -> int:
    """Write them as the bookings would have; how many reminders wait."""
    actions.load_default_rules(now=now)
    latest = Appointment.objects.filter(
        state=Appointment.State.BOOKED, starts_at__gt=now, guardian__isnull=False
    ).select_related("type", "centre", "guardian", "household")
    for appointment in latest.order_by("-created_at", "id")[:CONFIRMED]:
        with transaction.atomic():
            messages.confirmation(appointment, now=now)
    return actions.heal_reminders(now=now).written

"""Only visits that their half-day still receives are reminded of (see Appointment.outside)."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("booking.migrations.0010_days_by_guardian").DAYS
JOINED = "JOIN booking_appointment a ON a.guardian_id = g.id\n"
BOOKED = "WHERE g.household_id = w.h AND a.state = 'booked'\n"
# One that was added over others meets only its own hours: its buffers may lie outside.
RECEIVED = """\
          AND s.status = 'open'
          AND s.practitioner_id = a.practitioner_id AND s.site_id = a.site_id
          AND CASE WHEN a.is_overbooked THEN s.starts_at <= a.starts_at AND a.ends_at <= s.ends_at
                   WHEN a.seat > 0 THEN s.starts_at = a.busy_from AND s.ends_at = a.busy_until
                   ELSE s.starts_at <= a.busy_from AND a.busy_until <= s.ends_at END
"""
SHIFT = "        JOIN centres_shift s ON s.id = a.shift_id\n"
DAYS = BEFORE.replace(JOINED, JOINED + SHIFT).replace(BOOKED, BOOKED + RECEIVED)


class Migration(migrations.Migration):
    dependencies = [("booking", "0025_family_corrections")]
    operations = [migrations.RunSQL(DAYS, BEFORE)]

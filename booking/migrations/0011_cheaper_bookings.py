"""What each booking writes costs less: no index entry for what a hold has not got yet, none that
another index makes idle, and the shifts an appointment touches are found by two plain scans."""

import django.db.models.deletion
from django.db import migrations, models

BUSY = """
CREATE OR REPLACE FUNCTION booking_appointment_busy() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched centres_shift;
    -- Both the place it leaves and the one it takes: it may stand in another shift than its own.
    before booking_appointment;
    after booking_appointment;
BEGIN
    IF TG_OP = 'INSERT' THEN before := NEW; ELSE before := OLD; END IF;
    IF TG_OP = 'DELETE' THEN after := OLD; ELSE after := NEW; END IF;
    FOR touched IN
        SELECT * FROM centres_shift s
        WHERE s.id IN (before.shift_id, after.shift_id)
           OR s.practitioner_id = before.practitioner_id
              AND s.starts_at > before.busy_from - interval '14 hours'
              AND s.starts_at < before.busy_until AND s.ends_at > before.busy_from
           OR s.practitioner_id = after.practitioner_id
              AND s.starts_at > after.busy_from - interval '14 hours'
              AND s.starts_at < after.busy_until AND s.ends_at > after.busy_from
        ORDER BY s.id FOR NO KEY UPDATE  -- two writers of one shift count one after the other
    LOOP
        touched := booking_refresh_shift(touched);
        UPDATE centres_shift SET busy = touched.busy, taken = touched.taken
        WHERE id = touched.id AND (busy <> touched.busy OR taken <> touched.taken);
    END LOOP;
    RETURN NULL;
END $$;
"""
# Whoever has just read these rows need not read them again, only know that they are the same still.
# `booking_lock_appointments` stays for processes of the release before.
LOCKING = """
CREATE OR REPLACE FUNCTION booking_lock_rows(first uuid, last uuid, address text)
RETURNS TABLE (uid uuid, version text, is_elsewhere boolean)
LANGUAGE plpgsql AS $$
-- First the address that books, if any: one booking at a time. Then the shifts of one or two
-- appointments, in id order: their own, and any other of their practitioner at that time (a
-- cancelled one under its replacement), since the trigger that recounts `busy` writes to all. Last
-- the appointments, and which version of them, of their shift, type and centre they are, as it is
-- after the wait; one that was moved meanwhile is elsewhere.
#variable_conflict use_column
DECLARE
    locked bigint[];
BEGIN
    IF address <> '' THEN PERFORM pg_advisory_xact_lock(hashtextextended(address, 0)); END IF;
    SELECT array_agg(mine.id) INTO locked FROM (
        SELECT id FROM centres_shift WHERE id IN (
            SELECT shift_id FROM booking_appointment b WHERE b.uid IN (first, last)
            UNION
            SELECT s.id FROM booking_appointment b JOIN centres_shift s
            ON s.practitioner_id = b.practitioner_id AND s.starts_at < b.busy_until
               AND s.starts_at > b.busy_from - interval '14 hours' AND s.ends_at > b.busy_from
            WHERE b.uid IN (first, last))
        ORDER BY id FOR NO KEY UPDATE) mine;
    RETURN QUERY
    SELECT b.uid,
        concat_ws(' ', b.ctid, b.xmin, s.ctid, s.xmin, k.ctid, k.xmin, c.ctid, c.xmin),
        NOT s.id = ANY (locked)
    FROM booking_appointment b
    JOIN centres_shift s ON s.id = b.shift_id
    JOIN centres_appointmenttype k ON k.id = b.type_id
    JOIN centres_centre c ON c.id = b.centre_id
    WHERE b.uid IN (first, last) ORDER BY b.id FOR NO KEY UPDATE OF b;
END $$;
"""
LOCKING_BEFORE = "DROP FUNCTION IF EXISTS booking_lock_rows(uuid, uuid, text);"
# As 0003 made it.
BUSY_BEFORE = """
CREATE OR REPLACE FUNCTION booking_appointment_busy() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched centres_shift;
    ids bigint[] := CASE TG_OP WHEN 'DELETE' THEN ARRAY[OLD.shift_id]
                               WHEN 'INSERT' THEN ARRAY[NEW.shift_id]
                               ELSE ARRAY[OLD.shift_id, NEW.shift_id] END;
    who bigint[] := CASE TG_OP WHEN 'DELETE' THEN ARRAY[OLD.practitioner_id]
                               WHEN 'INSERT' THEN ARRAY[NEW.practitioner_id]
                               ELSE ARRAY[OLD.practitioner_id, NEW.practitioner_id] END;
    since timestamptz[] := CASE TG_OP WHEN 'DELETE' THEN ARRAY[OLD.busy_from]
                                      WHEN 'INSERT' THEN ARRAY[NEW.busy_from]
                                      ELSE ARRAY[OLD.busy_from, NEW.busy_from] END;
    until timestamptz[] := CASE TG_OP WHEN 'DELETE' THEN ARRAY[OLD.busy_until]
                                      WHEN 'INSERT' THEN ARRAY[NEW.busy_until]
                                      ELSE ARRAY[OLD.busy_until, NEW.busy_until] END;
BEGIN
    FOR touched IN
        SELECT * FROM centres_shift WHERE id IN (
            SELECT unnest(ids)
            UNION
            SELECT s.id FROM unnest(who, since, until) AS place (who, since, until)
            JOIN centres_shift s ON s.practitioner_id = place.who
               AND s.starts_at > place.since - interval '14 hours'
               AND s.starts_at < place.until AND s.ends_at > place.since)
        ORDER BY id FOR NO KEY UPDATE
    LOOP
        touched := booking_refresh_shift(touched);
        UPDATE centres_shift SET busy = touched.busy, taken = touched.taken
        WHERE id = touched.id AND (busy <> touched.busy OR taken <> touched.taken);
    END LOOP;
    RETURN NULL;
END $$;
"""


# Built and dropped beside the life of the tables, one statement at a time. Django would drop and
# check each foreign key anew, with the tables locked, only to leave out its index.
INDEXES = [
    """CREATE INDEX CONCURRENTLY IF NOT EXISTS appointment_guardian_time_new
    ON booking_appointment (guardian_id, starts_at) WHERE guardian_id IS NOT NULL""",
    "DROP INDEX CONCURRENTLY IF EXISTS appointment_guardian_time",
    "ALTER INDEX appointment_guardian_time_new RENAME TO appointment_guardian_time",
    """CREATE INDEX CONCURRENTLY IF NOT EXISTS appointment_child
    ON booking_appointment (child_id) WHERE child_id IS NOT NULL""",
    "DROP INDEX CONCURRENTLY IF EXISTS booking_appointment_child_id_dd27a4fd",
    "DROP INDEX CONCURRENTLY IF EXISTS booking_guardianship_guardian_id_c3f24fd3",
]
INDEXES_BEFORE = [
    """CREATE INDEX CONCURRENTLY IF NOT EXISTS booking_guardianship_guardian_id_c3f24fd3
    ON booking_guardianship (guardian_id)""",
    """CREATE INDEX CONCURRENTLY IF NOT EXISTS booking_appointment_child_id_dd27a4fd
    ON booking_appointment (child_id)""",
    "DROP INDEX CONCURRENTLY IF EXISTS appointment_child",
    """CREATE INDEX CONCURRENTLY IF NOT EXISTS appointment_guardian_time_old
    ON booking_appointment (guardian_id, starts_at)""",
    "DROP INDEX CONCURRENTLY IF EXISTS appointment_guardian_time",
    "ALTER INDEX appointment_guardian_time_old RENAME TO appointment_guardian_time",
]


class Migration(migrations.Migration):
    dependencies = [("booking", "0010_days_by_guardian"), ("centres", "0004_free_minutes")]
    atomic = False
    operations = [
        migrations.RunSQL(BUSY, BUSY_BEFORE),
        migrations.RunSQL(LOCKING, LOCKING_BEFORE),
        migrations.RunSQL(
            INDEXES,
            INDEXES_BEFORE,
            state_operations=[
                migrations.RemoveIndex(model_name="appointment", name="appointment_guardian_time"),
                migrations.AlterField(
                    model_name="appointment",
                    name="child",
                    field=models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="booking.child",
                    ),
                ),
                migrations.AlterField(
                    model_name="guardianship",
                    name="guardian",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="booking.guardian",
                    ),
                ),
                migrations.AddIndex(
                    model_name="appointment",
                    index=models.Index(
                        condition=models.Q(("guardian__isnull", False)),
                        fields=["guardian", "starts_at"],
                        name="appointment_guardian_time",
                    ),
                ),
                migrations.AddIndex(
                    model_name="appointment",
                    index=models.Index(
                        condition=models.Q(("child__isnull", False)),
                        fields=["child"],
                        name="appointment_child",
                    ),
                ),
            ],
        ),
    ]

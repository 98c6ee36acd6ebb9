"""One statement locks what a booking needs and reads it as it is after the wait (ADR 0004)."""

from django.db import migrations

LOCKING = """
CREATE FUNCTION booking_lock_candidates(
    kind bigint, centre bigint, start timestamptz, current timestamptz, releasing uuid)
RETURNS TABLE (
    id bigint, practitioner_id bigint, site_id bigint, centre_id bigint, starts int, ends int,
    seats int, taken int, agent_reserve int, closed int[], busy int[], blocked int[],
    seats_used int[], lapsed bigint[])
LANGUAGE plpgsql AS $$
-- The shifts that could take a start, locked in id order; then, as a statement of its own that sees
-- what others committed while we waited: those shifts, what blocks them beside firm appointments
-- (holds not expired, times not yet offered again), the seats in use, and the holds that expired.
-- The caller's former hold is given back in between: it must not be in its owner's way.
#variable_conflict use_column
DECLARE
    candidates bigint[];
BEGIN
    SELECT array_agg(locked.id) INTO candidates FROM (
        SELECT s.id FROM centres_shift s
        WHERE s.id IN (
            SELECT o.shift_id FROM centres_shifttype o
            WHERE o.type_id = kind AND o.centre_id = centre
              AND o.starts_at > start - interval '14 hours' AND o.starts_at <= start)
          AND s.ends_at > start AND s.status = 'open'
        ORDER BY s.id FOR NO KEY UPDATE OF s) locked;
    IF releasing IS NOT NULL THEN
        UPDATE booking_appointment SET state = 'lapsed' WHERE uid = releasing AND state = 'held';
    END IF;
    RETURN QUERY
    SELECT s.id, s.practitioner_id, s.site_id, s.centre_id,
        (extract(epoch FROM s.starts_at) / 60)::int, (extract(epoch FROM s.ends_at) / 60)::int,
        s.seats::int, s.taken::int, s.agent_reserve::int, s.closed, s.busy,
        beside.blocked, beside.seats_used, beside.lapsed
    FROM centres_shift s CROSS JOIN LATERAL (
        SELECT
            coalesce(array_agg(edge.at ORDER BY a.busy_from, a.id, edge.at)
                     FILTER (WHERE a.blocks), '{}') AS blocked,
            coalesce(array_agg(DISTINCT a.seat::int)
                     FILTER (WHERE a.seat > 0 AND a.fills), '{}') AS seats_used,
            coalesce(array_agg(DISTINCT a.id) FILTER (WHERE a.is_over), '{}') AS lapsed
        FROM (
            SELECT id, seat, busy_from, busy_until,
                (state = 'held' AND expires_at > current) OR reoffer_at > current AS blocks,
                state NOT IN ('cancelled', 'lapsed', 'held')
                    OR (state = 'held' AND expires_at > current) OR reoffer_at > current AS fills,
                state = 'held' AND expires_at <= current AS is_over
            FROM booking_appointment
            WHERE shift_id = s.id
              AND (state = 'held' OR reoffer_at > current
                   OR (seat > 0 AND state NOT IN ('cancelled', 'lapsed')))
        ) a, unnest(ARRAY[(extract(epoch FROM a.busy_from) / 60)::int,
                          (extract(epoch FROM a.busy_until) / 60)::int]) edge (at)
    ) beside
    WHERE s.id = ANY (candidates) ORDER BY s.id;
END $$;

CREATE FUNCTION booking_lock_appointments(first uuid, last uuid, address text)
RETURNS TABLE (a booking_appointment, shift centres_shift, is_elsewhere boolean)
LANGUAGE plpgsql AS $$
-- First the address that books, if any: one booking at a time. Then the shifts of one or two
-- appointments, in id order: their own, and any other of their practitioner at that time (a
-- cancelled one under its replacement), since the trigger that recounts `busy` writes to all. Last
-- the appointments, read as they are after the wait; one that was moved meanwhile is elsewhere.
DECLARE
    locked bigint[];
BEGIN
    IF address <> '' THEN PERFORM pg_advisory_xact_lock(hashtextextended(address, 0)); END IF;
    SELECT array_agg(mine.id) INTO locked FROM (
        SELECT id FROM centres_shift WHERE id IN (
            SELECT shift_id FROM booking_appointment WHERE uid IN (first, last)
            UNION
            SELECT s.id FROM booking_appointment b JOIN centres_shift s
            ON s.practitioner_id = b.practitioner_id AND s.starts_at < b.busy_until
               AND s.starts_at > b.busy_from - interval '14 hours' AND s.ends_at > b.busy_from
            WHERE b.uid IN (first, last))
        ORDER BY id FOR NO KEY UPDATE) mine;
    RETURN QUERY
    SELECT b, s, NOT s.id = ANY (locked)
    FROM booking_appointment b JOIN centres_shift s ON s.id = b.shift_id
    WHERE b.uid IN (first, last) ORDER BY b.id FOR NO KEY UPDATE OF b;
END $$;

-- The twin of the reference's index for LIKE, which nothing asks for: one less to write at each
-- booking.
DROP INDEX IF EXISTS booking_appointment_reference_8ab78627_like;
"""

UNDO = """
DROP FUNCTION booking_lock_appointments(uuid, uuid, text);
DROP FUNCTION booking_lock_candidates(bigint, bigint, timestamptz, timestamptz, uuid);
CREATE INDEX booking_appointment_reference_8ab78627_like
    ON booking_appointment (reference varchar_pattern_ops);
"""


class Migration(migrations.Migration):
    dependencies = [("booking", "0003_promises"), ("centres", "0002_shift_promises")]
    operations = [migrations.RunSQL(LOCKING, UNDO)]

"""What a booking has seen is enough to write by, when the lock finds it unchanged (ADR 0035)."""

from importlib import import_module

from django.db import migrations

READING = """
CREATE FUNCTION booking_shift_loads(ids bigint[], current timestamptz)
RETURNS TABLE (
    id bigint, practitioner_id bigint, site_id bigint, centre_id bigint, starts int, ends int,
    seats int, taken int, agent_reserve int, closed int[], busy int[], blocked int[],
    seats_used int[], lapsed bigint[], version text)
LANGUAGE sql STABLE AS $$
-- These shifts, what blocks them beside firm appointments (holds not expired, times not yet offered
-- again), the seats in use, and the holds that expired. Firm appointments, absences and closures
-- are columns of the shift: of another version of its row, or with other holds, it is another.
    SELECT s.id, s.practitioner_id, s.site_id, s.centre_id,
        (extract(epoch FROM s.starts_at) / 60)::int, (extract(epoch FROM s.ends_at) / 60)::int,
        s.seats::int, s.taken::int, s.agent_reserve::int, s.closed, s.busy,
        beside.blocked, beside.seats_used, beside.lapsed,
        concat_ws(' ', s.ctid, s.xmin, beside.blocked, beside.seats_used, beside.lapsed)
    FROM centres_shift s CROSS JOIN LATERAL (
        SELECT
            coalesce(array_agg(edge.at ORDER BY a.busy_from, a.id, edge.at)
                     FILTER (WHERE a.blocks), '{}') AS blocked,
            coalesce(array_agg(DISTINCT a.seat::int)
                     FILTER (WHERE a.seat > 0 AND a.fills), '{}') AS seats_used,
            coalesce(array_agg(DISTINCT a.id) FILTER (WHERE a.is_over), '{}') AS lapsed
        FROM (
            SELECT a.id, a.seat, a.busy_from, a.busy_until,
                (a.state = 'held' AND a.expires_at > current) OR a.reoffer_at > current AS blocks,
                a.state NOT IN ('cancelled', 'lapsed', 'held')
                    OR (a.state = 'held' AND a.expires_at > current)
                    OR a.reoffer_at > current AS fills,
                a.state = 'held' AND a.expires_at <= current AS is_over
            FROM booking_appointment a
            WHERE a.shift_id = s.id
              AND (a.state = 'held' OR a.reoffer_at > current
                   OR (a.seat > 0 AND a.state NOT IN ('cancelled', 'lapsed')))
        ) a, unnest(ARRAY[(extract(epoch FROM a.busy_from) / 60)::int,
                          (extract(epoch FROM a.busy_until) / 60)::int]) edge (at)
    ) beside
    WHERE s.id = ANY (ids)
$$;

CREATE FUNCTION booking_see_candidates(
    kind bigint, centre bigint, start timestamptz, current timestamptz)
RETURNS TABLE (
    id bigint, practitioner_id bigint, site_id bigint, centre_id bigint, starts int, ends int,
    seats int, taken int, agent_reserve int, closed int[], busy int[], blocked int[],
    seats_used int[], lapsed bigint[], version text)
LANGUAGE plpgsql STABLE AS $$
-- What booking_lock_candidates reads, without its locks.
#variable_conflict use_column
DECLARE
    candidates bigint[];
BEGIN
    SELECT array_agg(s.id) INTO candidates FROM centres_shift s
    WHERE s.id IN (
        SELECT o.shift_id FROM centres_shifttype o
        WHERE o.type_id = kind AND o.centre_id = centre
          AND o.starts_at > start - interval '14 hours' AND o.starts_at <= start)
      AND s.ends_at > start AND s.status = 'open';
    RETURN QUERY SELECT l.* FROM booking_shift_loads(candidates, current) l ORDER BY l.id;
END $$;

CREATE FUNCTION booking_lock_shift(shift bigint, kind bigint, current timestamptz)
RETURNS text LANGUAGE plpgsql AS $$
-- Locks one shift; its version as it is after the wait, if it is open and offers this type still.
BEGIN
    PERFORM FROM centres_shift s WHERE s.id = shift AND s.status = 'open' FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN NULL; END IF;
    PERFORM FROM centres_shifttype o WHERE o.shift_id = shift AND o.type_id = kind;
    IF NOT FOUND THEN RETURN NULL; END IF;
    RETURN (SELECT l.version FROM booking_shift_loads(ARRAY[shift], current) l);
END $$;

CREATE FUNCTION booking_lock_first(
    hold uuid, address text, mail text, number text, is_by_phone boolean)
RETURNS text LANGUAGE plpgsql AS $$
-- Locks as booking_lock_rows does, of one hold; the version it finds after the wait. None when the
-- hold is elsewhere by now, or when the contact that books is known: asked then, too.
DECLARE
    seen text;
    held booking_appointment;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(address, 0));
    SELECT * INTO held FROM booking_appointment b WHERE b.uid = hold;
    -- Its shift, and any other of its practitioner at that time, in id order.
    PERFORM FROM centres_shift s
    WHERE s.id = held.shift_id
       OR s.practitioner_id = held.practitioner_id AND s.starts_at < held.busy_until
          AND s.starts_at > held.busy_from - interval '14 hours' AND s.ends_at > held.busy_from
    ORDER BY s.id FOR NO KEY UPDATE;
    -- Of the place it had when they were locked: elsewhere, it is not as anybody saw it.
    SELECT concat_ws(' ', b.ctid, b.xmin, s.ctid, s.xmin, k.ctid, k.xmin, c.ctid, c.xmin) INTO seen
    FROM booking_appointment b
    JOIN centres_shift s ON s.id = b.shift_id
    JOIN centres_appointmenttype k ON k.id = b.type_id
    JOIN centres_centre c ON c.id = b.centre_id
    WHERE b.uid = hold AND b.shift_id = held.shift_id FOR NO KEY UPDATE OF b;
    IF is_by_phone THEN
        PERFORM FROM booking_guardian g WHERE g.phone = number
            AND (g.phone_verified_at IS NOT NULL
                 OR mail <> '' AND g.email = mail AND g.email_verified_at IS NOT NULL);
    ELSE
        PERFORM FROM booking_guardian g WHERE g.email = mail
            AND (g.email_verified_at IS NOT NULL
                 OR number <> '' AND g.phone = number AND g.phone_verified_at IS NOT NULL);
    END IF;
    IF FOUND THEN RETURN NULL; END IF;
    RETURN seen;
END $$;
"""
# One text says what takes a shift's time, whoever reads it.
LOCKING = """
CREATE OR REPLACE FUNCTION booking_lock_candidates(
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
    SELECT l.id, l.practitioner_id, l.site_id, l.centre_id, l.starts, l.ends, l.seats, l.taken,
        l.agent_reserve, l.closed, l.busy, l.blocked, l.seats_used, l.lapsed
    FROM booking_shift_loads(candidates, current) l ORDER BY l.id;
END $$;
"""
_after = import_module("booking.migrations.0004_locking").LOCKING.partition(
    "CREATE FUNCTION booking_lock_candidates"
)[2]
LOCKING_BEFORE = (
    "CREATE OR REPLACE FUNCTION booking_lock_candidates" + (_after.partition("CREATE FUNCTION")[0])
)
READING_BEFORE = """
DROP FUNCTION booking_lock_first(uuid, text, text, text, boolean);
DROP FUNCTION booking_lock_shift(bigint, bigint, timestamptz);
DROP FUNCTION booking_see_candidates(bigint, bigint, timestamptz, timestamptz);
DROP FUNCTION booking_shift_loads(bigint[], timestamptz);
"""


class Migration(migrations.Migration):
    dependencies = [("booking", "0023_children_added")]
    operations = [
        migrations.RunSQL(READING, READING_BEFORE),
        migrations.RunSQL(LOCKING, LOCKING_BEFORE),
    ]

"""The first free time of many centres in one statement; seats that wait for their session."""

from django.db import migrations

FIRST = """
CREATE FUNCTION booking_in_order(flat int[]) RETURNS int[] LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(edge ORDER BY flat[i], flat[i + 1], i, edge), '{}')
    FROM generate_series(1, cardinality(flat), 2) i, unnest(flat[i : i + 1]) edge
$$;

CREATE FUNCTION booking_places_left(since int, ends int, taken int[], occupied int) RETURNS int
LANGUAGE plpgsql IMMUTABLE AS $$
-- How many appointments the free stretches between `taken` (in order) still have room for.
DECLARE
    places int := 0;
BEGIN
    FOR i IN 1 .. cardinality(taken) + 1 BY 2 LOOP
        places := places + greatest(least(taken[i], ends) - since, 0) / occupied;
        since := greatest(since, taken[i + 1]);
    END LOOP;
    RETURN places;
END $$;

CREATE FUNCTION booking_first_start(
    at int, ends int, seats int, taken int, reserve int, closed int[], busy int[], blocked int[],
    before int, duration int, after int, step int, earliest int, latest int)
RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
-- The first start within a window that a half-day offers to families, as booking.availability
-- lists them: its grid and the ends of firm neighbours, but for what something blocks for a while;
-- none once no more is left than is kept for agents.
DECLARE
    occupied int := before + duration + after;
    grid int := at + before;
    firm int[] := busy;
    start int;
    is_clear boolean;
BEGIN
    IF seats > 1 THEN
        RETURN CASE WHEN closed = '{}' AND seats - taken - cardinality(blocked) / 2 > reserve
                         AND at >= earliest AND at < latest THEN at END;
    END IF;
    IF closed <> '{}' THEN firm := booking_in_order(closed || busy); END IF;
    IF reserve > 0 AND booking_places_left(
        at, ends, CASE WHEN blocked = '{}' THEN firm ELSE booking_in_order(firm || blocked) END,
        occupied) <= reserve THEN RETURN NULL; END IF;
    FOR i IN 1 .. cardinality(firm) + 1 BY 2 LOOP
        start := at + before;
        WHILE start + duration + after <= least(firm[i], ends) LOOP
            IF start >= latest THEN RETURN NULL; END IF;
            is_clear := start >= earliest;
            FOR k IN 1 .. cardinality(blocked) BY 2 LOOP
                is_clear := is_clear AND (blocked[k] >= start + duration + after
                                          OR blocked[k + 1] <= start - before);
            END LOOP;
            IF is_clear THEN RETURN start; END IF;
            start := grid + ((start - grid) / step + 1) * step;
        END LOOP;
        at := greatest(at, firm[i + 1]);
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION booking_first_shifts(
    kind bigint, before int, duration int, after int, step int, current timestamptz,
    centres bigint[], earliest int[], latest int[])
RETURNS SETOF centres_shift LANGUAGE plpgsql STABLE ROWS 22
SET plan_cache_mode = force_generic_plan AS $$
-- Of each centre the half-day with the first start families may choose in the centre's own window.
-- Half-days come in order of start, and the walk ends when none to come can be earlier: so it reads
-- few, and passes by what its own counts show to be full or left to agents.
#variable_conflict use_column
DECLARE
    occupied int := before + duration + after;
    shift centres_shift;
    found centres_shift;
    first int;
    start int;
    at int;
    blocked int[];
BEGIN
    FOR n IN 1 .. cardinality(centres) LOOP
        first := NULL;
        FOR shift IN
            SELECT s.* FROM centres_shifttype o JOIN centres_shift s ON s.id = o.shift_id
            WHERE o.type_id = kind AND o.centre_id = centres[n]
              AND o.starts_at >= to_timestamp(earliest[n] * 60.0) - interval '14 hours'
              AND o.starts_at < to_timestamp(latest[n] * 60.0)
              AND s.ends_at > to_timestamp(earliest[n] * 60.0) AND s.status = 'open'
              AND CASE WHEN s.seats > 1 THEN s.room > 0 AND s.seats - s.taken > s.agent_reserve
                       ELSE s.room >= occupied AND s.free >= (s.agent_reserve + 1) * occupied END
            ORDER BY o.starts_at, o.shift_id
        LOOP
            at := extract(epoch FROM shift.starts_at) / 60;
            EXIT WHEN first <= greatest(at, earliest[n]);
            blocked := ARRAY(
                SELECT unnest(ARRAY[(extract(epoch FROM a.busy_from) / 60)::int,
                                    (extract(epoch FROM a.busy_until) / 60)::int])
                FROM booking_appointment a
                WHERE a.shift_id = shift.id AND (a.state = 'held' OR a.reoffer_at IS NOT NULL)
                  AND (a.state = 'held' AND a.expires_at > current OR a.reoffer_at > current));
            start := booking_first_start(
                at, (extract(epoch FROM shift.ends_at) / 60)::int, shift.seats::int,
                shift.taken::int, shift.agent_reserve::int, shift.closed, shift.busy, blocked,
                before, duration, after, step, earliest[n], least(latest[n], first));
            IF start IS NOT NULL THEN
                first := start;
                found := shift;
            END IF;
        END LOOP;
        IF first IS NOT NULL THEN RETURN NEXT found; END IF;
    END LOOP;
END $$;
"""

SEATS = """
CREATE OR REPLACE FUNCTION booking_appointment_seat() RETURNS trigger LANGUAGE plpgsql AS $$
-- In a group session every live appointment spans the session and has a seat of its own, numbered
-- within the session's seats; elsewhere seat 0 takes the practitioner whole. With the exclusion
-- constraint this makes an over-full session impossible. The half-day is locked as every action
-- does first (ADR 0004): one whose places are being changed is read as it becomes.
DECLARE
    shift centres_shift;
BEGIN
    IF NEW.state IN ('cancelled', 'lapsed') OR NEW.is_overbooked THEN RETURN NEW; END IF;
    SELECT * INTO shift FROM centres_shift WHERE id = NEW.shift_id FOR NO KEY UPDATE;
    IF (shift.seats > 1) <> (NEW.seat > 0) OR NEW.seat > shift.seats THEN
        RAISE EXCEPTION 'seat % of a session of %', NEW.seat, shift.seats
            USING ERRCODE = 'check_violation', CONSTRAINT = 'appointment_seat_exists';
    END IF;
    IF NEW.seat > 0 AND (TG_OP = 'INSERT' OR NEW.busy_from <> OLD.busy_from
                         OR NEW.busy_until <> OLD.busy_until OR NEW.shift_id <> OLD.shift_id)
       AND (NEW.busy_from <> shift.starts_at OR NEW.busy_until <> shift.ends_at
            OR NEW.practitioner_id <> shift.practitioner_id) THEN
        RAISE EXCEPTION 'a seat takes the whole session'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'appointment_seat_spans_session';
    END IF;
    RETURN NEW;
END $$;
"""

UNDO = """
DROP FUNCTION booking_first_shifts(bigint, int, int, int, int, timestamptz, bigint[], int[], int[]);
DROP FUNCTION booking_first_start(
    int, int, int, int, int, int[], int[], int[], int, int, int, int, int, int);
DROP FUNCTION booking_places_left(int, int, int[], int);
DROP FUNCTION booking_in_order(int[]);
"""
UNLOCKED_SEATS = SEATS.replace(" FOR NO KEY UPDATE", "")


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0008_household_days"),
        ("centres", "0004_free_minutes"),
    ]
    operations = [migrations.RunSQL(FIRST, UNDO), migrations.RunSQL(SEATS, UNLOCKED_SEATS)]

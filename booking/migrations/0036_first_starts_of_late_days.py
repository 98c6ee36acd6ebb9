"""The first free time of many centres late in the day: half-days are read one by one, those that end
too early left out, and what blocks one for a while is asked only where a start is free without it."""

from importlib import import_module

from django.db import migrations

FIRST = """
CREATE OR REPLACE FUNCTION booking_first_start(
    at int, ends int, seats int, taken int, reserve int, closed int[], busy int[], blocked int[],
    before int, duration int, after int, step int, earliest int, latest int)
RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
-- The first start within a window that a half-day offers to families, as booking.availability
-- lists them: its grid and the ends of firm neighbours, but for what something blocks for a while;
-- none once no more is left than is kept for agents.
DECLARE
    occupied int := before + duration + after;
    grid int := at + before;
    soonest int := earliest + duration + after;
    firm int[] := busy;
    start int;
    until int;
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
        until := coalesce(firm[i], ends);
        IF until >= soonest THEN
            until := least(until, ends) - duration - after;
            start := at + before;
            IF start < earliest THEN
                start := grid + (earliest - grid + step - 1) / step * step;
            END IF;
            WHILE start <= until LOOP
                IF start >= latest THEN RETURN NULL; END IF;
                is_clear := true;
                FOR k IN 1 .. cardinality(blocked) BY 2 LOOP
                    is_clear := is_clear AND (blocked[k] >= start + duration + after
                                              OR blocked[k + 1] <= start - before);
                END LOOP;
                IF is_clear THEN RETURN start; END IF;
                start := grid + ((start - grid) / step + 1) * step;
            END LOOP;
        END IF;
        at := greatest(at, firm[i + 1]);
    END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION booking_first_shifts(
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
    -- A bound cursor is read row by row; a plain loop would read fifty more at its eleventh.
    half_days CURSOR (centre bigint, since timestamptz, until timestamptz) FOR
        SELECT s.* FROM centres_shifttype o JOIN centres_shift s ON s.id = o.shift_id
        WHERE o.type_id = kind AND o.centre_id = centre
          AND o.starts_at >= since - interval '14 hours' AND o.starts_at < until
          AND s.ends_at > since AND s.status = 'open'
          AND CASE WHEN s.seats > 1 THEN s.room > 0 AND s.seats - s.taken > s.agent_reserve
                   ELSE s.room >= occupied AND s.free >= (s.agent_reserve + 1) * occupied
                        AND s.ends_at >= since + (duration + after) * interval '1 minute' END
        ORDER BY o.starts_at, o.shift_id;
    found centres_shift;
    first int;
    start int;
    at int;
    ends int;
    blocked int[];
BEGIN
    FOR n IN 1 .. cardinality(centres) LOOP
        first := NULL;
        FOR shift IN half_days(
            centres[n], to_timestamp(earliest[n] * 60.0), to_timestamp(latest[n] * 60.0)) LOOP
            at := extract(epoch FROM shift.starts_at) / 60;
            EXIT WHEN first <= greatest(at, earliest[n]);
            ends := extract(epoch FROM shift.ends_at) / 60;
            blocked := '{}';
            start := booking_first_start(
                at, ends, shift.seats::int, shift.taken::int, shift.agent_reserve::int,
                shift.closed, shift.busy, blocked,
                before, duration, after, step, earliest[n], least(latest[n], first));
            IF start IS NOT NULL THEN
                blocked := ARRAY(
                    SELECT unnest(ARRAY[(extract(epoch FROM a.busy_from) / 60)::int,
                                        (extract(epoch FROM a.busy_until) / 60)::int])
                    FROM booking_appointment a
                    WHERE a.shift_id = shift.id AND (a.state = 'held' OR a.reoffer_at IS NOT NULL)
                      AND (a.state = 'held' AND a.expires_at > current OR a.reoffer_at > current));
            END IF;
            IF blocked <> '{}' THEN
                start := booking_first_start(
                    at, ends, shift.seats::int, shift.taken::int, shift.agent_reserve::int,
                    shift.closed, shift.busy, blocked,
                    before, duration, after, step, earliest[n], least(latest[n], first));
            END IF;
            IF start IS NOT NULL THEN
                first := start;
                found := shift;
            END IF;
        END LOOP;
        IF first IS NOT NULL THEN RETURN NEXT found; END IF;
    END LOOP;
END $$;
"""

_first = import_module("booking.migrations.0009_next_free_and_seats").FIRST
BEFORE = _first[_first.index("CREATE FUNCTION booking_first_start(") :].replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)


class Migration(migrations.Migration):
    dependencies = [("booking", "0035_messages_noted")]
    operations = [migrations.RunSQL(FIRST, BEFORE)]

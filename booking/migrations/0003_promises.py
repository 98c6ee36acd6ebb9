"""Promises the database keeps about appointments: busy times of shifts, seats, and history."""

from django.db import migrations

BUSY = """
CREATE FUNCTION booking_refresh_shift(shift centres_shift) RETURNS centres_shift
LANGUAGE plpgsql AS $$
-- Recount what firm appointments take of a shift: by practitioner and time, so that one left
-- outside its own shift still counts where it really is.
BEGIN
    IF shift.seats > 1 THEN
        SELECT '{}', count(*) INTO shift.busy, shift.taken
        FROM booking_appointment
        WHERE shift_id = shift.id
          AND state IN ('booked', 'arrived', 'in_progress', 'fulfilled', 'noshow');
    ELSE
        SELECT coalesce(array_agg(edge ORDER BY a.busy_from, a.id, edge), '{}'), 0
        INTO shift.busy, shift.taken
        FROM booking_appointment a, unnest(ARRAY[
            (extract(epoch FROM a.busy_from) / 60)::int,
            (extract(epoch FROM a.busy_until) / 60)::int]) edge
        WHERE a.practitioner_id = shift.practitioner_id
          AND a.busy_from > shift.starts_at - interval '14 hours'
          AND a.busy_from < shift.ends_at AND a.busy_until > shift.starts_at
          AND a.state IN ('booked', 'arrived', 'in_progress', 'fulfilled', 'noshow');
    END IF;
    RETURN shift;
END $$;

CREATE FUNCTION booking_appointment_busy() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched centres_shift;
    -- Both the place it leaves and the one it takes: it may stand in another shift than its own.
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
        ORDER BY id FOR NO KEY UPDATE  -- two writers of one shift count one after the other
    LOOP
        touched := booking_refresh_shift(touched);
        UPDATE centres_shift SET busy = touched.busy, taken = touched.taken
        WHERE id = touched.id AND (busy <> touched.busy OR taken <> touched.taken);
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER appointment_busy_insert AFTER INSERT ON booking_appointment
    FOR EACH ROW WHEN (NEW.state NOT IN ('held', 'lapsed', 'cancelled'))
    EXECUTE FUNCTION booking_appointment_busy();
CREATE TRIGGER appointment_busy_update
    AFTER UPDATE OF state, shift_id, practitioner_id, busy_from, busy_until ON booking_appointment
    FOR EACH ROW WHEN (NOT (OLD.state IN ('held', 'lapsed', 'cancelled')
                            AND NEW.state IN ('held', 'lapsed', 'cancelled')))
    EXECUTE FUNCTION booking_appointment_busy();
CREATE TRIGGER appointment_busy_delete AFTER DELETE ON booking_appointment
    FOR EACH ROW WHEN (OLD.state NOT IN ('held', 'lapsed', 'cancelled'))
    EXECUTE FUNCTION booking_appointment_busy();

-- A shift made or moved over appointments already there begins with the truth.
CREATE FUNCTION booking_shift_busy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RETURN booking_refresh_shift(NEW);
END $$;
CREATE TRIGGER shift_busy
    BEFORE INSERT OR UPDATE OF starts_at, ends_at, seats, practitioner_id ON centres_shift
    FOR EACH ROW EXECUTE FUNCTION booking_shift_busy();
"""

SEATS = """
CREATE FUNCTION booking_appointment_seat() RETURNS trigger LANGUAGE plpgsql AS $$
-- In a group session every live appointment spans the session and has a seat of its own, numbered
-- within the session's seats; elsewhere seat 0 takes the practitioner whole. With the exclusion
-- constraint this makes an over-full session impossible.
DECLARE
    shift centres_shift;
BEGIN
    IF NEW.state IN ('cancelled', 'lapsed') OR NEW.is_overbooked THEN RETURN NEW; END IF;
    SELECT * INTO shift FROM centres_shift WHERE id = NEW.shift_id;
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
CREATE TRIGGER appointment_seat
    BEFORE INSERT OR UPDATE OF seat, shift_id, state, busy_from, busy_until, is_overbooked
    ON booking_appointment FOR EACH ROW EXECUTE FUNCTION booking_appointment_seat();

CREATE FUNCTION booking_session_keeps_seats() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM booking_appointment WHERE shift_id = NEW.id
               AND state NOT IN ('cancelled', 'lapsed') AND NOT is_overbooked
               AND (seat > NEW.seats OR (seat > 0) <> (NEW.seats > 1))) THEN
        RAISE EXCEPTION 'appointments hold seats above %', NEW.seats
            USING ERRCODE = 'check_violation', CONSTRAINT = 'shift_keeps_taken_seats';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER session_keeps_seats AFTER UPDATE OF seats ON centres_shift
    FOR EACH ROW WHEN (OLD.seats <> NEW.seats) EXECUTE FUNCTION booking_session_keeps_seats();
"""

HISTORY = """
CREATE FUNCTION booking_appointment_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO booking_appointmentevent
        (appointment_id, at, action, actor, note, state, sequence, starts_at, practitioner_id, site_id)
    VALUES (NEW.id, clock_timestamp(), NEW.last_action, NEW.actor, NEW.note, NEW.state,
            NEW.sequence, NEW.starts_at, NEW.practitioner_id, NEW.site_id);
    RETURN NULL;
END $$;
-- Holds are not history until they become an appointment: most lapse, and none names anyone.
CREATE TRIGGER appointment_history_insert AFTER INSERT ON booking_appointment
    FOR EACH ROW WHEN (NEW.state NOT IN ('held', 'lapsed'))
    EXECUTE FUNCTION booking_appointment_history();
CREATE TRIGGER appointment_history_update AFTER UPDATE ON booking_appointment
    FOR EACH ROW WHEN (NEW.state NOT IN ('held', 'lapsed')
        AND (OLD.state, OLD.sequence, OLD.starts_at, OLD.practitioner_id, OLD.site_id, OLD.note)
            IS DISTINCT FROM
            (NEW.state, NEW.sequence, NEW.starts_at, NEW.practitioner_id, NEW.site_id, NEW.note))
    EXECUTE FUNCTION booking_appointment_history();

CREATE FUNCTION booking_history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Deleting an appointment (retention) takes its history along; nothing else may.
    IF TG_OP = 'DELETE' AND NOT EXISTS (
        SELECT 1 FROM booking_appointment WHERE id = OLD.appointment_id) THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'the history of appointments is append-only'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'history_append_only';
END $$;
CREATE TRIGGER history_is_append_only BEFORE UPDATE OR DELETE ON booking_appointmentevent
    FOR EACH ROW EXECUTE FUNCTION booking_history_is_append_only();
ALTER TABLE booking_appointmentevent
    ADD CONSTRAINT booking_appointmentevent_appointment_cascade
    FOREIGN KEY (appointment_id) REFERENCES booking_appointment (id) ON DELETE CASCADE;

ALTER TABLE booking_ratecounter SET UNLOGGED;
"""

UNDO = """
ALTER TABLE booking_ratecounter SET LOGGED;
ALTER TABLE booking_appointmentevent DROP CONSTRAINT booking_appointmentevent_appointment_cascade;
DROP TRIGGER history_is_append_only ON booking_appointmentevent;
DROP TRIGGER appointment_history_update ON booking_appointment;
DROP TRIGGER appointment_history_insert ON booking_appointment;
DROP TRIGGER session_keeps_seats ON centres_shift;
DROP TRIGGER appointment_seat ON booking_appointment;
DROP TRIGGER shift_busy ON centres_shift;
DROP TRIGGER appointment_busy_delete ON booking_appointment;
DROP TRIGGER appointment_busy_update ON booking_appointment;
DROP TRIGGER appointment_busy_insert ON booking_appointment;
DROP FUNCTION booking_history_is_append_only();
DROP FUNCTION booking_appointment_history();
DROP FUNCTION booking_session_keeps_seats();
DROP FUNCTION booking_appointment_seat();
DROP FUNCTION booking_shift_busy();
DROP FUNCTION booking_appointment_busy();
DROP FUNCTION booking_refresh_shift(centres_shift);
"""


class Migration(migrations.Migration):
    dependencies = [("booking", "0002_initial"), ("centres", "0002_shift_promises")]
    operations = [migrations.RunSQL(BUSY + SEATS + HISTORY, UNDO)]

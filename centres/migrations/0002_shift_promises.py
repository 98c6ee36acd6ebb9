"""Promises the database keeps about shifts: longest free stretch, offers equal to their shift."""

from django.db import migrations

ROOM = """
CREATE FUNCTION centres_shift_room() RETURNS trigger LANGUAGE plpgsql AS $$
-- The longest free stretch, in minutes: what a search filters on. A group session has all of its
-- length while a seat is left, and none once a closure touches it.
DECLARE
    at int := extract(epoch FROM NEW.starts_at) / 60;
    ends int := extract(epoch FROM NEW.ends_at) / 60;
    best int := 0;
    edge record;
BEGIN
    IF NEW.seats > 1 THEN
        IF cardinality(NEW.closed) = 0 AND NEW.taken < NEW.seats THEN best := ends - at; END IF;
    ELSE
        FOR edge IN
            SELECT flat[i] AS a, flat[i + 1] AS b
            FROM (SELECT NEW.closed || NEW.busy AS flat) f, generate_series(1, cardinality(flat), 2) i
            ORDER BY 1
        LOOP
            best := greatest(best, least(edge.a, ends) - at);
            at := greatest(at, edge.b);
        END LOOP;
        best := greatest(best, ends - at);
    END IF;
    NEW.room := least(best, 32767);
    RETURN NEW;
END $$;

CREATE TRIGGER shift_room
    BEFORE INSERT OR UPDATE OF starts_at, ends_at, seats, taken, closed, busy, practitioner_id
    ON centres_shift
    FOR EACH ROW EXECUTE FUNCTION centres_shift_room();

-- An offer repeats its shift's centre and start; these can never differ, whoever writes.
ALTER TABLE centres_shifttype ADD CONSTRAINT offer_of_shift
    FOREIGN KEY (shift_id, centre_id, starts_at)
    REFERENCES centres_shift (id, centre_id, starts_at) ON UPDATE CASCADE ON DELETE CASCADE;

-- `busy` changes at every booking: room in the page keeps such updates off the indexes (HOT).
ALTER TABLE centres_shift SET (fillfactor = 70);
"""

UNDO = """
ALTER TABLE centres_shift RESET (fillfactor);
ALTER TABLE centres_shifttype DROP CONSTRAINT offer_of_shift;
DROP TRIGGER shift_room ON centres_shift;
DROP FUNCTION centres_shift_room();
"""


class Migration(migrations.Migration):
    dependencies = [("centres", "0001_initial")]
    operations = [migrations.RunSQL(ROOM, UNDO)]

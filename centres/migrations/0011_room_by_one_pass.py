"""The free stretches of a half-day without closures are found by one pass over what is booked."""

from importlib import import_module

from django.db import migrations

ROOM = """
CREATE OR REPLACE FUNCTION centres_shift_room() RETURNS trigger LANGUAGE plpgsql AS $$
-- The longest free stretch and all free minutes: what a search filters on. A group session has all
-- of its length while a seat is left, and none once a closure touches it.
DECLARE
    at int := extract(epoch FROM NEW.starts_at) / 60;
    ends int := extract(epoch FROM NEW.ends_at) / 60;
    best int := 0;
    total int := 0;
    stretch int;
    -- Pairs of edges, by time: `busy` is kept so, only closures have to be sorted in.
    taken int[] := NEW.busy;
BEGIN
    IF NEW.seats > 1 THEN
        IF cardinality(NEW.closed) = 0 AND NEW.taken < NEW.seats THEN best := ends - at; END IF;
        total := best;
    ELSE
        IF cardinality(NEW.closed) > 0 THEN
            SELECT array_agg(edge ORDER BY pair.a, pair.b, pair.i, edge) INTO taken
            FROM (SELECT i, flat[i] AS a, flat[i + 1] AS b
                  FROM (SELECT NEW.closed || NEW.busy AS flat) f,
                       generate_series(1, cardinality(flat), 2) i) pair,
                 unnest(ARRAY[pair.a, pair.b]) edge;
        END IF;
        FOR i IN 1..cardinality(taken) BY 2 LOOP
            stretch := greatest(least(taken[i], ends) - at, 0);
            best := greatest(best, stretch);
            total := total + stretch;
            at := greatest(at, taken[i + 1]);
        END LOOP;
        stretch := greatest(ends - at, 0);
        best := greatest(best, stretch);
        total := total + stretch;
    END IF;
    NEW.room := least(best, 32767);
    NEW.free := least(total, 32767);
    RETURN NEW;
END $$;
"""
BEFORE = import_module("centres.migrations.0004_free_minutes").ROOM.partition("\nUPDATE ")[0]


class Migration(migrations.Migration):
    dependencies = [("centres", "0010_overbooking")]
    operations = [migrations.RunSQL(ROOM, BEFORE)]

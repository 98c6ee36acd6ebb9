"""All free minutes of a half-day beside its longest stretch: what the agents' reserve counts on."""

from django.db import migrations, models

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
    edge record;
BEGIN
    IF NEW.seats > 1 THEN
        IF cardinality(NEW.closed) = 0 AND NEW.taken < NEW.seats THEN best := ends - at; END IF;
        total := best;
    ELSE
        FOR edge IN
            SELECT flat[i] AS a, flat[i + 1] AS b
            FROM (SELECT NEW.closed || NEW.busy || ends || ends AS flat) f,
                 generate_series(1, cardinality(flat), 2) i
            ORDER BY 1
        LOOP
            stretch := greatest(least(edge.a, ends) - at, 0);
            best := greatest(best, stretch);
            total := total + stretch;
            at := greatest(at, edge.b);
        END LOOP;
    END IF;
    NEW.room := least(best, 32767);
    NEW.free := least(total, 32767);
    RETURN NEW;
END $$;

UPDATE centres_shift SET closed = closed;
"""

UNDO = """
CREATE OR REPLACE FUNCTION centres_shift_room() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""


class Migration(migrations.Migration):
    dependencies = [("centres", "0003_single_shifts")]
    operations = [
        migrations.AddField(
            model_name="shift",
            name="free",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.RunSQL(ROOM, UNDO),
    ]

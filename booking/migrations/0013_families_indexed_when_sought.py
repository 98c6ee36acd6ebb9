"""A booking only notes whose names have changed; whoever searches next, or the minute's task, brings
what families are found by up to date: writing trigrams is no work of a family's own request."""

from django.db import migrations, models

NOTED = """
CREATE OR REPLACE FUNCTION booking_family_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A note that is there already is locked, not written again: the lock keeps it from being
    -- crossed off by somebody who cannot see yet what this transaction writes. In order of ids, so
    -- that two who move people between two families wait for each other, never in a ring.
    IF TG_OP = 'INSERT' THEN
        INSERT INTO booking_familytoindex AS known (household_id) VALUES (NEW.household_id)
        ON CONFLICT (household_id) DO UPDATE SET household_id = known.household_id WHERE false;
    ELSE
        INSERT INTO booking_familytoindex AS known (household_id)
        SELECT DISTINCT id FROM unnest(CASE TG_OP WHEN 'DELETE' THEN ARRAY[OLD.household_id]
            ELSE ARRAY[OLD.household_id, NEW.household_id] END) id ORDER BY id
        ON CONFLICT (household_id) DO UPDATE SET household_id = known.household_id WHERE false;
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER child_is_found ON booking_child;
DROP FUNCTION booking_child_is_new();
CREATE TRIGGER child_is_found AFTER INSERT ON booking_child
    FOR EACH ROW EXECUTE FUNCTION booking_family_changed();

CREATE FUNCTION booking_index_families(most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    family bigint;
    done integer := 0;
BEGIN
    FOR family IN
        DELETE FROM booking_familytoindex WHERE household_id IN (
            SELECT household_id FROM booking_familytoindex
            ORDER BY household_id LIMIT most FOR UPDATE SKIP LOCKED)
        RETURNING household_id
    LOOP
        PERFORM booking_refresh_family(family);
        done := done + 1;
    END LOOP;
    RETURN done;
END $$;
"""
AT_ONCE = """
SELECT booking_index_families(1000000);
DROP FUNCTION booking_index_families(integer);
CREATE OR REPLACE FUNCTION booking_family_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM booking_refresh_family(OLD.household_id); END IF;
    IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND NEW.household_id <> OLD.household_id THEN
        PERFORM booking_refresh_family(NEW.household_id);
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER child_is_found ON booking_child;
CREATE FUNCTION booking_child_is_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM booking_refresh_family(NEW.household_id);
    RETURN NULL;
END $$;
CREATE TRIGGER child_is_found AFTER INSERT ON booking_child
    FOR EACH ROW EXECUTE FUNCTION booking_child_is_new();
"""


class Migration(migrations.Migration):
    dependencies = [("booking", "0012_finding_families")]
    operations = [
        migrations.CreateModel(
            name="FamilyToIndex",
            fields=[
                (
                    "household_id",
                    models.BigIntegerField(primary_key=True, serialize=False),
                ),
            ],
            options={"verbose_name": "famille à indexer"},
        ),
        migrations.RunSQL(NOTED, AT_ONCE),
    ]

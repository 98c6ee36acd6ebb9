"""Half-days that somebody waits for, and that have just begun to receive, or to receive more."""

import django.db.models.deletion
from django.db import migrations, models

# Whichever way the plan is changed (a rule, a half-day, an absence withdrawn, a closure undone, the
# administration, SQL), and only where a family waits: a plain booking writes none of these columns.
NOTING = """
CREATE FUNCTION booking_note_new_offers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM booking_waitinglistentry WHERE state = 'open') THEN
        RETURN NULL;
    END IF;
    INSERT INTO booking_newtime (shift_id, at)
    SELECT DISTINCT s.id, statement_timestamp()
    FROM booking_waitinglistentry e
    JOIN made ON made.type_id = e.type_id
    JOIN centres_shift s ON s.id = made.shift_id AND s.site_id = ANY (e.sites)
    WHERE e.state = 'open' AND s.status = 'open' AND s.ends_at > statement_timestamp()
    ORDER BY s.id
    ON CONFLICT (shift_id) DO UPDATE SET at = excluded.at;
    RETURN NULL;
END $$;
CREATE TRIGGER booking_new_offers AFTER INSERT ON centres_shifttype
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION booking_note_new_offers();

CREATE FUNCTION booking_spans(flat int[]) RETURNS int4multirange
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
-- Closures as a half-day keeps them, each by its two bounds: the minutes they take.
SELECT coalesce(range_agg(int4range(flat[i], greatest(flat[i], flat[i + 1]))), '{}')
FROM generate_series(1, cardinality(flat), 2) i
$$;
CREATE FUNCTION booking_note_new_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO booking_newtime (shift_id, at)
    SELECT NEW.id, statement_timestamp()
    WHERE NEW.ends_at > statement_timestamp() AND EXISTS (
        SELECT FROM centres_shifttype o JOIN booking_waitinglistentry e ON e.type_id = o.type_id
        WHERE o.shift_id = NEW.id AND e.state = 'open' AND NEW.site_id = ANY (e.sites))
    ON CONFLICT (shift_id) DO UPDATE SET at = excluded.at;
    RETURN NULL;
END $$;
CREATE TRIGGER booking_new_time AFTER UPDATE OF
    status, starts_at, ends_at, practitioner_id, site_id, seats, agent_reserve, closed
    ON centres_shift FOR EACH ROW
    WHEN (NEW.status = 'open' AND (
        OLD.status <> 'open' OR NEW.starts_at < OLD.starts_at OR NEW.ends_at > OLD.ends_at
        OR NEW.practitioner_id <> OLD.practitioner_id OR NEW.site_id <> OLD.site_id
        OR NEW.seats > OLD.seats OR NEW.agent_reserve < OLD.agent_reserve
        OR NEW.closed <> OLD.closed AND NOT booking_spans(OLD.closed) <@ booking_spans(NEW.closed)))
    EXECUTE FUNCTION booking_note_new_time();
"""
UNDO = """
DROP TRIGGER booking_new_time ON centres_shift;
DROP TRIGGER booking_new_offers ON centres_shifttype;
DROP FUNCTION booking_note_new_time();
DROP FUNCTION booking_spans(int[]);
DROP FUNCTION booking_note_new_offers();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0026_reminders_of_what_takes_place"),
        ("centres", "0012_accounts_that_lapsed"),
    ]
    operations = [
        migrations.AddField(
            model_name="waitinglistoffer",
            name="is_new_time",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="nouveau créneau"
            ),
        ),
        migrations.CreateModel(
            name="NewTime",
            fields=[
                (
                    "shift",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="centres.shift",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="depuis")),
            ],
            options={
                "verbose_name": "nouveau créneau",
                "verbose_name_plural": "nouveaux créneaux",
            },
        ),
        migrations.RunSQL(NOTING, UNDO),
    ]

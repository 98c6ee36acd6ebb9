"""Families are found by what triggers keep of them; who reads a family's page is written down."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

# No extension is needed: accents go by Unicode's own decomposition (ADR 0023).
WORDS = r"""
CREATE FUNCTION booking_plain(said text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
-- Lower case without accents; an apostrophe joins, anything else between letters parts.
SELECT btrim(regexp_replace(
    translate(replace(replace(replace(
        lower(regexp_replace(normalize(said, NFKD), '[\u0300-\u036f\u064b-\u065f\u0670''’‘ʼ`´]', '', 'g')
              COLLATE pg_c_utf8),
        'œ', 'oe'), 'æ', 'ae'), 'ß', 'ss'), 'øłđıð', 'oldid'),
    '[^[:alnum:]]+', ' ', 'g'))
$$;

CREATE FUNCTION booking_words(said text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT array_remove(string_to_array(booking_plain(said), ' '), '')
$$;

CREATE FUNCTION booking_grams(word text, first integer) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
-- Its trigrams, from the space before it (1) or from its first letter (2).
SELECT array_agg(substr(' ' || word, i, 3))
FROM generate_series(first, greatest(length(word) - 1, first)) i
$$;

CREATE FUNCTION booking_nears(word text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
-- Two words that differ by one letter, or by two that changed places, share one of these; those
-- that differ by letters that sound alike share them all.
SELECT CASE WHEN length(word) < 3 THEN ARRAY['~' || max(heard)]
       ELSE array_agg('~' || left(heard, i - 1) || substr(heard, i + 1)) END
FROM generate_series(1, length(word) + 1) i, translate(word, 'ykqzw', 'iccsv') heard
$$;

CREATE FUNCTION booking_number_ends(phone text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE WHEN phone = '' THEN '{}'
       ELSE ARRAY(SELECT 'p:' || right(regexp_replace(phone, '\D', '', 'g'), n)
                  FROM unnest(ARRAY[4, 6, 8, 9]) n) END
$$;

CREATE FUNCTION booking_typed(said text) RETURNS TABLE (word text, part text[], nears text[])
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
-- Of each word typed: what is in a name that holds it (in one that begins with it, if it is
-- short), and what is near it.
SELECT word, booking_grams(word, CASE WHEN length(word) > 3 THEN 2 ELSE 1 END), booking_nears(word)
FROM unnest(booking_words(said)) word LIMIT 8
$$;

CREATE FUNCTION booking_likeness(typed text[], words text[]) RETURNS real
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
-- From 0 to 1: of each word typed how like the likest of these is. Those that come here match:
-- what is neither equal, nor begun, nor held, is a letter away. Called thousands of times a search.
DECLARE
    t text;
    w text;
    best real;
    total real := 0;
BEGIN
    FOREACH t IN ARRAY typed LOOP
        best := 0.5;
        FOREACH w IN ARRAY words LOOP
            IF w = t THEN best := 1; EXIT;
            ELSIF best < 0.9 AND starts_with(w, t) THEN best := 0.9;
            ELSIF best < 0.7 AND strpos(w, t) > 0 THEN best := 0.7;
            END IF;
        END LOOP;
        total := total + best;
    END LOOP;
    RETURN total / greatest(cardinality(typed), 1);
END $$;
"""
REFRESH = """
CREATE FUNCTION booking_refresh_family(family bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    found_words text[];
    found_terms text[];
BEGIN
    -- Who writes a family at the same time waits here, then reads what the other wrote.
    PERFORM FROM booking_familysearch WHERE household_id = family FOR UPDATE;
    WITH name AS (
        SELECT unnest(ARRAY[booking_plain(first_name), booking_plain(last_name)]) AS name
        FROM (SELECT first_name, last_name FROM booking_guardian WHERE household_id = family
              UNION ALL
              SELECT first_name, last_name FROM booking_child WHERE household_id = family) person)
    -- Jean-Pierre is found by jean, by pierre and by jeanpierre.
    SELECT array_agg(DISTINCT word ORDER BY word) INTO found_words
    FROM name, unnest(string_to_array(name, ' ') || replace(name, ' ', '')) word WHERE word <> '';
    IF found_words IS NULL THEN
        DELETE FROM booking_familysearch WHERE household_id = family;
        RETURN;
    END IF;
    SELECT array_agg(DISTINCT term ORDER BY term) INTO found_terms FROM (
        SELECT unnest(booking_grams(word, 1) || booking_nears(word)) AS term
        FROM unnest(found_words) word
        UNION ALL
        SELECT unnest(booking_number_ends(phone)
            || CASE WHEN email = '' THEN '{}' ELSE ARRAY[
                   'e:' || lower(email), 'e:' || lower(split_part(email, '@', 1)) || '@'] END)
        FROM booking_guardian WHERE household_id = family
        UNION ALL
        SELECT 'd:' || born_on FROM booking_child WHERE household_id = family) every;
    INSERT INTO booking_familysearch AS old (household_id, words, terms)
    SELECT id, found_words, found_terms FROM booking_household WHERE id = family
    ON CONFLICT (household_id) DO UPDATE SET words = excluded.words, terms = excluded.terms
    WHERE old.terms <> excluded.terms;
END $$;

CREATE FUNCTION booking_family_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM booking_refresh_family(OLD.household_id); END IF;
    IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND NEW.household_id <> OLD.household_id THEN
        PERFORM booking_refresh_family(NEW.household_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER guardian_is_found AFTER INSERT OR DELETE ON booking_guardian
    FOR EACH ROW EXECUTE FUNCTION booking_family_changed();
CREATE TRIGGER guardian_is_found_anew
    AFTER UPDATE OF household_id, first_name, last_name, email, phone ON booking_guardian
    FOR EACH ROW WHEN ((OLD.household_id, OLD.first_name, OLD.last_name, OLD.email, OLD.phone)
        IS DISTINCT FROM (NEW.household_id, NEW.first_name, NEW.last_name, NEW.email, NEW.phone))
    EXECUTE FUNCTION booking_family_changed();
CREATE FUNCTION booking_child_is_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A new family is written in one statement: its guardian's trigger has seen the child already.
    PERFORM FROM booking_familysearch WHERE household_id = NEW.household_id
        AND terms @> ARRAY['d:' || NEW.born_on]
        AND words @> (booking_words(NEW.first_name || ' ' || NEW.last_name) || array_remove(ARRAY[
            replace(booking_plain(NEW.first_name), ' ', ''),
            replace(booking_plain(NEW.last_name), ' ', '')], ''))
        FOR UPDATE;
    IF NOT FOUND THEN PERFORM booking_refresh_family(NEW.household_id); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER child_is_found AFTER INSERT ON booking_child
    FOR EACH ROW EXECUTE FUNCTION booking_child_is_new();
CREATE TRIGGER child_is_gone AFTER DELETE ON booking_child
    FOR EACH ROW EXECUTE FUNCTION booking_family_changed();
CREATE TRIGGER child_is_found_anew
    AFTER UPDATE OF household_id, first_name, last_name, born_on ON booking_child
    FOR EACH ROW WHEN ((OLD.household_id, OLD.first_name, OLD.last_name, OLD.born_on)
        IS DISTINCT FROM (NEW.household_id, NEW.first_name, NEW.last_name, NEW.born_on))
    EXECUTE FUNCTION booking_family_changed();
ALTER TABLE booking_familysearch ADD CONSTRAINT booking_familysearch_household_cascade
    FOREIGN KEY (household_id) REFERENCES booking_household (id) ON DELETE CASCADE;
SELECT booking_refresh_family(id) FROM booking_household;
"""
READS = """
CREATE FUNCTION booking_reads_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' AND current_setting('emgav.may_empty_history', true) = 'yes' THEN
        RETURN NULL;
    END IF;
    -- What is older than it may be kept is the night's to delete.
    IF TG_OP = 'DELETE' THEN
        IF OLD.at < statement_timestamp() - interval '24 months' THEN RETURN OLD; END IF;
    END IF;
    RAISE EXCEPTION 'the journals of families are append-only'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'reads_append_only';
END $$;
CREATE TRIGGER reads_are_append_only BEFORE UPDATE OR DELETE ON booking_familyread
    FOR EACH ROW EXECUTE FUNCTION booking_reads_are_append_only();
CREATE TRIGGER reads_are_never_emptied BEFORE TRUNCATE ON booking_familyread
    FOR EACH STATEMENT EXECUTE FUNCTION booking_reads_are_append_only();
CREATE TRIGGER merges_are_append_only BEFORE UPDATE OR DELETE ON booking_familymerge
    FOR EACH ROW EXECUTE FUNCTION booking_reads_are_append_only();
CREATE TRIGGER merges_are_never_emptied BEFORE TRUNCATE ON booking_familymerge
    FOR EACH STATEMENT EXECUTE FUNCTION booking_reads_are_append_only();
"""
UNDO = """
DROP TRIGGER merges_are_never_emptied ON booking_familymerge;
DROP TRIGGER merges_are_append_only ON booking_familymerge;
DROP TRIGGER reads_are_never_emptied ON booking_familyread;
DROP TRIGGER reads_are_append_only ON booking_familyread;
DROP FUNCTION booking_reads_are_append_only();
ALTER TABLE booking_familysearch DROP CONSTRAINT booking_familysearch_household_cascade;
DROP TRIGGER child_is_found_anew ON booking_child;
DROP TRIGGER child_is_gone ON booking_child;
DROP TRIGGER child_is_found ON booking_child;
DROP FUNCTION booking_child_is_new();
DROP TRIGGER guardian_is_found_anew ON booking_guardian;
DROP TRIGGER guardian_is_found ON booking_guardian;
DROP FUNCTION booking_family_changed();
DROP FUNCTION booking_refresh_family(bigint);
DROP FUNCTION booking_likeness(text[], text[]);
DROP FUNCTION booking_typed(text);
DROP FUNCTION booking_number_ends(text);
DROP FUNCTION booking_nears(text);
DROP FUNCTION booking_grams(text, integer);
DROP FUNCTION booking_words(text);
DROP FUNCTION booking_plain(text);
"""


class Migration(migrations.Migration):
    dependencies = [("booking", "0011_cheaper_bookings"), ("centres", "0004_free_minutes")]
    operations = [
        migrations.CreateModel(
            name="FamilySearch",
            fields=[
                (
                    "household",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="search",
                        serialize=False,
                        to="booking.household",
                    ),
                ),
                (
                    "words",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
                (
                    "terms",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
            ],
            options={
                "verbose_name": "famille à trouver",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["terms"], name="familysearch_terms"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FamilyRead",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reader", models.CharField(max_length=254, verbose_name="par")),
                (
                    "page",
                    models.CharField(
                        choices=[
                            ("family", "fiche de la famille"),
                            ("appointment", "page d’un rendez-vous"),
                        ],
                        max_length=11,
                        verbose_name="page",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="le")),
                (
                    "centre",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="centres.centre",
                        verbose_name="centre",
                    ),
                ),
                (
                    "household",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="reads",
                        to="booking.household",
                    ),
                ),
            ],
            options={
                "verbose_name": "consultation",
                "indexes": [
                    models.Index(fields=["household", "-at"], name="familyread_household"),
                    models.Index(fields=["reader", "-at"], name="familyread_reader"),
                    models.Index(fields=["at"], name="familyread_at"),
                ],
            },
        ),
        migrations.CreateModel(
            name="FamilyMerge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("merged_id", models.BigIntegerField(unique=True)),
                ("actor", models.CharField(max_length=254, verbose_name="par")),
                ("at", models.DateTimeField(db_index=True, verbose_name="le")),
                (
                    "guardians",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                (
                    "children",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                (
                    "appointments",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                (
                    "kept",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="merges",
                        to="booking.household",
                    ),
                ),
            ],
            options={"verbose_name": "réunion de familles"},
        ),
        migrations.AddIndex(
            model_name="callbackrequest",
            index=models.Index(fields=["phone"], name="callback_phone"),
        ),
        migrations.RunSQL(WORDS + REFRESH + READS, UNDO),
    ]

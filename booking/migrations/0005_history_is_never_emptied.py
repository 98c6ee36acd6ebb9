"""TRUNCATE cannot empty the history of appointments; the daily purge of holds finds them alone."""

from django.db import migrations, models

# Row triggers do not see TRUNCATE, nor TRUNCATE … CASCADE of a table it refers to. Only a session
# that says so beforehand may: the tests' (tests/settings.py), which empty every table.
HISTORY = """
CREATE FUNCTION booking_history_is_never_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('emgav.may_empty_history', true) = 'yes' THEN RETURN NULL; END IF;
    RAISE EXCEPTION 'the history of appointments is append-only'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'history_append_only';
END $$;
CREATE TRIGGER history_is_never_emptied BEFORE TRUNCATE ON booking_appointmentevent
    FOR EACH STATEMENT EXECUTE FUNCTION booking_history_is_never_emptied();
"""

UNDO = """
DROP TRIGGER history_is_never_emptied ON booking_appointmentevent;
DROP FUNCTION booking_history_is_never_emptied();
"""


class Migration(migrations.Migration):
    dependencies = [("booking", "0004_locking")]
    operations = [
        migrations.RunSQL(HISTORY, UNDO),
        migrations.AddIndex(
            model_name="appointment",
            index=models.Index(
                condition=models.Q(("state", "lapsed")),
                fields=["changed_at"],
                name="appointment_lapsed",
            ),
        ),
    ]

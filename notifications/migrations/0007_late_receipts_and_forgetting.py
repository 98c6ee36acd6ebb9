"""A late receipt moves what waits to be sent again: it has left after all. What one recipient's
server puts off is not the fault of the provider. What is to be
forgotten is found without reading what was emptied already."""

from django.db import migrations, models

FORWARD = """
CREATE OR REPLACE FUNCTION notifications_message_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = ANY (CASE OLD.state
        WHEN 'planned' THEN
            ARRAY['claimed', 'superseded', 'expired', 'suppressed', 'failed'%(late)s]
        WHEN 'claimed' THEN
            ARRAY['planned', 'sending', 'superseded', 'expired', 'suppressed', 'failed'%(late)s]
        WHEN 'sending' THEN
            ARRAY['sent', 'planned', 'uncertain', 'failed', 'undeliverable', 'superseded', 'expired']
        WHEN 'uncertain' THEN
            ARRAY['sent', 'delivered', 'undeliverable', 'planned', 'failed', 'superseded', 'expired']
        WHEN 'sent' THEN ARRAY['delivered', 'undeliverable']
        ELSE ARRAY[]::text[] END) THEN RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a message does not go from %% to %%', OLD.state, NEW.state
        USING ERRCODE = 'check_violation', CONSTRAINT = 'message_goes_forward';
END $$;
"""
LATE = ", 'sent', 'delivered', 'undeliverable'"


class Migration(migrations.Migration):
    dependencies = [("notifications", "0006_leave_by")]
    operations = [
        migrations.RunSQL(FORWARD % {"late": LATE}, FORWARD % {"late": ""}),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("outcome__in", ("absent", "given_up"))),
                fields=["message"],
                name="attempt_unsure",
            ),
        ),
        migrations.AddField(
            model_name="attempt",
            name="blames_recipient",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("recipient", ""), _negated=True),
                fields=["valid_until"],
                name="message_to_forget",
            ),
        ),
        migrations.AddIndex(
            model_name="receipt",
            index=models.Index(
                condition=models.Q(
                    models.Q(("sender", ""), _negated=True),
                    models.Q(("text", ""), _negated=True),
                    _connector="OR",
                ),
                fields=["received_at"],
                name="receipt_to_forget",
            ),
        ),
    ]

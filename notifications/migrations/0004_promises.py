"""What the database promises of messages: states that only go forward, a ledger that is only
added to, words that never change."""

from django.db import migrations, models

MESSAGES = """
CREATE FUNCTION notifications_message_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = ANY (CASE OLD.state
        WHEN 'planned' THEN
            ARRAY['claimed', 'superseded', 'expired', 'suppressed', 'failed']
        WHEN 'claimed' THEN
            ARRAY['planned', 'sending', 'superseded', 'expired', 'suppressed', 'failed']
        WHEN 'sending' THEN
            ARRAY['sent', 'planned', 'uncertain', 'failed', 'undeliverable', 'superseded', 'expired']
        WHEN 'uncertain' THEN
            ARRAY['sent', 'delivered', 'undeliverable', 'planned', 'failed', 'superseded', 'expired']
        WHEN 'sent' THEN ARRAY['delivered', 'undeliverable']
        ELSE ARRAY[]::text[] END) THEN RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a message does not go from % to %', OLD.state, NEW.state
        USING ERRCODE = 'check_violation', CONSTRAINT = 'message_goes_forward';
END $$;
CREATE TRIGGER message_goes_forward BEFORE UPDATE ON notifications_outboxmessage
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION notifications_message_goes_forward();
"""

# One provider may not know what another has taken: until each former attempt has surely failed,
# only the same one may be asked again.
LEDGER = """
CREATE FUNCTION notifications_attempt_same_route() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM notifications_attempt WHERE message_id = NEW.message_id
               AND outcome <> 'not_taken' AND route <> NEW.route) THEN
        RAISE EXCEPTION 'another provider may have this message already'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attempt_same_route';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER attempt_same_route BEFORE INSERT ON notifications_attempt
    FOR EACH ROW EXECUTE FUNCTION notifications_attempt_same_route();

CREATE FUNCTION notifications_attempt_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.closed_at IS NULL
        AND (NEW.id, NEW.message_id, NEW.number, NEW.route, NEW.opened_at, NEW.deadline_at,
             NEW.body_hash)
          = (OLD.id, OLD.message_id, OLD.number, OLD.route, OLD.opened_at, OLD.deadline_at,
             OLD.body_hash)
        AND (OLD.unknown_since IS NULL OR NEW.unknown_since = OLD.unknown_since) THEN
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' AND NOT EXISTS (
        SELECT FROM notifications_outboxmessage WHERE id = OLD.message_id) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the ledger of attempts is append-only'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'attempt_append_only';
END $$;
CREATE TRIGGER attempt_append_only BEFORE UPDATE ON notifications_attempt
    FOR EACH ROW EXECUTE FUNCTION notifications_attempt_append_only();
-- At the end of the transaction: attempts are deleted before their message.
CREATE CONSTRAINT TRIGGER attempt_leaves_with_message AFTER DELETE ON notifications_attempt
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION notifications_attempt_append_only();
"""

WORDINGS = """
CREATE FUNCTION notifications_wording_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'is_current' = to_jsonb(OLD) - 'is_current' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a version of words is never changed: write a new one'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'wording_is_kept';
END $$;
CREATE TRIGGER wording_is_kept BEFORE UPDATE OR DELETE ON notifications_wording
    FOR EACH ROW EXECUTE FUNCTION notifications_wording_is_kept();
"""

# Row triggers do not see TRUNCATE: see booking's 0005. Only the tests' sessions may.
TABLES = ("outboxmessage", "attempt", "wording")
NEVER_EMPTIED = """
CREATE FUNCTION notifications_never_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('emgav.may_empty_history', true) = 'yes' THEN RETURN NULL; END IF;
    RAISE EXCEPTION 'the record of messages is never emptied'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'messages_never_emptied';
END $$;
""" + "".join(
    f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON notifications_{table}"
    " FOR EACH STATEMENT EXECUTE FUNCTION notifications_never_emptied();\n"
    for table in TABLES
)

UNDO = """
DROP TRIGGER never_emptied ON notifications_outboxmessage;
DROP TRIGGER never_emptied ON notifications_attempt;
DROP TRIGGER never_emptied ON notifications_wording;
DROP TRIGGER wording_is_kept ON notifications_wording;
DROP TRIGGER attempt_leaves_with_message ON notifications_attempt;
DROP TRIGGER attempt_append_only ON notifications_attempt;
DROP TRIGGER attempt_same_route ON notifications_attempt;
DROP TRIGGER message_goes_forward ON notifications_outboxmessage;
DROP FUNCTION notifications_never_emptied(), notifications_wording_is_kept(),
    notifications_attempt_append_only(), notifications_attempt_same_route(),
    notifications_message_goes_forward();
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0003_ledger")]
    operations = [
        migrations.RunSQL(MESSAGES + LEDGER + WORDINGS + NEVER_EMPTIED, UNDO),
        migrations.RemoveIndex(model_name="outboxmessage", name="message_due"),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("state__in", ("planned", "claimed"))),
                fields=["channel", "priority", "send_at"],
                name="message_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="outboxmessage",
            constraint=models.CheckConstraint(
                condition=models.Q(("priority__in", [1, 3, 7])), name="message_priority_known"
            ),
        ),
    ]

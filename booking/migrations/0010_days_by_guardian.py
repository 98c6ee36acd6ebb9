"""What a household's reminders of a day depend on: also whose visits they are, which addresses were
proved, and until when each may leave."""

from importlib import import_module

from django.db import migrations

DAYS = """
CREATE OR REPLACE FUNCTION booking_household_days(households bigint[], days date[], is_locked boolean)
RETURNS TABLE (household bigint, day date, family jsonb, visits jsonb, messages jsonb)
LANGUAGE plpgsql AS $$
-- Households are locked in id order, after shifts and appointments, so that one transaction at a
-- time plans for a family; then its reminders that wait, so that none leaves under the plan. What
-- follows is a statement of its own: it sees what others committed while we waited. Visits are
-- those of the days beside too: which local day they fall on is the caller's to say.
#variable_conflict use_column
BEGIN
    IF is_locked THEN
        PERFORM FROM booking_household h WHERE h.id = ANY (households)
        ORDER BY h.id FOR NO KEY UPDATE;
        PERFORM FROM notifications_outboxmessage m
        WHERE m.subject_ref IN (SELECT 'day:' || w.h || ':' || w.d FROM unnest(households, days) w (h, d))
          AND m.kind = 'reminder' AND m.state IN ('planned', 'claimed')
        ORDER BY m.id FOR NO KEY UPDATE;
        -- One claimed may be in words already, which the change makes untrue: it cannot begin any
        -- more, and is put into words again by whoever claims it next.
        UPDATE notifications_outboxmessage m
        SET state = 'planned', lease_until = NULL, lease_owner = NULL
        WHERE m.subject_ref IN (SELECT 'day:' || w.h || ':' || w.d FROM unnest(households, days) w (h, d))
          AND m.kind = 'reminder' AND m.state = 'claimed';
    END IF;
    RETURN QUERY
    SELECT w.h, w.d,
        jsonb_build_object('language', home.language, 'contact_by', home.contact_by,
            'sms_sender', home.sms_sender, 'contact_from', home.contact_from,
            'contact_until', home.contact_until),
        coalesce(mine.visits, '[]'), coalesce(written.messages, '[]')
    FROM unnest(households, days) w (h, d)
    JOIN booking_household home ON home.id = w.h
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object(
            'starts_at', a.starts_at, 'told_at', a.changed_at, 'zone', c.time_zone,
            'centre', a.centre_id, 'slug', c.slug, 'department', c.department_id,
            'type', a.type_id, 'is_discreet', kind.is_discreet,
            'guardian', g.id, 'email', g.email, 'phone', g.phone,
            'has_proved_email', g.email_verified_at IS NOT NULL,
            'has_proved_phone', g.phone_verified_at IS NOT NULL) ORDER BY a.starts_at, a.id) AS visits
        FROM booking_guardian g
        JOIN booking_appointment a ON a.guardian_id = g.id
        JOIN centres_centre c ON c.id = a.centre_id
        JOIN centres_appointmenttype kind ON kind.id = a.type_id
        WHERE g.household_id = w.h AND a.state = 'booked'
          AND a.starts_at >= (w.d - 1)::timestamp AT TIME ZONE 'UTC'
          AND a.starts_at < (w.d + 2)::timestamp AT TIME ZONE 'UTC') mine ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(m.intent_key, m.channel, m.recipient, m.language,
            m.sender, m.send_at, m.valid_until, m.leave_by,
            m.alternatives, m.state, m.instead_of_id IS NOT NULL)) AS messages
        FROM notifications_outboxmessage m
        WHERE m.subject_ref = 'day:' || w.h || ':' || w.d AND m.kind = 'reminder') written ON true;
END $$;
"""
# The earlier function (0008) comes back.
UNDO = import_module("booking.migrations.0008_household_days").DAYS.replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0009_next_free_and_seats"),
        ("notifications", "0006_leave_by"),
    ]
    operations = [migrations.RunSQL(DAYS, UNDO)]

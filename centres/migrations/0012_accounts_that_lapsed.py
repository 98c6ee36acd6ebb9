"""Which closed accounts closed by themselves: so far told only by what is left of their roles."""

from django.db import migrations, models

# As it was told until now: all of their roles are suspended.
LAPSED = """
UPDATE centres_user u SET lapsed_at = m.last
FROM (
    SELECT user_id, max(suspended_at) AS last FROM centres_membership
    GROUP BY user_id HAVING bool_and(suspended_at IS NOT NULL)
) m
WHERE m.user_id = u.id AND NOT u.is_active
"""


class Migration(migrations.Migration):
    dependencies = [("centres", "0011_room_by_one_pass")]
    operations = [
        migrations.AddField(
            model_name="user",
            name="lapsed_at",
            field=models.DateTimeField(
                editable=False, null=True, verbose_name="fermé faute d’utilisation le"
            ),
        ),
        migrations.RunSQL(LAPSED, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("lapsed_at", None), ("is_active", False), _connector="OR"),
                name="user_lapsed_is_closed",
            ),
        ),
    ]

"""Each booking writes several messages: no index entry for what a new one has not got, nor the twins
of two indexes for LIKE, which nothing asks for."""

import django.db.models.deletion
from django.db import migrations, models

TWINS = """
DROP INDEX IF EXISTS notifications_outboxmessage_intent_key_14e4b886_like;
DROP INDEX IF EXISTS notifications_outboxmessage_subject_ref_97324985_like;
"""
TWINS_BEFORE = """
CREATE INDEX notifications_outboxmessage_intent_key_14e4b886_like
    ON notifications_outboxmessage (intent_key varchar_pattern_ops);
CREATE INDEX notifications_outboxmessage_subject_ref_97324985_like
    ON notifications_outboxmessage (subject_ref varchar_pattern_ops);
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0007_late_receipts_and_forgetting")]
    operations = [
        migrations.RunSQL(TWINS, TWINS_BEFORE),
        migrations.AlterField(
            model_name="outboxmessage",
            name="instead_of",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="replacements",
                to="notifications.outboxmessage",
            ),
        ),
        migrations.AlterField(
            model_name="outboxmessage",
            name="wording",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="notifications.wording",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("instead_of__isnull", False)),
                fields=["instead_of"],
                name="message_replacement",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("wording__isnull", False)),
                fields=["wording"],
                name="message_of_wording",
            ),
        ),
    ]

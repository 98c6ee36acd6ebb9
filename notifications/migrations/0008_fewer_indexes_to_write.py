"""Each booking writes several messages: no index entry for what a new one has not got, nor the twins
of two indexes for LIKE, which nothing asks for."""

import django.db.models.deletion
from django.db import migrations, models

# Built and dropped beside the life of the table, one statement at a time. Django would drop and
# check each foreign key anew, with the table locked, only to leave out its index.
INDEXES = [
    "DROP INDEX CONCURRENTLY IF EXISTS notifications_outboxmessage_intent_key_14e4b886_like",
    "DROP INDEX CONCURRENTLY IF EXISTS notifications_outboxmessage_subject_ref_97324985_like",
    """CREATE INDEX CONCURRENTLY IF NOT EXISTS message_replacement
    ON notifications_outboxmessage (instead_of_id) WHERE instead_of_id IS NOT NULL""",
    """CREATE INDEX CONCURRENTLY IF NOT EXISTS message_of_wording
    ON notifications_outboxmessage (wording_id) WHERE wording_id IS NOT NULL""",
    "DROP INDEX CONCURRENTLY IF EXISTS notifications_outboxmessage_instead_of_id_5a31c21d",
    "DROP INDEX CONCURRENTLY IF EXISTS notifications_outboxmessage_wording_id_cdfc772c",
]
INDEXES_BEFORE = [
    """CREATE INDEX CONCURRENTLY IF NOT EXISTS notifications_outboxmessage_wording_id_cdfc772c
    ON notifications_outboxmessage (wording_id)""",
    """CREATE INDEX CONCURRENTLY IF NOT EXISTS notifications_outboxmessage_instead_of_id_5a31c21d
    ON notifications_outboxmessage (instead_of_id)""",
    "DROP INDEX CONCURRENTLY IF EXISTS message_of_wording",
    "DROP INDEX CONCURRENTLY IF EXISTS message_replacement",
    """CREATE INDEX CONCURRENTLY IF NOT EXISTS notifications_outboxmessage_subject_ref_97324985_like
    ON notifications_outboxmessage (subject_ref varchar_pattern_ops)""",
    """CREATE INDEX CONCURRENTLY IF NOT EXISTS notifications_outboxmessage_intent_key_14e4b886_like
    ON notifications_outboxmessage (intent_key varchar_pattern_ops)""",
]


class Migration(migrations.Migration):
    dependencies = [("notifications", "0007_late_receipts_and_forgetting")]
    atomic = False
    operations = [
        migrations.RunSQL(
            INDEXES,
            INDEXES_BEFORE,
            state_operations=[
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
            ],
        ),
    ]

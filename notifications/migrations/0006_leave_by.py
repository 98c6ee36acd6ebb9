"""Until when a message may leave is one thing, until when it is useful another."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0005_answers_and_other_ways"),
    ]

    operations = [
        migrations.AddField(
            model_name="outboxmessage",
            name="leave_by",
            field=models.DateTimeField(blank=True, null=True, verbose_name="part avant"),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("leave_by__isnull", False), ("state", "planned")),
                fields=["leave_by"],
                name="message_leaves_by",
            ),
        ),
    ]

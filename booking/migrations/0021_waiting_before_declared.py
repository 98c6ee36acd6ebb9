from django.db import migrations, models

KEEP = "UPDATE booking_case SET was_waiting = 'confirmation' WHERE was_untold"


class Migration(migrations.Migration):
    dependencies = [("booking", "0020_evening_lists")]

    operations = [
        migrations.AddField(
            model_name="case",
            name="was_waiting",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.RunSQL(KEEP, migrations.RunSQL.noop),
        migrations.RemoveField(model_name="case", name="was_untold"),
    ]

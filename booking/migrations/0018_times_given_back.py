"""Times given back are found by one range, however many years of them there are."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("booking", "0017_waiting_list")]
    atomic = False
    operations = [
        AddIndexConcurrently(
            "appointment",
            models.Index(
                condition=models.Q(("reoffer_at__isnull", False)),
                fields=["reoffer_at"],
                name="appointment_reoffer",
            ),
        ),
    ]

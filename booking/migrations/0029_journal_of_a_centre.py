"""What was opened from one centre is found by one range, however much others opened."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("booking", "0028_codes_of_who_waits")]
    atomic = False
    operations = [
        AddIndexConcurrently(
            "familyread", models.Index(fields=["centre", "-at"], name="familyread_centre")
        ),
    ]

"""What was read by right of one of several centres is found by each of them."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("booking", "0032_arrivals")]
    atomic = False
    operations = [
        AddIndexConcurrently("familyread", GinIndex(fields=["centres"], name="familyread_centres")),
    ]

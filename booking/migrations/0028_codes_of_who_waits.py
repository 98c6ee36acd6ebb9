"""A code may also prove the contact of a family that puts itself on the waiting list."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("booking", "0027_new_times")]
    operations = [
        migrations.AlterField(
            model_name="verification",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("booking", "réservation"),
                    ("access", "mes rendez-vous"),
                    ("waiting", "liste d’attente"),
                ],
                max_length=8,
            ),
        ),
    ]

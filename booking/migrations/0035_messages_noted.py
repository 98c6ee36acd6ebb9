"""Who noted how a family wants its messages: one more thing that can be noted of it."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0033_reads_by_centres"),
    ]

    operations = [
        migrations.AlterField(
            model_name="familycorrection",
            name="what",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("name", "le nom"),
                        ("email", "l’adresse e-mail"),
                        ("phone", "le téléphone"),
                        ("birth", "la date de naissance"),
                        ("added", "un parent ajouté"),
                        ("joined", "deux fiches réunies"),
                        ("language", "la langue"),
                        ("interpreter", "un interprète demandé"),
                        ("no_interpreter", "un interprète retiré"),
                        ("messages", "la façon de recevoir les messages"),
                        ("next_visit", "un prochain rendez-vous décidé"),
                        ("next_by_age", "un prochain rendez-vous laissé à l’âge"),
                    ],
                    max_length=14,
                ),
                size=None,
            ),
        ),
    ]

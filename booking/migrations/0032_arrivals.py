"""Who comes to an open session: a visit that was never awaited, or one counted without a name."""

import django.db.models.deletion
from django.db import migrations, models

WAYS = [
    ("web", "en ligne"),
    ("agent", "par un agent"),
    ("import", "import"),
    ("door", "sans rendez-vous"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0031_whole_histories"),
        ("centres", "0013_sheet_imports"),
    ]
    operations = [
        migrations.AlterField(
            model_name="appointment",
            name="booked_via",
            field=models.CharField(choices=WAYS, default="web", max_length=6),
        ),
        migrations.CreateModel(
            name="CountedArrival",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="le")),
                ("by", models.CharField(max_length=80, verbose_name="par")),
                ("seen", models.PositiveSmallIntegerField(verbose_name="après")),
                (
                    "centre",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="centres.centre",
                        verbose_name="centre",
                    ),
                ),
                (
                    "shift",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="counted",
                        to="centres.shift",
                        verbose_name="séance",
                    ),
                ),
            ],
            options={
                "verbose_name": "arrivée comptée",
                "verbose_name_plural": "arrivées comptées",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("shift", "by", "seen"), name="arrival_counted_once"
                    )
                ],
                "indexes": [models.Index(fields=["centre", "at"], name="arrival_centre_time")],
            },
        ),
    ]

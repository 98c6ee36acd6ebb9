"""Who noted what of a family, of whose right it was read, who ended its waiting."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0030_remarks"),
        ("centres", "0013_sheet_imports"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="familycorrection",
            name="correction_of_one",
        ),
        migrations.AddField(
            model_name="familycorrection",
            name="household",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="corrections",
                to="booking.household",
                verbose_name="foyer",
            ),
        ),
        migrations.AddField(
            model_name="familyread",
            name="centres",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                db_default=[],
                default=list,
                size=None,
                verbose_name="centres",
            ),
        ),
        migrations.AddField(
            model_name="waitinglistentry",
            name="closed_by",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=80, verbose_name="clos par"
            ),
        ),
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
                        ("next_visit", "un prochain rendez-vous décidé"),
                        ("next_by_age", "un prochain rendez-vous laissé à l’âge"),
                    ],
                    max_length=14,
                ),
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="familyread",
            name="page",
            field=models.CharField(
                choices=[
                    ("family", "fiche de la famille"),
                    ("appointment", "page d’un rendez-vous"),
                    ("message", "page d’un message"),
                    ("reads", "liste des consultations"),
                ],
                max_length=11,
                verbose_name="page",
            ),
        ),
        migrations.AddConstraint(
            model_name="familycorrection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("child", None), ("guardian", None), ("household__isnull", False)),
                    models.Q(("child", None), ("guardian__isnull", False), ("household", None)),
                    models.Q(("child__isnull", False), ("guardian", None), ("household", None)),
                    _connector="OR",
                ),
                name="correction_of_one_of_them",
            ),
        ),
        # Taken back, the narrower column has no room for what is new.
        migrations.RunSQL(
            migrations.RunSQL.noop,
            "DELETE FROM booking_familycorrection WHERE household_id IS NOT NULL"
            " OR NOT what <@ ARRAY['name', 'email', 'phone', 'birth', 'added']::varchar[]",
        ),
    ]

"""Calls made to families that were promised one: tried again, taken, undone."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0018_times_given_back"),
        ("centres", "0005_staff_accounts"),
    ]

    operations = [
        migrations.CreateModel(
            name="CallbackTry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="le")),
                ("by", models.CharField(max_length=254, verbose_name="par")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("booked", "rendez-vous pris"),
                            ("answered", "répondu, sans rendez-vous"),
                            ("unreached", "injoignable"),
                            ("dropped", "la famille n’en a plus besoin"),
                        ],
                        max_length=9,
                        verbose_name="suite donnée",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                ("again_on", models.DateField(blank=True, null=True, verbose_name="à rappeler le")),
                (
                    "undone_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="défait le"),
                ),
            ],
            options={
                "verbose_name": "appel",
                "ordering": ["id"],
            },
        ),
        migrations.AddField(
            model_name="callbackrequest",
            name="again_on",
            field=models.DateField(blank=True, null=True, verbose_name="à rappeler le"),
        ),
        migrations.AddField(
            model_name="callbackrequest",
            name="taken_by",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=254, verbose_name="pris par"
            ),
        ),
        migrations.AddField(
            model_name="callbackrequest",
            name="taken_until",
            field=models.DateTimeField(blank=True, null=True, verbose_name="pris jusqu’à"),
        ),
        migrations.AddConstraint(
            model_name="callbackrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("taken_by", ""), ("taken_until__isnull", True)),
                    models.Q(
                        models.Q(("taken_by", ""), _negated=True), ("taken_until__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="callback_taken_for_a_while",
            ),
        ),
        migrations.AddField(
            model_name="callbacktry",
            name="request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tries",
                to="booking.callbackrequest",
            ),
        ),
    ]

"""The waiting list: who waits, and which freed times are offered to whom."""

import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0016_calendar_links"),
        ("centres", "0005_staff_accounts"),
    ]

    operations = [
        migrations.CreateModel(
            name="WaitingListEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.UUIDField(default=uuid.uuid4, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "en attente"), ("closed", "close")],
                        default="open",
                        max_length=6,
                        verbose_name="état",
                    ),
                ),
                (
                    "sites",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None, verbose_name="lieux"
                    ),
                ),
                (
                    "days",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(),
                        size=None,
                        verbose_name="jours",
                    ),
                ),
                ("opens", models.TimeField(blank=True, null=True, verbose_name="à partir de")),
                ("closes", models.TimeField(blank=True, null=True, verbose_name="jusqu’à")),
                ("from_on", models.DateField(blank=True, null=True, verbose_name="à partir du")),
                ("until_on", models.DateField(blank=True, null=True, verbose_name="jusqu’au")),
                (
                    "notice_min",
                    models.PositiveIntegerField(verbose_name="prévenir au moins (min avant)"),
                ),
                (
                    "due_on",
                    models.DateField(blank=True, null=True, verbose_name="accouchement prévu le"),
                ),
                ("asked_at", models.DateTimeField(verbose_name="demandé le")),
                ("asked_by", models.CharField(max_length=80, verbose_name="par")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="clos le")),
                (
                    "ending",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("served", "une place a été trouvée"),
                            ("withdrawn", "demande retirée"),
                            ("silent", "propositions restées sans réponse"),
                            ("useless", "demande sans objet"),
                        ],
                        max_length=9,
                        verbose_name="issue",
                    ),
                ),
            ],
            options={
                "verbose_name": "demande en liste d’attente",
                "verbose_name_plural": "demandes en liste d’attente",
            },
        ),
        migrations.CreateModel(
            name="WaitingListOffer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("starts_at", models.DateTimeField(verbose_name="début")),
                (
                    "way",
                    models.CharField(
                        choices=[("message", "par message"), ("call", "par téléphone")],
                        max_length=7,
                        verbose_name="proposé",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "proposé"),
                            ("accepted", "accepté"),
                            ("refused", "refusé"),
                            ("expired", "sans réponse"),
                            ("withdrawn", "retiré"),
                        ],
                        default="open",
                        max_length=9,
                        verbose_name="état",
                    ),
                ),
                ("offered_at", models.DateTimeField(verbose_name="proposé le")),
                ("told_at", models.DateTimeField(verbose_name="envoyé le")),
                ("answer_by", models.DateTimeField(verbose_name="répondre avant")),
                (
                    "answered_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="répondu le"),
                ),
                ("answered_by", models.CharField(blank=True, max_length=80, verbose_name="par")),
            ],
            options={
                "verbose_name": "proposition",
            },
        ),
        migrations.AddField(
            model_name="waitinglistentry",
            name="appointment",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="waiting_entries",
                to="booking.appointment",
            ),
        ),
        migrations.AddField(
            model_name="waitinglistentry",
            name="centre",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="waiting_entries",
                to="centres.centre",
            ),
        ),
        migrations.AddField(
            model_name="waitinglistentry",
            name="child",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="waiting_entries",
                to="booking.child",
            ),
        ),
        migrations.AddField(
            model_name="waitinglistentry",
            name="guardian",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="waiting_entries",
                to="booking.guardian",
            ),
        ),
        migrations.AddField(
            model_name="waitinglistentry",
            name="household",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="waiting_entries",
                to="booking.household",
            ),
        ),
        migrations.AddField(
            model_name="waitinglistentry",
            name="practitioner",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="centres.practitioner",
            ),
        ),
        migrations.AddField(
            model_name="waitinglistentry",
            name="type",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="waiting_entries",
                to="centres.appointmenttype",
            ),
        ),
        migrations.AddField(
            model_name="waitinglistoffer",
            name="centre",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="centres.centre",
            ),
        ),
        migrations.AddField(
            model_name="waitinglistoffer",
            name="entry",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="offers",
                to="booking.waitinglistentry",
            ),
        ),
        migrations.AddField(
            model_name="waitinglistoffer",
            name="hold",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="waiting_offer",
                to="booking.appointment",
            ),
        ),
        migrations.AddField(
            model_name="waitinglistoffer",
            name="household",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="waiting_offers",
                to="booking.household",
            ),
        ),
        migrations.AddField(
            model_name="waitinglistoffer",
            name="practitioner",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="centres.practitioner",
            ),
        ),
        migrations.AddField(
            model_name="waitinglistoffer",
            name="site",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="centres.site",
            ),
        ),
        migrations.AddIndex(
            model_name="waitinglistentry",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["type"], name="waiting_open_by_type"
            ),
        ),
        migrations.AddIndex(
            model_name="waitinglistentry",
            index=models.Index(
                condition=models.Q(("state", "open")),
                fields=["centre"],
                name="waiting_open_by_centre",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitinglistentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")),
                fields=("appointment",),
                name="waiting_once_an_appointment",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitinglistentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("appointment__isnull", True), ("state", "open")),
                fields=("guardian", "child", "type"),
                name="waiting_once_without_appointment",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="waitinglistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("sites__len__gt", 0), ("days__len__gt", 0)),
                name="waiting_somewhere_some_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitinglistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("ending", ""), ("state", "open")),
                    models.Q(
                        ("closed_at__isnull", False),
                        ("state", "closed"),
                        models.Q(("ending", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="waiting_closed_for_a_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="waitinglistoffer",
            index=models.Index(
                condition=models.Q(("state", "open")),
                fields=["answer_by"],
                name="offer_open_by_deadline",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitinglistoffer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")),
                fields=("household",),
                name="offer_one_a_household",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitinglistoffer",
            constraint=models.UniqueConstraint(
                fields=("entry", "practitioner", "starts_at"), name="offer_once_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="waitinglistoffer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answered_at__isnull", True), ("state", "open")),
                    models.Q(
                        models.Q(("state", "open"), _negated=True), ("answered_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="offer_ended_at_some_time",
            ),
        ),
    ]

"""The due date a move is judged by, and what came of a call-back request, with author and time."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("booking", "0005_history_is_never_emptied")]

    operations = [
        migrations.AddField(
            "appointment",
            "due_on",
            models.DateField(blank=True, null=True, verbose_name="accouchement prévu le"),
        ),
        migrations.AddIndex(
            "appointment",
            models.Index(
                condition=Q(due_on__isnull=False),
                fields=["starts_at"],
                name="appointment_due_date",
            ),
        ),
        migrations.AddField(
            "callbackrequest",
            "outcome",
            models.CharField(
                blank=True,
                choices=[
                    ("booked", "rendez-vous pris"),
                    ("answered", "répondu, sans rendez-vous"),
                    ("unreached", "injoignable"),
                    ("dropped", "la famille n’en a plus besoin"),
                ],
                default="",
                max_length=9,
                verbose_name="suite donnée",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "callbackrequest",
            "note",
            models.CharField(blank=True, default="", max_length=200, verbose_name="note"),
            preserve_default=False,
        ),
        migrations.AddField(
            "callbackrequest",
            "closed_at",
            models.DateTimeField(blank=True, null=True, verbose_name="traité le"),
        ),
        migrations.AddField(
            "callbackrequest",
            "closed_by",
            models.CharField(blank=True, default="", max_length=254, verbose_name="traité par"),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            "callbackrequest",
            models.CheckConstraint(
                condition=Q(state="open", outcome="", closed_by="", closed_at__isnull=True)
                | (
                    ~Q(state="open")
                    & ~Q(outcome="")
                    & ~Q(closed_by="")
                    & Q(closed_at__isnull=False)
                ),
                name="callback_closed_by_someone",
            ),
        ),
    ]

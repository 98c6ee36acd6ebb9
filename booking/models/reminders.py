"""When families are reminded: rules of the Département, of a centre, of a type, or of both."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.models import AppointmentType, Centre

MOST_DAYS_BEFORE = 60


class ReminderRule(models.Model):
    """One reminder, so many days before on the centre's own clock (0: the morning itself).

    The rules of the most precise scope serve alone: centre and type, else type, else centre, else
    those of the Département. A rule that `is_off` says that this scope has no reminder at all.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        SMS = "sms", _("SMS")

    centre = models.ForeignKey(
        Centre, models.CASCADE, null=True, blank=True, related_name="reminder_rules"
    )
    type = models.ForeignKey(
        AppointmentType,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="reminder_rules",
        verbose_name=_("motif"),
    )
    channel = models.CharField(_("canal"), max_length=8, choices=Channel.choices)
    days_before = models.PositiveSmallIntegerField(
        _("jours avant"), validators=[MaxValueValidator(MOST_DAYS_BEFORE)]
    )
    at = models.TimeField(_("à (heure du centre)"))
    is_off = models.BooleanField(_("aucun rappel"), default=False)

    class Meta:
        verbose_name = _("règle de rappel")
        verbose_name_plural = _("règles de rappel")
        ordering = ["-days_before", "at"]
        constraints = [
            models.UniqueConstraint(
                fields=["centre", "type", "channel", "days_before", "at"],
                nulls_distinct=False,
                name="reminder_rule_once",
            ),
            models.CheckConstraint(
                condition=models.Q(days_before__lte=MOST_DAYS_BEFORE),
                name="reminder_rule_not_too_early",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} J-{self.days_before} {self.at:%H:%M}"

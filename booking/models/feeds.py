"""The secret address by which a practitioner's own calendar programme reads their sessions."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from centres.models import Practitioner


class CalendarLink(models.Model):
    """One address; only a hash of its secret is kept. A practitioner has one that works at most.

    `tag` is what the file was known by when last asked for, `changed_at` since when.
    """

    class Naming(models.TextChoices):
        TIME_ONLY = "time", _("l’heure seule")
        INITIALS = "initials", _("les initiales")

    practitioner = models.ForeignKey(
        Practitioner,
        models.CASCADE,
        related_name="calendar_links",
        db_index=False,
        verbose_name=_("professionnel·le"),
    )
    token_hash = models.CharField(max_length=64, unique=True)
    naming = models.CharField(_("titres"), max_length=8, choices=Naming.choices)
    created_at = models.DateTimeField(_("créée le"))
    last_used_at = models.DateTimeField(_("lue pour la dernière fois le"), null=True)
    revoked_at = models.DateTimeField(_("arrêtée le"), null=True)
    tag = models.CharField(max_length=64, blank=True)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("adresse d’agenda")
        verbose_name_plural = _("adresses d’agenda")
        constraints = [
            models.UniqueConstraint(
                fields=["practitioner"],
                condition=Q(revoked_at__isnull=True),
                name="calendar_link_one_alive",
            )
        ]

    def __str__(self) -> str:
        return str(self.practitioner)

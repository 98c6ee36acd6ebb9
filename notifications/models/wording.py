"""The words of messages as people change them: each change is a new version, kept for ever."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from notifications.models.outbox import OutboxMessage


class Wording(models.Model):
    """One version of a template, of the Département (no scope), a centre, a type, or both.

    Its words never change; a new version takes its place. Without any, the shipped words serve.
    """

    kind = models.CharField(_("nature"), max_length=40)
    channel = models.CharField(_("canal"), max_length=8, choices=OutboxMessage.Channel.choices)
    language = models.CharField(_("langue"), max_length=16)
    # Opaque here: a centre's and a type's slug.
    centre = models.CharField(_("centre"), max_length=60, blank=True)
    type = models.CharField(_("motif"), max_length=60, blank=True)
    version = models.PositiveIntegerField(_("version"))
    subject = models.CharField(_("objet"), max_length=200, blank=True)
    body = models.TextField(_("texte"))
    is_current = models.BooleanField(_("en usage"), default=True)
    created_at = models.DateTimeField(_("créé le"))
    created_by = models.CharField(_("par"), max_length=80)

    class Meta:
        verbose_name = _("modèle de message")
        verbose_name_plural = _("modèles de message")
        ordering = ["kind", "channel", "language", "centre", "type", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "channel", "language", "centre", "type", "version"],
                name="wording_version_once",
            ),
            models.UniqueConstraint(
                fields=["kind", "channel", "language", "centre", "type"],
                condition=Q(is_current=True),
                name="wording_one_current",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.channel} {self.language} v{self.version}"

"""Messages to deliver: each is a row written in the transaction of the change it tells of."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class OutboxMessage(models.Model):
    """One intended message. `intent_key` makes writing it twice impossible."""

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")

    class State(models.TextChoices):
        PLANNED = "planned", _("prévu")
        CLAIMED = "claimed", _("en cours d’envoi")
        SENT = "sent", _("envoyé")
        EXPIRED = "expired", _("périmé")
        SUPERSEDED = "superseded", _("remplacé")
        FAILED = "failed", _("en échec")

    intent_key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(_("nature"), max_length=40)
    subject_ref = models.CharField(_("concerne"), max_length=40, db_index=True)
    channel = models.CharField(_("canal"), max_length=8, choices=Channel.choices)
    recipient = models.CharField(_("destinataire"), max_length=254)
    language = models.CharField(_("langue"), max_length=8, default="fr")
    version = models.PositiveIntegerField(
        _("version"), default=0, help_text=_("De ce dont il parle : il n’est vrai que de celle-là.")
    )
    context = models.JSONField(_("variables"), default=dict)
    attachments = models.JSONField(
        _("pièces jointes"), default=list, help_text=_("Liste de {name, type, body}.")
    )
    priority = models.SmallIntegerField(_("priorité"), default=5)
    send_at = models.DateTimeField(_("à envoyer le"))
    valid_until = models.DateTimeField(_("utile jusqu’au"))
    state = models.CharField(_("état"), max_length=10, choices=State.choices, default=State.PLANNED)
    attempts = models.PositiveSmallIntegerField(_("essais"), default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(_("dernière erreur"), max_length=200, blank=True)
    sent_subject = models.CharField(_("objet envoyé"), max_length=200, blank=True)
    sent_body = models.TextField(_("texte envoyé"), blank=True)
    created_at = models.DateTimeField(_("créé le"))
    sent_at = models.DateTimeField(_("envoyé le"), null=True, blank=True)

    class Meta:
        verbose_name = _("message")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(send_at__lt=F("valid_until")), name="message_sent_while_useful"
            )
        ]
        indexes = [
            models.Index(
                fields=["priority", "send_at"],
                condition=Q(state__in=["planned", "claimed"]),
                name="message_due",
            )
        ]

    def __str__(self) -> str:
        return self.intent_key

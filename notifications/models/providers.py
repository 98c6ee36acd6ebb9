"""Who carries messages and how they fare, what they tell us, and addresses that do not work."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from notifications.models.outbox import OutboxMessage

Channel = OutboxMessage.Channel


class Route(models.Model):
    """A provider as settings name it, in order of preference, with its circuit and its credit.

    An open circuit sends nothing until `probe_at`; then one message is tried.
    """

    class Circuit(models.TextChoices):
        CLOSED = "closed", _("en service")
        OPEN = "open", _("suspendu")
        HALF_OPEN = "half_open", _("à l’essai")

    name = models.CharField(_("nom"), max_length=20, unique=True)
    channel = models.CharField(_("canal"), max_length=8, choices=Channel.choices)
    position = models.PositiveSmallIntegerField(_("rang"), default=0)
    is_enabled = models.BooleanField(_("utilisé"), default=True)
    circuit = models.CharField(
        _("état"), max_length=9, choices=Circuit.choices, default=Circuit.CLOSED
    )
    reason = models.CharField(_("motif"), max_length=200, blank=True)
    # Only a person closes it again: no credit, a revoked key.
    needs_person = models.BooleanField(_("attend une personne"), default=False)
    opened_at = models.DateTimeField(_("suspendu le"), null=True, blank=True)
    probe_at = models.DateTimeField(_("prochain essai"), null=True, blank=True)
    credit = models.DecimalField(_("crédit"), max_digits=12, decimal_places=2, null=True)
    credit_unit = models.CharField(_("unité"), max_length=8, blank=True)
    credit_at = models.DateTimeField(_("crédit lu le"), null=True, blank=True)
    changed_at = models.DateTimeField(_("modifié le"), null=True, blank=True)
    changed_by = models.CharField(_("par"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("prestataire")
        ordering = ["channel", "position"]

    def __str__(self) -> str:
        return self.name


class Receipt(models.Model):
    """A call of a provider as it came, stored before anything is made of it; each event once."""

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("accusé")
        INBOUND = "inbound", _("réponse")

    route = models.CharField(_("prestataire"), max_length=20)
    kind = models.CharField(_("nature"), max_length=8, choices=Kind.choices)
    event_id = models.CharField(max_length=250)
    provider_id = models.CharField(max_length=120, blank=True)
    reference = models.CharField(max_length=120, blank=True)
    state = models.CharField(_("état dit"), max_length=13, blank=True)
    reason = models.CharField(_("motif"), max_length=200, blank=True)
    is_number_dead = models.BooleanField(_("numéro inutilisable"), default=False)
    sender = models.CharField(_("expéditeur"), max_length=40, blank=True)
    text = models.CharField(_("texte"), max_length=1600, blank=True)
    happened_at = models.DateTimeField(_("survenu le"), null=True, blank=True)
    received_at = models.DateTimeField(_("arrivé le"))
    applied_at = models.DateTimeField(_("traité le"), null=True, blank=True)
    message = models.ForeignKey(
        OutboxMessage, models.SET_NULL, null=True, blank=True, related_name="receipts"
    )

    class Meta:
        verbose_name = _("accusé")
        verbose_name_plural = _("accusés")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["route", "kind", "event_id"], name="receipt_event_once")
        ]
        indexes = [
            models.Index(
                fields=["received_at"], condition=Q(applied_at__isnull=True), name="receipt_waiting"
            ),
            models.Index(fields=["route", "provider_id"], name="receipt_of_provider"),
            # Of those that retention has not emptied yet.
            models.Index(
                fields=["received_at"],
                condition=~Q(sender="") | ~Q(text=""),
                name="receipt_to_forget",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.route} {self.kind} {self.state}".strip()


class Inbound(models.Model):
    """What a person wrote back by SMS, what was understood and what became of it."""

    class Meaning(models.TextChoices):
        KEEP = "keep", _("je viens")
        CANCEL = "cancel", _("j’annule")
        CALL = "call", _("rappelez-moi")
        STOP = "stop", _("plus de SMS")
        UNKNOWN = "unknown", _("non compris")

    receipt = models.OneToOneField(Receipt, models.CASCADE, related_name="inbound")
    sender = models.CharField(_("numéro"), max_length=40, db_index=True)
    text = models.CharField(_("texte"), max_length=1600)
    at = models.DateTimeField(_("reçu le"))
    meaning = models.CharField(_("compris"), max_length=8, choices=Meaning.choices)
    # The message it answers: the last one sent to that number that asks for an answer.
    answers = models.ForeignKey(
        OutboxMessage, models.SET_NULL, null=True, blank=True, related_name="replies"
    )
    scope = models.CharField(_("centre"), max_length=60, blank=True)
    outcome = models.CharField(_("suite"), max_length=40, blank=True)
    # Somebody has to read it: it was not understood, or could not be followed.
    needs_person = models.BooleanField(_("à lire"), default=False)
    handled_by = models.CharField(_("lu par"), max_length=80, blank=True)
    handled_at = models.DateTimeField(_("lu le"), null=True, blank=True)

    class Meta:
        verbose_name = _("réponse par SMS")
        verbose_name_plural = _("réponses par SMS")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["scope", "at"],
                condition=Q(needs_person=True, handled_at__isnull=True),
                name="inbound_to_read",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_meaning_display()} {self.at:%Y-%m-%d}"


class ContactProblem(models.Model):
    """An address that nothing is sent to any more, and why; lifted by a person."""

    class Reason(models.TextChoices):
        DEAD = "dead", _("numéro ou adresse qui n’existe pas")
        COMPLAINT = "complaint", _("signalé comme indésirable")
        STOP = "stop", _("STOP reçu par SMS")

    channel = models.CharField(_("canal"), max_length=8, choices=Channel.choices)
    address = models.CharField(_("adresse"), max_length=254)
    reason = models.CharField(_("raison"), max_length=9, choices=Reason.choices)
    detail = models.CharField(_("détail"), max_length=200, blank=True)
    since = models.DateTimeField(_("depuis"))

    class Meta:
        verbose_name = _("adresse en défaut")
        verbose_name_plural = _("adresses en défaut")
        ordering = ["-since"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "address"], name="contact_problem_once")
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} ({self.get_reason_display()})"


class Heartbeat(models.Model):
    """When something last did its work: beat, a worker, the reconciler, the canary."""

    name = models.CharField(_("nom"), max_length=40, primary_key=True)
    at = models.DateTimeField(_("le"))

    class Meta:
        verbose_name = _("signe de vie")
        verbose_name_plural = _("signes de vie")

    def __str__(self) -> str:
        return self.name

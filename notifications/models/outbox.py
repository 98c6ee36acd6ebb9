"""Messages to deliver, each a row written in the transaction of the change it tells of, and the
ledger of what was tried with each."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

# A message in one of these is still on its way.
WAITING_STATES = ("planned", "claimed")
OPEN_STATES = ("planned", "claimed", "sending", "uncertain")
# Nobody got it and nothing more will be tried: somebody has to tell the family.
LOST_STATES = ("failed", "undeliverable", "expired", "suppressed")

# A message lost in one of these may take another way (see fallback).
REROUTED_STATES = ("failed", "undeliverable", "suppressed")
# An SMS of these asks for an answer (see replies).
ASKING_KINDS = ("reminder", "reply_ask")
# An attempt closed by what we were told or guessed: the provider may have the message after all.
UNSURE_OUTCOMES = ("absent", "given_up")


class OutboxMessage(models.Model):
    """One intended message. `intent_key` makes writing it twice impossible.

    `subject_ref` names what it is about, `person_ref` whom it is for, `scope` who pays and who is
    to act when it fails (a centre's slug): all opaque here. A trigger guards the changes of state.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        SMS = "sms", _("SMS")

    class State(models.TextChoices):
        PLANNED = "planned", _("prévu")
        CLAIMED = "claimed", _("pris en charge")
        SENDING = "sending", _("en cours d’envoi")
        UNCERTAIN = "uncertain", _("sans réponse du prestataire")
        SENT = "sent", _("envoyé")
        DELIVERED = "delivered", _("reçu")
        UNDELIVERABLE = "undeliverable", _("non remis")
        FAILED = "failed", _("en échec")
        EXPIRED = "expired", _("périmé")
        SUPERSEDED = "superseded", _("remplacé")
        SUPPRESSED = "suppressed", _("retenu")

    class Handled(models.TextChoices):
        """What somebody did about a message that reached nobody."""

        TOLD = "told", _("prévenu par téléphone")
        RESENT = "resent", _("renvoyé")
        CORRECTED = "corrected", _("renvoyé à une autre adresse")
        CLOSED = "closed", _("sans suite")
        AUTOMATIC = "automatic", _("parti par un autre canal")

    intent_key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(_("nature"), max_length=40)
    subject_ref = models.CharField(_("concerne"), max_length=60, db_index=True)
    person_ref = models.CharField(_("pour"), max_length=40, blank=True)
    scope = models.CharField(_("centre"), max_length=60, blank=True)
    channel = models.CharField(_("canal"), max_length=8, choices=Channel.choices)
    recipient = models.CharField(_("destinataire"), max_length=254)
    sender = models.CharField(_("nom d’expéditeur"), max_length=11, blank=True)
    language = models.CharField(_("langue"), max_length=16, default="fr")
    version = models.PositiveIntegerField(
        _("version"), default=0, help_text=_("De ce dont il parle : il n’est vrai que de celle-là.")
    )
    context = models.JSONField(_("variables"), default=dict)
    attachments = models.JSONField(
        _("pièces jointes"), default=list, help_text=_("Liste de {name, type, body}.")
    )
    # Where else it may go when this address fails: [{"channel", "recipient"}], best first.
    alternatives = models.JSONField(_("autres adresses"), default=list)
    priority = models.SmallIntegerField(_("priorité"), default=3)
    send_at = models.DateTimeField(_("à envoyer le"))
    valid_until = models.DateTimeField(_("utile jusqu’au"))
    # When the hours end in which it may leave. Past them it waits for the next ones (see hours).
    leave_by = models.DateTimeField(_("part avant"), null=True, blank=True)
    state = models.CharField(_("état"), max_length=13, choices=State.choices, default=State.PLANNED)
    # Withdrawn while it was leaving: it is not tried again.
    is_withdrawn = models.BooleanField(_("retiré en route"), default=False)
    attempts = models.PositiveSmallIntegerField(_("essais"), default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_owner = models.UUIDField(null=True, blank=True)
    last_error = models.CharField(_("dernière erreur"), max_length=200, blank=True)
    route = models.CharField(_("prestataire"), max_length=20, blank=True)
    provider_id = models.CharField(_("numéro du prestataire"), max_length=120, blank=True)
    # When the provider is to be asked (again) what became of an uncertain message.
    settle_at = models.DateTimeField(null=True, blank=True)
    settle_tries = models.PositiveSmallIntegerField(default=0)
    segments = models.PositiveSmallIntegerField(_("parts de SMS"), null=True, blank=True)
    cost = models.DecimalField(_("coût"), max_digits=9, decimal_places=4, null=True, blank=True)
    wording = models.ForeignKey(
        "notifications.Wording",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    sent_subject = models.CharField(_("objet envoyé"), max_length=200, blank=True)
    sent_body = models.TextField(_("texte envoyé"), blank=True)
    created_at = models.DateTimeField(_("créé le"))
    sent_at = models.DateTimeField(_("envoyé le"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("reçu le"), null=True, blank=True)
    instead_of = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="replacements",
        db_index=False,
    )
    handled_as = models.CharField(
        _("suite donnée"), max_length=10, choices=Handled.choices, blank=True
    )
    handled_by = models.CharField(_("par"), max_length=80, blank=True)
    handled_at = models.DateTimeField(_("le"), null=True, blank=True)

    class Meta:
        verbose_name = _("message")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(send_at__lt=F("valid_until")), name="message_sent_while_useful"
            ),
            # Claims look at these alone: any other would wait for ever.
            models.CheckConstraint(
                condition=Q(priority__in=[1, 3, 7]), name="message_priority_known"
            ),
            models.CheckConstraint(
                condition=Q(handled_as="", handled_at__isnull=True)
                | (~Q(handled_as="") & Q(handled_at__isnull=False)),
                name="message_handled_is_dated",
            ),
        ]
        # Each is partial: what is over costs nothing.
        indexes = [
            models.Index(
                fields=["channel", "priority", "send_at"],
                condition=Q(state__in=WAITING_STATES),
                name="message_due",
            ),
            models.Index(
                fields=["leave_by"],
                condition=Q(state="planned", leave_by__isnull=False),
                name="message_leaves_by",
            ),
            models.Index(
                fields=["lease_until"],
                condition=Q(state__in=["claimed", "sending"]),
                name="message_leased",
            ),
            models.Index(
                fields=["settle_at"], condition=Q(state="uncertain"), name="message_uncertain"
            ),
            models.Index(
                fields=["scope", "valid_until"],
                condition=Q(state__in=LOST_STATES, handled_as=""),
                name="message_lost",
            ),
            models.Index(
                fields=["route", "provider_id"],
                condition=~Q(provider_id=""),
                name="message_of_provider",
            ),
            models.Index(
                fields=["recipient"],
                condition=Q(channel="sms", kind__in=ASKING_KINDS),
                name="message_to_answer",
            ),
            models.Index(
                fields=["valid_until"],
                condition=Q(state__in=REROUTED_STATES, handled_as=""),
                name="message_to_reroute",
            ),
            models.Index(
                fields=["instead_of"],
                condition=Q(instead_of__isnull=False),
                name="message_replacement",
            ),
            models.Index(
                fields=["wording"], condition=Q(wording__isnull=False), name="message_of_wording"
            ),
            # Of those that retention has not emptied yet.
            models.Index(
                fields=["valid_until"], condition=~Q(recipient=""), name="message_to_forget"
            ),
        ]

    def __str__(self) -> str:
        return self.intent_key


class Attempt(models.Model):
    """One call of a provider, written before it is made and closed by what it said.

    At most one is open per message: while it is, nobody may try again. An uncertain one stays open
    (`unknown_since`) until the provider, or a rule, has settled it. Never changed once closed.
    """

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("accepté")
        NOT_TAKEN = "not_taken", _("non pris")
        REFUSED = "refused", _("refusé")
        FOUND = "found", _("retrouvé chez le prestataire")
        ABSENT = "absent", _("absent chez le prestataire")
        GIVEN_UP = "given_up", _("resté sans réponse")

    message = models.ForeignKey(OutboxMessage, models.CASCADE, related_name="ledger")
    number = models.PositiveSmallIntegerField(_("essai"))
    route = models.CharField(_("prestataire"), max_length=20)
    opened_at = models.DateTimeField(_("commencé le"))
    deadline_at = models.DateTimeField(_("réponse attendue avant"))
    unknown_since = models.DateTimeField(_("sans réponse depuis"), null=True, blank=True)
    closed_at = models.DateTimeField(_("clos le"), null=True, blank=True)
    outcome = models.CharField(_("issue"), max_length=9, choices=Outcome.choices, blank=True)
    detail = models.CharField(_("détail"), max_length=200, blank=True)
    provider_id = models.CharField(_("numéro du prestataire"), max_length=120, blank=True)
    # Not taken because of this one recipient: it does not count against the provider.
    blames_recipient = models.BooleanField(default=False, db_default=False)
    body_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("essai d’envoi")
        verbose_name_plural = _("essais d’envoi")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="attempt_number_once"),
            models.UniqueConstraint(
                fields=["message"],
                condition=Q(closed_at__isnull=True),
                name="attempt_one_open_per_message",
            ),
            models.CheckConstraint(
                condition=Q(outcome="", closed_at__isnull=True)
                | (~Q(outcome="") & Q(closed_at__isnull=False)),
                name="attempt_closed_with_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["route", "opened_at"], name="attempt_of_route"),
            models.Index(
                fields=["deadline_at"],
                condition=Q(closed_at__isnull=True),
                name="attempt_open",
            ),
            models.Index(
                fields=["message"],
                condition=Q(outcome__in=UNSURE_OUTCOMES),
                name="attempt_unsure",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} #{self.number}"

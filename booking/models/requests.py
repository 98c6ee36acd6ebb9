"""What a booking leaves beside appointments: codes sent, call-back requests, rate counters."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from booking.models.appointment import Appointment
from centres.models import AppointmentType, Centre


class Verification(models.Model):
    """A six-digit code sent to a contact. Only a keyed hash of it is stored; short-lived.

    `payload` keeps what the person typed until the code is right, then it is emptied.
    """

    class Purpose(models.TextChoices):
        BOOKING = "booking", _("réservation")
        ACCESS = "access", _("mes rendez-vous")
        WAITING = "waiting", _("liste d’attente")

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    purpose = models.CharField(max_length=8, choices=Purpose.choices)

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        SMS = "sms", _("SMS")

    channel = models.CharField(
        _("canal"), max_length=8, choices=Channel.choices, default=Channel.EMAIL
    )
    # An e-mail address, or a mobile number in E.164.
    contact = models.CharField(_("e-mail ou mobile"), max_length=254)
    appointment = models.ForeignKey(Appointment, models.CASCADE, null=True, blank=True)
    code_hash = models.CharField(max_length=64)
    attempts = models.PositiveSmallIntegerField(_("essais"), default=0)
    sends = models.PositiveSmallIntegerField(_("envois"), default=1)
    payload = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(_("créé le"))
    expires_at = models.DateTimeField(_("valable jusqu’au"))
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("code de vérification")
        indexes = [models.Index(fields=["expires_at"], name="verification_by_expiry")]

    def __str__(self) -> str:
        return str(self.uid)


class CallbackRequest(models.Model):
    """No free time suited the family: the centre promises to call back by a date."""

    class State(models.TextChoices):
        OPEN = "open", _("à rappeler")
        DONE = "done", _("rappelé")
        CLOSED = "closed", _("sans suite")

    class Outcome(models.TextChoices):
        BOOKED = "booked", _("rendez-vous pris")
        ANSWERED = "answered", _("répondu, sans rendez-vous")
        UNREACHED = "unreached", _("injoignable")
        DROPPED = "dropped", _("la famille n’en a plus besoin")

        @property
        def state(self) -> CallbackRequest.State:
            """What a request is once this came of it."""
            states = CallbackRequest.State
            return states.DONE if self in (self.BOOKED, self.ANSWERED) else states.CLOSED

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    centre = models.ForeignKey(Centre, models.PROTECT, related_name="callbacks")
    type = models.ForeignKey(AppointmentType, models.PROTECT, related_name="callbacks")
    first_name = models.CharField(_("prénom"), max_length=60)
    last_name = models.CharField(_("nom"), max_length=60)
    phone = models.CharField(_("téléphone"), max_length=20)
    email = models.EmailField(_("adresse e-mail"), blank=True)
    language = models.CharField(_("langue"), max_length=16, default="fr")
    preference = models.CharField(_("moments préférés"), max_length=200, blank=True)
    promised_on = models.DateField(_("rappel promis le"))
    # Tried without success, or the family asked for another day: the promise itself stays.
    again_on = models.DateField(_("à rappeler le"), null=True, blank=True)
    # Who is about to call, so that no two do; it lapses by itself.
    taken_by = models.CharField(
        _("pris par"), max_length=254, blank=True, default="", db_default=""
    )
    taken_until = models.DateTimeField(_("pris jusqu’à"), null=True, blank=True)
    state = models.CharField(_("état"), max_length=6, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(_("demandé le"))
    outcome = models.CharField(_("suite donnée"), max_length=9, choices=Outcome.choices, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    closed_at = models.DateTimeField(_("traité le"), null=True, blank=True)
    closed_by = models.CharField(_("traité par"), max_length=254, blank=True)

    class Meta:
        verbose_name = _("demande de rappel")
        verbose_name_plural = _("demandes de rappel")
        ordering = ["promised_on", "id"]
        # Whose request it was: a desk finds the families that asked it for a call.
        indexes = [models.Index(fields=["phone"], name="callback_phone")]
        constraints = [
            models.UniqueConstraint(
                fields=["centre", "type", "phone"],
                condition=models.Q(state="open"),
                name="callback_one_open_per_phone",
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", outcome="", closed_by="", closed_at__isnull=True)
                | (
                    ~models.Q(state="open")
                    & ~models.Q(outcome="")
                    & ~models.Q(closed_by="")
                    & models.Q(closed_at__isnull=False)
                ),
                name="callback_closed_by_someone",
            ),
            models.CheckConstraint(
                condition=models.Q(taken_by="", taken_until__isnull=True)
                | (~models.Q(taken_by="") & models.Q(taken_until__isnull=False)),
                name="callback_taken_for_a_while",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name} ({self.promised_on})"

    @property
    def due_on(self) -> date:
        """The day to call on."""
        return self.again_on or self.promised_on

    def taken(self, *, now: datetime) -> str:
        """Who is about to call; nobody once that has lapsed."""
        return self.taken_by if self.taken_until is not None and self.taken_until > now else ""


class CallbackTry(models.Model):
    """One call that was made, what came of it, and when to try again. A mistake is undone, never
    erased."""

    request = models.ForeignKey(CallbackRequest, models.CASCADE, related_name="tries")
    at = models.DateTimeField(_("le"))
    by = models.CharField(_("par"), max_length=254)
    outcome = models.CharField(
        _("suite donnée"), max_length=9, choices=CallbackRequest.Outcome.choices
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    again_on = models.DateField(_("à rappeler le"), null=True, blank=True)
    # The day it was to be called on before this call: what an undo gives back.
    again_before = models.DateField(_("était à rappeler le"), null=True, blank=True)
    undone_at = models.DateTimeField(_("défait le"), null=True, blank=True)

    class Meta:
        verbose_name = _("appel")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.at:%d/%m/%Y %H:%M} {self.get_outcome_display()}"


class RateCounter(models.Model):
    """How often something was tried in a window. The table is UNLOGGED: losing it is harmless."""

    key = models.CharField(max_length=120, primary_key=True)
    window = models.BigIntegerField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("compteur")

    def __str__(self) -> str:
        return self.key

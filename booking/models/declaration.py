"""What somebody declared, and what was done for each family it hit: kept to be undone, answered,
and to know which appointments cannot take place as they stand."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from booking.models.appointment import Appointment
from centres.models import Absence, Centre, Closure


class Declaration(models.Model):
    """An absence or a closure declared with its families looked after, all at once.

    It stands as long as the absence or the closure does, by whatever way that is taken back.
    """

    # Drawn by the page it was prepared on: pressed twice, it is declared once.
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    centre = models.ForeignKey(Centre, models.CASCADE, related_name="declarations")
    absence = models.ForeignKey(Absence, models.SET_NULL, null=True, related_name="declarations")
    closure = models.ForeignKey(Closure, models.SET_NULL, null=True, related_name="declarations")
    # Who, or what, and when, as it was: the absence itself may be gone.
    title = models.CharField(_("objet"), max_length=200)
    declared_at = models.DateTimeField(_("déclarée le"))
    declared_by = models.CharField(_("par"), max_length=80)
    undone_at = models.DateTimeField(_("défaite le"), null=True)
    undone_by = models.CharField(_("défaite par"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("déclaration")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["centre", "declared_at"], name="declaration_by_centre"),
        ]

    def __str__(self) -> str:
        return self.title


class CaseQuerySet(models.QuerySet["Case"]):
    """Cases by what still waits."""

    def standing(self) -> Self:
        """Those whose appointment is as they left it, of a period that is still declared, and not
        received by a colleague of the absent."""
        return self.filter(
            Q(declaration__absence__practitioner=F("appointment__practitioner"))
            | Q(declaration__closure__isnull=False),
            declaration__undone_at=None,
            is_undone=False,
            appointment__state=Appointment.State.BOOKED,
            appointment__sequence=F("sequence"),
        )

    def in_limbo(self) -> Self:
        """Those whose appointment cannot take place as it stands: nobody is there then."""
        return self.standing().filter(choice__in=[Case.Choice.PROPOSE, Case.Choice.CALL])

    def unanswered(self) -> Self:
        return self.filter(choice=Case.Choice.PROPOSE, answer="")


class Case(models.Model):
    """What was done for one family. `was` is where its appointment stood before."""

    class Choice(models.TextChoices):
        MOVE = "move", _("déplacé")
        PROPOSE = "propose", _("proposé")
        CANCEL = "cancel", _("annulé")
        CALL = "call", _("à appeler")

    class Answer(models.TextChoices):
        ACCEPTED = "accepted", _("accepté")
        REFUSED = "refused", _("refusé")
        EXPIRED = "expired", _("sans réponse")
        MOOT = "moot", _("sans objet")

    declaration = models.ForeignKey(Declaration, models.CASCADE, related_name="cases")
    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="cases")
    choice = models.CharField(_("suite"), max_length=7, choices=Choice.choices)
    # Of the appointment once this was done: a later one means that somebody has acted since.
    sequence = models.PositiveIntegerField()
    was = models.JSONField(default=dict)
    # The kind of message that had not left yet, of its appointment as it was.
    was_waiting = models.CharField(max_length=40, blank=True, default="")
    proposal = models.ForeignKey(
        Appointment, models.SET_NULL, null=True, related_name="proposed_in"
    )
    answer_by = models.DateTimeField(_("réponse avant"), null=True)
    answer = models.CharField(_("réponse"), max_length=8, choices=Answer.choices, blank=True)
    answered_at = models.DateTimeField(_("répondu le"), null=True)
    is_undone = models.BooleanField(_("défait"), default=False)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("suite donnée à une famille")
        constraints = [
            models.UniqueConstraint(
                fields=["declaration", "appointment"], name="case_once_per_declaration"
            ),
            models.CheckConstraint(
                condition=Q(choice="propose") | Q(answer=""), name="case_answers_a_proposal"
            ),
        ]
        indexes = [
            # What the sweep looks for each minute.
            models.Index(
                fields=["answer_by"],
                condition=Q(choice="propose", answer=""),
                name="case_waiting_for_answer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.appointment_id} : {self.get_choice_display()}"

    def is_open(self, *, now: datetime) -> bool:
        """Whether the family can still say yes."""
        return not self.answer and self.answer_by is not None and now < self.answer_by

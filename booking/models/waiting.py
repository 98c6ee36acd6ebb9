"""The waiting list: who wants a time, or an earlier one, and what is offered to whom."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from booking.models.appointment import Appointment
from booking.models.family import Child, Guardian, Household
from centres.models import AppointmentType, Centre, Practitioner, Shift, Site


class WaitingListEntry(models.Model):
    """A family waits for an earlier time than its appointment's or, without one, for any.

    `sites` (ids) and `days` (ISO weekdays) say where and when it would come; neither is ever empty.
    A practitioner, hours or dates not given are no limit.
    """

    class State(models.TextChoices):
        OPEN = "open", _("en attente")
        CLOSED = "closed", _("close")

    class Ending(models.TextChoices):
        SERVED = "served", _("une place a été trouvée")
        WITHDRAWN = "withdrawn", _("demande retirée")
        SILENT = "silent", _("propositions restées sans réponse")
        USELESS = "useless", _("demande sans objet")

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    state = models.CharField(_("état"), max_length=6, choices=State.choices, default=State.OPEN)
    appointment = models.ForeignKey(
        Appointment, models.CASCADE, null=True, blank=True, related_name="waiting_entries"
    )
    household = models.ForeignKey(Household, models.CASCADE, related_name="waiting_entries")
    guardian = models.ForeignKey(Guardian, models.CASCADE, related_name="waiting_entries")
    child = models.ForeignKey(
        Child, models.CASCADE, null=True, blank=True, related_name="waiting_entries"
    )
    type = models.ForeignKey(AppointmentType, models.PROTECT, related_name="waiting_entries")
    centre = models.ForeignKey(Centre, models.PROTECT, related_name="waiting_entries")
    sites = ArrayField(models.BigIntegerField(), verbose_name=_("lieux"))
    days = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("jours"))
    opens = models.TimeField(_("à partir de"), null=True, blank=True)
    closes = models.TimeField(_("jusqu’à"), null=True, blank=True)
    from_on = models.DateField(_("à partir du"), null=True, blank=True)
    until_on = models.DateField(_("jusqu’au"), null=True, blank=True)
    practitioner = models.ForeignKey(
        Practitioner, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    notice_min = models.PositiveIntegerField(_("prévenir au moins (min avant)"))
    # Health data, of those without an appointment: only as long as they wait.
    due_on = models.DateField(_("accouchement prévu le"), null=True, blank=True)
    asked_at = models.DateTimeField(_("demandé le"))
    asked_by = models.CharField(_("par"), max_length=80)
    closed_at = models.DateTimeField(_("clos le"), null=True, blank=True)
    closed_by = models.CharField(
        _("clos par"), max_length=80, blank=True, default="", db_default=""
    )
    ending = models.CharField(_("issue"), max_length=9, choices=Ending.choices, blank=True)

    class Meta:
        verbose_name = _("demande en liste d’attente")
        verbose_name_plural = _("demandes en liste d’attente")
        constraints = [
            models.UniqueConstraint(
                fields=["appointment"],
                condition=Q(state="open"),
                name="waiting_once_an_appointment",
            ),
            models.UniqueConstraint(
                fields=["guardian", "child", "type"],
                condition=Q(state="open", appointment__isnull=True),
                nulls_distinct=False,
                name="waiting_once_without_appointment",
            ),
            # A list without anything would be nobody's: never everything's.
            models.CheckConstraint(
                condition=Q(sites__len__gt=0) & Q(days__len__gt=0),
                name="waiting_somewhere_some_day",
            ),
            models.CheckConstraint(
                condition=Q(state="open", ending="", closed_at__isnull=True)
                | (Q(state="closed", closed_at__isnull=False) & ~Q(ending="")),
                name="waiting_closed_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["type"], condition=Q(state="open"), name="waiting_open_by_type"),
            models.Index(
                fields=["centre"], condition=Q(state="open"), name="waiting_open_by_centre"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.guardian} ({self.get_state_display()})"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def subject_ref(self) -> str:
        """What its messages are about."""
        return f"waiting:{self.uid}"


class WaitingListOffer(models.Model):
    """A freed time held for one household until it answers, or until `answer_by`.

    The hold is an appointment's row, under the same exclusion constraint as any other. Where and
    when it was stays here when the hold is forgotten: nobody is offered the same time twice.
    """

    class State(models.TextChoices):
        OPEN = "open", _("proposé")
        ACCEPTED = "accepted", _("accepté")
        REFUSED = "refused", _("refusé")
        EXPIRED = "expired", _("sans réponse")
        WITHDRAWN = "withdrawn", _("retiré")

    class Way(models.TextChoices):
        MESSAGE = "message", _("par message")
        CALL = "call", _("par téléphone")

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    entry = models.ForeignKey(WaitingListEntry, models.CASCADE, related_name="offers")
    household = models.ForeignKey(
        Household, models.CASCADE, related_name="waiting_offers", db_index=False
    )
    hold = models.OneToOneField(
        Appointment, models.SET_NULL, null=True, blank=True, related_name="waiting_offer"
    )
    centre = models.ForeignKey(Centre, models.PROTECT, related_name="+", db_index=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False)
    practitioner = models.ForeignKey(Practitioner, models.PROTECT, related_name="+", db_index=False)
    starts_at = models.DateTimeField(_("début"))
    way = models.CharField(_("proposé"), max_length=7, choices=Way.choices)
    state = models.CharField(_("état"), max_length=9, choices=State.choices, default=State.OPEN)
    offered_at = models.DateTimeField(_("proposé le"))
    # When the message leaves: later than it was decided if it was night.
    told_at = models.DateTimeField(_("envoyé le"))
    answer_by = models.DateTimeField(_("répondre avant"))
    answered_at = models.DateTimeField(_("répondu le"), null=True, blank=True)
    answered_by = models.CharField(_("par"), max_length=80, blank=True)
    # Nobody gave it back: it can be booked for the first time.
    is_new_time = models.BooleanField(_("nouveau créneau"), default=False, db_default=False)

    class Meta:
        verbose_name = _("proposition")
        constraints = [
            models.UniqueConstraint(
                fields=["household"], condition=Q(state="open"), name="offer_one_a_household"
            ),
            models.UniqueConstraint(
                fields=["entry", "practitioner", "starts_at"], name="offer_once_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state="open", answered_at__isnull=True)
                | (~Q(state="open") & Q(answered_at__isnull=False)),
                name="offer_ended_at_some_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["answer_by"], condition=Q(state="open"), name="offer_open_by_deadline"
            )
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%d/%m/%Y %H:%M} ({self.get_state_display()})"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def subject_ref(self) -> str:
        """What its messages are about."""
        return f"offer:{self.uid}"


class NewTime(models.Model):
    """A half-day that somebody waits for has begun to receive, or to receive more: written by
    triggers (migration 0027), whichever way the plan was changed; of use for a few days."""

    shift = models.OneToOneField(
        Shift, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="+"
    )
    at = models.DateTimeField(_("depuis"))

    class Meta:
        verbose_name = _("nouveau créneau")
        verbose_name_plural = _("nouveaux créneaux")

    def __str__(self) -> str:
        return f"{self.shift_id} ({self.at:%d/%m/%Y %H:%M})"

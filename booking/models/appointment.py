"""The appointment, from hold to end, with the constraints that make double booking impossible."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from booking.models.family import Child, Guardian, Household
from centres.models import AppointmentType, Centre, Practitioner, Shift, Site
from centres.models.opening import IdRange, TsTzRange

# Without 0/O, 1/I/L and vowels: read aloud on the phone without a doubt, and never a word.
REFERENCE_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"
ALL_SEATS = 32767


class SeatRange(Func):
    """The seats an appointment takes: one of a session, or (seat 0) the practitioner whole."""

    function = "INT4RANGE"
    template = (
        f"INT4RANGE(%(expressions)s, CASE WHEN seat = 0 THEN {ALL_SEATS} ELSE seat END, '[]')"
    )

    def __init__(self) -> None:
        super().__init__(F("seat"))


def new_reference() -> str:
    """An eight-character reference, printed as ABCD-EFGH: 27^8, drawn anew on the rare clash."""
    return "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(8))


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    """Appointments by what has become of their half-day."""

    def outside(self) -> Self:
        """Those still awaited that their half-day no longer receives: it was cancelled, or given
        other hours, another practitioner or another site. Of one added over others only its own
        hours count: its buffers may lie outside. `is_received` is the same of one row, and so is
        the function of migration 0026."""
        cut = Q(busy_from__lt=F("shift__starts_at")) | Q(busy_until__gt=F("shift__ends_at"))
        added = Q(starts_at__lt=F("shift__starts_at")) | Q(ends_at__gt=F("shift__ends_at"))
        other_hours = ~Q(busy_from=F("shift__starts_at")) | ~Q(busy_until=F("shift__ends_at"))
        return self.filter(
            ~Q(shift__status=Shift.Status.OPEN)
            | ~Q(practitioner=F("shift__practitioner"))
            | ~Q(site=F("shift__site"))
            | (Q(is_overbooked=True) & added)
            | (Q(is_overbooked=False) & cut)
            | (Q(is_overbooked=False, seat__gt=0) & other_hours),
            state__in=["booked", "arrived", "in_progress"],
        )


class Appointment(models.Model):
    """One family's time with one practitioner. Held first, then booked, moved, cancelled, met.

    `busy_from`/`busy_until` include the type's buffers. `sequence` is iCalendar's SEQUENCE
    (RFC 5545 §3.8.7.4). `last_action`, `actor` and `note` tell the history trigger what was done.
    """

    class State(models.TextChoices):
        HELD = "held", _("retenu")
        LAPSED = "lapsed", _("non confirmé")
        BOOKED = "booked", _("confirmé")
        ARRIVED = "arrived", _("arrivé")
        IN_PROGRESS = "in_progress", _("en cours")
        FULFILLED = "fulfilled", _("venu")
        NOSHOW = "noshow", _("non venu")
        CANCELLED = "cancelled", _("annulé")

    class Via(models.TextChoices):
        WEB = "web", _("en ligne")
        AGENT = "agent", _("par un agent")
        IMPORT = "import", _("import")
        # Came to an open session: never awaited, so it takes no time and no seat from anybody.
        DOOR = "door", _("sans rendez-vous")

    # Of its row and those it depends on, as loaded (see loading.VERSION). It vouches for what was
    # read, not for what was set since.
    row_version: str = ""
    # Drawn with it, of a hold: for the household and the guardian to be, if they are new.
    new_ids: tuple[int, int] | None = None

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    reference = models.CharField(_("référence"), max_length=8, unique=True, default=new_reference)
    state = models.CharField(_("état"), max_length=11, choices=State.choices)
    sequence = models.PositiveIntegerField(_("version"), default=0)
    shift = models.ForeignKey(Shift, models.PROTECT, related_name="appointments")
    practitioner = models.ForeignKey(
        Practitioner, models.PROTECT, related_name="appointments", db_index=False
    )
    centre = models.ForeignKey(Centre, models.PROTECT, related_name="appointments", db_index=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="appointments", db_index=False)
    type = models.ForeignKey(
        AppointmentType, models.PROTECT, related_name="appointments", db_index=False
    )
    starts_at = models.DateTimeField(_("début"))
    ends_at = models.DateTimeField(_("fin"))
    busy_from = models.DateTimeField()
    busy_until = models.DateTimeField()
    seat = models.PositiveSmallIntegerField(_("place"), default=0)
    household = models.ForeignKey(
        Household,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="appointments",
        db_index=False,
    )
    guardian = models.ForeignKey(
        Guardian,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="appointments",
        db_index=False,
    )
    child = models.ForeignKey(
        Child,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="appointments",
        db_index=False,
    )
    # Health data, so kept where it is needed, to judge a move, and only until then (tasks.py).
    due_on = models.DateField(_("accouchement prévu le"), null=True, blank=True)
    expires_at = models.DateTimeField(_("retenu jusqu’à"), null=True, blank=True)
    is_extended = models.BooleanField(_("prolongé"), default=False)
    moves = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="move_holds",
        db_index=False,
    )
    reoffer_at = models.DateTimeField(_("reproposé à"), null=True, blank=True)
    is_overbooked = models.BooleanField(_("surréservation"), default=False)
    booked_via = models.CharField(max_length=6, choices=Via.choices, default=Via.WEB)
    created_at = models.DateTimeField(_("créé le"))
    changed_at = models.DateTimeField(_("modifié le"))
    last_action = models.CharField(max_length=20, default="hold")
    actor = models.CharField(_("par"), max_length=80, default="family")
    note = models.CharField(_("motif"), max_length=200, blank=True)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("rendez-vous")
        verbose_name_plural = _("rendez-vous")
        constraints = [
            models.CheckConstraint(
                condition=Q(busy_from__lte=F("starts_at"))
                & Q(starts_at__lt=F("ends_at"))
                & Q(ends_at__lte=F("busy_until")),
                name="appointment_times_in_order",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["held", "lapsed"]) | Q(guardian__isnull=False),
                name="appointment_has_guardian",
            ),
            models.CheckConstraint(
                condition=~Q(state="held") | Q(expires_at__isnull=False),
                name="appointment_hold_expires",
            ),
            models.CheckConstraint(
                condition=Q(is_overbooked=False) | ~Q(note=""),
                name="appointment_overbooking_explained",
            ),
            ExclusionConstraint(
                name="appointment_no_double_booking",
                expressions=[
                    (IdRange("practitioner_id"), RangeOperators.OVERLAPS),
                    (SeatRange(), RangeOperators.OVERLAPS),
                    (TsTzRange(F("busy_from"), F("busy_until")), RangeOperators.OVERLAPS),
                ],
                condition=~Q(state__in=["cancelled", "lapsed"]) & Q(is_overbooked=False),
                violation_error_message=_("Ce créneau vient d’être pris."),
            ),
        ]
        # Each index is written twice a booking: foreign keys that no page searches by have none.
        indexes = [
            # What a shift's `busy` is rebuilt from: a short range whatever the history.
            models.Index(
                fields=["practitioner", "busy_from"], name="appointment_practitioner_time"
            ),
            models.Index(
                fields=["moves"], condition=Q(moves__isnull=False), name="appointment_moves"
            ),
            # A hold is nobody's yet: it is not written there.
            models.Index(
                fields=["guardian", "starts_at"],
                condition=Q(guardian__isnull=False),
                name="appointment_guardian_time",
            ),
            models.Index(
                fields=["child"], condition=Q(child__isnull=False), name="appointment_child"
            ),
            models.Index(fields=["centre", "starts_at"], name="appointment_centre_time"),
            # The few rows that block for a while: holds, and times not yet re-offered.
            models.Index(
                fields=["shift"],
                condition=Q(state="held") | Q(reoffer_at__isnull=False),
                name="appointment_blocking",
            ),
            # What the waiting list looks for: times just given back. No booking writes there.
            models.Index(
                fields=["reoffer_at"],
                condition=Q(reoffer_at__isnull=False),
                name="appointment_reoffer",
            ),
            # What the sweep and the daily purge look for, among years of others.
            models.Index(fields=["expires_at"], condition=Q(state="held"), name="appointment_held"),
            models.Index(
                fields=["changed_at"], condition=Q(state="lapsed"), name="appointment_lapsed"
            ),
            models.Index(
                fields=["starts_at"], condition=Q(due_on__isnull=False), name="appointment_due_date"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.spoken_reference} ({self.get_state_display()})"

    @property
    def spoken_reference(self) -> str:
        return f"{self.reference[:4]}-{self.reference[4:]}"

    @property
    def is_received(self) -> bool:
        """Whether its half-day, loaded with it, receives it as it stands."""
        shift = self.shift
        if (shift.status, shift.practitioner_id, shift.site_id) != (
            Shift.Status.OPEN,
            self.practitioner_id,
            self.site_id,
        ):
            return False
        if self.is_overbooked:
            return shift.starts_at <= self.starts_at and self.ends_at <= shift.ends_at
        if self.seat:
            return (shift.starts_at, shift.ends_at) == (self.busy_from, self.busy_until)
        return shift.starts_at <= self.busy_from and self.busy_until <= shift.ends_at

    @property
    def is_walk_in(self) -> bool:
        """Whether it came to an open session, where no slot, seat or age is asked."""
        return self.booked_via == self.Via.DOOR

    @property
    def is_added(self) -> bool:
        """Whether an agent added it over others: who came to an open session takes nobody's time
        either, but their number has no limit."""
        return self.is_overbooked and not self.is_walk_in

    def is_live_hold(self, *, now: datetime) -> bool:
        expires_at = self.expires_at
        return self.state == self.State.HELD and expires_at is not None and expires_at > now


# At the centre, and not gone yet.
HERE = (Appointment.State.ARRIVED, Appointment.State.IN_PROGRESS)
# An arrival at an open session that an agent noted by mistake: no visit of that family's.
MISTAKEN = Q(state=Appointment.State.CANCELLED, booked_via=Appointment.Via.DOOR)


class AppointmentEvent(models.Model):
    """One line of an appointment's history, written by a database trigger; never changed after."""

    # The cascading foreign key is migration 0002's: deletion is the database's to allow or refuse.
    appointment = models.ForeignKey(
        Appointment, models.DO_NOTHING, related_name="events", db_constraint=False
    )
    at = models.DateTimeField(_("le"))
    action = models.CharField(_("action"), max_length=20)
    actor = models.CharField(_("par"), max_length=80)
    note = models.CharField(_("motif"), max_length=200, blank=True)
    state = models.CharField(_("état"), max_length=11, choices=Appointment.State.choices)
    sequence = models.PositiveIntegerField(_("version"))
    starts_at = models.DateTimeField(_("début"))
    practitioner = models.ForeignKey(Practitioner, models.PROTECT, related_name="+", db_index=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("événement")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.appointment_id} {self.action}"

    @classmethod
    def beside(cls, appointment: Appointment, action: str, *, at: datetime, by: str) -> Self:
        """A line, not saved yet, on what was done about an appointment that it did not change: the
        trigger writes none of these."""
        return cls(
            appointment=appointment,
            at=at,
            action=action,
            actor=by,
            note=appointment.note,
            state=appointment.state,
            sequence=appointment.sequence,
            starts_at=appointment.starts_at,
            practitioner_id=appointment.practitioner_id,
            site_id=appointment.site_id,
        )

"""What the desk noted of one appointment, beside its row: plain bookings write nothing here."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from booking.models.appointment import Appointment


class AppointmentRemark(models.Model):
    """What helps to receive a family that day ("poussette double"). Never told to the family, and
    forgotten once the day is over (tasks.py); who wrote it stands in the appointment's history."""

    LONGEST = 200

    appointment = models.OneToOneField(
        Appointment,
        models.CASCADE,
        primary_key=True,
        related_name="remark",
        verbose_name=_("rendez-vous"),
    )
    text = models.CharField(_("remarque"), max_length=LONGEST)
    written_at = models.DateTimeField(_("écrit le"))
    # An e-mail address, as in the history of appointments.
    written_by = models.CharField(_("par"), max_length=254)

    class Meta:
        verbose_name = _("remarque")
        constraints = [
            models.CheckConstraint(condition=~models.Q(text=""), name="remark_says_something")
        ]

    def __str__(self) -> str:
        return f"{self.appointment_id}"


def remark_of(appointment: Appointment) -> str:
    """What is noted of it, or nothing; no query where it was selected with it."""
    remark: AppointmentRemark | None = getattr(appointment, "remark", None)
    return remark.text if remark is not None else ""

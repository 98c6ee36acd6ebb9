"""Who came to an open session without a name: at some of them nobody has to give one."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.models import Centre, Shift


class CountedArrival(models.Model):
    """One family came to a session that asks for no appointment, and was counted only. Taking it
    back deletes the row: nobody is named by it.

    `seen` is how many had been counted on the page where it was pressed. The same agent cannot
    count twice from there: a press sent twice is one family (ADR 0037).
    """

    shift = models.ForeignKey(
        Shift, models.PROTECT, related_name="counted", db_index=False, verbose_name=_("séance")
    )
    centre = models.ForeignKey(
        Centre, models.PROTECT, related_name="+", db_index=False, verbose_name=_("centre")
    )
    at = models.DateTimeField(_("le"))
    by = models.CharField(_("par"), max_length=80)
    seen = models.PositiveSmallIntegerField(_("après"))

    class Meta:
        verbose_name = _("arrivée comptée")
        verbose_name_plural = _("arrivées comptées")
        constraints = [
            models.UniqueConstraint(fields=["shift", "by", "seen"], name="arrival_counted_once"),
        ]
        # What a board's version reads: a short range whatever the history.
        indexes = [models.Index(fields=["centre", "at"], name="arrival_centre_time")]

    def __str__(self) -> str:
        return f"{self.shift_id} {self.at}"

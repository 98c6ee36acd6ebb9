"""When a professional wants to see a child again, where the usual age does not fit."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from booking.models.family import Child


class NextVisit(models.Model):
    """A day that a professional decided for one child (born early, say). Never why; forgotten once
    it is long over (tasks.py)."""

    child = models.OneToOneField(
        Child, models.CASCADE, primary_key=True, related_name="next_visit", verbose_name=_("enfant")
    )
    on = models.DateField(_("vers le"), db_index=True)
    # An e-mail address, as in the history of appointments.
    decided_by = models.CharField(_("décidé par"), max_length=254)
    decided_at = models.DateTimeField(_("décidé le"))

    class Meta:
        verbose_name = _("prochain rendez-vous décidé")
        verbose_name_plural = _("prochains rendez-vous décidés")

    def __str__(self) -> str:
        return f"{self.child_id} {self.on}"

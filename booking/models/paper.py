"""Who is sent the paper list of a place each evening, because they asked for it."""

from __future__ import annotations

from datetime import time

from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.models import Site, User

EVENING = time(18)


class PaperOrder(models.Model):
    """One member of staff wants the next day's list of a site by e-mail, from this hour on (on the
    clock of the place). It is sent only while they work at its centre."""

    user = models.ForeignKey(
        User, models.CASCADE, related_name="paper_orders", verbose_name=_("agent"), db_index=False
    )
    site = models.ForeignKey(
        Site, models.CASCADE, related_name="paper_orders", verbose_name=_("lieu")
    )
    at = models.TimeField(_("chaque soir à partir de"), default=EVENING)
    ordered_at = models.DateTimeField(_("demandée le"), auto_now_add=True)

    class Meta:
        verbose_name = _("feuille du soir")
        verbose_name_plural = _("feuilles du soir")
        ordering = ["site", "user"]
        constraints = [
            models.UniqueConstraint(fields=["user", "site"], name="paper_order_once"),
        ]

    def __str__(self) -> str:
        return f"{self.site}, {self.user}"

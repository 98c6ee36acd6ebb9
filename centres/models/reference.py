"""What reference data was last loaded: a later load tells a local edit from an old value."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReferenceRecord(models.Model):
    """The values one reference record had when it was last loaded."""

    key = models.CharField(_("fiche"), max_length=120, primary_key=True)
    values = models.JSONField(_("valeurs chargées"))
    loaded_at = models.DateTimeField(_("chargée le"))

    class Meta:
        verbose_name = _("fiche de référence")
        verbose_name_plural = _("fiches de référence")

    def __str__(self) -> str:
        return self.key

"""Whole sheets that were imported: what each of them wrote, for as long as it may be taken back."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.models.places import Centre


class SheetImport(models.Model):
    """One sheet, all of it written at once.

    `kept` is what taking it back needs: of opening rules the decisions (ids), of absences each as
    it was (nothing, when it is new) and as it has become. It is emptied by that, and a day after
    it is gone altogether: it says why people were away.
    """

    class What(models.TextChoices):
        RULES = "plages", _("plages")
        ABSENCES = "absences", _("absences")

    # Drawn by the page it was tried on: pressed twice, it is imported once.
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    centre = models.ForeignKey(Centre, models.CASCADE, related_name="sheet_imports")
    what = models.CharField(_("quoi"), max_length=8, choices=What.choices)
    lines = models.PositiveSmallIntegerField(_("lignes"))
    kept = models.JSONField(default=list)
    at = models.DateTimeField(_("importé le"), db_index=True)
    by = models.CharField(_("par"), max_length=254)
    undone_at = models.DateTimeField(_("annulé le"), null=True)
    undone_by = models.CharField(_("annulé par"), max_length=254, blank=True)

    class Meta:
        verbose_name = _("fichier importé")
        verbose_name_plural = _("fichiers importés")

    def __str__(self) -> str:
        return f"{self.centre} : {self.get_what_display()}"

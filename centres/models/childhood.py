"""When children are usually seen: the compulsory examinations and the ages of vaccines, with their
dates of validity. What one child has or has not had is never kept here."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from centres.models.types import AppointmentType


def in_force(on: date) -> Q:
    """The rows that hold on a day."""
    return Q(valid_from__lte=on) & (Q(valid_until__isnull=True) | Q(valid_until__gte=on))


class Usual(models.Model):
    """What the two tables share: since when, until when, from where, and how sure."""

    class Certainty(models.TextChoices):
        SURE = "sure", _("sûr")
        LIKELY = "likely", _("probable, à vérifier")

    valid_from = models.DateField(_("en vigueur du"))
    valid_until = models.DateField(_("en vigueur jusqu’au"), null=True, blank=True)
    certainty = models.CharField(_("certitude"), max_length=6, choices=Certainty.choices)
    source = models.CharField(_("source"), max_length=200)

    class Meta:
        abstract = True


class ChildExam(Usual):
    """One of the compulsory examinations (arrêté of 26 February 2019, as amended). Days are of age:
    it usually falls on `usual_day`, from `first_day` until the day before `until_day`."""

    number = models.PositiveSmallIntegerField(_("numéro"))
    label = models.CharField(_("examen"), max_length=80)
    label_en = models.CharField(_("examen, en anglais"), max_length=80, blank=True)
    first_day = models.PositiveSmallIntegerField(_("du jour"))
    until_day = models.PositiveSmallIntegerField(_("jusqu’au jour (non compris)"))
    usual_day = models.PositiveSmallIntegerField(_("le plus souvent au jour"))
    doctor_type = models.ForeignKey(
        AppointmentType,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("motif avec un médecin"),
    )
    nurse_type = models.ForeignKey(
        AppointmentType,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("motif avec une puéricultrice"),
        help_text=_("Proposé quand l’âge d’aucun vaccin n’est proche."),
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("examen de l’enfant")
        verbose_name_plural = _("examens de l’enfant")
        ordering = ["first_day", "number"]
        constraints = [
            models.UniqueConstraint(fields=["number", "valid_from"], name="child_exam_once"),
            models.CheckConstraint(
                condition=Q(first_day__lte=F("usual_day")) & Q(usual_day__lt=F("until_day")),
                name="child_exam_days_in_order",
                violation_error_message=_("Le jour habituel doit être entre les deux autres."),
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="child_exam_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def local_label(self) -> str:
        is_english = (get_language() or "fr").startswith("en")
        return self.label_en if is_english and self.label_en else self.label


class VaccineAge(Usual):
    """The age, in completed months, at which a vaccine is usually given."""

    class Status(models.TextChoices):
        MANDATORY = "mandatory", _("obligatoire")
        RECOMMENDED = "recommended", _("recommandé")
        AT_RISK = "at_risk", _("pour les enfants exposés")
        SEASONAL = "seasonal", _("en saison")

    slug = models.SlugField(_("nom court"))
    label = models.CharField(_("vaccin"), max_length=120)
    age_months = models.PositiveSmallIntegerField(_("âge (mois)"))
    status = models.CharField(_("statut"), max_length=11, choices=Status.choices)

    class Meta:
        verbose_name = _("âge d’un vaccin")
        verbose_name_plural = _("âges des vaccins")
        ordering = ["age_months", "slug"]
        constraints = [
            models.UniqueConstraint(fields=["slug", "valid_from"], name="vaccine_age_once"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="vaccine_age_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.label

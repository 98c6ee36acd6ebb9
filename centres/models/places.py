"""Places: the Département, its centres (CDAS) with their rollout stage, sites and communes."""

from __future__ import annotations

from datetime import time

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.rollout import Stage


class Department(models.Model):
    """The public body that runs the service: one row per installation."""

    code = models.CharField(_("numéro"), max_length=3, unique=True)
    name = models.CharField(_("nom"), max_length=80)
    phone = models.CharField(_("téléphone du standard"), max_length=20)
    time_zone = models.CharField(_("fuseau horaire"), max_length=40, default="Europe/Paris")
    school_zone = models.CharField(_("zone de vacances scolaires"), max_length=1, default="B")
    attribution = models.TextField(_("sources des données"), blank=True)

    class Meta:
        verbose_name = _("Département")
        verbose_name_plural = _("Départements")

    def __str__(self) -> str:
        return self.name


class Centre(models.Model):
    """A CDAS. `stage` and the scheduled `next_stage` together say whether families may book."""

    department = models.ForeignKey(Department, models.PROTECT, related_name="centres")
    slug = models.SlugField(unique=True)
    name = models.CharField(_("nom"), max_length=120)
    town = models.CharField(_("ville"), max_length=80)
    insee = models.CharField(_("code Insee"), max_length=5)
    postal_code = models.CharField(_("code postal"), max_length=5)
    address = models.CharField(
        _("adresse"),
        max_length=200,
        blank=True,
        help_text=_("Vide tant qu’elle n’est pas vérifiée."),
    )
    phone = models.CharField(_("téléphone"), max_length=20)
    latitude = models.FloatField(_("latitude"))
    longitude = models.FloatField(_("longitude"))
    agency = models.CharField(_("agence départementale"), max_length=60, blank=True)
    is_pilot = models.BooleanField(_("centre pilote"), default=False)
    certainty = models.JSONField(
        _("certitude des données"),
        default=dict,
        blank=True,
        help_text=_("Pour chaque champ : sure, likely, placeholder ou missing."),
    )
    source = models.CharField(_("source"), max_length=200, blank=True)
    time_zone = models.CharField(_("fuseau horaire"), max_length=40, default="Europe/Paris")
    stage = models.CharField(
        _("étape"), max_length=12, choices=Stage.choices, default=Stage.PREPARING
    )
    next_stage = models.CharField(
        _("étape prévue"), max_length=12, choices=Stage.choices, blank=True
    )
    next_stage_at = models.DateTimeField(_("à partir du"), null=True, blank=True)
    release_time = models.TimeField(
        _("heure d’ouverture du nouveau jour"),
        default=time(7),
        help_text=_(
            "Chaque jour à cette heure, un jour de plus s’ouvre à la réservation en ligne."
        ),
    )
    answer_hours = models.PositiveSmallIntegerField(
        _("heures pour répondre à un créneau proposé"), default=48
    )
    reoffer_delay_min = models.PositiveSmallIntegerField(
        _("délai avant de reproposer un créneau annulé (min)"), default=30
    )
    max_open_per_contact = models.PositiveSmallIntegerField(
        _("rendez-vous à venir au plus par contact"), default=6, validators=[MinValueValidator(1)]
    )

    class Meta:
        verbose_name = _("centre")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(next_stage="", next_stage_at__isnull=True)
                | (~models.Q(next_stage="") & models.Q(next_stage_at__isnull=False)),
                name="centre_next_stage_has_date",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Site(models.Model):
    """A place where a centre receives families; each centre has at least its main one."""

    centre = models.ForeignKey(Centre, models.CASCADE, related_name="sites")
    slug = models.SlugField()
    name = models.CharField(_("nom"), max_length=120)
    town = models.CharField(_("ville"), max_length=80)
    address = models.CharField(_("adresse"), max_length=200, blank=True)
    access_note = models.CharField(_("accès"), max_length=200, blank=True)
    latitude = models.FloatField(_("latitude"))
    longitude = models.FloatField(_("longitude"))
    is_main = models.BooleanField(_("lieu principal"), default=False)
    certainty = models.CharField(_("certitude"), max_length=60, default="placeholder")

    class Meta:
        verbose_name = _("lieu de consultation")
        verbose_name_plural = _("lieux de consultation")
        ordering = ["-is_main", "name"]
        constraints = [
            models.UniqueConstraint(fields=["centre", "slug"], name="site_slug_unique"),
            models.UniqueConstraint(
                fields=["centre"], condition=models.Q(is_main=True), name="site_one_main"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Commune(models.Model):
    """A commune and the centre proposed first to its families; never a barrier to another one."""

    insee = models.CharField(_("code Insee"), max_length=5, primary_key=True)
    name = models.CharField(_("nom"), max_length=80)
    search_name = models.CharField(max_length=80, db_index=True, editable=False)
    postal_codes = ArrayField(models.CharField(max_length=5), verbose_name=_("codes postaux"))
    population = models.PositiveIntegerField(_("habitants"))
    latitude = models.FloatField(_("latitude"))
    longitude = models.FloatField(_("longitude"))
    epci = models.CharField(_("intercommunalité"), max_length=80, blank=True)
    centres = models.ManyToManyField(Centre, related_name="communes", verbose_name=_("centres"))
    certainty = models.CharField(_("certitude du rattachement"), max_length=120)

    class Meta:
        verbose_name = _("commune")
        ordering = ["name"]
        indexes = [GinIndex(fields=["postal_codes"], name="commune_postal_codes")]

    def __str__(self) -> str:
        return self.name


class District(models.Model):
    """A district of a commune served by several centres (Rennes), and the centre of each."""

    commune = models.ForeignKey(Commune, models.CASCADE, related_name="districts")
    number = models.PositiveSmallIntegerField(
        _("numéro"), validators=[MinValueValidator(1), MaxValueValidator(99)]
    )
    name = models.CharField(_("nom"), max_length=80)
    centre = models.ForeignKey(Centre, models.CASCADE, related_name="districts")
    certainty = models.CharField(_("certitude"), max_length=60)

    class Meta:
        verbose_name = _("quartier")
        ordering = ["commune", "number"]
        constraints = [
            models.UniqueConstraint(fields=["commune", "number"], name="district_number_unique")
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.name}"


class StageChange(models.Model):
    """One decision on a centre's rollout: who moved it to which stage, from when, and why."""

    centre = models.ForeignKey(Centre, models.CASCADE, related_name="stage_changes")
    stage_before = models.CharField(_("étape avant"), max_length=12, choices=Stage.choices)
    stage = models.CharField(_("étape"), max_length=12, choices=Stage.choices)
    effective_at = models.DateTimeField(_("à partir du"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, verbose_name=_("auteur")
    )
    author_name = models.CharField(_("auteur"), max_length=120)
    note = models.CharField(_("motif"), max_length=200, blank=True)
    decided_at = models.DateTimeField(_("décidé le"))

    class Meta:
        verbose_name = _("changement d’étape")
        verbose_name_plural = _("changements d’étape")
        ordering = ["-decided_at", "-id"]

    def __str__(self) -> str:
        return f"{self.centre} : {self.get_stage_display()}"

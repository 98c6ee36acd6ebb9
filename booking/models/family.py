"""Families: a household, its guardians and its children."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField


class Household(models.Model):
    """People who book together. Holds nothing PMI does not need (RGPD art. 5.1.c)."""

    language = models.CharField(_("langue"), max_length=8, default="fr")
    needs_interpreter = models.BooleanField(_("besoin d’un interprète"), default=False)
    created_at = models.DateTimeField(_("créé le"))

    class Meta:
        verbose_name = _("foyer")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class Guardian(models.Model):
    """A parent, guardian or adult who books. The e-mail is proved by a code before any booking."""

    household = models.ForeignKey(Household, models.CASCADE, related_name="guardians")
    first_name = models.CharField(_("prénom"), max_length=60)
    last_name = models.CharField(_("nom"), max_length=60)
    email = models.EmailField(_("adresse e-mail"), blank=True)
    phone = PhoneNumberField(_("téléphone"), blank=True)
    email_verified_at = models.DateTimeField(_("e-mail vérifié le"), null=True, blank=True)

    class Meta:
        verbose_name = _("parent ou tuteur")
        verbose_name_plural = _("parents ou tuteurs")
        constraints = [
            # Two parents may share one address; one parent is there once.
            models.UniqueConstraint(
                "email",
                Lower("first_name"),
                Lower("last_name"),
                condition=models.Q(email_verified_at__isnull=False),
                name="guardian_verified_once",
            )
        ]
        indexes = [models.Index(fields=["email"], name="guardian_email")]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Child(models.Model):
    """A child of a household, followed by one or several guardians."""

    household = models.ForeignKey(Household, models.CASCADE, related_name="children")
    first_name = models.CharField(_("prénom"), max_length=60)
    last_name = models.CharField(_("nom"), max_length=60, blank=True)
    born_on = models.DateField(_("date de naissance"))
    guardians = models.ManyToManyField(
        Guardian, through="Guardianship", related_name="children", verbose_name=_("parents")
    )

    class Meta:
        verbose_name = _("enfant")

    def __str__(self) -> str:
        return self.first_name


class Guardianship(models.Model):
    """A guardian's tie to a child; a child may have several, in one household or two."""

    guardian = models.ForeignKey(Guardian, models.CASCADE)
    child = models.ForeignKey(Child, models.CASCADE)

    class Meta:
        verbose_name = _("lien de parenté")
        constraints = [
            models.UniqueConstraint(fields=["guardian", "child"], name="guardianship_once")
        ]

    def __str__(self) -> str:
        return f"{self.guardian} – {self.child}"

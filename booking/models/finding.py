"""What families are found by, kept by the database itself, and who has read which family's page."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from booking.models.family import Household
from centres.models import Centre


class FamilySearch(models.Model):
    """One household as it is looked for; written by the database only (migrations 0012 and 0013,
    ADR 0023).

    `words` are its names without accents or case. `terms` are what the index holds of it: trigrams
    of the words, each word with one letter left out (`~`), ends of phone numbers (`p:`), birth
    dates (`d:`) and e-mail addresses (`e:`).
    """

    # The cascade is the database's, so that no order of deletion brings a row back.
    household = models.OneToOneField(
        Household,
        models.DO_NOTHING,
        primary_key=True,
        related_name="search",
        db_constraint=False,
    )
    words = ArrayField(models.TextField())
    terms = ArrayField(models.TextField())

    class Meta:
        verbose_name = _("famille à trouver")
        indexes = [GinIndex(fields=["terms"], name="familysearch_terms")]

    def __str__(self) -> str:
        return " ".join(self.words)


class FamilyToIndex(models.Model):
    """A household whose FamilySearch is out of date: noted by triggers in the transaction of the
    change, crossed off by whoever brings it up to date (migration 0013)."""

    household_id = models.BigIntegerField(primary_key=True)

    class Meta:
        verbose_name = _("famille à indexer")

    def __str__(self) -> str:
        return str(self.household_id)


class FamilyRead(models.Model):
    """Somebody opened a page about a family. The database lets nobody change or delete it before
    its time is over."""

    class Page(models.TextChoices):
        FAMILY = "family", _("fiche de la famille")
        APPOINTMENT = "appointment", _("page d’un rendez-vous")
        MESSAGE = "message", _("page d’un message")
        READS = "reads", _("liste des consultations")

    # An e-mail address, not an account: the journal outlives both the account and the family.
    reader = models.CharField(_("par"), max_length=254)
    household = models.ForeignKey(
        Household, models.DO_NOTHING, related_name="reads", db_constraint=False, db_index=False
    )
    centre = models.ForeignKey(
        Centre,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("centre"),
    )
    # Of whose rights it was read: all centres (ids) of the reader that receive the family. Older
    # lines name at most one, above.
    centres = ArrayField(
        models.BigIntegerField(), default=list, db_default=[], verbose_name=_("centres")
    )
    page = models.CharField(_("page"), max_length=11, choices=Page.choices)
    at = models.DateTimeField(_("le"))

    class Meta:
        verbose_name = _("consultation")
        indexes = [
            models.Index(fields=["household", "-at"], name="familyread_household"),
            models.Index(fields=["reader", "-at"], name="familyread_reader"),
            models.Index(fields=["centre", "-at"], name="familyread_centre"),
            GinIndex(fields=["centres"], name="familyread_centres"),
            # What the night forgets.
            models.Index(fields=["at"], name="familyread_at"),
        ]

    def __str__(self) -> str:
        return f"{self.reader} {self.household_id}"


class FamilyMerge(models.Model):
    """Two households were made one: which, by whom, and what was moved. Kept like FamilyRead."""

    kept = models.ForeignKey(
        Household, models.DO_NOTHING, related_name="merges", db_constraint=False
    )
    # It is no more.
    merged_id = models.BigIntegerField(unique=True)
    actor = models.CharField(_("par"), max_length=254)
    at = models.DateTimeField(_("le"), db_index=True)
    guardians = ArrayField(models.BigIntegerField())
    children = ArrayField(models.BigIntegerField())
    appointments = ArrayField(models.BigIntegerField())

    class Meta:
        verbose_name = _("réunion de familles")

    def __str__(self) -> str:
        return f"{self.merged_id} → {self.kept_id}"

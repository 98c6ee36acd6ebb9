"""Families: a household, its guardians and its children."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from notifications.sms.senders import check_sender


def validate_sender(name: str) -> None:
    """Raises ValidationError when French operators would not carry it."""
    check_sender(name)


class Household(models.Model):
    """People who book together. Holds nothing PMI does not need (RGPD art. 5.1.c)."""

    class ContactBy(models.TextChoices):
        """Which ways a message may take to this family."""

        ANY = "any", _("e-mail et SMS")
        EMAIL = "email", _("e-mail seulement")
        SMS = "sms", _("SMS seulement")
        NONE = "none", _("aucun message")

    language = models.CharField(_("langue"), max_length=16, default="fr")
    needs_interpreter = models.BooleanField(_("besoin d’un interprète"), default=False)
    contact_by = models.CharField(
        _("messages par"), max_length=5, choices=ContactBy.choices, default=ContactBy.ANY
    )
    # Discreet: local hours when somebody else does not hold the phone, and whom an SMS comes from.
    contact_from = models.TimeField(_("messages à partir de"), null=True, blank=True)
    contact_until = models.TimeField(_("messages jusqu’à"), null=True, blank=True)
    sms_sender = models.CharField(
        _("nom d’expéditeur des SMS"),
        max_length=11,
        blank=True,
        validators=[validate_sender],
        help_text=_("Vide : celui du Département."),
    )
    created_at = models.DateTimeField(_("créé le"))

    class Meta:
        verbose_name = _("foyer")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(contact_from__isnull=True, contact_until__isnull=True)
                | models.Q(contact_from__lt=models.F("contact_until")),
                name="household_contact_hours_in_order",
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def is_discreet(self) -> bool:
        """Whether it asked to be reached with care: never, at some hours only, or under another
        name."""
        hours = self.contact_from is not None or self.contact_until is not None
        return self.contact_by == self.ContactBy.NONE or hours or bool(self.sms_sender)


class Guardian(models.Model):
    """A parent, guardian or adult who books, known by an address or a number proved by a code.

    What was only typed, by them or by an agent, is kept without a date of proof.
    """

    household = models.ForeignKey(Household, models.CASCADE, related_name="guardians")
    first_name = models.CharField(_("prénom"), max_length=60)
    last_name = models.CharField(_("nom"), max_length=60)
    email = models.EmailField(_("adresse e-mail"), blank=True)
    phone = PhoneNumberField(_("téléphone"), blank=True)
    email_verified_at = models.DateTimeField(_("e-mail vérifié le"), null=True, blank=True)
    phone_verified_at = models.DateTimeField(_("téléphone vérifié le"), null=True, blank=True)

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
            ),
            # The same of those who have no e-mail and proved a phone.
            models.UniqueConstraint(
                "phone",
                Lower("first_name"),
                Lower("last_name"),
                condition=models.Q(phone_verified_at__isnull=False, email=""),
                name="guardian_phone_verified_once",
            ),
        ]
        indexes = [
            models.Index(fields=["email"], name="guardian_email"),
            models.Index(fields=["phone"], name="guardian_phone"),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def number(self) -> str:
        """The phone in E.164, or nothing."""
        return str(self.phone.as_e164) if self.phone else ""

    def has_proved(self, contact: str) -> bool:
        """Whether this person proved this very address or number."""
        proved = []
        if self.email_verified_at is not None:
            proved.append(self.email)
        if self.phone_verified_at is not None:
            proved.append(self.number)
        return bool(contact) and contact in proved


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


class ChildAdded(models.Model):
    """Who wrote a child down while talking with its family, and when. Bookings tell of themselves
    in their own history."""

    child = models.OneToOneField(
        Child, models.CASCADE, primary_key=True, related_name="added", verbose_name=_("enfant")
    )
    at = models.DateTimeField(_("le"))
    # An e-mail address, as in the history of appointments.
    by = models.CharField(_("par"), max_length=254)

    class Meta:
        verbose_name = _("enfant ajouté")
        verbose_name_plural = _("enfants ajoutés")

    def __str__(self) -> str:
        return f"{self.child_id} {self.at:%d/%m/%Y}"


class FamilyCorrection(models.Model):
    """That somebody at a desk put right who a parent or a child is, how a parent is reached or what
    the family speaks, added one, or made one of two. What it was before is kept nowhere (RGPD
    art. 16)."""

    class What(models.TextChoices):
        NAME = "name", _("le nom")
        EMAIL = "email", _("l’adresse e-mail")
        PHONE = "phone", _("le téléphone")
        BIRTH = "birth", _("la date de naissance")
        ADDED = "added", _("un parent ajouté")
        JOINED = "joined", _("deux fiches réunies")
        LANGUAGE = "language", _("la langue")
        INTERPRETER = "interpreter", _("un interprète demandé")
        NO_INTERPRETER = "no_interpreter", _("un interprète retiré")
        MESSAGES = "messages", _("la façon de recevoir les messages")
        NEXT = "next_visit", _("un prochain rendez-vous décidé")
        BY_AGE = "next_by_age", _("un prochain rendez-vous laissé à l’âge")

    household = models.ForeignKey(
        Household, models.CASCADE, null=True, related_name="corrections", verbose_name=_("foyer")
    )
    guardian = models.ForeignKey(
        Guardian, models.CASCADE, null=True, related_name="corrections", verbose_name=_("parent")
    )
    child = models.ForeignKey(
        Child, models.CASCADE, null=True, related_name="corrections", verbose_name=_("enfant")
    )
    at = models.DateTimeField(_("le"), db_index=True)
    # An e-mail address, as in the history of appointments.
    by = models.CharField(_("par"), max_length=254)
    what = ArrayField(models.CharField(max_length=14, choices=What.choices))

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(household__isnull=False, guardian=None, child=None)
                | models.Q(household=None, guardian__isnull=False, child=None)
                | models.Q(household=None, guardian=None, child__isnull=False),
                name="correction_of_one_of_them",
            )
        ]

    def __str__(self) -> str:
        return f"{self.guardian_id or self.child_id or self.household_id} {self.at:%d/%m/%Y}"

    @property
    def person(self) -> str:
        """As they are called since; nobody when it is of the whole family."""
        return str(self.guardian or self.child or "")


class Guardianship(models.Model):
    """A guardian's tie to a child; a child may have several, in one household or two."""

    # The constraint's index begins with it.
    guardian = models.ForeignKey(Guardian, models.CASCADE, db_index=False)
    child = models.ForeignKey(Child, models.CASCADE)

    class Meta:
        verbose_name = _("lien de parenté")
        constraints = [
            models.UniqueConstraint(fields=["guardian", "child"], name="guardianship_once")
        ]

    def __str__(self) -> str:
        return f"{self.guardian} – {self.child}"

"""People of the service: signed-in staff, their memberships, and practitioners with a calendar."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from centres.models.places import Centre, Department


class UserManager(DjangoUserManager["User"]):
    """Creates staff accounts by e-mail address; there are no user names."""

    def _create_user(self, email: str, password: str | None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_user(  # type: ignore[override]
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        return self._create_user(email, password, **{"is_staff": False, **fields})

    def create_superuser(  # type: ignore[override]
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        return self._create_user(
            email, password, **{"is_staff": True, "is_superuser": True, **fields}
        )


class User(AbstractUser):
    """A member of staff, known by e-mail. Families never have an account."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("adresse e-mail"), unique=True)
    # Closed by itself, when the last role lapsed; a closed account without it was closed by hand,
    # and whoever closed it alone opens it again.
    lapsed_at = models.DateTimeField(_("fermé faute d’utilisation le"), null=True, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = _("agent")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(lapsed_at=None) | models.Q(is_active=False),
                name="user_lapsed_is_closed",
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.email


class Membership(models.Model):
    """What a user may do: a role in one centre, or in the whole Département when centre is null."""

    class Role(models.TextChoices):
        RECEPTION = "reception", _("Accueil")
        PRACTITIONER = "practitioner", _("Professionnel·le")
        MANAGER = "manager", _("Responsable de centre")
        ADMINISTRATOR = "administrator", _("Administration du Département")
        AUDITOR = "auditor", _("Contrôle du Département")

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    department = models.ForeignKey(Department, models.CASCADE, related_name="memberships")
    centre = models.ForeignKey(
        Centre, models.CASCADE, null=True, blank=True, related_name="memberships"
    )
    role = models.CharField(_("rôle"), max_length=16, choices=Role.choices)
    granted_at = models.DateTimeField(_("accordée le"), db_default=Now(), editable=False)
    # Written once a day at most; never after `suspended_at`, which ends it until given back.
    last_used_at = models.DateTimeField(_("dernière utilisation"), null=True, editable=False)
    suspended_at = models.DateTimeField(_("suspendue le"), null=True, editable=False)

    class Meta:
        verbose_name = _("habilitation")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "department", "centre", "role"],
                nulls_distinct=False,
                name="membership_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=["administrator", "auditor"], centre__isnull=True)
                | models.Q(role__in=["reception", "practitioner", "manager"], centre__isnull=False),
                name="membership_role_fits_scope",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} : {self.get_role_display()}"


class AccountEvent(models.Model):
    """What was done to an account or its rights, when, and by whom; only ever added to."""

    class Action(models.TextChoices):
        LINK = "link", _("Lien de mot de passe créé")
        PASSWORD = "password", _("Mot de passe choisi")
        RESET = "reset", _("Connexion remise à zéro")
        FACTOR = "factor", _("Second facteur installé")
        CODES = "codes", _("Nouveaux codes de secours")
        SUSPENDED = "suspended", _("Habilitation suspendue, faute d’utilisation")
        RESTORED = "restored", _("Habilitation rendue")
        GIVEN = "given", _("Habilitation donnée")
        WITHDRAWN = "withdrawn", _("Habilitation retirée")
        KEY_ADDED = "key_added", _("Clé d’accès ajoutée")
        KEY_REMOVED = "key_removed", _("Clé d’accès retirée")

    user = models.ForeignKey(User, models.CASCADE, related_name="events")
    at = models.DateTimeField(_("le"))
    action = models.CharField(_("action"), max_length=12, choices=Action.choices)
    # Their e-mail address: it stays true when the account of who did it is gone. Empty: by itself.
    by = models.CharField(_("par"), max_length=254, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("événement du compte")
        verbose_name_plural = _("événements du compte")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.user} : {self.get_action_display()}"


class Practitioner(models.Model):
    """Someone families meet: doctor, puéricultrice, midwife… working at one or more sites."""

    user = models.OneToOneField(
        User, models.SET_NULL, null=True, blank=True, related_name="practitioner"
    )
    department = models.ForeignKey(Department, models.PROTECT, related_name="practitioners")
    title = models.CharField(_("titre"), max_length=10, blank=True)
    first_name = models.CharField(_("prénom"), max_length=60)
    last_name = models.CharField(_("nom"), max_length=60)
    profession = models.CharField(_("profession"), max_length=60)
    email = models.EmailField(_("adresse e-mail"), blank=True)
    is_active = models.BooleanField(_("en activité"), default=True)

    class Meta:
        verbose_name = _("professionnel·le")
        verbose_name_plural = _("professionnel·les")
        ordering = ["last_name", "first_name"]

    def __str__(self) -> str:
        return " ".join(part for part in (self.title, self.first_name, self.last_name) if part)

"""Appointment types: what families book, for whom, how long, how early and how late."""

from __future__ import annotations

import re

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

# No line ends inside a range of figures: a browser breaks it after its hyphen or dash.
RANGE = re.compile(r"(?<=\d)[-–](?=\d)")
UNBROKEN = {"-": "\N{NON-BREAKING HYPHEN}", "–": "–\N{WORD JOINER}"}


class AppointmentType(models.Model):
    """A kind of appointment ("motif"). Lengths are minutes, ages whole months, delays as named."""

    class Mode(models.TextChoices):
        CENTRE = "centre", _("sur place")
        PHONE = "phone", _("par téléphone")
        VIDEO = "video", _("en vidéo")
        HOME = "home", _("à la maison")
        GROUP = "group", _("en groupe")
        SCHOOL = "school", _("à l’école")

    class Booking(models.TextChoices):
        ONLINE = "online", _("en ligne et par les agents")
        AGENTS = "agents", _("par les agents")
        WALK_IN = "walk_in", _("sans rendez-vous")

    class Audience(models.TextChoices):
        CHILD = "child", _("un enfant")
        PREGNANCY = "pregnancy", _("une grossesse")
        ADULT = "adult", _("un adulte")

    class Need(models.TextChoices):
        """The plain-words entry the type is listed under on the first page."""

        CHILD = "child", _("Mon enfant")
        BABY = "baby", _("Mon bébé vient de naître")
        PREGNANCY = "pregnancy", _("Ma grossesse")
        AFTER_BIRTH = "after_birth", _("Après la naissance")
        WORKSHOP = "workshop", _("Un atelier en groupe")
        SEXUAL_HEALTH = "sexual_health", _("Contraception, sexualité, couple")
        CHILDMINDER = "childminder", _("Devenir assistante ou assistant maternel")
        OTHER = "other", _("Autre")

    # Of its row and a centre's, if it was not read for this request (see booking.offers).
    offer_version: str = ""

    slug = models.SlugField(unique=True)
    label = models.CharField(_("motif"), max_length=120)
    what_to_bring = models.TextField(
        _("à apporter"), blank=True, help_text=_("Une chose par ligne.")
    )
    translations = models.JSONField(
        _("traductions"),
        default=dict,
        blank=True,
        help_text=_("Par langue : label, what_to_bring."),
    )
    professions = models.CharField(_("profession"), max_length=120)
    need = models.CharField(_("rubrique"), max_length=16, choices=Need.choices)
    audience = models.CharField(_("pour"), max_length=12, choices=Audience.choices)
    mode = models.CharField(_("mode"), max_length=8, choices=Mode.choices)
    booking = models.CharField(_("réservable"), max_length=8, choices=Booking.choices)
    is_active = models.BooleanField(_("proposé"), default=True)
    is_discreet = models.BooleanField(
        _("discret"), default=False, help_text=_("Jamais nommé dans un message ni un agenda.")
    )
    duration_min = models.PositiveSmallIntegerField(
        _("durée (min)"), validators=[MinValueValidator(5)]
    )
    step_min = models.PositiveSmallIntegerField(
        _("pas entre deux débuts (min)"), validators=[MinValueValidator(5)]
    )
    buffer_before_min = models.PositiveSmallIntegerField(_("battement avant (min)"), default=0)
    buffer_after_min = models.PositiveSmallIntegerField(_("battement après (min)"), default=0)
    notice_min = models.PositiveIntegerField(_("délai minimal (min)"), default=120)
    notice_working_days = models.PositiveSmallIntegerField(
        _("délai minimal (jours ouvrés)"), default=0
    )
    horizon_days = models.PositiveSmallIntegerField(_("ouverture à l’avance (jours)"), default=90)
    cancel_notice_min = models.PositiveIntegerField(
        _("annulation en ligne jusqu’à (min avant)"), default=60
    )
    capacity = models.PositiveSmallIntegerField(
        _("places"), default=1, validators=[MinValueValidator(1)]
    )
    overbook_max = models.PositiveSmallIntegerField(
        _("surréservations par demi-journée"),
        default=1,
        db_default=1,
        help_text=_("Au plus, par un agent qui en écrit la raison. 0 : jamais."),
    )
    age_min_months = models.PositiveSmallIntegerField(
        _("âge minimal (mois)"), null=True, blank=True
    )
    age_max_months = models.PositiveSmallIntegerField(
        _("âge maximal (mois)"), null=True, blank=True
    )
    week_min = models.PositiveSmallIntegerField(_("grossesse, de (SA)"), null=True, blank=True)
    week_max = models.PositiveSmallIntegerField(_("grossesse, à (SA)"), null=True, blank=True)
    certainty = models.CharField(_("certitude"), max_length=120, blank=True)
    source = models.CharField(_("source"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)

    class Meta:
        verbose_name = _("motif")
        ordering = ["position", "label"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(duration_min__gt=0, step_min__gt=0, capacity__gt=0),
                name="type_lengths_positive",
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_group(self) -> bool:
        return self.mode == self.Mode.GROUP

    @property
    def is_at_a_place(self) -> bool:
        """Whether the family goes somewhere: not by phone, by video or at home."""
        return self.mode not in (self.Mode.PHONE, self.Mode.VIDEO, self.Mode.HOME)

    def text(self, field: str, language: str | None = None) -> str:
        """`label` or `what_to_bring` in the language asked (the active one), else in French."""
        language = (language or get_language() or "fr").split("-")[0]
        translated: str = self.translations.get(language, {}).get(field, "")
        return translated or str(getattr(self, field))

    def is_in_french(self, field: str, language: str) -> bool:
        """Whether `text` has nothing but French for who reads another language."""
        code = language.split("-", maxsplit=1)[0]
        return code != "fr" and not self.translations.get(code, {}).get(field)

    @property
    def local_label(self) -> str:
        """As a page shows it: figures stay together, in « 3-4 ans » too."""
        return RANGE.sub(lambda found: UNBROKEN[found[0]], self.text("label"))

    @property
    def bring_list(self) -> list[str]:
        return [line for line in self.text("what_to_bring").splitlines() if line.strip()]

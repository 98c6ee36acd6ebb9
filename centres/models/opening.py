"""When: opening rules, their dated shifts, and what closes them (absences, closures, holidays)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeBoundary, RangeOperators
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Value
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from centres.calendar import LONGEST_SHIFT
from centres.models.people import Practitioner
from centres.models.places import Centre, Department, Site
from centres.models.types import AppointmentType


class TsTzRange(Func):
    """PostgreSQL's half-open range of two instants."""

    function = "TSTZRANGE"


class IdRange(Func):
    """An id as a one-value range: equality inside a GiST index without any extension (ADR 0002)."""

    function = "INT8RANGE"

    def __init__(self, field: str) -> None:
        super().__init__(F(field), F(field), RangeBoundary(inclusive_upper=True))


class OpeningRuleQuerySet(models.QuerySet["OpeningRule"]):
    def meant(self) -> OpeningRuleQuerySet:
        """Without those whose making was taken back, and that nobody has touched since: new ones,
        and those that would have gone on from another."""
        own, actions = RuleChange.objects.filter(rule=OuterRef("pk")), RuleChange.Action
        went_on = RuleChange.objects.filter(
            follower=OuterRef("pk"), rule__changes__action=actions.UNDO
        )
        was_made = Exists(own.filter(action=actions.CREATE))
        was_undone = Exists(own.filter(action=actions.UNDO))
        was_edited = Exists(own.filter(action=actions.EDIT))
        taken_back = Q(was_made, was_undone, ~was_edited) | Q(Exists(went_on), ~Exists(own))
        return self.exclude(taken_back, is_active=False)


class OpeningRule(models.Model):
    """A recurring half-day (RFC 5545 RRULE, local times) of one practitioner at one site."""

    practitioner = models.ForeignKey(Practitioner, models.CASCADE, related_name="rules")
    site = models.ForeignKey(Site, models.CASCADE, related_name="rules")
    types = models.ManyToManyField(AppointmentType, related_name="rules", verbose_name=_("motifs"))
    rrule = models.CharField(
        _("récurrence"), max_length=200, help_text=_("RFC 5545, par exemple FREQ=WEEKLY;BYDAY=MO")
    )
    opens = models.TimeField(_("de"))
    closes = models.TimeField(_("à"))
    valid_from = models.DateField(_("valable du"))
    valid_until = models.DateField(_("valable jusqu’au"), null=True, blank=True)
    seats = models.PositiveSmallIntegerField(
        _("places"), default=1, help_text=_("Plus d’une : la demi-journée entière est une séance.")
    )
    agent_reserve = models.PositiveSmallIntegerField(
        _("rendez-vous gardés pour les agents"), default=0
    )
    skip_school_holidays = models.BooleanField(_("pas pendant les vacances"), default=False)
    on_public_holidays = models.BooleanField(_("aussi les jours fériés"), default=False)
    is_active = models.BooleanField(_("en vigueur"), default=True)

    objects = OpeningRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("plage d’ouverture")
        verbose_name_plural = _("plages d’ouverture")
        constraints = [
            models.CheckConstraint(
                condition=Q(opens__lt=F("closes")),
                name="rule_opens_first",
                violation_error_message=_("La fin doit venir après le début."),
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(F("closes") - F("opens"), Value(LONGEST_SHIFT)),
                name="rule_at_most_14_hours",
                violation_error_message=_("Une demi-journée dure au plus 14 heures."),
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="rule_dates_in_order",
            ),
            models.CheckConstraint(condition=Q(seats__gte=1), name="rule_seats_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.practitioner}, {self.site} ({self.rrule})"


class RuleChange(models.Model):
    """One decision on an opening rule: who, when, and the rule before and after it.

    `before` is empty for a new rule. A change from a later day on ends the rule the day before, and
    `follower` goes on from there.
    """

    class Action(models.TextChoices):
        CREATE = "create", _("créée")
        EDIT = "edit", _("modifiée")
        UNDO = "undo", _("remise comme avant")

    rule = models.ForeignKey(OpeningRule, models.CASCADE, related_name="changes")
    follower = models.ForeignKey(
        OpeningRule, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    action = models.CharField(_("décision"), max_length=6, choices=Action.choices)
    before = models.JSONField(_("avant"), default=dict, encoder=DjangoJSONEncoder)
    after = models.JSONField(_("après"), default=dict, encoder=DjangoJSONEncoder)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, verbose_name=_("auteur")
    )
    author_name = models.CharField(_("auteur"), max_length=120)
    decided_at = models.DateTimeField(_("décidé le"))

    class Meta:
        verbose_name = _("changement d’une plage")
        verbose_name_plural = _("changements de plages")
        ordering = ["-decided_at", "-id"]

    def __str__(self) -> str:
        return f"{self.rule} : {self.get_action_display()}"


class Shift(models.Model):
    """A dated occurrence of a rule (or a single one), editable alone.

    `occurs_on` is the day of the rule it was made for, and stays so when it is moved by hand.

    `closed` and `busy` are flat [from, until, …] arrays of minutes since the epoch: what absences
    and closures take, and what firm appointments take. `busy`, `taken`, `room` (the longest free
    stretch, minutes) and `free` (all free minutes) are kept by database triggers, so a search never
    reads appointments.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("ouverte")
        CANCELLED = "cancelled", _("annulée")

    rule = models.ForeignKey(
        OpeningRule,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="shifts",
        db_index=False,
    )
    occurs_on = models.DateField(_("jour"))
    practitioner = models.ForeignKey(
        Practitioner, models.PROTECT, related_name="shifts", db_index=False
    )
    centre = models.ForeignKey(Centre, models.PROTECT, related_name="shifts", db_index=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="shifts", db_index=False)
    starts_at = models.DateTimeField(_("début"))
    ends_at = models.DateTimeField(_("fin"))
    seats = models.PositiveSmallIntegerField(_("places"), default=1)
    agent_reserve = models.PositiveSmallIntegerField(_("gardés pour les agents"), default=0)
    status = models.CharField(_("état"), max_length=9, choices=Status.choices, default=Status.OPEN)
    is_edited = models.BooleanField(
        _("modifiée à la main"),
        default=False,
        help_text=_("Une demi-journée modifiée n’est plus touchée par sa plage."),
    )
    closed = ArrayField(models.IntegerField(), default=list, editable=False)
    busy = ArrayField(models.IntegerField(), default=list, editable=False)
    taken = models.PositiveSmallIntegerField(default=0, editable=False)
    room = models.PositiveSmallIntegerField(default=0, editable=False)
    free = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("demi-journée")
        verbose_name_plural = _("demi-journées")
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")), name="shift_starts_first"
            ),
            # Every search and lock by time looks back this far, and no further.
            models.CheckConstraint(
                condition=Q(ends_at__lte=F("starts_at") + LONGEST_SHIFT),
                name="shift_at_most_14_hours",
                violation_error_message=_("Une demi-journée dure au plus 14 heures."),
            ),
            models.CheckConstraint(condition=Q(seats__gte=1), name="shift_seats_positive"),
            models.UniqueConstraint(fields=["rule", "occurs_on"], name="shift_once_a_day_per_rule"),
            # The target of ShiftType's composite foreign key (migration 0002).
            models.UniqueConstraint(fields=["id", "centre", "starts_at"], name="shift_place_time"),
            ExclusionConstraint(
                name="shift_practitioner_one_place",
                expressions=[
                    (IdRange("practitioner_id"), RangeOperators.OVERLAPS),
                    (TsTzRange(F("starts_at"), F("ends_at")), RangeOperators.OVERLAPS),
                ],
                condition=Q(status="open"),
                violation_error_message=_("Cette personne travaille déjà ailleurs à ce moment-là."),
            ),
        ]
        indexes = [
            models.Index(fields=["centre", "starts_at"], name="shift_centre_start"),
            models.Index(fields=["practitioner", "starts_at"], name="shift_practitioner_start"),
        ]

    def __str__(self) -> str:
        local = self.starts_at.astimezone(ZoneInfo(self.centre.time_zone))
        return f"{self.practitioner}, {self.site}, {local:%d/%m/%Y %H:%M}"


class ShiftChange(models.Model):
    """One decision on a single half-day: who edited, cancelled or restored it, and what changed.

    `changes` maps each field to its values before and after.
    """

    class Action(models.TextChoices):
        EDIT = "edit", _("modifiée")
        CANCEL = "cancel", _("annulée")
        RESTORE = "restore", _("rétablie")

    shift = models.ForeignKey(Shift, models.CASCADE, related_name="changes")
    action = models.CharField(_("décision"), max_length=7, choices=Action.choices)
    changes = models.JSONField(_("changements"), encoder=DjangoJSONEncoder)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, verbose_name=_("auteur")
    )
    author_name = models.CharField(_("auteur"), max_length=120)
    note = models.CharField(_("motif"), max_length=200, blank=True)
    decided_at = models.DateTimeField(_("décidé le"))

    class Meta:
        verbose_name = _("changement d’une demi-journée")
        verbose_name_plural = _("changements de demi-journées")
        ordering = ["-decided_at", "-id"]

    def __str__(self) -> str:
        return f"{self.shift} : {self.get_action_display()}"


class ShiftType(models.Model):
    """One type a shift offers. `centre` and `starts_at` repeat the shift's, and a composite
    foreign key with ON UPDATE CASCADE keeps them equal: one index range finds a centre's week."""

    shift = models.ForeignKey(
        Shift, models.DO_NOTHING, related_name="offers", db_constraint=False, db_index=False
    )
    type = models.ForeignKey(AppointmentType, models.PROTECT, related_name="offers", db_index=False)
    centre = models.ForeignKey(
        Centre, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    starts_at = models.DateTimeField()

    class Meta:
        verbose_name = _("motif d’une demi-journée")
        constraints = [
            models.UniqueConstraint(
                fields=["type", "centre", "starts_at", "shift"], name="offer_by_type_and_time"
            ),
            models.UniqueConstraint(fields=["shift", "type"], name="offer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.shift} : {self.type}"


class Absence(models.Model):
    """A period a practitioner is away, at every site."""

    class Kind(models.TextChoices):
        LEAVE = "leave", _("congés")
        SICK = "sick", _("maladie")
        TRAINING = "training", _("formation")
        MEETING = "meeting", _("réunion")

    practitioner = models.ForeignKey(Practitioner, models.CASCADE, related_name="absences")
    kind = models.CharField(_("motif"), max_length=8, choices=Kind.choices, default=Kind.LEAVE)
    starts_at = models.DateTimeField(_("début"))
    ends_at = models.DateTimeField(_("fin"))
    # Between colleagues: no family ever reads it.
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("absence")
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")), name="absence_starts_first"
            )
        ]
        indexes = [models.Index(fields=["practitioner", "ends_at"], name="absence_by_end")]

    def __str__(self) -> str:
        return f"{self.practitioner} : {self.get_kind_display()}"


class Closure(models.Model):
    """A period when a site, a centre or the whole Département receives nobody."""

    department = models.ForeignKey(Department, models.CASCADE, related_name="closures")
    centre = models.ForeignKey(Centre, models.CASCADE, null=True, blank=True)
    site = models.ForeignKey(Site, models.CASCADE, null=True, blank=True)
    label = models.CharField(_("motif"), max_length=120)
    starts_at = models.DateTimeField(_("début"))
    ends_at = models.DateTimeField(_("fin"))
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("fermeture")
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")), name="closure_starts_first"
            ),
            models.CheckConstraint(
                condition=Q(site__isnull=True) | Q(centre__isnull=True),
                name="closure_one_scope",
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], name="closure_by_end")]

    def __str__(self) -> str:
        return self.label


class PublicHoliday(models.Model):
    """A public holiday of the Département's territory (computed by `holidays`, never typed in)."""

    department = models.ForeignKey(Department, models.CASCADE, related_name="public_holidays")
    on = models.DateField(_("jour"))
    name = models.CharField(_("nom"), max_length=80)

    class Meta:
        verbose_name = _("jour férié")
        verbose_name_plural = _("jours fériés")
        ordering = ["on"]
        constraints = [
            models.UniqueConstraint(fields=["department", "on"], name="public_holiday_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.on})"


class SchoolHoliday(models.Model):
    """School holidays of a zone, first and last day included."""

    zone = models.CharField(_("zone"), max_length=1)
    starts_on = models.DateField(_("premier jour"))
    ends_on = models.DateField(_("dernier jour"))
    name = models.CharField(_("nom"), max_length=80)

    class Meta:
        verbose_name = _("vacances scolaires")
        verbose_name_plural = _("vacances scolaires")
        ordering = ["starts_on"]
        constraints = [
            models.UniqueConstraint(fields=["zone", "starts_on"], name="school_holiday_once"),
            models.CheckConstraint(
                condition=Q(starts_on__lte=F("ends_on")), name="school_holiday_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.starts_on} – {self.ends_on})"

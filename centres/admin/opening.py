"""Administration of types, opening rules, absences, closures and holidays."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from centres import actions
from centres.admin.telling import said, tell_expansion
from centres.errors import BadRecurrence, SeatsDoNotFit
from centres.models import (
    Absence,
    AppointmentType,
    Closure,
    OpeningRule,
    PublicHoliday,
    SchoolHoliday,
)
from centres.recurrence import parse_rrule
from centres.seating import check_seats, usual_seats


class RuleForm(forms.ModelForm[OpeningRule]):
    """Checks a recurrence and the places as they are typed, with the reason when they are wrong."""

    seats = forms.IntegerField(
        label=_("Places"),
        min_value=1,
        max_value=1000,
        required=False,
        help_text=_("Vide : autant que le motif. Plus d’une : la demi-journée est une séance."),
    )

    class Meta:
        model = OpeningRule
        fields = (
            "practitioner",
            "site",
            "types",
            "rrule",
            "opens",
            "closes",
            "valid_from",
            "valid_until",
            "seats",
            "agent_reserve",
            "skip_school_holidays",
            "on_public_holidays",
            "is_active",
        )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("rrule") and values.get("valid_from"):
            try:
                parse_rrule(values["rrule"], values["valid_from"])
            except BadRecurrence as refusal:
                self.add_error("rrule", said(refusal))
        if values.get("types") and "seats" in values:
            kinds = list(values["types"])
            values["seats"] = values["seats"] or usual_seats(kinds)
            try:
                check_seats(kinds, values["seats"])
            except SeatsDoNotFit as refusal:
                self.add_error("seats", said(refusal))
        return values


@admin.register(OpeningRule)
class OpeningRuleAdmin(admin.ModelAdmin[OpeningRule]):
    form = RuleForm
    list_display = ("practitioner", "site", "rrule", "opens", "closes", "valid_from", "is_active")
    list_filter = ("site__centre", "is_active")
    search_fields = ("practitioner__last_name", "site__name")
    autocomplete_fields = ("practitioner",)
    list_select_related = ("practitioner", "site")

    def has_delete_permission(self, request: HttpRequest, obj: OpeningRule | None = None) -> bool:
        """A rule is put out of force, never deleted: its shifts would stay, with nobody to ask."""
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        with transaction.atomic():
            super().save_related(request, form, formsets, change)
            done = actions.expand_rules(today=timezone.localdate(), rule_ids=[form.instance.pk])
        tell_expansion(request, done)


@admin.register(Absence)
class AbsenceAdmin(admin.ModelAdmin[Absence]):
    list_display = ("practitioner", "kind", "starts_at", "ends_at")
    autocomplete_fields = ("practitioner",)
    list_select_related = ("practitioner",)

    def save_model(self, request: HttpRequest, obj: Absence, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        actions.declare_absence(absence=obj)

    def delete_model(self, request: HttpRequest, obj: Absence) -> None:
        actions.withdraw(period=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Absence]) -> None:
        for period in queryset:
            actions.withdraw(period=period)


@admin.register(Closure)
class ClosureAdmin(admin.ModelAdmin[Closure]):
    list_display = ("label", "centre", "site", "starts_at", "ends_at")

    def save_model(self, request: HttpRequest, obj: Closure, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        actions.declare_closure(closure=obj)

    def delete_model(self, request: HttpRequest, obj: Closure) -> None:
        actions.withdraw(period=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Closure]) -> None:
        for period in queryset:
            actions.withdraw(period=period)


@admin.register(AppointmentType)
class AppointmentTypeAdmin(admin.ModelAdmin[AppointmentType]):
    list_display = ("label", "need", "mode", "booking", "duration_min", "is_active", "certainty")
    list_filter = ("need", "booking", "mode", "is_active")
    search_fields = ("label",)


class HolidayAdmin(admin.ModelAdmin[Any]):
    """Holidays as they are typed: the half-days of the rules that heed them follow at once."""

    heeded_by: dict[str, bool]

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        super().save_model(request, obj, form, change)
        self._expand(request)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        super().delete_model(request, obj)
        self._expand(request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            super().delete_queryset(request, queryset)
            self._expand(request)

    def _expand(self, request: HttpRequest) -> None:
        rules = OpeningRule.objects.filter(**self.heeded_by).values_list("pk", flat=True)
        tell_expansion(
            request, actions.expand_rules(today=timezone.localdate(), rule_ids=list(rules))
        )


@admin.register(PublicHoliday)
class PublicHolidayAdmin(HolidayAdmin):
    list_display = ("name", "on")
    heeded_by = {"on_public_holidays": False}


@admin.register(SchoolHoliday)
class SchoolHolidayAdmin(HolidayAdmin):
    list_display = ("name", "zone", "starts_on", "ends_on")
    heeded_by = {"skip_school_holidays": True}

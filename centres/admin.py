"""Administration of places, people, types and opening hours: consequences go through actions."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from centres import actions
from centres.calendar import BadRecurrence, parse_rrule
from centres.models import (
    Absence,
    AppointmentType,
    Centre,
    Closure,
    Commune,
    Department,
    District,
    Membership,
    OpeningRule,
    Practitioner,
    PublicHoliday,
    SchoolHoliday,
    Shift,
    Site,
    StageChange,
    User,
)
from centres.rollout import Stage, effective_stage


class StageForm(forms.Form):
    """A change of stage: which, from when (local time of the centre), and why."""

    stage = forms.ChoiceField(label=_("Nouvelle étape"), choices=Stage.choices)
    effective_at = forms.DateTimeField(
        label=_("À partir du"),
        required=False,
        help_text=_("Heure locale du centre. Vide : tout de suite."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    note = forms.CharField(label=_("Motif"), max_length=200)

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = ZoneInfo(zone)

    def clean_effective_at(self) -> Any:
        at = self.cleaned_data["effective_at"]
        if at is None:
            return None
        at = timezone.make_naive(at).replace(tzinfo=self.zone)
        if at <= timezone.now():
            raise forms.ValidationError(_("Cette date est déjà passée."))
        return at


class SiteInline(admin.TabularInline[Site, Centre]):
    model = Site
    extra = 0
    prepopulated_fields = {"slug": ("name",)}


class StageChangeInline(admin.TabularInline[StageChange, Centre]):
    """The signed history of a centre's rollout: read only."""

    model = StageChange
    fields = ("decided_at", "stage_before", "stage", "effective_at", "author_name", "note")
    readonly_fields = fields
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Centre)
class CentreAdmin(admin.ModelAdmin[Centre]):
    list_display = ("name", "town", "is_pilot", "stage_now", "scheduled", "placeholders")
    list_filter = ("stage", "is_pilot", "agency")
    search_fields = ("name", "town")
    readonly_fields = ("stage", "next_stage", "next_stage_at", "change_stage_link", "placeholders")
    inlines = (SiteInline, StageChangeInline)

    @admin.display(description=_("étape"))
    def stage_now(self, centre: Centre) -> str:
        return str(effective_stage(centre, now=timezone.now()).label)

    @admin.display(description=_("prévu"))
    def scheduled(self, centre: Centre) -> str:
        at = centre.next_stage_at
        if at is None or at <= timezone.now():
            return "–"
        local = at.astimezone(ZoneInfo(centre.time_zone))
        return f"{centre.get_next_stage_display()} ({local:%d/%m/%Y %H:%M})"

    @admin.display(description=_("données à vérifier"))
    def placeholders(self, centre: Centre) -> str:
        unsure = [name for name, how in centre.certainty.items() if how != "sure"]
        return ", ".join(f"{name} ({centre.certainty[name]})" for name in unsure) or "–"

    @admin.display(description=_("changer d’étape"))
    def change_stage_link(self, centre: Centre) -> str:
        url = reverse("admin:centre_stage", args=[centre.pk])
        return format_html('<a href="{}">{}</a>', url, _("Ouvrir, mettre en pause, planifier…"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.stage_view)
        return [path("<int:pk>/stage/", view, name="centre_stage"), *super().get_urls()]

    def stage_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Change a centre's stage, at once or at a local date and time, signed by the user."""
        centre = get_object_or_404(Centre, pk=pk)
        if not self.has_change_permission(request, centre):
            return HttpResponse(status=403)
        form = StageForm(request.POST or None, zone=centre.time_zone)
        if request.method == "POST" and form.is_valid():
            actions.change_stage(
                centre_id=centre.pk,
                now=timezone.now(),
                author=User.objects.get(email=request.user.get_username()),
                author_name=str(request.user),
                **form.cleaned_data,
            )
            messages.success(request, _("L’étape est changée."))
            return redirect("admin:centres_centre_change", centre.pk)
        context = {**self.admin_site.each_context(request), "form": form, "centre": centre}
        return render(request, "admin/centre_stage.html", context)


class RuleForm(forms.ModelForm[OpeningRule]):
    """Checks a recurrence as it is typed, with the reason when it is wrong."""

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
            except BadRecurrence as error:
                self.add_error("rrule", str(error))
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
        for shift in Shift.objects.filter(pk__in=done.outside):
            messages.warning(
                request, _("%(shift)s : des rendez-vous restent hors plage.") % {"shift": shift}
            )


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


@admin.register(Commune)
class CommuneAdmin(admin.ModelAdmin[Commune]):
    list_display = ("name", "insee", "postal_codes", "certainty")
    list_filter = ("centres",)
    search_fields = ("name", "insee")


@admin.register(Practitioner)
class PractitionerAdmin(admin.ModelAdmin[Practitioner]):
    list_display = ("last_name", "first_name", "profession", "is_active")
    list_filter = ("profession", "is_active")
    search_fields = ("last_name", "first_name")

    def save_model(self, request: HttpRequest, obj: Practitioner, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Somebody who stops working here is not offered a minute longer."""
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            rules = list(obj.rules.values_list("pk", flat=True))
            actions.expand_rules(today=timezone.localdate(), rule_ids=rules)

    def has_delete_permission(self, request: HttpRequest, obj: Practitioner | None = None) -> bool:
        return False


class MembershipInline(admin.TabularInline[Membership, User]):
    model = Membership
    extra = 0


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]  # not generic at run time
    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_staff")
    search_fields = ("email", "first_name", "last_name")
    inlines = (MembershipInline,)
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name")}),
        (_("Droits"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "password1", "password2")}),)


admin.site.register([Department, District, PublicHoliday, SchoolHoliday])

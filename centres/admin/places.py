"""Administration of centres with their rollout, sites and communes."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from centres import actions
from centres.admin.telling import signer
from centres.models import Centre, Commune, Department, District, Site, StageChange
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
        centre = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_change_permission(request, centre):
            return HttpResponse(status=403)
        stage = effective_stage(centre, now=timezone.now())
        form = StageForm(request.POST or None, zone=centre.time_zone, initial={"stage": stage})
        if request.method == "POST" and form.is_valid():
            actions.change_stage(
                centre_id=centre.pk,
                now=timezone.now(),
                author=signer(request),
                author_name=str(request.user),
                **form.cleaned_data,
            )
            messages.success(request, _("L’étape est changée."))
            return redirect("admin:centres_centre_change", centre.pk)
        context = {
            **self.admin_site.each_context(request),
            "form": form,
            "centre": centre,
            "stage": stage,
            "scheduled": self.scheduled(centre),
        }
        return render(request, "admin/centre_stage.html", context)


@admin.register(Commune)
class CommuneAdmin(admin.ModelAdmin[Commune]):
    list_display = ("name", "insee", "postal_codes", "certainty")
    list_filter = ("centres",)
    search_fields = ("name", "insee")


admin.site.register([Department, District])
